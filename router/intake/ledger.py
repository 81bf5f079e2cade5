"""What the router knows of tickets for the intake's sake, without ever knowing a number.

The limits, by digests whose key it has not; the proofs of work that were used; and the vault's
folder, to drop from it what it never reads. All of it outlives every intake.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog

from router.core.callback.tickets import ENDS, Admission, TicketRecord
from router.core.ids import CallId, FicheId, SectorId, TicketId
from router.errors import VaultError
from router.intake.abuse import Limits
from router.intake.altcha import Spent
from router.intake.channel import Message
from router.intake.dialling import DialError
from router.intake.vault import TmpfsVault

Answer = Callable[[Admission], None]
#: The refusal's code, or else the record.
Reply = Callable[[str | None, TicketRecord | None], None]


@dataclass(frozen=True, slots=True)
class IntakeBackend:
    """What the service does for the intake. All are called on the event loop."""

    #: Admit or refuse, and call `answer` once, now or later: when it is on disk.
    admit: Callable[[TicketId, SectorId, FicheId | None, Answer], None]
    #: The ticket's record, ended ones too; None: never seen.
    status: Callable[[TicketId], TicketRecord | None]
    #: Cancel it if that can be; return its record as it then stands.
    cancel: Callable[[TicketId], TicketRecord | None]
    #: The number of a `dial` was dialled, or why not.
    dialled: Callable[[CallId, DialError | None], None]
    #: After `take_digits`: the ticket whose number is in the vault, or why there is none, by a
    #: code of `numbers.Why`, `tickets.Refusal` or `abuse.LimitReached`, or "nothing_typed",
    #: "not_confirmed", "interrupted". A ticket that is then not promised must be `ended`.
    entered: Callable[[CallId, TicketId | None, str | None], None]
    #: Every open ticket.
    open_tickets: Callable[[], Collection[TicketId]]
    #: An open ticket has no number any more.
    number_lost: Callable[[TicketId], None]


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
        #: Requests for a ticket that the service thinks about.
        self._admitting: dict[TicketId, list[Callable[[Admission], None]]] = {}
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
        """Let go of the vault; the numbers stay."""
        if self._vault is not None:
            self._vault.close()

    def admit(self, asked: Message, reply: Reply) -> None:
        """Have the service admit the ticket that is `asked` for; a second time it is the same.

        A ticket that is refused has no number any more when the reply is given.
        """
        ticket = TicketId(asked["ticket"])
        sector, fiche = SectorId(asked["sector"]), asked["fiche"]
        record = self._backend.status(ticket)
        if record is not None:
            # Asked before, whatever became of the answer.
            if record.state in ENDS:
                self.drop(ticket)
            reply(None, record)
            return

        def decided(admission: Admission) -> None:
            if admission.refusal is not None:
                reply(admission.refusal.value, None)
                return
            record = self._backend.status(ticket)
            reply(
                None, record or TicketRecord(ticket, sector, fiche, self._now(), admission.due_at)
            )

        if (others := self._admitting.get(ticket)) is not None:
            others.append(decided)
            return
        if (refused := self._checked(ticket, asked)) is not None:
            self.drop(ticket)
            reply(refused, None)
            return
        self._admitting[ticket] = [decided]
        self._backend.admit(ticket, sector, fiche, lambda told: self._decide(ticket, told))

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

    def _decide(self, ticket: TicketId, admission: Admission) -> None:
        if admission.refusal is not None:
            self._limits.withdraw(ticket)
            self.drop(ticket)
        for decided in self._admitting.pop(ticket):
            decided(admission)

    def _opened(self, place: Path) -> TmpfsVault | None:
        """Without a vault no callback is taken; calls go on as ever."""
        try:
            return TmpfsVault(place)
        except VaultError as error:
            self._no_vault = str(error)
            self._log.error("vault", error=error.code, reason=self._no_vault)
            return None


def _day(told: Message) -> date:
    return date.fromisoformat(told["day"])
