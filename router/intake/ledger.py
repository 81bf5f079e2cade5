"""What the router knows of tickets for the intake's sake, without ever knowing a number.

The limits, by digests whose key it has not; the proofs of work that were used; and the vault's
folder, to drop from it what it never reads. All of it outlives every intake.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog

from router.core.callback.tickets import ENDS, TicketRecord
from router.core.ids import FicheId, SectorId, TicketId
from router.errors import VaultError
from router.intake.abuse import Limits
from router.intake.altcha import Spent
from router.intake.backend import IntakeBackend
from router.intake.channel import Message
from router.intake.vault import TmpfsVault


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to whoever asks for a ticket: the code of the refusal, or else the record."""

    refusal: str | None
    record: TicketRecord | None


class Ledger:
    """Answers the intake with what the service says, within the limits."""

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
        self._no_vault = ""
        self._vault = self._opened(place)
        self._limits = Limits(per_day=per_day)
        self._spent = Spent()
        #: Tickets that have been asked for, while the service decides.
        self._admitting: dict[TicketId, asyncio.Task[Verdict]] = {}
        self._orphans: frozenset[TicketId] = frozenset()
        self._most_open = 0

    @property
    def vault(self) -> Path | None:
        """The vault's folder; None if there is none, and so no callback."""
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
    def fresh(self) -> bool:
        """Whether the vault is new since this boot, or missing: no number survived."""
        return self._vault is None or self._vault.fresh

    def holds(self) -> frozenset[TicketId] | None:
        """Return the tickets whose number is in the vault; None if it cannot be read."""
        if self._vault is None:
            return None
        try:
            return frozenset(map(TicketId, self._vault.tickets()))
        except VaultError as error:
            self._log.error("vault", error=error.code)
            return frozenset() if error.code == "missing" else None  # gone, with all it held

    def close(self) -> None:
        """Let go of the vault, whose numbers stay, and of what the service has not decided."""
        for deciding in self._admitting.values():
            deciding.cancel()
        if self._vault is not None:
            self._vault.close()

    def admit(self, asked: Message) -> asyncio.Future[Verdict]:
        """Have the service admit the ticket that is `asked` for; a second time it is the same.

        What the limits say counts as of now, before the future is done. A ticket that is refused
        has no number any more by then.
        """
        ticket = TicketId(asked["ticket"])
        record = self._backend.status(ticket)
        if record is not None:
            # Asked before, whatever became of the answer.
            if record.state in ENDS:
                self.drop(ticket)
            return _decided(Verdict(None, record))
        deciding = self._admitting.get(ticket)
        if deciding is None:
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
        """Count a ticket whose number was typed; return why it may not be, if so."""
        limit = self._limits.admit(ticket, asked["who"], _day(asked), self._most_open)
        if limit is None:
            return None
        self.drop(ticket)
        return limit.code

    def hold(self, told: Message) -> None:
        """Know whose the open tickets are, by today's key."""
        still_open = self._backend.open_tickets()
        holding: Mapping[str, str] = told["holding"]
        self._limits.hold(
            {TicketId(ticket): who for ticket, who in holding.items() if ticket in still_open},
            _day(told),
        )

    def ended(self, ticket: TicketId) -> None:
        """Forget the number and count the end."""
        self._limits.closed(ticket)
        self.drop(ticket)

    def drop(self, ticket: TicketId) -> None:
        """Forget the number."""
        if self._vault is None:
            return
        try:
            self._vault.drop(ticket)
        except VaultError as error:
            self._log.error("vault", error=error.code)

    def sweep(self, *, at_once: bool = False) -> None:
        """Tell which open tickets have lost their number, and drop the numbers that no open
        ticket has, if they had none the last time either.

        An intake that died put them there. In between, one that lives has told whose they are:
        `at_once` is for when there is none.
        """
        held, still_open = self.holds(), frozenset(self._backend.open_tickets())
        if held is None:
            return
        for ticket in still_open - held:
            self._backend.number_lost(ticket)
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

    def _opened(self, place: Path) -> TmpfsVault | None:
        """Without a vault no callback is taken; calls go on as ever."""
        try:
            return TmpfsVault(place)
        except VaultError as error:
            self._no_vault = str(error)
            self._log.error("vault", error=error.code, reason=self._no_vault)
            return None


def _decided(verdict: Verdict) -> asyncio.Future[Verdict]:
    future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
    future.set_result(verdict)
    return future


def _day(told: Message) -> date:
    return date.fromisoformat(told["day"])
