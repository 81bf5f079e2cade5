"""One attempt to call back: the informateur is rung, then the number is dialled.

The informateur comes first: reserved, rung, told what it is about; only then is the number
dialled, so whoever asked to be called back never waits. "Tapez 1" tells a person from a
voicemail. From then on the ticket is a call like any other.

Each attempt is told to the store (`TicketChanged`) before it is dialled (`DialTicket`), under a
channel's id that follows from ticket and attempt: whatever happens to the router, no attempt is
dialled twice. Nothing here knows a number.
"""

from dataclasses import replace

from router.core.call.distribution import AGENT_LOST, FRONT, Distribution
from router.core.call.life import Call, CallState
from router.core.callback.admission import AdmissionControl
from router.core.callback.open_tickets import UNKEPT_RETRY_S, OpenTickets, Ticket
from router.core.callback.tickets import Failure, TicketDue, TicketState
from router.core.commands import DialTicket, HangUp, Outcome, Part, Ring, Step
from router.core.desk.agents import AgentDesk, AgentState
from router.core.desk.duty import RING_BACKSTOP_S, Duty
from router.core.events import CalledEnd, CallFound, KeyPressed, LegEnd
from router.core.facts import Door
from router.core.ids import BridgeId, CallId, ChannelId, PlaybackId, PromptId
from router.core.plan import CallbackPolicy
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
        distribution: Distribution,
        duty: Duty,
        open_tickets: OpenTickets,
        admission: AdmissionControl,
    ) -> None:
        self._board = board
        self._distribution = distribution
        self._duty = duty
        self._open = open_tickets
        self._admission = admission
        self._targets = board.plan.targets
        self._rules = board.plan.callbacks

    # The informateur.

    def ring(self, item: WorkItem, desk: AgentDesk) -> None:
        """Reserve the informateur who gets this ticket, and ring the phone."""
        board = self._board
        assert item.ticket is not None
        ticket = self._open.tickets[item.ticket]
        desk.why = self._distribution.choice(item, desk)
        self._open.stop_waiting(ticket)
        self._duty.chosen(desk)
        ticket.state = TicketState.RINGING
        ticket.agent = desk.agent.id
        call = ticket.call = item.call
        self._open.attempts[call] = ticket
        leg = ticket.leg = desk.leg = board.new_leg()
        board.legs[leg] = desk.agent.id
        desk.call = call
        self._open.note(ticket, Step.RINGING, detail=str(desk.why))
        targets = self._targets
        timeout_s = targets.reserve_s + targets.ring_s + RING_BACKSTOP_S
        board.commands.append(Ring(call, desk.agent.id, leg, timeout_s, desk.phone))
        self._open.set_due(ticket, TicketDue.RING, targets.reserve_s)

    def leg_rang(self, ticket: Ticket) -> None:
        if ticket.state is TicketState.RINGING:
            self._duty.rang(self._desk(ticket))
            self._open.set_due(ticket, TicketDue.RING, self._targets.ring_s)

    def leg_answered(self, ticket: Ticket) -> None:
        """Tell the informateur what it is about, and dial meanwhile."""
        board = self._board
        if ticket.state is not TicketState.RINGING or ticket.leg is None:
            return
        self._open.cancel_due(ticket, TicketDue.RING)
        self._duty.answered(self._desk(ticket))
        record = ticket.record
        waited_min = int(board.now - record.asked_at) // 60
        about = board.plan.about(record.sector, record.fiche)
        said = whisper(about, waited_min, kind="callback")
        ticket.whisper = board.play_on(_call(ticket), ticket.leg, said)
        ticket.state = TicketState.DIALLING
        ticket.record = replace(
            record, state=TicketState.DIALLING, attempts=record.attempts + 1, failure=None
        )
        self._open.save(ticket)  # before it is dialled
        self._open.note(ticket, Step.DIALLED, detail=f"attempt {ticket.record.attempts}")
        board.commands.append(
            DialTicket(
                _call(ticket),
                record.ticket,
                record.sector,
                record.asked_at,
                self._rules.ring_s + RING_BACKSTOP_S,
                ticket.record.attempts,
            )
        )
        self._open.set_due(ticket, TicketDue.DIAL, self._rules.ring_s)

    def leg_ended(self, ticket: Ticket, why: LegEnd) -> None:
        """The informateur's phone was not picked up, or hangs up before the two are joined:
        missed in either case."""
        if ticket.state is TicketState.RINGING:
            self._missed(ticket, why)
            return
        if ticket.agent is not None and (desk := self._desk(ticket)).call == ticket.call:
            self._duty.missed(desk, why)
        ticket.agent = ticket.leg = ticket.whisper = None
        if ticket.state is TicketState.DIALLING:
            self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
            self.failed(ticket, Failure.INTERRUPTED)

    def phone_vanished(self, ticket: Ticket) -> None:
        if ticket.state is TicketState.RINGING:
            self._drop_leg(ticket)
            self._missed(ticket, LegEnd.UNREACHABLE)

    def no_answer(self, ticket: Ticket) -> None:
        reserved = self._desk(ticket).state is AgentState.RESERVED
        self._drop_leg(ticket)
        self._missed(ticket, LegEnd.UNREACHABLE if reserved else LegEnd.NO_ANSWER)

    def _missed(self, ticket: Ticket, why: LegEnd) -> None:
        """Ask the next informateur; the ticket's rank is kept."""
        self._open.cancel_due(ticket, TicketDue.RING)
        desk = self._desk(ticket)
        self._open.note(ticket, Step.MISSED, detail=why.value)
        if desk.call == ticket.call:
            self._duty.missed(desk, why)
        self.forget(ticket)
        self._open.wait(ticket)

    # The one who is called back.

    def answered(self, ticket: Ticket) -> None:
        """Picked up, by a person or a machine."""
        if ticket.state is not TicketState.DIALLING:
            return
        ticket.unclear = False
        self._admission.carrier_took()
        self._open.cancel_due(ticket, TicketDue.DIAL)
        ticket.state = TicketState.ASKING
        self._open.note(ticket, Step.PICKED_UP)
        self._ask(ticket)

    def _ask(self, ticket: Ticket) -> None:
        self._silence_prompt(ticket)
        call = _call(ticket)
        ticket.playback = self._board.play_on(call, ChannelId(call), (CALLBACK_ASK,))
        self._open.set_due(ticket, TicketDue.STEP, self._targets.prompt_guard_s)

    def prompt_ended(self, ticket: Ticket, playback: PlaybackId) -> None:
        if playback == ticket.whisper:
            ticket.whisper = None
        elif playback == ticket.playback:
            ticket.playback = None
            self._open.set_due(ticket, TicketDue.STEP, self._targets.first_key_s)

    def prompt_failed(self, ticket: Ticket, playback: PlaybackId) -> None:
        """As a rule whoever should hear it is gone, which is told by the channel's own end."""
        if playback == ticket.playback:
            ticket.unheard = True
        self.prompt_ended(ticket, playback)

    def key(self, ticket: Ticket, event: KeyPressed) -> None:
        """A person presses 1; any other key has the question put again, once."""
        if ticket.state is not TicketState.ASKING:
            return
        if event.key == YES:
            self._join(ticket)
        elif not ticket.asked_again:
            ticket.asked_again = True
            self._ask(ticket)

    def not_picked_up(self, ticket: Ticket) -> None:
        """It was dialled for long enough; a carrier that is silent has been told before."""
        self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
        self.failed(ticket, Failure.NO_ANSWER)

    def silence(self, ticket: Ticket) -> None:
        """Put the question once more; then it is a voicemail, on which nothing is left.

        Unless the question could not be played: then nobody can have answered it.
        """
        if not ticket.asked_again:
            ticket.asked_again = True
            self._ask(ticket)
            return
        self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
        self.failed(ticket, Failure.INTERRUPTED if ticket.unheard else Failure.VOICEMAIL)

    def call_ended(self, ticket: Ticket, why: CalledEnd) -> None:
        """The called channel is gone before the two were joined."""
        if ticket.state is TicketState.ASKING:
            self.failed(ticket, Failure.HUNG_UP)
        elif ticket.state is TicketState.DIALLING:
            self.failed(ticket, _FAILURES[why], why.value)

    def failed_to_dial(self, ticket: Ticket, failure: Failure) -> None:
        """The call could not even be begun."""
        if ticket.state is TicketState.DIALLING:
            self.failed(ticket, failure)

    def _join(self, ticket: Ticket, *, music: bool = False) -> None:
        """A person is there, who may hear music: from here on a call like any other."""
        board, record = self._board, ticket.record
        self._open.cancel_due(ticket, TicketDue.STEP)
        call = self._conversation(ticket)
        call.playback, call.whisper, call.music = ticket.playback, ticket.whisper, music
        self._open.attempts.pop(call.id, None)
        ticket.state = TicketState.TALKING
        ticket.record = replace(record, state=TicketState.TALKING)
        self._open.save(ticket)
        if ticket.agent is None:  # gone while the question was put: served first
            call.outcome = Outcome.LOST
            call.item = WorkItem(call.id, record.sector, board.now, FRONT, board.next_sequence())
            self._distribution.wait(call, (AGENT_LOST,), None)
            return
        call.state = CallState.WHISPERING
        call.agent, call.leg = ticket.agent, ticket.leg
        self._distribution.join(call)

    def _conversation(self, ticket: Ticket) -> Call:
        board, record = self._board, ticket.record
        call = board.calls[_call(ticket)] = Call(_call(ticket), record.asked_at)
        call.door, call.fiche, call.ticket = Door.CALLBACK, record.fiche, record.ticket
        call.outcome = Outcome.ABANDONED
        call.joined_at, call.promised_at = record.asked_at, record.due_at
        call.attempts = record.attempts
        call.item = WorkItem(
            call.id, record.sector, record.asked_at, record.due_at, board.next_sequence()
        )
        return call

    def found(self, ticket: Ticket, event: CallFound) -> None:
        """Picked up while nobody looked. After a restart: who talks goes on, who pressed 1 is
        served first, who was being asked is asked anew."""
        board = self._board
        if not ticket.unclear:
            self.answered(ticket)
            return
        desk = board.roster.desks.get(event.agent) if event.agent is not None else None
        if (
            desk is not None
            and event.leg is not None
            and event.bridge is not None
            and board.roster.adopt(desk, event.call, board.now)
        ):
            ticket.unclear = False
            self._talk_on(ticket, desk, event.leg, event.bridge)
            return
        if event.leg is not None:
            board.commands.append(HangUp(event.call, event.leg))
        if event.bridge is not None:
            board.commands.append(Part(event.call, event.bridge))
        if ticket.state is TicketState.TALKING:
            ticket.unclear = False
            self._join(ticket, music=True)  # waiting for another informateur, perhaps
        else:
            self.answered(ticket)

    def _talk_on(self, ticket: Ticket, desk: AgentDesk, leg: ChannelId, bridge: BridgeId) -> None:
        """Take a conversation up that went on through a restart."""
        board = self._board
        call = self._conversation(ticket)
        self._open.attempts.pop(call.id, None)
        call.state, call.outcome = CallState.TALKING, Outcome.ANSWERED
        call.talking_since = board.now
        call.agent, call.leg, call.bridge = desk.agent.id, leg, bridge
        call.waited_s = 0.0  # when it was answered is not known any more
        ticket.agent, ticket.leg = desk.agent.id, leg
        desk.leg = leg
        board.legs[leg] = desk.agent.id
        self._duty.found(desk)
        ticket.state = TicketState.TALKING

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

    def unkept(self, ticket: Ticket) -> None:
        """The attempt could not be written, so it was not dialled and is none; again shortly."""
        self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
        self._stop(ticket, "not written")
        record = ticket.record
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
        self._silence_prompt(ticket)
        self._open.cancel_due(ticket, TicketDue.DIAL, TicketDue.STEP)
        self._drop_leg(ticket)
        self._free_agent(ticket)
        self.forget(ticket)

    def abort(self, ticket: Ticket) -> None:
        """Undo whatever is under way."""
        state = ticket.state
        self._open.stop_waiting(ticket)
        self._silence_prompt(ticket)
        self._drop_leg(ticket)
        if state is TicketState.RINGING:
            self._duty.let_go(self._desk(ticket))
            ticket.agent = None
        elif state in (TicketState.DIALLING, TicketState.ASKING):
            self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
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
        ticket.call = ticket.agent = ticket.leg = ticket.whisper = None
        ticket.asked_again = ticket.unheard = False

    def _silence_prompt(self, ticket: Ticket) -> None:
        if ticket.playback is not None:
            self._board.stop_playing(_call(ticket), ticket.playback)
            ticket.playback = None

    def _drop_leg(self, ticket: Ticket) -> None:
        if ticket.leg is not None:
            self._board.commands.append(HangUp(_call(ticket), ticket.leg))

    def _desk(self, ticket: Ticket) -> AgentDesk:
        assert ticket.agent is not None  # from RINGING on, until let go
        return self._board.roster.desks[ticket.agent]


def _call(ticket: Ticket) -> CallId:
    assert ticket.call is not None  # from RINGING on
    return ticket.call


def _retry_s(rules: CallbackPolicy, failure: Failure) -> int:
    match failure:
        case Failure.INTERRUPTED:
            return 0
        case Failure.BUSY | Failure.TRUNK | Failure.UNASSIGNED:
            return rules.busy_retry_s
        case _:
            return rules.no_answer_retry_s
