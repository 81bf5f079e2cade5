"""One attempt to call back: the informateur is rung, then the number is dialled.

The informateur comes first: reserved, rung, told what it is about; only then is the number
dialled, so whoever asked to be called back never waits. "Tapez 1" tells a person from a
voicemail. From then on the ticket is a call like any other.

Each attempt is told to the store (`TicketChanged`) before it is dialled (`DialTicket`), under a
channel's id that follows from ticket and attempt: whatever happens to the router, no attempt is
dialled twice. Nothing here knows a number.
"""

from dataclasses import replace

from router.core.call.distribution import AGENT_LOST, Distribution
from router.core.call.life import Call, CallState
from router.core.call.waiting import Waiting
from router.core.callback.admission import AdmissionControl
from router.core.callback.open_tickets import UNKEPT_RETRY_S, OpenTickets, Ticket
from router.core.callback.tickets import Failure, TicketDue, TicketState
from router.core.commands import DialTicket, HangUp, Step
from router.core.desk.agents import AgentDesk
from router.core.desk.duty import RING_BACKSTOP_S, Duty
from router.core.events import (
    CalledEnd,
    CalledEnded,
    CallFound,
    DialFailed,
    KeyPressed,
    LegEnd,
    LegEnded,
    TicketUnkept,
)
from router.core.facts import Door, Outcome
from router.core.ids import CallId, ChannelId, PromptId
from router.core.legs import Role, Said
from router.core.plan import CallbackPolicy
from router.core.reservation import Reservation, why_unanswered
from router.core.speech import whisper
from router.core.switchboard import Switchboard
from router.core.work import WorkItem

CALLBACK_ASK = PromptId("callback-ask")
PROMPTS = frozenset({CALLBACK_ASK, AGENT_LOST})

#: The key that a person presses and a voicemail does not.
YES = "1"
#: How the end of a dialled call counts.
_FAILURES = {
    CalledEnd.BUSY: Failure.BUSY,
    CalledEnd.DECLINED: Failure.DECLINED,
    CalledEnd.NO_ANSWER: Failure.NO_ANSWER,
    CalledEnd.HUNG_UP: Failure.NO_ANSWER,
    CalledEnd.UNASSIGNED: Failure.UNASSIGNED,
    CalledEnd.REFUSED: Failure.TRUNK,
    CalledEnd.FAILED: Failure.TRUNK,
    CalledEnd.SILENT: Failure.TRUNK,
}
#: No second attempt helps.
_FINAL = frozenset({Failure.NUMBER_LOST})
#: Tells nothing of the carrier.
_SAYS_NOTHING = frozenset({Failure.INTERRUPTED, Failure.NUMBER_LOST, Failure.UNASSIGNED})


class Attempts:
    """Calls back, from the ringing of the informateur to the conversation or the next attempt."""

    def __init__(
        self,
        board: Switchboard,
        duty: Duty,
        reservation: Reservation,
        open_tickets: OpenTickets,
        admission: AdmissionControl,
        waiting: Waiting,
        distribution: Distribution,
    ) -> None:
        self._board = board
        self._duty = duty
        self._reservation = reservation
        self._waiting = waiting
        self._distribution = distribution
        self._open = open_tickets
        self._admission = admission
        self._targets = board.plan.targets
        self._rules = board.plan.callbacks

    # The informateur.

    def ring(self, ticket: Ticket, desk: AgentDesk) -> None:
        """Ring the informateur who is free for this ticket."""
        board, item = self._board, ticket.item
        assert item is not None  # its turn has come in the queue
        why = self._reservation.choice(item, desk)
        self._open.stop_waiting(ticket)
        ticket.state = TicketState.RINGING
        ticket.agent, ticket.call = desk.agent.id, item.call
        self._open.attempts[item.call] = ticket
        board.legs.add(ChannelId(item.call), Role.CALLED, ticket)
        ticket.leg = self._reservation.ring(item.call, desk, why, Role.INFORMATEUR, ticket)
        self._open.note(ticket, Step.RINGING, detail=str(why))

    def rang(self, ticket: Ticket) -> None:
        self._reservation.rang(self._desk(ticket))

    def informateur_answered(self, ticket: Ticket) -> None:
        """Tell the informateur what it is about, and dial meanwhile."""
        board, record = self._board, ticket.record
        assert ticket.leg is not None  # RINGING has one
        self._reservation.answered(self._desk(ticket))
        waited_min = int(board.now - record.asked_at) // 60
        about = board.plan.about(record.sector, record.fiche)
        said = whisper(about, waited_min, kind="callback")
        ticket.said[Said.INFORMATEUR] = board.play_on(call_of(ticket), ticket.leg, said)
        ticket.state = TicketState.DIALLING
        ticket.record = replace(
            record, state=TicketState.DIALLING, attempts=record.attempts + 1, failure=None
        )
        self._open.save(ticket)  # before it is dialled
        self._open.note(ticket, Step.DIALLED, detail=f"attempt {ticket.record.attempts}")
        board.commands.append(
            DialTicket(
                call_of(ticket),
                record.ticket,
                record.sector,
                record.asked_at,
                self._rules.ring_s + RING_BACKSTOP_S,
                ticket.record.attempts,
            )
        )
        self._open.set_due(ticket, TicketDue.DIAL, self._rules.ring_s)

    def missed(self, ticket: Ticket, event: LegEnded) -> None:
        """The informateur's phone was busy or rejected the call."""
        self._missed(ticket, event.reason)

    def phone_vanished(self, ticket: Ticket) -> None:
        self._drop_leg(ticket)
        self._missed(ticket, LegEnd.UNREACHABLE)

    def no_answer(self, ticket: Ticket) -> None:
        """The phone rang for long enough, or never began to."""
        why = why_unanswered(self._desk(ticket))
        self._drop_leg(ticket)
        self._missed(ticket, why)

    def _missed(self, ticket: Ticket, why: LegEnd) -> None:
        """Ask the next informateur; the ticket's rank is kept."""
        self._board.cancel_ring_due(leg_of(ticket))
        self._open.note(ticket, Step.MISSED, detail=why.value)
        self._missed_by(ticket, why)
        self.forget(ticket)
        self._open.wait(ticket)

    def informateur_left_dialling(self, ticket: Ticket, event: LegEnded) -> None:
        """The informateur hung up while the number was dialled: missed, and to be dialled anew."""
        self.informateur_left_asking(ticket, event)
        self._hang_up(ticket)
        self.failed(ticket, Failure.INTERRUPTED)

    def informateur_left_asking(self, ticket: Ticket, event: LegEnded) -> None:
        """The informateur hung up while the question was put: whoever presses 1 is served next."""
        self._missed_by(ticket, event.reason)
        ticket.agent = ticket.leg = None
        ticket.said.pop(Said.INFORMATEUR, None)

    def _missed_by(self, ticket: Ticket, why: LegEnd) -> None:
        if ticket.agent is not None and (desk := self._desk(ticket)).call == ticket.call:
            self._duty.missed(desk, why)

    # The one who is called back.

    def answered(self, ticket: Ticket) -> None:
        """Picked up, by a person or a machine."""
        ticket.unclear = False
        self._admission.carrier_took()
        self._open.cancel_due(ticket, TicketDue.DIAL)
        ticket.state = TicketState.ASKING
        self._open.note(ticket, Step.PICKED_UP)
        self._ask(ticket)

    def _ask(self, ticket: Ticket) -> None:
        call = call_of(ticket)
        self._board.cut_short(call, ticket, Said.CALLER)
        ticket.said[Said.CALLER] = self._board.play_on(call, ChannelId(call), (CALLBACK_ASK,))
        self._open.set_due(ticket, TicketDue.STEP, self._targets.prompt_guard_s)

    def asked(self, ticket: Ticket) -> None:
        """The question has been put: the silence counts from here."""
        self._open.set_due(ticket, TicketDue.STEP, self._targets.first_key_s)

    def not_asked(self, ticket: Ticket) -> None:
        """The question broke off. As a rule whoever should hear it is gone, which the end of the
        channel itself will say."""
        ticket.unheard = True
        self.asked(ticket)

    def key(self, ticket: Ticket, event: KeyPressed) -> None:
        """A person presses 1; any other key has the question put again, once."""
        if event.key == YES:
            self._join(ticket)
        elif not ticket.asked_again:
            ticket.asked_again = True
            self._ask(ticket)

    def not_picked_up(self, ticket: Ticket) -> None:
        """It rang for long enough; a carrier that says nothing has been given up before."""
        self._hang_up(ticket)
        self.failed(ticket, Failure.NO_ANSWER)

    def silence(self, ticket: Ticket) -> None:
        """Put the question once more; then it is a voicemail, on which nothing is left.

        Unless the question could not be played: then nobody can have answered it.
        """
        if not ticket.asked_again:
            ticket.asked_again = True
            self._ask(ticket)
            return
        self._hang_up(ticket)
        self.failed(ticket, Failure.INTERRUPTED if ticket.unheard else Failure.VOICEMAIL)

    def not_reached(self, ticket: Ticket, event: CalledEnded) -> None:
        """The carrier or the person did not take the call."""
        self.failed(ticket, _FAILURES[event.reason], event.reason.value)

    def gone_unanswered(self, ticket: Ticket) -> None:
        """The channel that was being dialled is gone."""
        self.failed(ticket, Failure.NO_ANSWER, CalledEnd.HUNG_UP.value)

    def hung_up(self, ticket: Ticket) -> None:
        """Picked up, and gone before 1 was pressed."""
        self.failed(ticket, Failure.HUNG_UP)

    def not_dialled(self, ticket: Ticket, event: DialFailed) -> None:
        """The call could not even be begun."""
        self.failed(ticket, event.failure)

    def _join(self, ticket: Ticket, *, music: bool = False) -> None:
        """A person is there, who may hear music: from here on a call like any other."""
        board, record = self._board, ticket.record
        self._open.cancel_due(ticket, TicketDue.STEP)
        call = self._conversation(ticket)
        self._begin(call)
        call.said, ticket.said, call.music = ticket.said, {}, music
        ticket.state = TicketState.TALKING
        ticket.record = replace(record, state=TicketState.TALKING)
        self._open.save(ticket)
        if ticket.agent is None:  # gone while the question was put: served first
            call.outcome = Outcome.LOST
            self._waiting.to_the_front(call, record.sector, AGENT_LOST)
            return
        call.state = CallState.WHISPERING
        call.agent, call.leg = ticket.agent, ticket.leg
        board.legs.add(leg_of(ticket), Role.INFORMATEUR, call, ticket.agent)
        self._distribution.join(call)

    def _conversation(self, ticket: Ticket) -> Call:
        record = ticket.record
        call = Call(call_of(ticket), record.asked_at)
        call.door, call.fiche, call.ticket = Door.CALLBACK, record.fiche, record.ticket
        call.outcome = Outcome.ABANDONED
        call.joined_at, call.promised_at = record.asked_at, record.due_at
        call.attempts = record.attempts
        sequence = self._board.next_sequence()
        call.item = WorkItem(call.id, record.sector, record.asked_at, record.due_at, sequence)
        return call

    def _begin(self, call: Call) -> None:
        """From here on the ticket's channel is the call's."""
        self._open.attempts.pop(call.id, None)
        self._board.begin(call)

    def found(self, ticket: Ticket, event: CallFound) -> None:
        """Picked up while nobody looked. After a restart: a conversation goes on, whoever had
        pressed 1 is served first, and the question is put again to whoever was hearing it."""
        if not ticket.unclear:
            self.answered(ticket)
            return
        ticket.unclear = False
        call = self._conversation(ticket)
        if self._distribution.take_up(call, event):
            self._begin(call)
            ticket.state = TicketState.TALKING
            ticket.agent, ticket.leg = call.agent, call.leg
        elif ticket.state is TicketState.TALKING:
            self._join(ticket, music=True)  # was waiting for another informateur, perhaps
        else:
            self.answered(ticket)

    def unfound(self, ticket: Ticket) -> None:
        """Asterisk does not know the attempt of before the restart: it is over."""
        ticket.unclear = False
        self._hang_up(ticket)
        self.failed(ticket, Failure.INTERRUPTED)

    def unfound_talking(self, ticket: Ticket) -> None:
        """Whoever had pressed 1 is not called again, whatever came of it."""
        ticket.unclear = False
        self.forget(ticket)
        self._open.end(ticket, TicketState.DONE)

    # Ends.

    def failed(self, ticket: Ticket, failure: Failure, detail: str = "") -> None:
        """Try once more inside the promise, later; or give up."""
        detail = detail or failure.value
        if failure is Failure.UNASSIGNED and self._admission.unassigned(ticket.record.ticket):
            failure = Failure.TRUNK  # so many numbers cannot be wrong
        elif failure is Failure.TRUNK:
            self._admission.carrier_failed()
        elif failure not in _SAYS_NOTHING:
            self._admission.carrier_took()
        self._stop(ticket, detail)
        record = replace(ticket.record, failure=failure)
        retry_at = self._board.now + _retry_s(self._rules, failure)
        again = record.attempts < self._rules.attempts and failure not in _FINAL
        if again and retry_at + self._rules.dial_s <= record.due_at:
            ticket.state = TicketState.WAITING
            ticket.record = replace(record, state=TicketState.WAITING, retry_at=retry_at)
            self._open.save(ticket)
            self._open.wait_or_retry(ticket)
        else:
            ticket.record = record
            self._open.end(ticket, TicketState.FAILED)

    def unkept(self, ticket: Ticket, event: TicketUnkept) -> None:
        """The attempt could not be written, so it was not dialled and is none; again shortly."""
        record = ticket.record
        if event.attempt != record.attempts:
            self._board.ignore(event)
            return
        self._hang_up(ticket)
        self._stop(ticket, "not written")
        ticket.state = TicketState.WAITING
        ticket.record = replace(
            record,
            state=TicketState.WAITING,
            attempts=record.attempts - 1,
            retry_at=self._board.now + UNKEPT_RETRY_S,
        )
        self._open.save(ticket)
        self._open.wait_or_retry(ticket)

    def _stop(self, ticket: Ticket, why: str) -> None:
        """End the attempt on our side: what is heard, what is due, the informateur's part."""
        self._open.note(ticket, Step.NOT_REACHED, detail=why)
        self._silence(ticket)
        self._open.cancel_due(ticket, TicketDue.DIAL, TicketDue.STEP)
        self._drop_leg(ticket)
        self._free_agent(ticket)
        self.forget(ticket)

    # Given up.

    def cancelled(self, ticket: Ticket) -> None:
        """Whoever holds the ticket does not want to be called, or has called in."""
        self._abort(ticket)
        self._open.end(ticket, TicketState.CANCELLED)

    def expired(self, ticket: Ticket) -> None:
        """The promise cannot be kept any more."""
        self._abort(ticket)
        self._open.end(ticket, TicketState.EXPIRED)

    def number_lost(self, ticket: Ticket) -> None:
        """Nobody is rung in vain for a number that is gone; a call under way goes on."""
        self._abort(ticket)
        ticket.record = replace(ticket.record, failure=Failure.NUMBER_LOST)
        self._open.end(ticket, TicketState.FAILED)

    def withdrawn(self, ticket: Ticket) -> None:
        """The ticket could not be written, so nobody was promised anything."""
        self._abort(ticket)
        self._open.withdraw(ticket)

    def talked(self, ticket: Ticket) -> None:
        """The conversation is over, and so is the ticket."""
        self._open.end(ticket, TicketState.DONE)

    def _abort(self, ticket: Ticket) -> None:
        """Undo whatever is under way."""
        state = ticket.state
        self._open.stop_waiting(ticket)
        self._silence(ticket)
        self._drop_leg(ticket)
        if state is TicketState.RINGING:
            self._duty.let_go(self._desk(ticket))
        elif state in (TicketState.DIALLING, TicketState.ASKING):
            self._hang_up(ticket)
            self._free_agent(ticket)
        self.forget(ticket)

    def _free_agent(self, ticket: Ticket) -> None:
        """Let an informateur who waited for nothing be ready again."""
        if ticket.agent is not None:
            desk = self._desk(ticket)
            if desk.call == ticket.call:
                self._duty.done(desk, None)
        ticket.agent = ticket.leg = None

    def forget(self, ticket: Ticket) -> None:
        """The attempt is over, whatever becomes of the ticket."""
        if ticket.call is not None:
            self._open.attempts.pop(ticket.call, None)
            self._board.legs.pop(ChannelId(ticket.call))
        ticket.call = ticket.agent = ticket.leg = None
        ticket.said = {}
        ticket.asked_again = ticket.unheard = False

    def _silence(self, ticket: Ticket) -> None:
        if ticket.call is not None:
            self._board.cut_short(ticket.call, ticket, Said.CALLER)

    def _hang_up(self, ticket: Ticket) -> None:
        call = call_of(ticket)
        self._board.commands.append(HangUp(call, ChannelId(call)))

    def _drop_leg(self, ticket: Ticket) -> None:
        if ticket.call is not None:
            self._reservation.drop(ticket.call, ticket.leg)

    def _desk(self, ticket: Ticket) -> AgentDesk:
        assert ticket.agent is not None  # from RINGING on, until let go
        return self._board.roster.desks[ticket.agent]


def call_of(ticket: Ticket) -> CallId:
    """Return the channel of the attempt under way."""
    assert ticket.call is not None  # from RINGING on
    return ticket.call


def leg_of(ticket: Ticket) -> ChannelId:
    """Return the informateur's channel of the attempt under way."""
    assert ticket.leg is not None  # from RINGING on, until the informateur leaves
    return ticket.leg


def _retry_s(rules: CallbackPolicy, failure: Failure) -> int:
    match failure:
        case Failure.INTERRUPTED:
            return 0
        case Failure.BUSY | Failure.TRUNK | Failure.UNASSIGNED:
            return rules.busy_retry_s
        case _:
            return rules.no_answer_retry_s
