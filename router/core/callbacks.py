"""Callbacks: a ticket's way from the promise to the conversation.

A ticket waits in the one queue like a caller, due when its promise runs out, less the time to
dial. The informateur comes first: reserved, rung, told what it is about; only then is the
number dialled, so whoever asked to be called back never waits. "Tapez 1" tells a person from
a voicemail. From then on the ticket is a call like any other.

Each attempt is told to the store (`TicketChanged`) before it is dialled (`DialTicket`), under a
channel's id that follows from ticket and attempt: whatever happens to the router, no attempt is
dialled twice. Nothing here knows a number.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from router.core.agents import AgentDesk, AgentState
from router.core.calls import Call, CallState
from router.core.commands import (
    Admitted,
    DialTicket,
    HangUp,
    Noted,
    Outcome,
    Part,
    Ring,
    Step,
    TicketChanged,
)
from router.core.distribution import FRONT, Distribution
from router.core.duty import RING_BACKSTOP_S, Duty
from router.core.events import (
    CallbackAsked,
    CallbackCancelled,
    CalledAnswered,
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
    PromptEnded,
    Resynced,
    TrunkChanged,
)
from router.core.facts import PERIOD_S, CallFact, Door
from router.core.forecast import bound_s
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    FicheId,
    PlaybackId,
    PromptId,
    SectorId,
    TicketId,
)
from router.core.plan import CallbackPolicy
from router.core.speech import whisper
from router.core.switchboard import Switchboard
from router.core.tickets import (
    Admission,
    Failure,
    Refusal,
    TicketDue,
    TicketRecord,
    TicketState,
    channel_of,
)
from router.core.work import WorkItem

CALLBACK_ASK = PromptId("callback-ask")
AGENT_LOST = PromptId("agent-lost")
PROMPTS = frozenset({CALLBACK_ASK, AGENT_LOST})

#: After so many calls in a row that the carrier did not take, nothing is promised for a while.
TRUNK_FAILURES = 3
TRUNK_PAUSE_S = 120.0
#: The key that a person presses and a voicemail does not.
YES = "1"
#: How the end of a dialled leg counts.
_FAILURES = {
    LegEnd.BUSY: Failure.BUSY,
    LegEnd.NO_ANSWER: Failure.NO_ANSWER,
    LegEnd.HUNG_UP: Failure.NO_ANSWER,
    LegEnd.REJECTED: Failure.BUSY,
    LegEnd.UNREACHABLE: Failure.UNREACHABLE,
    LegEnd.LOST: Failure.TRUNK,
}
#: No second attempt helps.
_FINAL = frozenset({Failure.UNREACHABLE})
#: Ends of tickets that never became a conversation, as facts.
_OUTCOMES = {
    TicketState.FAILED: Outcome.NOT_REACHED,
    TicketState.CANCELLED: Outcome.CANCELLED,
    TicketState.EXPIRED: Outcome.EXPIRED,
    TicketState.LOST_REBOOT: Outcome.LOST_REBOOT,
}


@dataclass(slots=True, eq=False)
class Ticket:
    """What is under way for a ticket."""

    record: TicketRecord
    #: Among those waiting.
    item: WorkItem | None = None
    #: The channel of the attempt under way.
    call: CallId | None = None
    agent: AgentId | None = None
    leg: ChannelId | None = None
    whisper: PlaybackId | None = None
    playback: PlaybackId | None = None
    asked_again: bool = False
    #: Taken up after a restart: what became of the attempt is not known yet.
    unclear: bool = False


class Callbacks:
    """Every open ticket. `join` makes a conversation of an attempt."""

    def __init__(self, board: Switchboard, distribution: Distribution, duty: Duty) -> None:
        self._board = board
        self._distribution = distribution
        self._duty = duty
        self._targets = board.plan.targets
        self._rules = board.plan.callbacks
        self.tickets: dict[TicketId, Ticket] = {}
        self._attempts: dict[CallId, Ticket] = {}
        #: Open tickets that are not in the queue, by sector: under way, or between two attempts.
        self._beside: Counter[SectorId] = Counter()
        #: Open tickets by the code that their page shows.
        self._codes: dict[str, TicketId] = {}
        #: Calls that the carrier did not take, in a row, and until when that is believed.
        self._trunk_failures = 0
        self._trunk_until_at = 0.0
        #: Why no calls go out, as the service sees it.
        self.closed_by: Refusal | None = None

    # Events.

    def handle(self, event: Event) -> bool:
        """Answer an event that is about callbacks; return whether it was."""
        match event:
            case CallbackAsked(ask, ticket_id, sector, fiche):
                self._board.commands.append(Admitted(ask, self.ask(ticket_id, sector, fiche)))
                return True
            case CallbackCancelled(ticket_id):
                self.cancel(ticket_id)
                return True
            case TrunkChanged(up):
                self.closed_by = None if up else Refusal.TRUNK
                return True
            case Resynced():
                self.resynced()
                return True
        call = getattr(event, "call", None)
        ticket = self._attempts.get(call) if call is not None else None
        return ticket is not None and self._handle(ticket, event)

    def _handle(self, ticket: Ticket, event: Event) -> bool:
        match event:
            case KeyPressed():
                self.key(ticket, event)
            case PromptEnded(_, playback):
                self.prompt_ended(ticket, playback)
            case LegRang(_, leg) if leg == ticket.leg:
                self.leg_rang(ticket)
            case LegAnswered(_, leg) if leg == ticket.leg:
                self.leg_answered(ticket)
            case LegEnded(_, leg, why) if leg == ticket.leg:
                self._board.legs.pop(leg, None)
                self.leg_ended(ticket, why)
            case CalledAnswered():
                self.answered(ticket)
            case CalledEnded(_, why):
                self.call_ended(ticket, why)
            case CallLeft():
                self.call_ended(ticket, LegEnd.HUNG_UP)
            case DialFailed(_, failure):
                self.failed_to_dial(ticket, failure)
            case CommandFailed(call_id, channel) if channel == ChannelId(call_id):
                self._board.commands.append(HangUp(call_id, channel))
                self.call_ended(ticket, LegEnd.HUNG_UP)
            case CommandFailed(_, leg) if leg == ticket.leg:
                self._board.legs.pop(leg, None)
                self.leg_ended(ticket, LegEnd.UNREACHABLE)
            case CallFound():
                self._found(ticket, event)
            case _:
                return False
        return True

    # The promise.

    def admission(self, sector: SectorId) -> Admission:
        """Say whether a callback for `sector` may be promised now."""
        board, rules = self._board, self._rules
        now = board.now
        due_at = now + rules.promise_s

        def refuse(why: Refusal) -> Admission:
            return Admission(why, due_at, due_at)

        closes_at = board.plan.hours.closes_at(now)
        if closes_at is None or not board.plan.hours.is_open(now):
            return refuse(Refusal.CLOSED)
        if self.closed_by is not None:
            return refuse(self.closed_by)
        if self._trunk_failures >= TRUNK_FAILURES and now < self._trunk_until_at:
            return refuse(Refusal.TRUNK)
        agents = board.roster.on_duty(sector)
        if not agents:
            return refuse(Refusal.NO_AGENT)
        if len(self.tickets) >= self.most_open():
            return refuse(Refusal.FULL)
        handling_s = self._distribution.estimate.mean_s(sector) or rules.assumed_handling_s
        handling_s += rules.dial_s
        live_per_s = self._distribution.arrivals.per_s(
            sector, now, rules.assumed_occupancy * agents / handling_s
        )
        ahead = self._ahead(sector) + board.roster.busy(sector)
        expected_at = now + bound_s(ahead, agents, handling_s, live_per_s)
        if expected_at > due_at:
            return refuse(Refusal.FULL)
        if expected_at > closes_at:
            return refuse(Refusal.CLOSING)
        return Admission(None, due_at, expected_at)

    def most_open(self) -> int:
        """How many tickets may be open with those on duty now."""
        return self._rules.tickets_per_agent * self._board.roster.logged_in

    def may_promise(self, sector: SectorId) -> bool:
        """Whether callers of `sector` may be offered a callback now."""
        offers = self._rules.offer_after_s > 0
        return offers and self.admission(sector).refusal is None

    def _ahead(self, sector: SectorId) -> int:
        """Count what the informateurs of `sector` may have to serve before."""
        board = self._board
        return sum(
            board.queue.waiting(one) + self._beside[one] for one in board.roster.neighbours(sector)
        )

    def ask(self, ticket_id: TicketId, sector: SectorId, fiche: FicheId | None) -> Admission:
        """Promise a callback, or say why not."""
        admission = self.admission(sector)
        if admission.refusal is None and ticket_id not in self.tickets:
            now = self._board.now
            ticket = Ticket(TicketRecord(ticket_id, sector, fiche, now, admission.due_at))
            self.tickets[ticket_id] = ticket
            self._beside[sector] += 1
            self._note(ticket, Step.TICKET_ACCEPTED)
            self._promise(ticket)
            self._save(ticket)
            self._wait(ticket)
        return admission

    def code(self, ticket_id: TicketId) -> str | None:
        """Return the code of an open ticket: who calls in with it need not be called back."""
        ticket = self.tickets.get(ticket_id)
        return None if ticket is None else ticket.record.code

    def called_in(self, code: str) -> SectorId | None:
        """Who was to be called back calls in: cancel the ticket, return its sector.

        None if the code is no ticket's, or its conversation is under way.
        """
        ticket = self.tickets.get(self._codes.get(code, TicketId("")))
        if ticket is None or ticket.record.state is TicketState.TALKING:
            return None
        self.cancel(ticket.record.ticket)
        return ticket.record.sector

    def cancel(self, ticket_id: TicketId) -> TicketRecord | None:
        """Give a callback up, as asked; a conversation goes on. None: no such open ticket."""
        ticket = self.tickets.get(ticket_id)
        if ticket is None:
            return None
        if ticket.record.state is not TicketState.TALKING:
            self._abort(ticket)
            self._end(ticket, TicketState.CANCELLED)
        return ticket.record

    def restore(self, records: Iterable[TicketRecord], *, lost: bool) -> None:
        """Take open tickets up after a restart; `lost`: their numbers are gone (a reboot)."""
        for record in records:
            ticket = self.tickets[record.ticket] = Ticket(record)
            self._beside[record.sector] += 1
            self._promise(ticket)
            if lost:
                self._end(ticket, TicketState.LOST_REBOOT)
            elif record.state in (TicketState.WAITING, TicketState.RINGING):
                self._wait_or_retry(ticket)
            else:
                ticket.unclear = True
                ticket.call = channel_of(record.ticket, record.attempts)
                self._attempts[ticket.call] = ticket

    def resynced(self) -> None:
        """Asterisk has told all that it holds: an attempt it did not name is over.

        Who had pressed 1 is not called again, whatever came of it.
        """
        for ticket in [one for one in self.tickets.values() if one.unclear]:
            ticket.unclear = False
            if ticket.record.state is TicketState.TALKING:
                self._forget_attempt(ticket)
                self._end(ticket, TicketState.DONE)
                continue
            self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
            self._attempt_failed(ticket, Failure.INTERRUPTED)

    def of(self, call: CallId) -> Ticket | None:
        """Return the ticket whose attempt `call` is, until the two are joined."""
        return self._attempts.get(call)

    def asking(self) -> frozenset[CallId]:
        """Return the channels that have been picked up and not joined yet."""
        return frozenset(
            call
            for call, ticket in self._attempts.items()
            if ticket.record.state is TicketState.ASKING
        )

    # Waiting.

    def _promise(self, ticket: Ticket) -> None:
        board = self._board
        code = board.codes.ticket_code(ticket.record.ticket, board.now, self._codes)
        self._codes[code] = ticket.record.ticket
        ticket.record = replace(ticket.record, code=code)
        at = ticket.record.due_at + self._rules.grace_s
        self._board.timers.set(("ticket", ticket.record.ticket, TicketDue.EXPIRE), at)

    def _wait(self, ticket: Ticket) -> None:
        """Stand in the queue at the rank of the promise; ring somebody if somebody is free."""
        board, record = self._board, ticket.record
        ticket.record = replace(record, state=TicketState.WAITING, retry_at=None)
        waited_s = board.now - record.asked_at
        self._beside[record.sector] -= 1
        item = ticket.item = WorkItem(
            channel_of(record.ticket, record.attempts + 1),
            record.sector,
            record.asked_at,
            record.due_at - self._rules.dial_s,
            board.next_sequence(),
            sum(after_s <= waited_s for after_s in self._targets.widening_s) or 1,
            record.ticket,
        )
        board.queue.add(item)
        self._set_widening(ticket, item)
        desk = board.roster.longest_idle(item.sector, item.widened)
        if desk is not None:
            self.ring(item, desk)

    def _wait_or_retry(self, ticket: Ticket) -> None:
        retry_at = ticket.record.retry_at
        if retry_at is not None and retry_at > self._board.now:
            self._board.timers.set(("ticket", ticket.record.ticket, TicketDue.RETRY), retry_at)
        else:
            self._wait(ticket)

    def _set_widening(self, ticket: Ticket, item: WorkItem) -> None:
        if item.widened < len(self._targets.widening_s):
            at = item.joined_at + self._targets.widening_s[item.widened]
            self._board.timers.set(("ticket", ticket.record.ticket, TicketDue.WIDEN), at)

    def _stop_waiting(self, ticket: Ticket) -> None:
        if ticket.item is not None:
            self._board.queue.remove(ticket.item)
            ticket.item = None
            self._beside[ticket.record.sector] += 1
        self._cancel_due(ticket, TicketDue.WIDEN, TicketDue.RETRY)

    def due(self, ticket_id: TicketId, due: TicketDue) -> None:
        """A deadline has come."""
        ticket = self.tickets[ticket_id]
        match due:
            case TicketDue.WIDEN:
                self._widen(ticket)
            case TicketDue.RETRY:
                self._wait(ticket)
            case TicketDue.RING:
                self._no_answer(ticket)
            case TicketDue.DIAL:
                self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
                self._attempt_failed(ticket, Failure.NO_ANSWER)
            case TicketDue.STEP:
                self._silence(ticket)
            case TicketDue.EXPIRE:
                if ticket.record.state is not TicketState.TALKING:
                    self._abort(ticket)
                    self._end(ticket, TicketState.EXPIRED)

    def _widen(self, ticket: Ticket) -> None:
        item = ticket.item
        if item is None:
            return
        self._board.queue.widen(item)
        self._set_widening(ticket, item)
        desk = self._board.roster.longest_idle(item.sector, item.widened)
        if desk is not None:
            self.ring(item, desk)

    # The informateur.

    def ring(self, item: WorkItem, desk: AgentDesk) -> None:
        """Reserve the informateur who gets this ticket, and ring the phone."""
        board = self._board
        assert item.ticket is not None
        ticket = self.tickets[item.ticket]
        desk.why = self._distribution.choice(item, desk)
        self._stop_waiting(ticket)
        self._duty.chosen(desk)
        ticket.record = replace(ticket.record, state=TicketState.RINGING)
        ticket.agent = desk.agent.id
        call = ticket.call = item.call
        self._attempts[call] = ticket
        leg = ticket.leg = desk.leg = board.new_leg()
        board.legs[leg] = desk.agent.id
        desk.call = call
        self._note(ticket, Step.RINGING, detail=str(desk.why))
        targets = self._targets
        timeout_s = targets.reserve_s + targets.ring_s + RING_BACKSTOP_S
        board.commands.append(Ring(call, desk.agent.id, leg, timeout_s, desk.phone))
        self._set_due(ticket, TicketDue.RING, targets.reserve_s)

    def leg_rang(self, ticket: Ticket) -> None:
        if ticket.record.state is TicketState.RINGING:
            self._duty.rang(self._desk(ticket))
            self._set_due(ticket, TicketDue.RING, self._targets.ring_s)

    def leg_answered(self, ticket: Ticket) -> None:
        """Tell the informateur what it is about, and dial meanwhile."""
        board = self._board
        if ticket.record.state is not TicketState.RINGING or ticket.leg is None:
            return
        self._cancel_due(ticket, TicketDue.RING)
        self._duty.answered(self._desk(ticket))
        record = ticket.record
        waited_min = int(board.now - record.asked_at) // 60
        domain = board.plan.sectors[record.sector].prompt
        said = whisper(domain, waited_min, kind="callback")
        ticket.whisper = board.play_on(_call(ticket), ticket.leg, said)
        ticket.record = replace(
            record, state=TicketState.DIALLING, attempts=record.attempts + 1, failure=None
        )
        self._save(ticket)  # before it is dialled
        self._note(ticket, Step.DIALLED, detail=f"attempt {ticket.record.attempts}")
        board.commands.append(
            DialTicket(
                _call(ticket),
                record.ticket,
                record.sector,
                record.asked_at,
                self._rules.ring_s + RING_BACKSTOP_S,
            )
        )
        self._set_due(ticket, TicketDue.DIAL, self._rules.ring_s)

    def leg_ended(self, ticket: Ticket, why: LegEnd) -> None:
        """The informateur's phone was not picked up, or hangs up before the two are joined."""
        if ticket.record.state is TicketState.RINGING:
            self._missed(ticket, why)
            return
        self._free_agent(ticket)
        if ticket.record.state is TicketState.DIALLING:
            self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
            self._attempt_failed(ticket, Failure.INTERRUPTED)

    def phone_vanished(self, ticket: Ticket) -> None:
        if ticket.record.state is TicketState.RINGING:
            self._drop_leg(ticket)
            self._missed(ticket, LegEnd.UNREACHABLE)

    def _no_answer(self, ticket: Ticket) -> None:
        reserved = self._desk(ticket).state is AgentState.RESERVED
        self._drop_leg(ticket)
        self._missed(ticket, LegEnd.UNREACHABLE if reserved else LegEnd.NO_ANSWER)

    def _missed(self, ticket: Ticket, why: LegEnd) -> None:
        """Ask the next informateur; the ticket's rank is kept."""
        self._cancel_due(ticket, TicketDue.RING)
        desk = self._desk(ticket)
        self._note(ticket, Step.MISSED, detail=why.value)
        if desk.call == ticket.call:
            self._duty.missed(desk, why)
        self._forget_attempt(ticket)
        self._wait(ticket)

    # The one who is called back.

    def answered(self, ticket: Ticket) -> None:
        """Picked up, by a person or a machine."""
        if ticket.record.state is not TicketState.DIALLING:
            return
        ticket.unclear = False
        self._trunk_failures = 0
        self._cancel_due(ticket, TicketDue.DIAL)
        ticket.record = replace(ticket.record, state=TicketState.ASKING)
        self._note(ticket, Step.PICKED_UP)
        self._ask(ticket)

    def _ask(self, ticket: Ticket) -> None:
        self._silence_prompt(ticket)
        call = _call(ticket)
        ticket.playback = self._board.play_on(call, ChannelId(call), (CALLBACK_ASK,))
        self._set_due(ticket, TicketDue.STEP, self._targets.prompt_guard_s)

    def prompt_ended(self, ticket: Ticket, playback: PlaybackId) -> None:
        if playback == ticket.whisper:
            ticket.whisper = None
        elif playback == ticket.playback:
            ticket.playback = None
            self._set_due(ticket, TicketDue.STEP, self._targets.first_key_s)

    def key(self, ticket: Ticket, event: KeyPressed) -> None:
        """A person presses 1; any other key has the question put again, once."""
        if ticket.record.state is not TicketState.ASKING:
            return
        if event.key == YES:
            self._join(ticket)
        elif not ticket.asked_again:
            ticket.asked_again = True
            self._ask(ticket)

    def _silence(self, ticket: Ticket) -> None:
        """Put the question once more; then it is a voicemail, on which nothing is left."""
        if not ticket.asked_again:
            ticket.asked_again = True
            self._ask(ticket)
            return
        self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
        self._attempt_failed(ticket, Failure.VOICEMAIL)

    def call_ended(self, ticket: Ticket, why: LegEnd) -> None:
        """The called channel is gone before the two were joined."""
        asking = ticket.record.state is TicketState.ASKING
        if asking or ticket.record.state is TicketState.DIALLING:
            self._attempt_failed(ticket, Failure.HUNG_UP if asking else _FAILURES[why])

    def failed_to_dial(self, ticket: Ticket, failure: Failure) -> None:
        """The call could not even be begun."""
        if ticket.record.state is TicketState.DIALLING:
            self._attempt_failed(ticket, failure)

    def _join(self, ticket: Ticket, *, music: bool = False) -> None:
        """A person is there, who may hear music: from here on a call like any other."""
        board, record = self._board, ticket.record
        self._cancel_due(ticket, TicketDue.STEP)
        call = self._conversation(ticket)
        call.playback, call.whisper, call.music = ticket.playback, ticket.whisper, music
        self._attempts.pop(call.id, None)
        ticket.record = replace(record, state=TicketState.TALKING)
        self._save(ticket)
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

    def _found(self, ticket: Ticket, event: CallFound) -> None:
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
        if ticket.record.state is TicketState.TALKING:
            ticket.unclear = False
            self._join(ticket, music=True)  # waiting for another informateur, perhaps
        else:
            self.answered(ticket)

    def _talk_on(self, ticket: Ticket, desk: AgentDesk, leg: ChannelId, bridge: BridgeId) -> None:
        """Take a conversation up that went on through a restart."""
        board = self._board
        call = self._conversation(ticket)
        self._attempts.pop(call.id, None)
        call.state, call.outcome, call.talking_since = (
            CallState.TALKING,
            Outcome.ANSWERED,
            board.now,
        )
        call.agent, call.leg, call.bridge = desk.agent.id, leg, bridge
        call.waited_s = 0.0  # when it was answered is not known any more
        ticket.agent, ticket.leg = desk.agent.id, leg
        desk.leg = leg
        board.legs[leg] = desk.agent.id
        self._duty.found(desk)
        ticket.record = replace(ticket.record, state=TicketState.TALKING)

    def over(self, call: Call) -> None:
        """The conversation is over, and so is the ticket."""
        ticket = self.tickets.get(call.ticket) if call.ticket is not None else None
        if ticket is not None:
            self._end(ticket, TicketState.DONE)

    # Ends.

    def _attempt_failed(self, ticket: Ticket, failure: Failure) -> None:
        """Try once more inside the promise, later; or give up."""
        self._note(ticket, Step.NOT_REACHED, detail=failure.value)
        if failure is Failure.TRUNK:
            self._trunk_failures += 1
            self._trunk_until_at = self._board.now + TRUNK_PAUSE_S
        elif failure is not Failure.INTERRUPTED:
            self._trunk_failures = 0
        self._silence_prompt(ticket)
        self._cancel_due(ticket, TicketDue.DIAL, TicketDue.STEP)
        self._drop_leg(ticket)
        self._free_agent(ticket)
        self._forget_attempt(ticket)
        record = replace(ticket.record, failure=failure)
        retry_at = self._board.now + _retry_s(self._rules, failure)
        again = record.attempts < self._rules.attempts and failure not in _FINAL
        if again and retry_at + self._rules.dial_s <= record.due_at:
            ticket.record = replace(record, state=TicketState.WAITING, retry_at=retry_at)
            self._save(ticket)
            self._wait_or_retry(ticket)
        else:
            ticket.record = record
            self._end(ticket, TicketState.FAILED)

    def _abort(self, ticket: Ticket) -> None:
        """Undo whatever is under way."""
        state = ticket.record.state
        self._stop_waiting(ticket)
        self._silence_prompt(ticket)
        self._drop_leg(ticket)
        if state is TicketState.RINGING:
            self._duty.let_go(self._desk(ticket))
            ticket.agent = None
        elif state in (TicketState.DIALLING, TicketState.ASKING):
            self._board.commands.append(HangUp(_call(ticket), ChannelId(_call(ticket))))
            self._free_agent(ticket)
        self._forget_attempt(ticket)

    def _end(self, ticket: Ticket, state: TicketState) -> None:
        """The one end of a ticket: told, counted, forgotten."""
        board, now = self._board, self._board.now
        self._codes.pop(ticket.record.code, None)
        record = ticket.record = replace(
            ticket.record, state=state, retry_at=None, ended_at=now, code=""
        )
        self._cancel_due(ticket, *TicketDue)
        self._note(ticket, Step.TICKET_ENDED, detail=state.value)
        self._save(ticket)
        del self.tickets[record.ticket]
        self._beside[record.sector] -= 1
        outcome = _OUTCOMES.get(state)
        if outcome is not None:
            kept = False if now > record.due_at else None
            board.count(
                CallFact(
                    int(record.asked_at) // PERIOD_S * PERIOD_S,
                    Door.CALLBACK,
                    record.sector,
                    outcome,
                    round(now - record.asked_at),
                    None,
                    record.attempts,
                    kept,
                )
            )

    def _free_agent(self, ticket: Ticket) -> None:
        """Let an informateur who waited for nothing be ready again."""
        if ticket.agent is not None:
            desk = self._desk(ticket)
            if desk.call == ticket.call:
                self._duty.done(desk, None)
        ticket.agent = ticket.leg = None

    def _forget_attempt(self, ticket: Ticket) -> None:
        if ticket.call is not None:
            self._attempts.pop(ticket.call, None)
        ticket.call = ticket.agent = ticket.leg = ticket.whisper = None
        ticket.asked_again = False

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

    def _save(self, ticket: Ticket) -> None:
        self._board.commands.append(TicketChanged(ticket.record))

    def _note(self, ticket: Ticket, step: Step, detail: str = "") -> None:
        record = ticket.record
        call = ticket.call or channel_of(record.ticket, record.attempts + 1)
        self._board.commands.append(
            Noted(call, step, record.sector, ticket.agent, record.fiche, detail=detail)
        )

    def _set_due(self, ticket: Ticket, due: TicketDue, after_s: float) -> None:
        at = self._board.now + after_s
        self._board.timers.set(("ticket", ticket.record.ticket, due), at)

    def _cancel_due(self, ticket: Ticket, *dues: TicketDue) -> None:
        for due in dues:
            self._board.timers.cancel(("ticket", ticket.record.ticket, due))


def _call(ticket: Ticket) -> CallId:
    assert ticket.call is not None  # from RINGING on
    return ticket.call


def _retry_s(rules: CallbackPolicy, failure: Failure) -> int:
    match failure:
        case Failure.INTERRUPTED:
            return 0
        case Failure.BUSY | Failure.TRUNK:
            return rules.busy_retry_s
        case _:
            return rules.no_answer_retry_s
