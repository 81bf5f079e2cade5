"""Callbacks at work: between the engine, which decides, the tickets on disk, and the intake,
which alone knows a number.

A ticket is on disk before anybody is told of it, and every attempt before it is dialled; what
cannot be written is neither promised nor dialled.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace

from structlog.typing import FilteringBoundLogger

from router.ari.asterisk_link import AsteriskLink
from router.ari.translate import JOINED_VARIABLE, SECTOR_VARIABLE, Private
from router.clock import Clock
from router.core.callback.tickets import ENDS, Admission, Failure, Refusal, TicketRecord
from router.core.commands import (
    Admitted,
    DialTicket,
    HangUp,
    NumberOver,
    TakeNumber,
    TicketChanged,
)
from router.core.engine import Engine
from router.core.events import (
    CallbackAsked,
    CallbackCancelled,
    CalledEnd,
    CalledEnded,
    DialFailed,
    Event,
    NumberLost,
    NumberTaken,
    StoreChanged,
    TicketUnkept,
)
from router.core.ids import CallId, ChannelId, FicheId, SectorId, TicketId
from router.core.keeping import Keeping
from router.core.plan import Plan
from router.errors import StoreError
from router.intake.dialling import DialError
from router.intake.ledger import IntakeBackend
from router.intake.supervisor import Intake
from router.store import TicketKeeper, TicketStore

#: How often the intake is told what may be promised, and ended tickets are forgotten.
_TELL_EVERY_S = 1.0
_FORGET_EVERY_S = 3600.0

#: What a call that could not be begun counts as; the others may have been dialled after all,
#: which their channel's end, or its absence at the deadline, will tell.
_FAILURES = {
    "rejected": Failure.TRUNK,
    "failed": Failure.TRUNK,
    "unreachable": Failure.INTERRUPTED,
    "no_intake": Failure.INTERRUPTED,
    "no_number": Failure.NUMBER_LOST,
    "vault": Failure.NUMBER_LOST,
}

Answer = Callable[[Admission], None]


class Promises:
    """Carries out what the engine says of tickets, and tells it what came of it.

    Give it link and intake, then `restore`, then run `watch` and `keep` as tasks.
    """

    link: AsteriskLink
    intake: Intake

    def __init__(
        self,
        plan: Plan,
        engine: Engine,
        tickets: TicketStore,
        clock: Clock,
        submit: Callable[[Event], None],
        log: FilteringBoundLogger,
        silence_s: float,
    ) -> None:
        self._plan = plan
        self._engine = engine
        self._tickets = tickets
        self._clock = clock
        self._submit = submit
        self._log = log
        #: How long a carrier may say nothing of a call but that it tries (trunk_silence_s).
        self._silence_s = silence_s
        self._listening: set[asyncio.Task[None]] = set()
        self._keeper = TicketKeeper(tickets, self._store_changed, log)
        self._answers: dict[int, tuple[TicketId, Answer]] = {}
        #: Admitted, and not on disk yet: nobody else may know of them.
        self._admitting: set[TicketId] = set()
        self._asked = 0
        #: Callers who type a number, and what they wait for: sector and, with a code, fiche.
        self._entering: dict[CallId, tuple[SectorId, FicheId | None]] = {}

    def backend(self) -> IntakeBackend:
        """Return what the intake may ask."""
        return IntakeBackend(
            self._admit,
            self._status,
            self._cancel,
            self._dialled,
            self._entered,
            self._open,
            lambda ticket: self._submit(NumberLost(ticket)),
        )

    def restore(self) -> list[TicketRecord]:
        """Return the tickets that were open before this start, for the engine to take up."""
        return self._tickets.open()

    async def watch(self) -> None:
        """Keep the intake informed, for as long as the service lives."""
        forget_at = 0.0
        while True:
            self._tell_intake()
            if (now := self._clock.now()) >= forget_at:
                forget_at = now + _FORGET_EVERY_S
                self._keeper.forget(now)
            await asyncio.sleep(_TELL_EVERY_S)

    async def keep(self) -> None:
        """Write tickets, for as long as the service lives."""
        await self._keeper.run()

    async def close(self) -> None:
        """Write what waits, if that can be done; after `keep`."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await self._keeper.close()

    @property
    def keeping(self) -> Keeping:
        """How the tickets' file fares."""
        return self._keeper.standing

    def accepting(self, sector: SectorId) -> Refusal | None:
        """Why no callback is promised in that sector now, None if it is."""
        if not self.link.connected:
            return Refusal.UNAVAILABLE
        return self._engine.admission(sector, self._clock.now()).refusal

    def _tell_intake(self) -> None:
        refusals = {sector: self.accepting(sector) for sector in self._plan.sectors}
        self.intake.accepting(refusals, self._engine.most_tickets(), self._answered())

    def _answered(self) -> list[SectorId] | None:
        """The sectors whose callers are answered; None while no call at all can be."""
        if not self.link.connected:
            return None
        return [one.sector for one in self._engine.sectors() if one.is_answered]

    # What the engine says.

    def carry_out(
        self, command: TicketChanged | Admitted | DialTicket | TakeNumber | NumberOver
    ) -> None:
        match command:
            case TicketChanged(record):
                self._keep(record)
            case Admitted(ask, admission):
                self._admitted(*self._answers.pop(ask), admission)
            case DialTicket():
                self._keeper.when_kept(command.ticket, lambda kept: self._dial(command, kept))
            case TakeNumber(call, sector, fiche):
                self._entering[call] = sector, fiche
                self.link.divert(
                    call,
                    Private(
                        lambda key: self.intake.digit(call, key),
                        lambda playback, heard: self.intake.played(call, playback, heard=heard),
                    ),
                )
                self.intake.take_digits(call)
            case NumberOver(call):
                if self._entering.pop(call, None) is not None:
                    self.link.divert(call, None)
                    self.intake.digits_over(call)

    def _keep(self, record: TicketRecord) -> None:
        self._keeper.keep(record)
        if record.state in ENDS:
            self.intake.ended(record.ticket)

    def _admitted(self, ticket: TicketId, answer: Answer, admission: Admission) -> None:
        """Give the promise once it is on disk, or take it back."""
        if admission.refusal is not None:
            answer(admission)
            return

        def then(kept: bool) -> None:
            self._admitting.discard(ticket)
            if not kept:
                self._submit(TicketUnkept(ticket, 0))
                self._keeper.remove(ticket)  # who knows what the disk did
            answer(admission if kept else replace(admission, refusal=Refusal.UNAVAILABLE))

        self._admitting.add(ticket)
        self._keeper.when_kept(ticket, then)

    def _dial(self, command: DialTicket, kept: bool) -> None:
        """Dial, unless the attempt could not be written or is over meanwhile."""
        if not kept:
            self._submit(TicketUnkept(command.ticket, command.attempt))
        elif self._engine.is_dialling(command.call):
            self.intake.dial(command.call, command.ticket, command.timeout_s, self._marks(command))
            listening = asyncio.create_task(self._listen(command.call))
            self._listening.add(listening)
            listening.add_done_callback(self._listening.discard)

    async def _listen(self, call: CallId) -> None:
        """Give a carrier up that says no more than 100 Trying.

        One that says nothing at all Asterisk gives up by itself, as soon (pjsip.conf, timer B).
        Later it would be the person who did not pick up.
        """
        await asyncio.sleep(self._silence_s)
        if (
            self._engine.is_dialling(call)
            and await self.link.is_silent(call)
            and self._engine.is_dialling(call)
        ):
            self._submit(CalledEnded(call, CalledEnd.SILENT))
            self.link.perform([HangUp(call, ChannelId(call))])

    def _store_changed(self, up: bool) -> None:
        """Tell the engine. What is open is written once more: the file may be a new one."""
        self._submit(StoreChanged(up))
        if up:
            for record in self._engine.open_tickets():
                self._keeper.keep(record)

    def _marks(self, command: DialTicket) -> dict[str, str]:
        """What a router that starts anew must find on the channel."""
        return {
            SECTOR_VARIABLE: command.sector,
            JOINED_VARIABLE: repr(command.joined_at),
            "TIMEOUT(absolute)": str(self._plan.targets.longest_call_s),
        }

    # What the intake asks and tells.

    def _admit(
        self, ticket: TicketId, sector: SectorId, fiche: FicheId | None, answer: Answer
    ) -> None:
        if not self.link.connected:
            now = self._clock.now()
            answer(Admission(Refusal.UNAVAILABLE, now, now))
            return
        self._asked += 1
        self._answers[self._asked] = ticket, answer
        self._submit(CallbackAsked(self._asked, ticket, sector, fiche))

    def _status(self, ticket: TicketId) -> TicketRecord | None:
        if ticket in self._admitting:
            return None
        record = self._engine.ticket(ticket)
        if record is None:
            with suppress(StoreError):
                record = self._keeper.get(ticket)
        return record

    def _cancel(self, ticket: TicketId) -> TicketRecord | None:
        self._submit(CallbackCancelled(ticket))
        return self._status(ticket)

    def _dialled(self, call: CallId, error: DialError | None) -> None:
        if error is None:
            return
        self._log.warning("callback not dialled", call=call, reason=error.reason)
        failure = _FAILURES.get(error.reason)
        if failure is not None:
            self._submit(DialFailed(call, failure))

    def _entered(self, call: CallId, ticket: TicketId | None, refused: str | None) -> None:
        about = self._entering.pop(call, None)
        self.link.divert(call, None)
        if ticket is None or about is None:
            if ticket is not None:
                self.intake.ended(ticket)
            self._submit(NumberTaken(call, None))
            return

        def answer(admission: Admission) -> None:
            promised = admission.refusal is None
            if not promised:
                self.intake.ended(ticket)
            self._submit(NumberTaken(call, ticket if promised else None, refused=not promised))

        self._admit(ticket, *about, answer)

    def _open(self) -> Collection[TicketId]:
        return self._engine.open_ticket_ids()
