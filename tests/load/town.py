"""A town that calls a service of 20 sectors and 1,000 informateurs, in simulated time.

Callers and phones stand around one engine and behave as they do around Asterisk: prompts
end, keys are pressed, phones ring, informateurs pick up, are late or refuse, both sides
hang up. For each caller who stops waiting another one calls, so that the number of those
waiting stays what it was asked to be. Between two events the town does as little as
possible: its own memory and garbage would be counted as the engine's.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time
from heapq import heappop, heappush
from time import perf_counter_ns, thread_time_ns
from typing import TypeVar

from router.core.codes import CodeBook
from router.core.commands import (
    Command,
    DeskChanged,
    HangUp,
    Join,
    Noted,
    Play,
    Ring,
    Step,
    StopPlaying,
)
from router.core.engine import Engine
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallLeft,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegRang,
    PhoneAppeared,
    PromptEnded,
    TimePassed,
)
from router.core.hours import MIDNIGHT, Hours
from router.core.ids import (
    AgentId,
    CallId,
    ChannelId,
    FicheId,
    MenuId,
    PlaybackId,
    PromptId,
    QuestionId,
    SectorId,
)
from router.core.menus import Choice, Menu, ToMenu, ToSector
from router.core.plan import Agent, Fiche, Plan, Question, Sector, Targets
from router.core.requests import Ready

SECTORS, INFORMATEURS, SKILLS = 20, 1000, 3
_MENU_SIZE = 4
_PAGES_PER_SECTOR = 5
#: Monday 2026-11-23, 10:00 in Paris.
OPENED_AT = 1_795_424_400.0

# How people behave, in seconds.
_KEY_S = 0.4
PROMPT_S = 6.0
_WHISPER_S = 4.0
_PICKS_UP_S = 3.0
_TALK_S = 180.0
_BACK_AFTER_S = 60.0
#: Asterisk tells within this what it has done.
_SOON_S = 0.01
#: Shares of the ringing phones that refuse, and that are left to ring.
_REFUSES, _IS_LATE = 0.02, 0.05
#: Share of callers who type an access code; share of talks that the caller ends.
_HAS_CODE, _CALLER_ENDS = 0.3, 0.5
#: Callers/s while the queue fills.
_FILLING = 100.0
#: Until every level of skill is open to the first callers, and each has heard the place.
_SETTLING_S = 150.0

#: Of an event: what it was, what the engine said, how long it took, and how much of a
#: processor's time; in nanoseconds.
Meter = Callable[[Event, list[Command], int, int], None]


class Later:
    """Something that people do and the engine does not hear of."""


@dataclass(frozen=True, slots=True)
class PatienceOver(Later):
    """A caller who still waits hangs up."""

    call: CallId


def large_plan(informateurs: int = INFORMATEURS) -> Plan:
    """Return 20 sectors behind five menus, 100 pages, and informateurs of three skills each."""
    chance = random.Random(3939)
    sectors = [SectorId(f"sector-{number:02}") for number in range(SECTORS)]
    menus = [MenuId(f"menu-{number + 1}") for number in range(SECTORS // _MENU_SIZE)]
    first, information = MenuId("menu-main"), MenuId("information-menu")
    main: dict[str, Choice] = {str(key): ToMenu(menu) for key, menu in enumerate(menus, 1)}
    choices: dict[MenuId, dict[str, Choice]] = {first: main, information: {"9": ToMenu(first)}}
    for number, menu in enumerate(menus):
        its = sectors[number * _MENU_SIZE : (number + 1) * _MENU_SIZE]
        choices[menu] = {str(key): ToSector(sector) for key, sector in enumerate(its, 1)}
    pages = [
        Fiche(FicheId(f"F{number}"), "Page", sectors[number % SECTORS])
        for number in range(SECTORS * _PAGES_PER_SECTOR)
    ]
    agents = [
        Agent(
            AgentId(str(1001 + number)),
            {sector: level for level, sector in enumerate(chance.sample(sectors, SKILLS), 1)},
        )
        for number in range(informateurs)
    ]
    asked = Question(
        QuestionId("satisfaction"), PromptId("vote"), {"1": 1, "2": 2, "3": 3}, frozenset({3})
    )
    return Plan(
        name="Town",
        numbers=("3939",),
        hours=Hours(week=dict.fromkeys(range(1, 6), ((time.min, MIDNIGHT),))),
        welcome=(PromptId("welcome"),),
        sectors={id_: Sector(id_, id_, "", PromptId(id_), id_[-2:]) for id_ in sectors},
        fiches={page.id: page for page in pages},
        menus={id_: Menu(id_, (PromptId(id_),), keys) for id_, keys in choices.items()},
        pages={},
        first_menu=first,
        information_menu=information,
        agents={agent.id: agent for agent in agents},
        targets=Targets(queue_max=1_000_000),
        questions=(asked,),
    )


def code_book(plan: Plan) -> CodeBook:
    """Return the codes that the town's pages show."""
    return CodeBook.of(plan, b"secret of the town")


def fresh_engine(plan: Plan) -> Engine:
    """Return an engine that has heard of nothing; the same events bring the same commands."""
    return Engine(plan, code_book(plan), "town")


class Town:
    """`waiting` callers in the queue, `working` informateurs, all at their phones.

    `now` moves from event to event; `settle` fills the queue, `run` measures.
    """

    #: Mean time until a waiting caller gives up, in seconds.
    patience_s = 7200.0

    def __init__(self, waiting: int, working: int, seed: int, plan: Plan | None = None) -> None:
        self.plan = plan or large_plan(working)
        self.now = OPENED_AT
        self.engine = fresh_engine(self.plan)
        #: Callers who joined the queue and are not with an informateur yet.
        self.unserved: set[CallId] = set()
        self._book = code_book(self.plan)
        self._pages = list(self.plan.fiches)
        self._wanted = waiting
        self._chance = random.Random(seed)
        self._coming: list[tuple[float, int, Event | Later]] = []
        self._sequence = 0
        self._callers = 0
        #: Callers who are on their way to the queue.
        self._arriving: set[CallId] = set()
        self._present: set[CallId] = set()
        self._legs: set[ChannelId] = set()
        self._playing: set[PlaybackId] = set()
        self._deadline: float | None = None

    def settle(self) -> None:
        """Fill the queue, and let time pass until all happens at the rate at which it goes on."""
        for phone in self.plan.phones:
            self._soon(PhoneAppeared(phone), _KEY_S)
        filled_s = self._wanted / _FILLING
        for _ in range(self._wanted):
            self._call(filled_s)
        until = self.now + filled_s + _SETTLING_S
        for at in self._events(_ignore):
            if at > until:
                return

    def run(self, events: int, meter: Meter) -> float:
        """Let `events` happen; return how many seconds of the town's time that took."""
        begun = self.now
        for _ in zip(range(events), self._events(meter), strict=False):
            pass
        return self.now - begun

    def _events(self, meter: Meter) -> Iterator[float]:
        """Let one event after the other happen; yield its time."""
        engine, coming = self.engine, self._coming
        while True:
            deadline = self._deadline
            if deadline is not None and (not coming or deadline <= coming[0][0]):
                self.now = max(self.now, deadline)
                event: Event | None = TimePassed()
            else:
                self.now, _, what = heappop(coming)
                event = self._what_happens(what)
            if event is None:
                continue
            spent = thread_time_ns()
            begun = perf_counter_ns()
            commands = engine.handle(event, self.now)
            self._deadline = engine.next_deadline()  # `Live` asks for it after every event
            took = perf_counter_ns() - begun
            meter(event, commands, took, thread_time_ns() - spent)
            for command in commands:
                self._carry_out(command)
            yield self.now

    # What people and Asterisk do.

    def _soon(self, event: Event | Later, after_s: float = _SOON_S) -> None:
        self._sequence += 1
        heappush(self._coming, (self.now + after_s, self._sequence, event))

    def _call(self, within_s: float) -> None:
        """Let a new caller call within `within_s`, and press keys until the queue."""
        chance = self._chance
        self._callers += 1
        call = CallId(f"caller-{self._callers}")
        if chance.random() < _HAS_CODE:
            keys = self._book.code(chance.choice(self._pages), self.now)
        else:
            sector = chance.randrange(SECTORS)
            keys = f"{sector // _MENU_SIZE + 1}{sector % _MENU_SIZE + 1}"
        after_s = chance.random() * within_s
        self._arriving.add(call)
        self._soon(CallArrived(call), after_s)
        for number, key in enumerate(keys, 1):
            self._soon(KeyPressed(call, key), after_s + number * _KEY_S)

    def _what_happens(self, what: Event | Later) -> Event | None:
        """Return the event that follows; None for a key after hang-up and the like."""
        match what:
            case PatienceOver(call):
                if call not in self.unserved:
                    return None
                self._present.discard(call)
                return CallLeft(call)
            case CallArrived(call):
                self._present.add(call)
            case KeyPressed(call):
                return what if call in self._present else None
            case CallLeft(call):
                return _taken(self._present, call, what)
            case PromptEnded(_, playback):
                return _taken(self._playing, playback, what)
            case LegRang(_, leg) | LegAnswered(_, leg):
                return what if leg in self._legs else None
            case LegEnded(_, leg):
                return _taken(self._legs, leg, what)
            case Later():
                return None
        return what

    def _carry_out(self, command: Command) -> None:
        match command:
            case Noted(call, step):
                self._noted(call, step)
            case Play(call, channel, playback):
                self._playing.add(playback)
                said_s = PROMPT_S if channel == ChannelId(call) else _WHISPER_S
                self._soon(PromptEnded(call, playback), said_s)
            case StopPlaying(call, playback):
                self._soon(PromptEnded(call, playback))
            case Ring():
                self._ring(command)
            case Join(call, _, channels):
                self._talk(call, channels[-1])
            case HangUp(call, channel) if channel == ChannelId(call):
                self._soon(CallLeft(call))
            case HangUp(call, leg):
                self._soon(LegEnded(call, leg, LegEnd.HUNG_UP))
            case DeskChanged(agent, _, reason) if reason is not None:
                self._soon(AgentAsked(0, agent, Ready()), _BACK_AFTER_S)

    def _ring(self, ring: Ring) -> None:
        self._legs.add(ring.leg)
        self._soon(LegRang(ring.call, ring.leg), _SOON_S)
        behaves = self._chance.random()
        if behaves < _REFUSES:
            self._soon(LegEnded(ring.call, ring.leg, LegEnd.REJECTED), _PICKS_UP_S)
        elif behaves > _REFUSES + _IS_LATE:
            self._soon(LegAnswered(ring.call, ring.leg), _PICKS_UP_S)

    def _talk(self, call: CallId, leg: ChannelId) -> None:
        talk_s = self._chance.expovariate(1 / _TALK_S)
        if self._chance.random() < _CALLER_ENDS:
            self._soon(CallLeft(call), talk_s)
        else:
            self._soon(LegEnded(call, leg, LegEnd.HUNG_UP), talk_s)

    def _noted(self, call: CallId, step: Step) -> None:
        match step:
            case Step.QUEUED:
                self._arriving.discard(call)
                self.unserved.add(call)
                patience_s = self._chance.expovariate(1 / self.patience_s)
                self._soon(PatienceOver(call), patience_s)
            case Step.WHISPERED | Step.ENDED | Step.REFUSED:
                self._arriving.discard(call)
                self.unserved.discard(call)
            case Step.MISSED:
                self.unserved.add(call)
            case Step.VOTE_ASKED:
                self._soon(KeyPressed(call, "3"), PROMPT_S + _KEY_S)
        if len(self.unserved) + len(self._arriving) < self._wanted:
            self._call(1.0)


_T = TypeVar("_T")


def _taken(there: set[_T], one: _T, what: Event) -> Event | None:
    """Return `what` the first time that `one` goes."""
    if one not in there:
        return None
    there.remove(one)
    return what


def _ignore(event: Event, commands: list[Command], took: int, spent: int) -> None:
    """Measure nothing."""
