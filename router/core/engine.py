"""The engine: an event and the time in, commands out. No clock, I/O, chance or log inside.

The same engine answers the phone, runs the simulated year and stands under property
tests. `handle` accepts anything at any time; `next_deadline` says when to come back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from router.core.agents import AgentDesk, AgentState
from router.core.calls import TABLE, Call, CallEvent, CallState, Due
from router.core.codes import CodeBook
from router.core.commands import Command, HangUp, Outcome, Part, Step
from router.core.distribution import Distribution
from router.core.events import (
    CallArrived,
    CallFound,
    CallLeft,
    CommandFailed,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    TimePassed,
)
from router.core.ids import CallId, ChannelId, SectorId
from router.core.journey import Journey
from router.core.plan import Plan
from router.core.switchboard import Switchboard
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

    def __init__(self, plan: Plan, codes: CodeBook, run: str) -> None:
        self._board = Switchboard(plan, codes, run)
        self._distribution = Distribution(self._board)
        self._journey = Journey(self._board, self._distribution.enqueue)
        self._handlers: dict[tuple[CallState, Any], Callable[..., None]] = {
            pair: self._method(name) for pair, name in TABLE.items()
        }

    def _method(self, name: str) -> Callable[..., None]:
        method: Callable[..., None] = getattr(self._journey, name, None) or getattr(
            self._distribution, name
        )
        return method

    def handle(self, event: Event, now: float) -> list[Command]:
        """Return what to do about `event`, and about whatever is due at `now`."""
        board = self._board
        board.now = now
        commands: list[Command] = []
        board.commands = commands
        while (key := board.timers.pop_due(now)) is not None:
            self._fire(key)
        match event:
            case KeyPressed(call_id):
                if (call := board.calls.get(call_id)) is not None:
                    call.keys += 1
                    self._answer(call, KeyPressed, event)
                else:
                    self._ignore(event)
            case PromptEnded(call_id, playback):
                call = board.calls.get(call_id)
                if call is not None and call.playback == playback:
                    call.playback = None
                    self._answer(call, PromptEnded)
                elif call is not None and call.whisper == playback:
                    call.whisper = None
                    self._answer(call, Due.WHISPER)
                else:
                    self._ignore(event)
            case CallArrived(call_id):
                if call_id in board.calls:
                    self._ignore(event)
                else:
                    self._arrive(call_id)
            case CallLeft(call_id):
                self._left(call_id, event)
            case LegAnswered(call_id, leg):
                call = board.calls.get(call_id)
                if call is not None and call.leg == leg:
                    self._answer(call, LegAnswered)
                else:  # answered in the instant we gave up
                    board.commands.append(HangUp(call_id, leg))
                    self._ignore(event)
            case LegEnded():
                self._leg_ended(event)
            case CommandFailed(call_id, channel):
                if channel == ChannelId(call_id):
                    if call_id in board.calls:  # else a hang-up that fails would come for ever
                        board.commands.append(HangUp(call_id, channel))
                    self._left(call_id, event)
                else:
                    self._leg_ended(LegEnded(call_id, channel, LegEnd.UNREACHABLE))
            case PhoneAppeared(agent):
                if (desk := board.roster.desks.get(agent)) is not None:
                    self._distribution.appeared(desk)
                else:
                    self._ignore(event)
            case PhoneVanished(agent):
                if (desk := board.roster.desks.get(agent)) is not None:
                    self._vanished(desk)
                else:
                    self._ignore(event)
            case CallFound():
                self._found(event)
            case TimePassed():
                pass
        return commands

    def next_deadline(self) -> float | None:
        """Return when `handle` must be called at the latest, or None."""
        return self._board.timers.next_at()

    # What others may see.

    def known(self) -> tuple[frozenset[CallId], frozenset[ChannelId]]:
        """Return the callers and the informateurs' legs that the engine believes alive."""
        return frozenset(self._board.calls), frozenset(self._board.legs)

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

    # Events, one by one.

    def _answer(self, call: Call, what: CallEvent, *event: KeyPressed | LegEnded) -> None:
        """Call the handler of the table; only keys and ended legs have more to say than `what`."""
        handler = self._handlers.get((call.state, what))
        if handler is not None:
            handler(call, *event)
        else:
            name = what.value if isinstance(what, Due) else what.__name__
            self._board.counts[f"ignored {name} in {call.state}"] += 1

    def _ignore(self, event: Event) -> None:
        self._board.counts[f"ignored {type(event).__name__}"] += 1

    def _fire(self, key: Any) -> None:
        board = self._board
        match key:
            case ("call", call_id, due):
                self._answer(board.calls[call_id], due)
            case ("agent", agent_id):
                self._distribution.rested(board.roster.desks[agent_id])
            case _:
                self._distribution.close()

    def _arrive(self, call_id: CallId) -> None:
        board = self._board
        call = board.calls[call_id] = Call(call_id, board.now)
        board.note(call, Step.ARRIVED)
        self._journey.arrive(call)

    def _left(self, call_id: CallId, event: Event) -> None:
        call = self._board.calls.get(call_id)
        if call is None:
            self._ignore(event)
        else:
            self._answer(call, CallLeft)

    def _leg_ended(self, event: LegEnded) -> None:
        board = self._board
        agent = board.legs.pop(event.leg, None)
        if agent is None:
            self._ignore(event)
            return
        desk = board.roster.desks[agent]
        call = board.calls.get(event.call)
        if call is not None and call.leg == event.leg:
            self._answer(call, LegEnded, event)
        elif desk.leg == event.leg and desk.call is None and desk.state is AgentState.RINGING:
            self._distribution.release(desk)

    def _vanished(self, desk: AgentDesk) -> None:
        desk.present = False
        call = self._board.calls.get(desk.call) if desk.call is not None else None
        if call is not None and call.state is CallState.RINGING:
            self._answer(call, PhoneVanished)
        else:
            self._distribution.vanished(desk)

    def _found(self, event: CallFound) -> None:
        """Take a call up where Asterisk still holds it after a restart of the router."""
        board = self._board
        if event.call in board.calls:
            self._ignore(event)
            return
        desk = board.roster.desks.get(event.agent) if event.agent is not None else None
        sector = event.sector if event.sector in board.plan.sectors else None
        if sector is None:
            self._undo_talk(event)
            self._arrive(event.call)
            return
        call = board.calls[event.call] = Call(event.call, board.now)
        board.note(call, Step.FOUND, sector=sector)
        joined_at = min(event.joined_at or board.now, board.now)
        if desk is not None and event.leg is not None and board.roster.adopt(desk, event.call):
            call.item = WorkItem(call.id, sector, joined_at, joined_at, board.next_sequence())
            call.state = CallState.TALKING
            call.outcome = Outcome.ANSWERED
            call.talking_since = board.now
            call.agent, call.leg, call.bridge = desk.agent.id, event.leg, event.bridge
            desk.leg = event.leg
            board.legs[event.leg] = desk.agent.id
            return
        self._undo_talk(event)
        self._distribution.take_back(call, sector, joined_at)

    def _undo_talk(self, event: CallFound) -> None:
        """A talk that cannot be taken up: the caller is served anew, alone on the line."""
        if event.leg is not None:
            self._board.commands.append(HangUp(event.call, event.leg))
        if event.bridge is not None:
            self._board.commands.append(Part(event.call, event.bridge))
