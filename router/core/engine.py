"""The engine: an event and the time in, commands out. No clock, I/O, chance or log inside.

The same engine answers the phone, runs the simulated year and stands under property
tests. `handle` accepts anything at any time; `next_deadline` says when to come back.

Here is the one place that says which part an event reaches, in which order: whatever is due
first, then the event, each followed by work for whoever has become free. A channel's owner is
one look-up (legs.py); what the owner does about it is in its table (call/, callback/, desk/).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from router.core.call.distribution import Distribution
from router.core.call.journey import Journey
from router.core.call.life import CONVERSATION, AsideEvent, Call, CallState, Due, WatchEvent
from router.core.call.offer import Offer
from router.core.call.referral import Referral
from router.core.call.supervision import Supervision
from router.core.call.table import call_rows
from router.core.call.talk import Talk
from router.core.call.talk_keys import TalkKeys
from router.core.call.votes import Votes
from router.core.call.waiting import Waiting
from router.core.callback.admission import AdmissionControl
from router.core.callback.attempt import Attempts
from router.core.callback.callbacks import Callbacks
from router.core.callback.open_tickets import OpenTickets, Ticket
from router.core.callback.tickets import Admission, TicketEvent, TicketRecord
from router.core.codes import CodeBook
from router.core.commands import Command, DeskChanged, HangUp, Step, Told
from router.core.desk.agents import AgentDesk, AgentState
from router.core.desk.by_phone import Desk, desk_rows
from router.core.desk.desk_call import DeskCall, DeskDue, DeskState
from router.core.desk.desk_view import DeskView, view_of
from router.core.desk.duty import Duty
from router.core.desk.pins import Pins
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallbackAsked,
    CallbackCancelled,
    CalledAnswered,
    CalledEnded,
    CallerSpoke,
    CallFound,
    CallLeft,
    CommandFailed,
    DeskCalled,
    DialFailed,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    NumberLost,
    NumberTaken,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    PromptFailed,
    Resynced,
    SnoopStarted,
    StoreChanged,
    SupervisorAsked,
    TicketUnkept,
    TimePassed,
    TrunkChanged,
)
from router.core.ids import AgentId, CallId, ChannelId, SectorId, TicketId
from router.core.legs import NOT_LEGS, OWN, Role, Said
from router.core.plan import Plan
from router.core.recovery import Recovery
from router.core.requests import InCall, LogIn, LogOut, Note, Pause, Ready, Reply
from router.core.reservation import Reservation, Ringing
from router.core.standing import Standing
from router.core.switchboard import Switchboard
from router.core.table import Table, What

#: A prompt that broke off because its channel is gone is followed by that end within this.
ENDS_WITHIN_S = 1.0

#: What an event on a leg is to the leg's owner, by what the leg is for.
_RANG: dict[Role, What] = {
    Role.INFORMATEUR: LegRang,
    Role.COLLEAGUE: AsideEvent.RANG,
}
_ANSWERED: dict[Role, What] = {
    Role.INFORMATEUR: LegAnswered,
    Role.COLLEAGUE: AsideEvent.ANSWERED,
    Role.REFERRAL: AsideEvent.ANSWERED,
    Role.SUPERVISOR: WatchEvent.ANSWERED,
}
_ENDED: dict[Role, What] = {
    Role.INFORMATEUR: LegEnded,
    Role.COLLEAGUE: AsideEvent.ENDED,
    Role.REFERRAL: AsideEvent.ENDED,
    Role.SUPERVISOR: WatchEvent.ENDED,
}
_UNANSWERED: dict[Role, What] = {
    Role.INFORMATEUR: Ringing.OVER,
    Role.COLLEAGUE: AsideEvent.UNANSWERED,
    Role.REFERRAL: AsideEvent.UNANSWERED,
}
_VANISHED: dict[Role, What] = {
    Role.INFORMATEUR: PhoneVanished,
    Role.COLLEAGUE: AsideEvent.VANISHED,
}
#: What it is to the owner that a sentence is over, by who heard it; without an entry, nothing.
_SAID: dict[type, dict[Said, What]] = {
    Call: {
        Said.CALLER: PromptEnded,
        Said.INFORMATEUR: Due.WHISPER,
        Said.COLLEAGUE: AsideEvent.TOLD,
        Said.WATCHED_CALLER: WatchEvent.BEGUN,
    },
    Ticket: {Said.CALLER: PromptEnded},
    DeskCall: {Said.CALLER: PromptEnded},
}
#: What it is that a sentence to somebody else broke off. What a caller does not hear to its end
#: waits a moment, for the channel's own end to be reported.
_UNSAID: dict[type, dict[Said, What]] = {
    Call: {
        Said.WATCHED_CALLER: WatchEvent.UNTOLD,
        Said.WATCHED_INFORMATEUR: WatchEvent.UNTOLD,
    },
    Ticket: {Said.CALLER: PromptFailed},
    DeskCall: {Said.CALLER: PromptEnded},
}
_UNHEARD = {Said.CALLER: Due.UNHEARD, Said.INFORMATEUR: Due.UNTOLD, Said.COLLEAGUE: Due.UNTOLD}


@dataclass(frozen=True, slots=True)
class SectorSnapshot:
    """Where a sector stands: who waits, who works, and the wait in minutes when it is known."""

    sector: SectorId
    waiting: int
    on_duty: int
    ready: int
    oldest_wait_s: float | None
    wait_min: tuple[int, int] | None
    #: So many wait, in all sectors, that whoever asks for this one is refused.
    is_full: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether a caller who asks for this sector now is answered, at once or after a wait."""
        return self.on_duty > 0 and not self.is_full


class Engine:
    """Decides everything the service does. Times are UTC epoch seconds and never go back.

    The caller's duty: carry out the commands in order per call; call `handle` with
    `TimePassed` at `next_deadline`; give a `run` unique to this life of the router, since
    the ids of legs, bridges and playbacks begin with it. `board`, `tickets` and the three tables
    are for those who look on: to be read, never changed.
    """

    def __init__(self, plan: Plan, codes: CodeBook, run: str, pins: Pins | None = None) -> None:
        board = self.board = Switchboard(plan, codes, run, pins or Pins({}))
        self._pop_due, self._next_at = board.timers.pop_due, board.timers.next_at
        self._duty = duty = Duty(board)
        self._standing = standing = Standing(board)
        reservation = Reservation(board, duty)
        self._reservation = reservation
        self.tickets = OpenTickets(board, reservation)
        self._admission = AdmissionControl(board, standing, self.tickets)
        self._waiting = Waiting(board, reservation, standing, self._admission)
        votes = Votes(board)
        self._supervision = Supervision(board, duty)
        distribution = Distribution(
            *(board, duty, reservation, standing, self._waiting, self._supervision, votes)
        )
        talk = Talk(board, duty, reservation, self._waiting, distribution, self._supervision)
        self._talk_keys = TalkKeys(board)
        attempts = Attempts(
            board,
            duty,
            reservation,
            self.tickets,
            self._admission,
            self._waiting,
            distribution,
        )
        self._callbacks = Callbacks(board, self.tickets, self._admission, attempts)
        self._journey = Journey(board, self._waiting, self._callbacks)
        self._desk = Desk(board, duty)
        self._recovery = Recovery(board, duty, self._waiting, self._journey)
        self.call_table: Table[CallState, Call] = Table(
            "",
            CallState,
            call_rows(
                self._journey,
                self._waiting,
                Offer(board, self._waiting),
                distribution,
                talk,
                self._talk_keys,
                Referral(board, reservation, distribution, talk, votes),
                self._supervision,
                votes,
            ),
            board.counts,
        )
        self.desk_table: Table[DeskState, DeskCall] = Table(
            "desk ", DeskState, desk_rows(self._desk), board.counts
        )
        self.ticket_table = self._callbacks.table
        self._tables: dict[type, Table[Any, Any]] = {
            Call: self.call_table,
            Ticket: self.ticket_table,
            DeskCall: self.desk_table,
        }
        self._on: dict[type[Event], Callable[[Any], None]] = {
            TimePassed: self._time_passed,
            KeyPressed: self._key,
            CallerSpoke: self._of_channel,
            NumberTaken: self._of_channel,
            PromptEnded: self._prompt_ended,
            PromptFailed: self._prompt_failed,
            CallArrived: self._arrived,
            CallLeft: self._of_channel,
            CallFound: self._found,
            LegRang: self._leg_rang,
            LegAnswered: self._leg_answered,
            LegKeyPressed: self._leg_key,
            LegEnded: self._leg_ended,
            SnoopStarted: self._supervision.snooping,
            CommandFailed: self._failed,
            PhoneAppeared: self._phone_appeared,
            PhoneVanished: self._phone_vanished,
            DeskCalled: self._desk_called,
            AgentAsked: self._agent_asked,
            SupervisorAsked: self._supervisor_asked,
            CalledAnswered: self._called_answered,
            CalledEnded: self._of_channel,
            DialFailed: self._of_channel,
            CallbackAsked: self._callbacks.asked,
            CallbackCancelled: self._callbacks.cancelled,
            TrunkChanged: self._callbacks.trunk_changed,
            TicketUnkept: self._callbacks.unkept,
            NumberLost: self._callbacks.number_lost,
            StoreChanged: self._callbacks.store_changed,
            Resynced: self._resynced,
        }

    def restore(self, sessions: Iterable[DeskChanged], now: float) -> None:
        """Take up who was logged in where before a restart; call it before any event.

        A phone that does not come back within `away_s` is logged out.
        """
        self._recovery.restore(sessions, now)

    def restore_tickets(
        self, records: Iterable[TicketRecord], now: float, *, lost: bool
    ) -> list[Command]:
        """Take up the open tickets of before a restart; `lost`: their numbers are gone.

        Call it before any event; the commands are to be carried out.
        """
        board = self.board
        board.now = now
        commands: list[Command] = []
        board.commands = commands
        self._callbacks.restore(records, lost=lost)
        self._follow_up()
        return commands

    def handle(self, event: Event, now: float) -> list[Command]:
        """Return what to do about `event`, and about whatever is due at `now`."""
        board = self.board
        board.now = now
        commands: list[Command] = []
        board.commands = commands
        while (key := self._pop_due(now)) is not None:
            self._fire(key)
            self._follow_up()
        self._on[type(event)](event)
        self._follow_up()
        return commands

    def _follow_up(self) -> None:
        """End tickets whose conversation is over, and give work to whoever has become free."""
        board = self.board
        while board.talked:
            self._callbacks.tell(board.talked.popleft(), TicketEvent.TALKED)
        while board.free:
            self._offer(board.free.popleft())

    def _offer(self, desk: AgentDesk) -> None:
        """Give a ready informateur the item that is due first."""
        if desk.state is not AgentState.READY:
            return
        item = self.board.queue.first_for(desk.agent.skills)
        if item is None:
            return
        if item.ticket is None:
            self.call_table.answer(self.board.calls[item.call], Ringing.TURN, desk)
        else:
            self._callbacks.tell(item.ticket, Ringing.TURN, desk)

    def next_deadline(self) -> float | None:
        """Return when `handle` must be called at the latest, or None."""
        return self._next_at()

    # What others may see.

    def known(self) -> tuple[frozenset[CallId], frozenset[ChannelId]]:
        """Return who called and which legs we dialled, as far as the engine believes them alive."""
        board = self.board
        callers = frozenset(board.calls) | frozenset(board.desk_calls) | self._callbacks.asking()
        return callers, frozenset(board.legs.dialled())

    def sectors(self) -> list[SectorSnapshot]:
        """Return where every sector stands at the time of the last event."""
        board = self.board
        standing = []
        for sector in board.plan.sectors:
            waiting = board.queue.waiting(sector)
            on_duty = board.roster.on_duty(sector)
            oldest = board.queue.oldest_joined_at(sector)
            standing.append(
                SectorSnapshot(
                    sector,
                    waiting,
                    on_duty,
                    board.roster.ready(sector),
                    None if oldest is None else board.now - oldest,
                    self._standing.wait_min(sector, waiting + 1, 0.0),
                    self._standing.is_full(sector),
                )
            )
        return standing

    def agent_states(self) -> dict[AgentState, int]:
        """Return how many informateurs are in each state."""
        states = dict.fromkeys(AgentState, 0)
        for desk in self.board.roster:
            states[desk.state] += 1
        return states

    def states_of_agents(self) -> Iterator[tuple[AgentId, AgentState]]:
        """Yield each informateur's state."""
        for desk in self.board.roster:
            yield desk.agent.id, desk.state

    def call_states(self) -> dict[CallState, int]:
        """Return how many calls are in each state."""
        states = dict.fromkeys(CallState, 0)
        for call in self.board.calls.values():
            states[call.state] += 1
        return states

    @property
    def counts(self) -> dict[str, int]:
        """Events ignored, by name and state, and calls ended, by outcome."""
        return dict(self.board.counts)

    def desk(self, agent: AgentId) -> DeskView | None:
        """Return what the informateur's own screen may show; None if the plan has no such one."""
        desk = self.board.roster.desks.get(agent)
        return None if desk is None else view_of(desk, self.board, self.tickets.attempts)

    def desks(self) -> list[DeskView]:
        """Return that of every informateur, in the plan's order."""
        return [view_of(desk, self.board, self.tickets.attempts) for desk in self.board.roster]

    def admission(self, sector: SectorId, now: float) -> Admission:
        """Return whether a callback for `sector` would be promised at `now`."""
        self.board.now = now
        return self._callbacks.admission(sector)

    def ticket(self, ticket: TicketId) -> TicketRecord | None:
        """Return an open ticket; None when it is over, or there never was one."""
        return self._callbacks.record(ticket)

    def open_tickets(self) -> list[TicketRecord]:
        """Return every ticket that has not ended, as last told to be kept."""
        return list(self._callbacks.records())

    def ticket_code(self, ticket: TicketId) -> str | None:
        """Return what to type for who calls in instead of being called back."""
        record = self._callbacks.record(ticket)
        return None if record is None else record.code

    def is_dialling(self, call: CallId) -> bool:
        """Return whether the number of this attempt is to be dialled, or was and may ring."""
        return self._callbacks.is_dialling(call)

    def open_ticket_ids(self) -> frozenset[TicketId]:
        """Return every ticket that has not ended."""
        return frozenset(self.tickets.tickets)

    def most_tickets(self) -> int:
        """Return how many tickets may be open with those on duty now."""
        return self._admission.room()

    # Events, one by one.

    def _time_passed(self, event: TimePassed) -> None:
        """Whatever was due has been done."""

    def _answer(self, owner: object, what: What, event: Event | None = None) -> Any:
        return self._tables[type(owner)].answer(owner, what, event)

    def _of_channel(
        self,
        event: KeyPressed
        | CallerSpoke
        | NumberTaken
        | CallLeft
        | CalledAnswered
        | CalledEnded
        | DialFailed,
    ) -> None:
        """Whoever has the channel answers."""
        leg = self.board.legs.get(ChannelId(event.call))
        if leg is not None:
            self._answer(leg.owner, type(event), event)
        else:
            self.board.ignore(event)

    def _key(self, event: KeyPressed) -> None:
        call = self.board.calls.get(event.call)
        if call is not None:
            call.keys += 1
            self.call_table.answer(call, KeyPressed, event)
        else:
            self._of_channel(event)

    def _arrived(self, event: CallArrived) -> None:
        if event.call in self.board.calls:
            self.board.ignore(event)
        else:
            self._journey.arrive(event.call)

    def _found(self, event: CallFound) -> None:
        leg = self.board.legs.get(ChannelId(event.call))
        if leg is not None and leg.role is Role.CALLED:
            self._answer(leg.owner, CallFound, event)
        else:
            self._recovery.found(event)

    def _called_answered(self, event: CalledAnswered) -> None:
        """Picked up; too late if the attempt is over."""
        if ChannelId(event.call) not in self.board.legs:
            self.board.commands.append(HangUp(event.call, ChannelId(event.call)))
        self._of_channel(event)

    def _resynced(self, event: Resynced) -> None:
        self._callbacks.resynced()

    # Legs.

    def _leg_rang(self, event: LegRang) -> None:
        leg = self.board.legs.get(event.leg)
        if leg is not None and leg.role in _RANG:
            self._answer(leg.owner, _RANG[leg.role], event)
        else:
            self.board.ignore(event)

    def _leg_answered(self, event: LegAnswered) -> None:
        leg = self.board.legs.get(event.leg)
        if leg is not None and leg.role in _ANSWERED:
            self._answer(leg.owner, _ANSWERED[leg.role], event)
        else:  # answered in the instant we gave up
            self.board.commands.append(HangUp(event.call, event.leg))
            self.board.ignore(event)

    def _leg_key(self, event: LegKeyPressed) -> None:
        leg = self.board.legs.get(event.leg)
        call = self.board.calls.get(event.call)
        if leg is None or leg.role is not Role.INFORMATEUR or call is None:
            self.board.ignore(event)
            return
        asked = self.call_table.answer(call, LegKeyPressed, event)
        if isinstance(asked, Reply):
            self._talk_keys.reply(call, asked)
        elif asked is not None:
            self._talk_keys.reply(call, self._ask_in_call(call, asked))

    def _leg_ended(self, event: LegEnded) -> None:
        leg = self.board.legs.get(event.leg)
        if leg is None or leg.role in NOT_LEGS:
            self.board.ignore(event)
            return
        self.board.legs.pop(event.leg)
        self.board.cancel_ring_due(event.leg)
        if leg.role in _ENDED:
            self._answer(leg.owner, _ENDED[leg.role], event)
        elif leg.agent is not None:
            desk = self.board.roster.desks[leg.agent]
            if desk.leg == event.leg and desk.call is None:
                self._duty.released(desk)

    def _failed(self, event: CommandFailed) -> None:
        """A command for a channel that is not there: as if its end had been reported."""
        board, channel = self.board, event.channel
        leg = board.legs.get(channel)
        if leg is None:  # else a hang-up that fails would be repeated for ever
            board.ignore(event)
        elif leg.role in OWN:
            board.commands.append(HangUp(CallId(channel), channel))
            self._answer(leg.owner, CallLeft)
        elif leg.role is Role.SNOOP:
            self._answer(leg.owner, WatchEvent.DEAF)
        else:
            self._leg_ended(LegEnded(event.call, channel, LegEnd.UNREACHABLE))

    def _ring_over(self, leg_id: ChannelId) -> None:
        """Nobody picked up in time."""
        leg = self.board.legs.get(leg_id)
        if leg is not None and leg.role in _UNANSWERED:
            self._answer(leg.owner, _UNANSWERED[leg.role])

    # Prompts.

    def _prompt_ended(self, event: PromptEnded) -> None:
        owner, said = self._whose(event)
        if owner is None or said is None:
            self.board.ignore(event)
        elif (what := _SAID[type(owner)].get(said)) is not None:
            self._answer(owner, what)

    def _prompt_failed(self, event: PromptFailed) -> None:
        """What broke off was not heard. The channel's own end follows at once, or never."""
        owner, said = self._whose(event)
        if owner is None or said is None:
            self.board.ignore(event)
        elif (what := _UNSAID[type(owner)].get(said)) is not None:
            self._answer(owner, what)
        elif isinstance(owner, Call):
            self.board.set_due(owner, _UNHEARD[said], ENDS_WITHIN_S)

    def _whose(self, event: PromptEnded | PromptFailed) -> tuple[object | None, Said | None]:
        """Return who owns the sentence that is over, and to whom it was said."""
        leg = self.board.legs.get(ChannelId(event.call))
        if leg is None:
            return None, None
        for said, playback in leg.owner.said.items():
            if playback == event.playback:
                del leg.owner.said[said]
                return leg.owner, said
        return None, None

    # Informateurs, and what they ask.

    def _phone_appeared(self, event: PhoneAppeared) -> None:
        if self._duty.knows(event.phone):
            self._duty.appeared(event.phone)
        else:
            self.board.ignore(event)

    def _phone_vanished(self, event: PhoneVanished) -> None:
        """A call that rings there goes to the next one, then its informateur is logged out."""
        board = self.board
        if not self._duty.knows(event.phone):
            board.ignore(event)
            return
        board.roster.phones.discard(event.phone)
        desk = board.roster.at.get(event.phone)
        if desk is not None:
            desk.present = False
            leg = board.legs.get(desk.leg) if desk.leg is not None else None
            if leg is not None and leg.role in _VANISHED:
                self._answer(leg.owner, _VANISHED[leg.role])
        self._duty.vanished(event.phone)

    def _desk_called(self, event: DeskCalled) -> None:
        if event.call in self.board.desk_calls:
            self.board.ignore(event)
        else:
            self._desk.arrive(event)

    def _agent_asked(self, event: AgentAsked) -> None:
        self.board.commands.append(Told(event.ask, self._asked(event)))

    def _supervisor_asked(self, event: SupervisorAsked) -> None:
        self.board.commands.append(Told(event.ask, self._supervision.ask(event)))

    def _asked(self, event: AgentAsked) -> Reply:
        desk = self.board.roster.desks.get(event.agent)
        if desk is None:
            return Reply.NOT_LOGGED_IN
        request = event.request
        if isinstance(request, LogIn | LogOut | Pause | Ready | Note):
            return self._duty.ask(desk, request)
        call = self.board.calls.get(desk.call) if desk.call is not None else None
        if call is None or call.agent != event.agent or call.state not in CONVERSATION:
            return Reply.NOT_IN_CALL
        return self._ask_in_call(call, request)

    def _ask_in_call(self, call: Call, request: InCall) -> Reply:
        if not self.call_table.has(call.state, type(request)):
            return Reply.NOT_NOW
        reply: Reply = self.call_table.answer(call, type(request), request)
        return reply

    # Deadlines.

    def _fire(self, key: Any) -> None:
        board = self.board
        match key:
            case ("call", call_id, due):
                call = board.calls[call_id]
                if due is Due.UNHEARD or due is Due.UNTOLD:
                    board.note(call, Step.UNPLAYED)
                self.call_table.answer(call, due)
            case ("agent", agent_id):
                self._lease_ended(board.roster.desks[agent_id])
            case ("ring", leg):
                self._ring_over(leg)
            case ("widen", item):
                self._reservation.widen(item)
            case ("ticket", ticket_id, due):
                self._callbacks.tell(ticket_id, due)
            case ("desk", call_id):
                self.desk_table.answer(board.desk_calls[call_id], DeskDue.SILENCE)
            case _:
                self._waiting.close()

    def _lease_ended(self, desk: AgentDesk) -> None:
        """The lease of a ringing phone ends after the ringing's own deadline: one was lost."""
        if desk.state in (AgentState.RESERVED, AgentState.RINGING) and desk.leg is not None:
            self._ring_over(desk.leg)
            if desk.state not in (AgentState.RESERVED, AgentState.RINGING):
                return
        self._duty.lease_ended(desk)
