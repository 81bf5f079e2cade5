"""Callbacks: a ticket's way from the promise to the conversation.

Whether one may be promised is said in admission.py; a ticket waits in the one queue like a
caller (open_tickets.py); an attempt rings the informateur and dials (attempt.py). Here: what
the engine is asked and told about all of them.
"""

from collections.abc import Iterable
from dataclasses import replace

from router.core.call.distribution import Distribution
from router.core.call.life import Call
from router.core.callback.admission import AdmissionControl
from router.core.callback.attempt import Attempts
from router.core.callback.open_tickets import OpenTickets, Ticket
from router.core.callback.tickets import (
    Failure,
    Refusal,
    TicketDue,
    TicketRecord,
    TicketState,
    channel_of,
)
from router.core.commands import Admitted, HangUp, Step
from router.core.desk.duty import Duty
from router.core.events import (
    CallbackAsked,
    CallbackCancelled,
    CalledAnswered,
    CalledEnd,
    CalledEnded,
    CallFound,
    CallLeft,
    CommandFailed,
    DialFailed,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegRang,
    NumberLost,
    PromptEnded,
    PromptFailed,
    Resynced,
    StoreChanged,
    TicketUnkept,
    TrunkChanged,
)
from router.core.ids import CallId, ChannelId, TicketId
from router.core.switchboard import Switchboard

#: What may be told of the channels of an attempt.
OF_ATTEMPTS = frozenset(
    {KeyPressed, PromptEnded, PromptFailed, LegRang, LegAnswered, LegEnded}
    | {CalledAnswered, CalledEnded, CallLeft, DialFailed, CommandFailed, CallFound}
)


class Callbacks:
    """Every open ticket, its attempts, and what is asked about them."""

    def __init__(self, board: Switchboard, distribution: Distribution, duty: Duty) -> None:
        self._board = board
        self._open = OpenTickets(board, distribution)
        self._admission = AdmissionControl(board, distribution, self._open)
        self._attempts = Attempts(board, distribution, duty, self._open, self._admission)
        self.tickets = self._open.tickets
        #: By the channel of the attempt, until the two are joined.
        self.attempts = self._open.attempts
        self.ring = self._attempts.ring
        self.admission = self._admission.admit
        self.may_promise = self._admission.may_promise
        self.room = self._admission.room

    # Events.

    def asked(self, event: CallbackAsked) -> None:
        """Promise a callback, or say why not."""
        admission = self.admission(event.sector)
        if admission.refusal is None and event.ticket not in self.tickets:
            record = TicketRecord(
                event.ticket,
                event.sector,
                event.fiche,
                self._board.now,
                admission.due_at,
                code=self._open.new_code(event.ticket),
            )
            ticket = self._open.take_on(record)
            self._open.note(ticket, Step.TICKET_ACCEPTED)
            self._open.save(ticket)
            self._open.wait(ticket)
        self._board.commands.append(Admitted(event.ask, admission))

    def cancelled(self, event: CallbackCancelled) -> None:
        """Give a callback up, as asked."""
        self._cancel(event.ticket)

    def trunk_changed(self, event: TrunkChanged) -> None:
        """Promise nothing while no calls go out."""
        self._admission.closed_by = None if event.up else Refusal.TRUNK

    def store_changed(self, event: StoreChanged) -> None:
        """Promise nothing and ring nobody while nothing can be written."""
        self._open.store_changed(event.up)

    def unkept(self, event: TicketUnkept) -> None:
        """What could not be written does not count: neither a promise nor an attempt."""
        ticket = self.tickets.get(event.ticket)
        if ticket is None or ticket.unclear or ticket.state is TicketState.TALKING:
            self._board.ignore(event)
        elif event.attempt == 0:
            self._attempts.abort(ticket)
            self._open.withdraw(ticket)
        elif event.attempt == ticket.record.attempts and ticket.state is TicketState.DIALLING:
            self._attempts.unkept(ticket)
        else:
            self._board.ignore(event)

    def number_lost(self, event: NumberLost) -> None:
        """Nobody is rung in vain for a number that is gone; a call under way goes on."""
        ticket = self.tickets.get(event.ticket)
        if ticket is None or ticket.state not in (TicketState.WAITING, TicketState.RINGING):
            self._board.ignore(event)
            return
        self._attempts.abort(ticket)
        ticket.record = replace(ticket.record, failure=Failure.NUMBER_LOST)
        self._open.end(ticket, TicketState.FAILED)

    def resynced(self, event: Resynced) -> None:
        """Asterisk has told all that it holds: an attempt it did not name is over.

        Who had pressed 1 is not called again, whatever came of it.
        """
        for ticket in [one for one in self.tickets.values() if one.unclear]:
            ticket.unclear = False
            if ticket.state is TicketState.TALKING:
                self._attempts.forget(ticket)
                self._open.end(ticket, TicketState.DONE)
                continue
            assert ticket.call is not None  # since `restore`
            self._board.commands.append(HangUp(ticket.call, ChannelId(ticket.call)))
            self._attempts.failed(ticket, Failure.INTERRUPTED)

    def of_attempt(self, ticket: Ticket, event: Event) -> bool:
        """Answer one of `OF_ATTEMPTS` about an attempt of `ticket`; return whether it was."""
        attempts = self._attempts
        match event:
            case KeyPressed():
                attempts.key(ticket, event)
            case PromptEnded(_, playback):
                attempts.prompt_ended(ticket, playback)
            case PromptFailed(_, playback):
                attempts.prompt_failed(ticket, playback)
            case LegRang(_, leg) if leg == ticket.leg:
                attempts.leg_rang(ticket)
            case LegAnswered(_, leg) if leg == ticket.leg:
                attempts.leg_answered(ticket)
            case LegEnded(_, leg, why) if leg == ticket.leg:
                self._board.legs.pop(leg, None)
                attempts.leg_ended(ticket, why)
            case CalledAnswered():
                attempts.answered(ticket)
            case CalledEnded(_, why):
                attempts.call_ended(ticket, why)
            case CallLeft():
                attempts.call_ended(ticket, CalledEnd.HUNG_UP)
            case DialFailed(_, failure):
                attempts.failed_to_dial(ticket, failure)
            case CommandFailed(call_id, channel) if channel == ChannelId(call_id):
                self._board.commands.append(HangUp(call_id, channel))
                attempts.call_ended(ticket, CalledEnd.HUNG_UP)
            case CommandFailed(_, leg) if leg == ticket.leg:
                self._board.legs.pop(leg, None)
                attempts.leg_ended(ticket, LegEnd.UNREACHABLE)
            case CallFound():
                attempts.found(ticket, event)
            case _:
                return False
        return True

    def due(self, ticket_id: TicketId, due: TicketDue) -> None:
        """A deadline has come."""
        ticket = self.tickets[ticket_id]
        match due:
            case TicketDue.WIDEN:
                self._open.widen(ticket)
            case TicketDue.RETRY:
                self._open.wait(ticket)
            case TicketDue.RING:
                self._attempts.no_answer(ticket)
            case TicketDue.DIAL:
                self._attempts.not_picked_up(ticket)
            case TicketDue.STEP:
                self._attempts.silence(ticket)
            case TicketDue.EXPIRE:
                if ticket.state is not TicketState.TALKING:
                    self._attempts.abort(ticket)
                    self._open.end(ticket, TicketState.EXPIRED)

    def phone_vanished(self, call: CallId) -> bool:
        """The phone that this attempt rings is gone; return whether it is an attempt's."""
        ticket = self.attempts.get(call)
        if ticket is None:
            return False
        self._attempts.phone_vanished(ticket)
        return True

    def over(self, call: Call) -> None:
        """The conversation is over, and so is the ticket."""
        ticket = self.tickets.get(call.ticket) if call.ticket is not None else None
        if ticket is not None:
            self._open.end(ticket, TicketState.DONE)

    # Instead of being called back.

    def called_in(self, code: str) -> TicketRecord | None:
        """Who was to be called back calls in: cancel the ticket and return it.

        None if the code is no ticket's, or its conversation is under way.
        """
        ticket = self.tickets.get(self._open.codes.get(code, TicketId("")))
        if ticket is None or ticket.state is TicketState.TALKING:
            return None
        self._cancel(ticket.record.ticket)
        return ticket.record

    def _cancel(self, ticket_id: TicketId) -> None:
        """A conversation goes on."""
        ticket = self.tickets.get(ticket_id)
        if ticket is not None and ticket.state is not TicketState.TALKING:
            self._attempts.abort(ticket)
            self._open.end(ticket, TicketState.CANCELLED)

    # After a restart.

    def restore(self, records: Iterable[TicketRecord], *, lost: bool) -> None:
        """Take open tickets up after a restart; `lost`: their numbers are gone (a reboot)."""
        for record in records:
            ticket = self._open.take_on(self._as_planned(record))
            if lost:
                self._open.end(ticket, TicketState.LOST_REBOOT)
            elif record.state in (TicketState.WAITING, TicketState.RINGING):
                self._open.wait_or_retry(ticket)
            else:
                ticket.unclear = True
                ticket.call = channel_of(record.ticket, record.attempts)
                self.attempts[ticket.call] = ticket

    def _as_planned(self, record: TicketRecord) -> TicketRecord:
        """The ticket by today's plan. A sector that is no more leaves the page's own, or the
        queue that everybody serves, or any: whoever answers gives the call on."""
        plan = self._board.plan
        fiche = plan.fiches.get(record.fiche) if record.fiche is not None else None
        sector = record.sector
        if sector not in plan.sectors:
            elsewhere = plan.no_key or next(iter(plan.domains))
            sector = elsewhere if fiche is None else fiche.sector
        code = self._open.new_code(record.ticket)
        return replace(record, code=code, sector=sector, fiche=fiche.id if fiche else None)

    # What others may see.

    def record(self, ticket_id: TicketId) -> TicketRecord | None:
        """Return an open ticket as it stands now; None when it is over, or never was."""
        ticket = self.tickets.get(ticket_id)
        return None if ticket is None else replace(ticket.record, state=ticket.state)

    def code(self, ticket_id: TicketId) -> str | None:
        """Return the code of an open ticket: who calls in with it need not be called back."""
        ticket = self.tickets.get(ticket_id)
        return None if ticket is None else ticket.record.code

    def is_dialling(self, call: CallId) -> bool:
        ticket = self.attempts.get(call)
        return ticket is not None and ticket.state is TicketState.DIALLING

    def asking(self) -> frozenset[CallId]:
        """Return the channels that have been picked up and not joined yet."""
        return frozenset(
            call for call, ticket in self.attempts.items() if ticket.state is TicketState.ASKING
        )
