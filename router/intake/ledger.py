"""What the router keeps of tickets for the intake, without ever knowing a number.

These are the limits, by digests without their key; the proofs of work that were used; and the
vault's folder, to drop from it what is never read here. All of it outlives every intake.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog

from router.core.callback.tickets import ENDS, Refusal, TicketRecord
from router.core.ids import FicheId, SectorId, TicketId
from router.errors import VaultError
from router.intake.abuse import Limits
from router.intake.altcha import Spent
from router.intake.backend import IntakeBackend
from router.intake.channel import Message
from router.intake.vault import TmpfsVault

#: To be looked for, and not found.
_NO_TICKET = TicketId("-" * 32)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a request for a ticket: one of the two is None."""

    #: The code of the refusal.
    refusal: str | None
    #: The ticket's record, which is on disk.
    record: TicketRecord | None


class Ledger:
    """Answers the intake with what the service says, within the limits.

    `place` is the vault's folder, `per_day` how many tickets a number may have in a day, and
    `now` returns the service's time, UTC epoch seconds.
    """

    def __init__(
        self,
        backend: IntakeBackend,
        place: Path,
        per_day: int,
        now: Callable[[], float],
    ) -> None:
        self._backend = backend
        self._now = now
        self._log = structlog.get_logger()
        self._place = place
        self._no_vault = ""
        self._vault = self._opened()
        self._limits = Limits(per_day=per_day)
        self._spent = Spent()
        #: Tickets that have been asked for, while the service decides.
        self._admitting: dict[TicketId, asyncio.Task[Verdict]] = {}
        self._orphans: frozenset[TicketId] = frozenset()
        self._most_open = 0

    @property
    def vault(self) -> Path | None:
        """The vault's folder; None if it could not be opened, so that no callback is taken."""
        return None if self._vault is None else self._vault.path

    @property
    def vault_trouble(self) -> str:
        """Why no number can be kept now; "" if one can."""
        if self._vault is None:
            return self._no_vault
        try:
            self._vault.check()
        except VaultError as error:
            return str(error)
        return ""

    @property
    def readable(self) -> bool:
        """Whether numbers can be read; of a folder that is gone it is known that none is left."""
        if self._vault is None:
            return True
        try:
            self._vault.get(_NO_TICKET)
        except VaultError as error:
            return error.code == "missing"
        return True

    def open_again(self) -> bool:
        """Open the folder that is at the vault's place now, if that is another; return whether.

        The numbers in the one before are gone.
        """
        opened = self._opened()
        if opened is None:
            return False
        if self._vault is not None:
            if self._vault.is_same(opened):
                opened.close()
                return False
            self._vault.close()
        self._vault, self._no_vault = opened, ""
        self._log.warning("vault opened again", count=len(opened.tickets()))
        return True

    @property
    def fresh(self) -> bool:
        """Whether there was no vault since the boot, or there is none: no number survived."""
        return self._vault is None or self._vault.fresh

    def holds(self) -> frozenset[TicketId] | None:
        """Return the tickets whose number is in the vault; None if it cannot be read."""
        if self._vault is None:
            return None
        try:
            return frozenset(map(TicketId, self._vault.tickets()))
        except VaultError as error:
            self._log.error("vault", error=error.code, reason=str(error))
            return frozenset() if error.code == "missing" else None  # gone, with everything in it

    def close(self) -> None:
        """Close the vault, whose numbers stay, and give up what the service has not decided."""
        for deciding in self._admitting.values():
            deciding.cancel()
        if self._vault is not None:
            self._vault.close()

    def admit(self, asked: Message) -> asyncio.Future[Verdict]:
        """Have the service admit the ticket that is `asked` for; asking again changes nothing.

        The limits count it at once, before the future is done. By then a refused ticket no
        longer has a number.
        """
        ticket = TicketId(asked["ticket"])
        record = self._backend.status(ticket)
        if record is not None:
            # It was asked for before, whatever became of the answer.
            if record.state in ENDS:
                self.drop(ticket)
            return _decided(Verdict(None, record))
        deciding = self._admitting.get(ticket)
        if deciding is None:
            if time.monotonic() > asked["until"]:  # whoever asked has been refused by now
                self.drop(ticket)
                return _decided(Verdict(Refusal.UNAVAILABLE.value, None))
            if (refusal := self._checked(ticket, asked)) is not None:
                self.drop(ticket)
                return _decided(Verdict(refusal, None))
            sector, fiche = SectorId(asked["sector"]), asked["fiche"]
            deciding = asyncio.create_task(self._decide(ticket, sector, fiche))
            self._admitting[ticket] = deciding
        return asyncio.shield(deciding)  # several may wait for it

    def allow(self, most_open: int) -> None:
        """Admit `most_open` open tickets at most, in total, from now on; 0 at first."""
        self._most_open = most_open

    def claim(self, ticket: TicketId, asked: Message) -> str | None:
        """Count a ticket whose number was typed, or return the code of the limit against it."""
        limit = self._limits.admit(ticket, asked["who"], _day(asked), self._most_open)
        if limit is None:
            return None
        self.drop(ticket)
        return limit.code

    def hold(self, message: Message) -> None:
        """Take up the digests of the open tickets under today's key."""
        still_open = self._backend.open_tickets()
        holding: Mapping[str, str] = message["holding"]
        self._limits.hold(
            {TicketId(ticket): who for ticket, who in holding.items() if ticket in still_open},
            _day(message),
        )

    def ended(self, ticket: TicketId) -> None:
        """Forget the ticket's number, and count the ticket as ended."""
        self._limits.closed(ticket)
        self.drop(ticket)

    def drop(self, ticket: TicketId) -> None:
        """Forget the ticket's number."""
        if self._vault is None:
            return
        try:
            self._vault.drop(ticket)
        except VaultError as error:
            self._log.error("vault", error=error.code, reason=str(error))

    def sweep(self, *, at_once: bool = False) -> None:
        """Report the open tickets without a number, and drop the numbers without an open ticket.

        A number is dropped only if it had no ticket at the sweep before either: an intake that
        died left it there, whereas one that lives has asked for its ticket by now. `at_once` is
        for when no intake lives. While there may be tickets that nobody knows of yet, no number is
        dropped.
        """
        held, still_open = self.holds(), frozenset(self._backend.open_tickets())
        if held is None:
            return
        for ticket in still_open - held:
            self._backend.number_lost(ticket)
        if not self._backend.knows_all:
            return
        orphans = held - still_open - self._admitting.keys()
        for ticket in orphans if at_once else orphans & self._orphans:
            self.drop(ticket)
        self._orphans = orphans

    def _checked(self, ticket: TicketId, asked: Message) -> str | None:
        challenge = asked["challenge"]
        if challenge is not None and not self._spent.spend(
            challenge, asked["expires_at"], ticket, self._now()
        ):
            return "proof_spent"
        limit = self._limits.admit(ticket, asked["who"], _day(asked), self._most_open)
        return None if limit is None else limit.code

    async def _decide(self, ticket: TicketId, sector: SectorId, fiche: FicheId | None) -> Verdict:
        try:
            admission = await self._backend.admit(ticket, sector, fiche)
        finally:
            del self._admitting[ticket]
        if admission.refusal is not None:
            self._limits.withdraw(ticket)
            self.drop(ticket)
            return Verdict(admission.refusal.value, None)
        record = self._backend.status(ticket)
        return Verdict(
            None, record or TicketRecord(ticket, sector, fiche, self._now(), admission.due_at)
        )

    def _opened(self) -> TmpfsVault | None:
        """Open the vault; without one no callback is taken, but calls go on."""
        try:
            return TmpfsVault(self._place)
        except VaultError as error:
            if str(error) != self._no_vault:
                self._no_vault = str(error)
                self._log.error("vault", error=error.code, reason=self._no_vault)
            return None


def _decided(verdict: Verdict) -> asyncio.Future[Verdict]:
    future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
    future.set_result(verdict)
    return future


def _day(message: Message) -> date:
    return date.fromisoformat(message["day"])
