"""Promises of a callback: what the intake asks, decided by the engine and kept on disk.

A ticket is on disk before anybody hears of it; what cannot be written is not promised. The
number stays with the intake: here there are tickets only.
"""

from collections.abc import Collection
from dataclasses import replace

from structlog.typing import FilteringBoundLogger

from router.ari.asterisk_link import AsteriskLink
from router.clock import Clock
from router.core.callback.tickets import Admission, Failure, Refusal, TicketRecord
from router.core.engine import Engine
from router.core.events import (
    CallbackAsked,
    CallbackCancelled,
    DialFailed,
    NumberLost,
    NumberTaken,
    StoreChanged,
    TicketsFound,
    TicketUnkept,
    VaultChanged,
)
from router.core.ids import CallId, FicheId, SectorId, TicketId
from router.intake.backend import Wanted
from router.intake.dialling import DialError
from router.service.live import UNNUMBERED, Live, unavailable
from router.store import TicketKeeper

#: What a call that could not be begun counts as, by `DialError.reason`. With any other reason it
#: may have been dialled after all: its channel's end will show, or its absence at the deadline.
_FAILURES = {
    "rejected": Failure.TRUNK,
    "failed": Failure.TRUNK,
    "unreachable": Failure.INTERRUPTED,
    "no_intake": Failure.INTERRUPTED,
    "no_number": Failure.NUMBER_LOST,
    "vault": Failure.INTERRUPTED,  # it cannot be read now; a number that is gone is "no_number"
}


class Promises:
    """The intake's backend (`IntakeBackend`). Run `keep` as a task for as long as it is asked."""

    def __init__(
        self,
        engine: Engine,
        live: Live,
        link: AsteriskLink,
        keeper: TicketKeeper,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._engine = engine
        self._live = live
        self._link = link
        self._keeper = keeper
        self._clock = clock
        self._log = log
        self._began_at = clock.now()
        #: Asked for, and not on disk yet: nobody else may hear of them.
        self._admitting: set[TicketId] = set()

    async def keep(self) -> None:
        """Have tickets written, and tell the engine whether that can be done."""
        if self._keeper.standing.trouble:
            self._live.submit(StoreChanged(False))
        async for turn in self._keeper.changes():
            self._live.submit(StoreChanged(turn.up))
            if turn.found:
                self._live.submit(TicketsFound(turn.found))

    def refusal(self, sector: SectorId) -> Refusal | None:
        """Return why no callback would be promised in `sector` now; None: one would."""
        if not self._link.connected:
            return Refusal.UNAVAILABLE
        return self._engine.admission(sector, self._clock.now()).refusal

    async def admit(self, ticket: TicketId, sector: SectorId, fiche: FicheId | None) -> Admission:
        """Promise a callback under `ticket`, or say why not.

        When this returns a promise, the ticket is on disk.
        """
        if not self._link.connected:
            return unavailable(self._clock.now())
        self._admitting.add(ticket)
        try:
            admission = await self._live.ask(CallbackAsked(UNNUMBERED, ticket, sector, fiche))
            if admission.refusal is not None:
                return admission
            if await self._keeper.kept(ticket):
                return admission
            self._live.submit(TicketUnkept(ticket, 0))
            self._keeper.remove(ticket)  # nobody knows what the disk did
            return replace(admission, refusal=Refusal.UNAVAILABLE)
        finally:
            self._admitting.discard(ticket)

    async def typed(self, call: CallId, ticket: TicketId, wanted: Wanted) -> bool:
        """Promise a callback to a caller who has typed a number; return whether it is promised."""
        self._link.divert(call, None)
        admission = await self.admit(ticket, wanted.sector, wanted.fiche)
        promised = admission.refusal is None
        self._live.submit(NumberTaken(call, ticket if promised else None, refused=not promised))
        return promised

    def not_typed(self, call: CallId, why: str) -> None:
        """Go on with a caller who was to type a number and has not, whatever the reason."""
        self._link.divert(call, None)
        self._live.submit(NumberTaken(call, None))

    def status(self, ticket: TicketId) -> TicketRecord | None:
        """Return the ticket's record, of an ended one too; None: never promised, or forgotten."""
        if ticket in self._admitting:
            return None
        return self._engine.ticket(ticket) or self._keeper.get(ticket)

    def cancel(self, ticket: TicketId) -> TicketRecord | None:
        """Cancel the ticket if that can be done; return its record as it stands then."""
        self._live.submit(CallbackCancelled(ticket))
        return self.status(ticket)

    def dialled(self, call: CallId, error: DialError | None) -> None:
        """Tell the engine if the number of an attempt was not dialled."""
        if error is None:
            return
        self._log.warning("callback not dialled", call=call, reason=error.reason)
        failure = _FAILURES.get(error.reason)
        if failure is not None:
            self._live.submit(DialFailed(call, failure))

    def number_lost(self, ticket: TicketId) -> None:
        """Tell the engine that an open ticket has no number any more."""
        self._live.submit(NumberLost(ticket))

    def vault_changed(self, readable: bool) -> None:
        """Tell the engine whether numbers can be read."""
        self._live.submit(VaultChanged(readable))

    def open_tickets(self) -> Collection[TicketId]:
        """Return every ticket that has not ended, as far as they are known."""
        return self._engine.open_ticket_ids()

    @property
    def knows_all(self) -> bool:
        """Whether there is no open ticket but those that are known.

        While the file cannot be read there may be others; not once their time would be over.
        """
        rules = self._engine.board.plan.callbacks
        over_at = self._began_at + rules.promise_s + rules.grace_s
        return self._keeper.complete or self._clock.now() > over_at
