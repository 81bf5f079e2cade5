"""How an attempt fails, and how a ticket ends."""

from dataclasses import replace

from router.core.callback.admission import AdmissionControl
from router.core.callback.open_tickets import UNKEPT_RETRY_S, OpenTickets, Ticket, call_of
from router.core.callback.tickets import Failure, TicketDue, TicketRecord, TicketState
from router.core.commands import HangUp, Step
from router.core.desk.duty import Duty
from router.core.events import TicketUnkept
from router.core.ids import ChannelId
from router.core.plan import CallbackPolicy
from router.core.reservation import Reservation
from router.core.switchboard import Switchboard

#: After these another attempt would be no use.
_FINAL = frozenset({Failure.NUMBER_LOST})
#: These say nothing about the carrier.
_SAYS_NOTHING = frozenset({Failure.INTERRUPTED, Failure.NUMBER_LOST, Failure.UNASSIGNED})


class Endings:
    """Ends attempts and tickets; whatever is under way for them is undone."""

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        reservation: Reservation,
        open_tickets: OpenTickets,
        admission: AdmissionControl,
    ) -> None:
        self._board = board
        self._duty = duty
        self._reservation = reservation
        self._open = open_tickets
        self._admission = admission

    # The attempt.

    def failed(self, ticket: Ticket, failure: Failure, detail: str = "") -> None:
        """Try again later if the promise can still be kept; otherwise give up."""
        detail = detail or failure.value
        if failure is Failure.UNASSIGNED and self._admission.unassigned(ticket.record.ticket):
            failure = Failure.TRUNK  # that many numbers cannot all be wrong
        elif failure is Failure.TRUNK:
            self._admission.carrier_failed()
        elif failure not in _SAYS_NOTHING:
            self._admission.carrier_took()
        self._stop(ticket, detail)
        record = replace(ticket.record, failure=failure)
        retry_at = self._board.now + _retry_s(self._board.plan.callbacks, failure)
        again = record.attempts < self._board.plan.callbacks.attempts and failure not in _FINAL
        if again and retry_at + self._board.plan.callbacks.dial_s <= record.due_at:
            self._wait(ticket, replace(record, state=TicketState.WAITING, retry_at=retry_at))
        else:
            ticket.record = record
            self._open.end(ticket, TicketState.FAILED)

    def unkept(self, ticket: Ticket, event: TicketUnkept) -> None:
        """The attempt could not be written, so it was not dialled: it is made again shortly."""
        record = ticket.record
        if event.attempt != record.attempts:
            self._board.ignore(event)
            return
        self.hang_up(ticket)
        self._stop(ticket, "not written")
        retry_at = self._board.now + UNKEPT_RETRY_S
        attempts = record.attempts - 1
        self._wait(
            ticket,
            replace(record, state=TicketState.WAITING, attempts=attempts, retry_at=retry_at),
        )

    def _wait(self, ticket: Ticket, record: TicketRecord) -> None:
        ticket.state = TicketState.WAITING
        ticket.record = record
        self._open.save(ticket)
        self._open.wait_or_retry(ticket)

    def unfound(self, ticket: Ticket) -> None:
        """Asterisk does not know the attempt made before the restart: it is over."""
        ticket.unclear = False
        self.hang_up(ticket)
        self.failed(ticket, Failure.INTERRUPTED)

    # The ticket.

    def too_late_to_expire(self, ticket: Ticket) -> None:
        """The conversation has begun: there is nothing left to expire."""

    def talked(self, ticket: Ticket) -> None:
        """The conversation is over, and so is the ticket."""
        self._open.end(ticket, TicketState.DONE)

    def unfound_talking(self, ticket: Ticket) -> None:
        """Anybody who had pressed 1 is not called again, however that call went."""
        ticket.unclear = False
        self.forget(ticket)
        self._open.end(ticket, TicketState.DONE)

    def cancelled(self, ticket: Ticket) -> None:
        """Whoever holds the ticket does not want to be called, or has called in."""
        self._abort(ticket)
        self._open.end(ticket, TicketState.CANCELLED)

    def expired(self, ticket: Ticket) -> None:
        """The promise and its period of grace are over."""
        self._abort(ticket)
        self._open.end(ticket, TicketState.EXPIRED)

    def number_lost(self, ticket: Ticket) -> None:
        """The number is gone, so no informateur is rung for it; a call under way goes on."""
        self._abort(ticket)
        ticket.record = replace(ticket.record, failure=Failure.NUMBER_LOST)
        self._open.end(ticket, TicketState.FAILED)

    def withdrawn(self, ticket: Ticket) -> None:
        """The ticket could not be written, so nobody has been promised anything."""
        self._abort(ticket)
        self._open.withdraw(ticket)

    # What is under way.

    def _stop(self, ticket: Ticket, why: str) -> None:
        """End our side of an attempt that failed: prompts, deadlines, the informateur's part."""
        self._open.note(ticket, Step.NOT_REACHED, detail=why)
        self._silence(ticket)
        self._open.cancel_due(ticket, TicketDue.DIAL, TicketDue.STEP)
        self.drop_leg(ticket)
        self._free_agent(ticket)
        self.forget(ticket)

    def _abort(self, ticket: Ticket) -> None:
        """Undo whatever is under way, a place in the queue included."""
        state = ticket.state
        self._open.stop_waiting(ticket)
        self._silence(ticket)
        self.drop_leg(ticket)
        if state is TicketState.RINGING:
            self._duty.let_go(self._open.desk_of(ticket))
        elif state in (TicketState.DIALLING, TicketState.ASKING):
            self.hang_up(ticket)
            self._free_agent(ticket)
        self.forget(ticket)

    def _free_agent(self, ticket: Ticket) -> None:
        """Release an informateur who answered but talked to nobody."""
        if ticket.agent is not None:
            desk = self._open.desk_of(ticket)
            if desk.call == ticket.call:
                self._duty.done(desk, None)
        ticket.agent = ticket.leg = None

    def forget(self, ticket: Ticket) -> None:
        """Forget the attempt, whatever becomes of the ticket."""
        if ticket.call is not None:
            self._open.attempts.pop(ticket.call, None)
            self._board.legs.pop(ChannelId(ticket.call))
        ticket.call = ticket.agent = ticket.leg = None
        ticket.playback = None
        ticket.said = {}
        ticket.asked_again = ticket.unheard = False

    def hang_up(self, ticket: Ticket) -> None:
        """Hang up the call to the number."""
        call = call_of(ticket)
        self._board.commands.append(HangUp(call, ChannelId(call)))

    def drop_leg(self, ticket: Ticket) -> None:
        """Hang up the informateur's phone, if it was rung."""
        if ticket.call is not None:
            self._reservation.drop(ticket.call, ticket.leg)

    def _silence(self, ticket: Ticket) -> None:
        if ticket.call is not None:
            self._board.stop_playing(ticket.call, ticket)


def _retry_s(rules: CallbackPolicy, failure: Failure) -> int:
    match failure:
        case Failure.INTERRUPTED:
            return 0
        case Failure.BUSY | Failure.TRUNK | Failure.UNASSIGNED:
            return rules.busy_retry_s
        case _:
            return rules.no_answer_retry_s
