"""The engine: an event and the time in, commands out. No clock, I/O, chance or log inside.

The same engine answers the phone, runs the simulated year and stands under property
tests. `handle` accepts anything at any time; `next_deadline` says when to come back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from router.core.agents import AgentDesk, AgentState
from router.core.callbacks import Callbacks
from router.core.calls import TABLE, Aside, AsideEvent, Call, CallEvent, CallState, Due
from router.core.codes import CodeBook
from router.core.commands import Command, DeskChanged, HangUp, Outcome, Part, Step, Told
from router.core.desk import Desk
from router.core.desk_call import TABLE as DESK_TABLE
from router.core.desk_call import DeskCall, DeskDue, DeskEvent, DeskState
from router.core.desk_view import CallView, DeskView
from router.core.distribution import Distribution
from router.core.duty import Duty
from router.core.events import (
    AgentAsked,
    CallArrived,
    CalledAnswered,
    CallFound,
    CallLeft,
    CommandFailed,
    DeskCalled,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    NumberTaken,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    SnoopStarted,
    SupervisorAsked,
    TimePassed,
)
from router.core.ids import AgentId, CallId, ChannelId, PhoneId, SectorId, TicketId
from router.core.journey import Journey
from router.core.pins import Pins
from router.core.plan import Plan
from router.core.requests import InCall, LogIn, LogOut, Note, Pause, Ready, Reply
from router.core.supervision import Supervision
from router.core.switchboard import Switchboard
from router.core.talk import CONVERSATION, Talk
from router.core.tickets import Admission, TicketRecord
from router.core.votes import Votes
from router.core.work import WorkItem


@dataclass(frozen=True, slots=True)
class SectorSnapshot:
    """Where a sector stands: who waits, who works, and the wait in minutes when it is known."""

    sector: SectorId
    waiting: int
    on_duty: int
    ready: int
    oldest_wait_s: float | None
    wait_min: tuple[int, int] | None


class Engine:
    """Decides everything the service does. Times are UTC epoch seconds and never go back.

    The caller's duty: carry out the commands in order per call; call `handle` with
    `TimePassed` at `next_deadline`; give a `run` unique to this life of the router, since
    the ids of legs, bridges and playbacks begin with it.
    """

    def __init__(self, plan: Plan, codes: CodeBook, run: str, pins: Pins | None = None) -> None:
        board = self._board = Switchboard(plan, codes, run, pins or Pins({}))
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
        self._distribution.ring_for_ticket = self._callbacks.ring
        self._distribution.may_promise = self._callbacks.may_promise
        board.ended = self._callbacks.over
        self._journey = Journey(board, self._distribution.enqueue, self._callbacks.called_in)
        self._desk = Desk(board, self._duty)
        parts = (self._journey, self._distribution, self._talk, self._votes)
        self._handlers: dict[tuple[CallState, Any], Callable[..., Any]] = {
            pair: _method(name, *parts) for pair, name in TABLE.items()
        }
        self._desk_handlers: dict[tuple[DeskState, Any], Callable[..., None]] = {
            pair: _method(name, self._desk) for pair, name in DESK_TABLE.items()
        }

    def restore(self, sessions: Iterable[DeskChanged], now: float) -> None:
        """Take up who was logged in where before a restart; call it before any event.

        A phone that does not come back within `away_s` is logged out.
        """
        board = self._board
        roster = self._board.roster
        for session in sessions:
            desk = roster.desks.get(session.agent)
            if desk is not None and session.phone is not None and session.phone not in roster.at:
                roster.sign_in(desk, session.phone)
                desk.reason, desk.until_at = session.reason, session.until_at
                board.timers.set(("agent", desk.agent.id), now + board.plan.desk.away_s)

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
        while (key := board.timers.pop_due(now)) is not None:
            self._fire(key)
        if not self._callbacks.handle(event):
            self._handle(event)
        return commands

    def _handle(self, event: Event) -> None:
        board = self._board
        match event:
            case TimePassed():
                pass
            case KeyPressed(call_id):
                if (call := board.calls.get(call_id)) is not None:
                    call.keys += 1
                    self._answer(call, KeyPressed, event)
                elif (desk_call := board.desk_calls.get(call_id)) is not None:
                    self._answer_desk(desk_call, KeyPressed, event)
                else:
                    self._ignore(event)
            case PromptEnded():
                self._prompt_ended(event)
            case CallArrived(call_id):
                if call_id in board.calls:
                    self._ignore(event)
                else:
                    self._arrive(call_id)
            case CallLeft(call_id):
                self._left(call_id, event)
            case LegRang():
                self._leg_rang(event)
            case LegAnswered():
                self._leg_answered(event)
            case LegKeyPressed(call_id, leg):
                call = board.calls.get(call_id)
                if call is not None and call.leg == leg and call.state in CONVERSATION:
                    self._talk.leg_key(call, event)
                else:
                    self._ignore(event)
            case LegEnded():
                self._leg_ended(event)
            case SnoopStarted():
                self._supervision.snooping(event)
            case CommandFailed(call_id, channel):
                if channel == ChannelId(call_id):
                    if call_id in board.calls or call_id in board.desk_calls:
                        # else a hang-up that fails would come for ever
                        board.commands.append(HangUp(call_id, channel))
                    self._left(call_id, event)
                elif not self._supervision.failed(call_id, channel):
                    self._leg_ended(LegEnded(call_id, channel, LegEnd.UNREACHABLE))
            case PhoneAppeared(phone) | PhoneVanished(phone) if not self._duty.knows(phone):
                self._ignore(event)
            case PhoneAppeared(phone):
                self._duty.appeared(phone)
            case PhoneVanished(phone):
                self._vanished(phone)
            case DeskCalled(call_id):
                if call_id in board.desk_calls:
                    self._ignore(event)
                else:
                    self._desk.arrive(event)
            case AgentAsked(ask):
                board.commands.append(Told(ask, self._asked(event)))
            case SupervisorAsked(ask):
                board.commands.append(Told(ask, self._supervision.ask(event)))
            case CallFound():
                self._found(event)
            case NumberTaken(call_id):
                if (call := board.calls.get(call_id)) is not None:
                    self._answer(call, NumberTaken, event)
                else:
                    self._ignore(event)
            case _:  # of an attempt that is over
                if isinstance(event, CalledAnswered):
                    board.commands.append(HangUp(event.call, ChannelId(event.call)))
                self._ignore(event)

    def next_deadline(self) -> float | None:
        """Return when `handle` must be called at the latest, or None."""
        return self._board.timers.next_at()

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
                    self._distribution.estimate.bounds_min(sector, waiting + 1, on_duty),
                )
            )
        return standing

    def agent_states(self) -> dict[AgentState, int]:
        """Return how many informateurs are in each state."""
        states = dict.fromkeys(AgentState, 0)
        for desk in self._board.roster:
            states[desk.state] += 1
        return states

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
        return None if desk is None else self._view(desk)

    def desks(self) -> list[DeskView]:
        """Return that of every informateur, in the plan's order."""
        return [self._view(desk) for desk in self._board.roster]

    def _view(self, desk: AgentDesk) -> DeskView:
        board = self._board
        call = board.calls.get(desk.call) if desk.call is not None else None
        at_phone = None
        if call is not None and call.item is not None:
            waited_s = call.waited_s
            if waited_s is None:
                waited_s = board.now - call.item.joined_at
            at_phone = CallView(
                state=call.state,
                sector=call.item.sector,
                door=call.door,
                fiche=call.fiche,
                waited_s=waited_s,
                talked_s=None if call.talking_since is None else board.now - call.talking_since,
                attempts=call.attempts,
            )
        return DeskView(
            agent=desk.agent.id,
            state=desk.state,
            since_at=desk.since_at,
            phone=desk.phone,
            present=desk.present,
            reason=desk.reason,
            until_at=None
            if desk.state is AgentState.TALKING
            else board.timers.at(("agent", desk.agent.id)),
            misses=desk.misses,
            call=at_phone,
            watched_by=call.watch.supervisor if call is not None and call.watch else None,
            why=desk.why,
        )

    def admission(self, sector: SectorId, now: float) -> Admission:
        """Return whether a callback for `sector` would be promised at `now`."""
        self._board.now = now
        return self._callbacks.admission(sector)

    def ticket(self, ticket: TicketId) -> TicketRecord | None:
        """Return an open ticket; None when it is over, or there never was one."""
        known = self._callbacks.tickets.get(ticket)
        return None if known is None else known.record

    def ticket_code(self, ticket: TicketId) -> str | None:
        """Return what to type for who calls in instead of being called back."""
        return self._callbacks.code(ticket)

    def open_ticket_ids(self) -> frozenset[TicketId]:
        """Return every ticket that has not ended."""
        return frozenset(self._callbacks.tickets)

    def most_tickets(self) -> int:
        """Return how many tickets may be open with those on duty now."""
        return self._callbacks.most_open()

    # Events, one by one.

    def _answer(
        self, call: Call, what: CallEvent, *event: KeyPressed | LegEnded | NumberTaken
    ) -> None:
        """Call the handler of the table; only keys and ended legs have more to say than `what`."""
        handler = self._handlers.get((call.state, what))
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
        handler = self._handlers.get((call.state, type(request)))
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
            self._ignore(event)
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
            self._ignore(event)

    def _leg_rang(self, event: LegRang) -> None:
        call = self._board.calls.get(event.call)
        if call is not None and call.leg == event.leg:
            self._answer(call, LegRang)
        elif call is not None and call.aside is not None and call.aside.leg == event.leg:
            self._answer(call, AsideEvent.RANG)
        else:
            self._ignore(event)

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
            self._ignore(event)

    def _ignore(self, event: Event) -> None:
        self._board.counts[f"ignored {type(event).__name__}"] += 1

    def _fire(self, key: Any) -> None:
        board = self._board
        match key:
            case ("call", call_id, due):
                self._answer(board.calls[call_id], due)
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

    def _left(self, call_id: CallId, event: Event) -> None:
        call, desk_call = self._board.calls.get(call_id), self._board.desk_calls.get(call_id)
        if call is not None:
            self._answer(call, CallLeft)
        elif desk_call is not None:
            self._answer_desk(desk_call, CallLeft)
        else:
            self._ignore(event)

    def _leg_ended(self, event: LegEnded) -> None:
        board = self._board
        if event.leg not in board.legs:
            self._ignore(event)
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
            ticket = self._callbacks.of(desk.call) if desk.call is not None else None
            if ticket is not None:
                self._callbacks.phone_vanished(ticket)
            elif call is not None and call.agent == desk.agent.id:
                self._answer(call, PhoneVanished)
            elif call is not None and call.aside is not None:
                self._answer(call, AsideEvent.VANISHED)
        self._duty.vanished(phone)

    def _found(self, event: CallFound) -> None:
        """Take a call up where Asterisk still holds it after a restart of the router."""
        board = self._board
        if event.call in board.calls:
            self._ignore(event)
            return
        desk = board.roster.desks.get(event.agent) if event.agent is not None else None
        with_referral = event.agent is None and event.leg is not None and event.bridge is not None
        sector = event.sector if event.sector in board.plan.sectors else None
        if sector is None:
            self._undo_talk(event)
            self._arrive(event.call)
            return
        call = board.calls[event.call] = Call(event.call, board.now)
        board.note(call, Step.FOUND, sector=sector)
        joined_at = min(event.joined_at or board.now, board.now)
        adopted = (
            desk is not None
            and event.leg is not None
            and event.bridge is not None
            and board.roster.adopt(desk, event.call, board.now)
        )
        if adopted or with_referral:
            assert event.leg is not None
            call.item = WorkItem(call.id, sector, joined_at, joined_at, board.next_sequence())
            call.outcome = Outcome.ANSWERED
            call.bridge = event.bridge
            call.waited_s = 0.0  # when it was answered is not known any more
            if desk is None:
                call.state = CallState.REFERRED
                call.aside = Aside(event.leg, answered=True, joined=True)
                board.legs[event.leg] = None
            else:
                call.state = CallState.TALKING
                call.talking_since = board.now
                call.agent, call.leg = desk.agent.id, event.leg
                desk.leg = event.leg
                board.legs[event.leg] = desk.agent.id
                self._duty.found(desk)
            return
        self._undo_talk(event)
        self._distribution.take_back(call, sector, joined_at)

    def _undo_talk(self, event: CallFound) -> None:
        """A talk that cannot be taken up: the caller is served anew, alone on the line."""
        if event.leg is not None:
            self._board.commands.append(HangUp(event.call, event.leg))
        if event.bridge is not None:
            self._board.commands.append(Part(event.call, event.bridge))


def _method(name: str, *parts: object) -> Callable[..., Any]:
    """Return the method of that name of the one part that has it."""
    (method,) = (getattr(part, name) for part in parts if hasattr(part, name))
    found: Callable[..., Any] = method
    return found
