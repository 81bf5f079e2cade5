"""The engine: an event and the time in, commands out. No clock, I/O, chance or log inside.

The same engine answers the phone, runs the simulated year and stands under property
tests. `handle` accepts anything at any time; `next_deadline` says when to come back.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from router.core.call.distribution import Distribution
from router.core.call.journey import Journey
from router.core.call.life import TABLE, AsideEvent, Call, CallEvent, CallState, Due
from router.core.call.offer import Offer
from router.core.call.supervision import Supervision
from router.core.call.talk import CONVERSATION, Talk
from router.core.call.votes import Votes
from router.core.callback.callbacks import OF_ATTEMPTS, Callbacks
from router.core.callback.tickets import Admission, TicketRecord
from router.core.codes import CodeBook
from router.core.commands import Command, DeskChanged, HangUp, Step, Told
from router.core.desk.agents import AgentState
from router.core.desk.by_phone import Desk
from router.core.desk.desk_call import TABLE as DESK_TABLE
from router.core.desk.desk_call import DeskCall, DeskDue, DeskEvent, DeskState
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
from router.core.ids import AgentId, CallId, ChannelId, PhoneId, SectorId, TicketId
from router.core.plan import Plan
from router.core.recovery import Recovery
from router.core.requests import InCall, LogIn, LogOut, Note, Pause, Ready, Reply
from router.core.switchboard import Switchboard

#: A prompt that broke off because its channel is gone is followed by that end within this.
ENDS_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class SectorSnapshot:
    """Where a sector stands: who waits, who works, and the wait in minutes when it is known."""

    sector: SectorId
    waiting: int
    on_duty: int
    ready: int
    oldest_wait_s: float | None
    wait_min: tuple[int, int] | None
    #: So many wait, over all sectors, that who asks for this one is refused.
    is_full: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether who asks for this sector now is answered, at once or after a wait."""
        return self.on_duty > 0 and not self.is_full


class Engine:
    """Decides everything the service does. Times are UTC epoch seconds and never go back.

    The caller's duty: carry out the commands in order per call; call `handle` with
    `TimePassed` at `next_deadline`; give a `run` unique to this life of the router, since
    the ids of legs, bridges and playbacks begin with it.
    """

    def __init__(self, plan: Plan, codes: CodeBook, run: str, pins: Pins | None = None) -> None:
        board = self._board = Switchboard(plan, codes, run, pins or Pins({}))
        self._pop_due, self._next_at = board.timers.pop_due, board.timers.next_at
        self._duty = Duty(board)
        self._votes = Votes(board)
        self._supervision = Supervision(board, self._duty)
        self._distribution = Distribution(
            board, self._duty, self._votes.begin, self._supervision.end
        )
        self._duty.offer = self._distribution.offer
        self._duty.overdue = self._distribution.overdue
        self._talk = Talk(
            board,
            self._distribution,
            self._duty,
            self._ask_in_call,
            self._supervision.end,
            self._votes.begin,
        )
        self._callbacks = Callbacks(board, self._distribution, self._duty)
        self._attempts = self._callbacks.attempts
        self._distribution.ring_for_ticket = self._callbacks.ring
        self._offer = Offer(board, self._distribution, self._callbacks.may_promise)
        self._distribution.offered = self._offer.said
        board.ended = self._callbacks.over
        self._journey = Journey(board, self._distribution.enqueue, self._callbacks.called_in)
        self._desk = Desk(board, self._duty)
        self._recovery = Recovery(board, self._duty, self._distribution, self._arrive)
        parts = (self._journey, self._distribution, self._offer, self._talk, self._votes)
        #: By state, then by what has happened.
        self._handlers: dict[CallState, dict[Any, Callable[..., Any]]] = {
            state: {} for state in CallState
        }
        for (state, what), name in TABLE.items():
            self._handlers[state][what] = _method(name, *parts)
        self._desk_handlers: dict[tuple[DeskState, Any], Callable[..., None]] = {
            pair: _method(name, self._desk) for pair, name in DESK_TABLE.items()
        }

        self._on: dict[type[Event], Callable[[Any], None]] = {
            TimePassed: self._time_passed,
            KeyPressed: self._key,
            CallerSpoke: self._spoke,
            PromptEnded: self._prompt_ended,
            PromptFailed: self._prompt_failed,
            CallArrived: self._arrived,
            CallLeft: self._left,
            CallFound: self._recovery.found,
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
            NumberTaken: self._number_taken,
            CallbackAsked: self._callbacks.asked,
            CallbackCancelled: self._callbacks.cancelled,
            TrunkChanged: self._callbacks.trunk_changed,
            TicketUnkept: self._callbacks.unkept,
            NumberLost: self._callbacks.number_lost,
            StoreChanged: self._callbacks.store_changed,
            Resynced: self._callbacks.resynced,
            # Of an attempt that is over:
            CalledAnswered: self._called_too_late,
            CalledEnded: board.ignore,
            DialFailed: board.ignore,
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
        board = self._board
        board.now = now
        commands: list[Command] = []
        board.commands = commands
        self._callbacks.restore(records, lost=lost)
        return commands

    def handle(self, event: Event, now: float) -> list[Command]:
        """Return what to do about `event`, and about whatever is due at `now`."""
        board = self._board
        board.now = now
        commands: list[Command] = []
        board.commands = commands
        while (key := self._pop_due(now)) is not None:
            self._fire(key)
        kind = type(event)
        if kind in OF_ATTEMPTS:
            told: Any = event
            ticket = self._attempts.get(told.call)
            if ticket is not None and self._callbacks.of_attempt(ticket, event):
                return commands
        self._on[kind](event)
        return commands

    def next_deadline(self) -> float | None:
        """Return when `handle` must be called at the latest, or None."""
        return self._next_at()

    # What others may see.

    def known(self) -> tuple[frozenset[CallId], frozenset[ChannelId]]:
        """Return who called and which legs we dialled, as far as the engine believes them alive."""
        board = self._board
        callers = frozenset(board.calls) | frozenset(board.desk_calls) | self._callbacks.asking()
        return callers, frozenset(board.legs)

    def sectors(self) -> list[SectorSnapshot]:
        """Return where every sector stands at the time of the last event."""
        board = self._board
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
                    self._distribution.standing.wait_min(sector, waiting + 1, 0.0),
                    self._distribution.is_full(sector),
                )
            )
        return standing

    def agent_states(self) -> dict[AgentState, int]:
        """Return how many informateurs are in each state."""
        states = dict.fromkeys(AgentState, 0)
        for desk in self._board.roster:
            states[desk.state] += 1
        return states

    def states_of_agents(self) -> Iterator[tuple[AgentId, AgentState]]:
        """Yield each informateur's state."""
        for desk in self._board.roster:
            yield desk.agent.id, desk.state

    def call_states(self) -> dict[CallState, int]:
        """Return how many calls are in each state."""
        states = dict.fromkeys(CallState, 0)
        for call in self._board.calls.values():
            states[call.state] += 1
        return states

    @property
    def counts(self) -> dict[str, int]:
        """Events ignored, by name and state, and calls ended, by outcome."""
        return dict(self._board.counts)

    def desk(self, agent: AgentId) -> DeskView | None:
        """Return what the informateur's own screen may show; None if the plan has no such one."""
        desk = self._board.roster.desks.get(agent)
        return None if desk is None else view_of(desk, self._board, self._callbacks.attempts)

    def desks(self) -> list[DeskView]:
        """Return that of every informateur, in the plan's order."""
        return [view_of(desk, self._board, self._callbacks.attempts) for desk in self._board.roster]

    def admission(self, sector: SectorId, now: float) -> Admission:
        """Return whether a callback for `sector` would be promised at `now`."""
        self._board.now = now
        return self._callbacks.admission(sector)

    def ticket(self, ticket: TicketId) -> TicketRecord | None:
        """Return an open ticket; None when it is over, or there never was one."""
        return self._callbacks.record(ticket)

    def open_tickets(self) -> list[TicketRecord]:
        """Return every ticket that has not ended, as last told to be kept."""
        return [ticket.record for ticket in self._callbacks.tickets.values()]

    def ticket_code(self, ticket: TicketId) -> str | None:
        """Return what to type for who calls in instead of being called back."""
        return self._callbacks.code(ticket)

    def is_dialling(self, call: CallId) -> bool:
        """Return whether the number of this attempt is to be dialled, or was and may ring."""
        return self._callbacks.is_dialling(call)

    def open_ticket_ids(self) -> frozenset[TicketId]:
        """Return every ticket that has not ended."""
        return frozenset(self._callbacks.tickets)

    def most_tickets(self) -> int:
        """Return how many tickets may be open with those on duty now."""
        return self._callbacks.room()

    # Events, one by one.

    def _time_passed(self, event: TimePassed) -> None:
        """Whatever was due has been done."""

    def _key(self, event: KeyPressed) -> None:
        board = self._board
        if (call := board.calls.get(event.call)) is not None:
            call.keys += 1
            self._answer(call, KeyPressed, event)
        elif (desk_call := board.desk_calls.get(event.call)) is not None:
            self._answer_desk(desk_call, KeyPressed, event)
        else:
            board.ignore(event)

    def _spoke(self, event: CallerSpoke) -> None:
        if (call := self._board.calls.get(event.call)) is not None:
            self._answer(call, CallerSpoke, event)
        else:
            self._board.ignore(event)

    def _arrived(self, event: CallArrived) -> None:
        if event.call in self._board.calls:
            self._board.ignore(event)
        else:
            self._arrive(event.call)

    def _leg_key(self, event: LegKeyPressed) -> None:
        call = self._board.calls.get(event.call)
        if call is not None and call.leg == event.leg and call.state in CONVERSATION:
            self._talk.leg_key(call, event)
        else:
            self._board.ignore(event)

    def _failed(self, event: CommandFailed) -> None:
        board = self._board
        call_id, channel = event.call, event.channel
        if channel == ChannelId(call_id):
            if call_id in board.calls or call_id in board.desk_calls:
                # else a hang-up that fails would come for ever
                board.commands.append(HangUp(call_id, channel))
            self._left(event)
        elif not self._supervision.failed(call_id, channel):
            self._leg_ended(LegEnded(call_id, channel, LegEnd.UNREACHABLE))

    def _phone_appeared(self, event: PhoneAppeared) -> None:
        if self._duty.knows(event.phone):
            self._duty.appeared(event.phone)
        else:
            self._board.ignore(event)

    def _phone_vanished(self, event: PhoneVanished) -> None:
        if self._duty.knows(event.phone):
            self._vanished(event.phone)
        else:
            self._board.ignore(event)

    def _desk_called(self, event: DeskCalled) -> None:
        if event.call in self._board.desk_calls:
            self._board.ignore(event)
        else:
            self._desk.arrive(event)

    def _agent_asked(self, event: AgentAsked) -> None:
        self._board.commands.append(Told(event.ask, self._asked(event)))

    def _supervisor_asked(self, event: SupervisorAsked) -> None:
        self._board.commands.append(Told(event.ask, self._supervision.ask(event)))

    def _number_taken(self, event: NumberTaken) -> None:
        if (call := self._board.calls.get(event.call)) is not None:
            self._answer(call, NumberTaken, event)
        else:
            self._board.ignore(event)

    def _called_too_late(self, event: CalledAnswered) -> None:
        """Picked up, but the attempt is over."""
        self._board.commands.append(HangUp(event.call, ChannelId(event.call)))
        self._board.ignore(event)

    def _answer(
        self, call: Call, what: CallEvent, *event: KeyPressed | CallerSpoke | LegEnded | NumberTaken
    ) -> None:
        """Call the handler of the table; few events have more to say than `what`."""
        handler = self._handlers[call.state].get(what)
        if handler is not None:
            handler(call, *event)
        else:
            name = what.value if isinstance(what, Due | AsideEvent) else what.__name__
            self._board.counts[f"ignored {name} in {call.state}"] += 1

    def _answer_desk(self, call: DeskCall, what: DeskEvent, *event: KeyPressed) -> None:
        handler = self._desk_handlers.get((call.state, what))
        if handler is not None:
            handler(call, *event)
        else:
            self._board.counts[f"ignored {what.__name__} in desk {call.state}"] += 1

    def _asked(self, event: AgentAsked) -> Reply:
        desk = self._board.roster.desks.get(event.agent)
        if desk is None:
            return Reply.NOT_LOGGED_IN
        request = event.request
        if isinstance(request, LogIn | LogOut | Pause | Ready | Note):
            return self._duty.ask(desk, request)
        call = self._board.calls.get(desk.call) if desk.call is not None else None
        if call is None or call.agent != event.agent or call.state not in CONVERSATION:
            return Reply.NOT_IN_CALL
        return self._ask_in_call(call, request)

    def _ask_in_call(self, call: Call, request: InCall) -> Reply:
        handler = self._handlers[call.state].get(type(request))
        if handler is None:
            return Reply.NOT_NOW
        reply: Reply = handler(call, request)
        return reply

    def _prompt_ended(self, event: PromptEnded) -> None:
        board = self._board
        call, playback = board.calls.get(event.call), event.playback
        desk_call = board.desk_calls.get(event.call)
        if desk_call is not None and desk_call.playback == playback:
            desk_call.playback = None
            self._answer_desk(desk_call, PromptEnded)
        elif call is None:
            board.ignore(event)
        elif call.playback == playback:
            call.playback = None
            self._answer(call, PromptEnded)
        elif call.whisper == playback:
            call.whisper = None
            self._answer(call, Due.WHISPER)
        elif call.aside is not None and call.aside.whisper == playback:
            call.aside.whisper = None
            self._answer(call, AsideEvent.TOLD)
        elif not self._supervision.told(call, playback):
            board.ignore(event)

    def _prompt_failed(self, event: PromptFailed) -> None:
        """What broke off was not heard. The channel's own end follows at once, or never."""
        board = self._board
        call, playback = board.calls.get(event.call), event.playback
        desk_call = board.desk_calls.get(event.call)
        if desk_call is not None and desk_call.playback == playback:
            desk_call.playback = None
            self._answer_desk(desk_call, PromptEnded)
        elif call is None:
            board.ignore(event)
        elif call.playback == playback:
            call.playback = None
            board.set_due(call, Due.UNHEARD, ENDS_WITHIN_S)
        elif call.whisper == playback:
            call.whisper = None
            board.set_due(call, Due.UNTOLD, ENDS_WITHIN_S)
        elif call.aside is not None and call.aside.whisper == playback:
            call.aside.whisper = None
            board.set_due(call, Due.UNTOLD, ENDS_WITHIN_S)
        elif not self._supervision.untold(call, playback):
            board.ignore(event)

    def _leg_rang(self, event: LegRang) -> None:
        call = self._board.calls.get(event.call)
        if call is not None and call.leg == event.leg:
            self._answer(call, LegRang)
        elif call is not None and call.aside is not None and call.aside.leg == event.leg:
            self._answer(call, AsideEvent.RANG)
        else:
            self._board.ignore(event)

    def _leg_answered(self, event: LegAnswered) -> None:
        board = self._board
        call = board.calls.get(event.call)
        if call is not None and call.leg == event.leg:
            self._answer(call, LegAnswered)
        elif call is not None and call.aside is not None and call.aside.leg == event.leg:
            self._answer(call, AsideEvent.ANSWERED)
        elif call is not None and call.watch is not None and call.watch.leg == event.leg:
            self._supervision.answered(call, call.watch)
        else:  # answered in the instant we gave up
            board.commands.append(HangUp(event.call, event.leg))
            board.ignore(event)

    def _fire(self, key: Any) -> None:
        board = self._board
        match key:
            case ("call", call_id, due):
                call = board.calls[call_id]
                if due is Due.UNHEARD or due is Due.UNTOLD:
                    board.note(call, Step.UNPLAYED)
                self._answer(call, due)
            case ("agent", agent_id):
                self._duty.lease_ended(board.roster.desks[agent_id])
            case ("ticket", ticket_id, due):
                self._callbacks.due(ticket_id, due)
            case ("desk", call_id):
                self._answer_desk(board.desk_calls[call_id], DeskDue)
            case _:
                self._distribution.close()

    def _arrive(self, call_id: CallId) -> None:
        board = self._board
        call = board.calls[call_id] = Call(call_id, board.now)
        board.note(call, Step.ARRIVED)
        self._journey.arrive(call)

    def _left(self, event: CallLeft | CommandFailed) -> None:
        board = self._board
        if (call := board.calls.get(event.call)) is not None:
            self._answer(call, CallLeft)
        elif (desk_call := board.desk_calls.get(event.call)) is not None:
            self._answer_desk(desk_call, CallLeft)
        else:
            board.ignore(event)

    def _leg_ended(self, event: LegEnded) -> None:
        board = self._board
        if event.leg not in board.legs:
            board.ignore(event)
            return
        agent = board.legs.pop(event.leg)
        call = board.calls.get(event.call)
        if call is not None and call.leg == event.leg:
            self._answer(call, LegEnded, event)
        elif call is not None and call.aside is not None and call.aside.leg == event.leg:
            self._answer(call, AsideEvent.ENDED, event)
        elif call is not None and call.watch is not None and call.watch.leg == event.leg:
            self._supervision.left(call)
        elif agent is not None:
            desk = board.roster.desks[agent]
            if desk.leg == event.leg and desk.call is None:
                self._duty.released(desk)

    def _vanished(self, phone: PhoneId) -> None:
        """A call that rings there goes to the next one, then its informateur is logged out."""
        board = self._board
        board.roster.phones.discard(phone)
        desk = board.roster.at.get(phone)
        if desk is not None:
            desk.present = False
            call = board.calls.get(desk.call) if desk.call is not None else None
            if desk.call is not None and self._callbacks.phone_vanished(desk.call):
                pass  # it was an attempt's
            elif call is not None and call.agent == desk.agent.id:
                self._answer(call, PhoneVanished)
            elif call is not None and call.aside is not None:
                self._answer(call, AsideEvent.VANISHED)
        self._duty.vanished(phone)


def _method(name: str, *parts: object) -> Callable[..., Any]:
    """Return the method of that name of the one part that has it."""
    (method,) = (getattr(part, name) for part in parts if hasattr(part, name))
    found: Callable[..., Any] = method
    return found
