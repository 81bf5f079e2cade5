"""The shipped service at work in simulated time: callers, requests for a callback, informateurs.

As the town (town.py), but the plan and its hours are the shipped ones, people come at a rate
that keeps each informateur busy for `LOAD` of the time, however many there are, and 4 of 10
leave their number on a web page (2025: 84,354 of 207,174).
"""

from dataclasses import dataclass, replace

from router.config import load
from router.core.call.offer import CALLBACK_KEY
from router.core.call.waiting import CALLBACK_OFFER
from router.core.callback.pickup import CALLBACK_ASK, YES
from router.core.commands import Admitted, Command, DialTicket, Play, Step, TakeNumber
from router.core.events import (
    CallArrived,
    CallbackAsked,
    CalledAnswered,
    CalledEnd,
    CalledEnded,
    Event,
    KeyPressed,
    NumberTaken,
    PhoneAppeared,
)
from router.core.ids import AgentId, CallId, ChannelId, FicheId, MenuId, SectorId, TicketId
from router.core.menus import ToMenu, ToSector
from router.core.plan import Agent, Plan
from tests.load.town import Later, Town

#: Share of the time that an informateur has a call or notes one.
LOAD = 0.75
#: Share of requests that come over the web.
_ON_THE_WEB = 0.41
#: From the ringing to the end of the wrap-up, in seconds.
_HANDLING_S = 220.0
#: Shares of callbacks that are busy, unanswered or reach a voicemail; share of the offers in the
#: queue that are accepted.
_BUSY, _NO_ANSWER, _VOICEMAIL, _TAKES_OFFER = 0.05, 0.15, 0.1, 0.3
#: Callers listen before their first key: for how many seconds at most.
_LISTENS_S = 15.0
_RINGS_S, _SAYS_YES_S, _TYPES_S = 8.0, 3.0, 20.0
_HAS_CODE = 0.4
#: Longer than nearly every wait and conversation.
_SETTLING_S = 900.0

#: Events and their times: told to a fresh engine, they bring the same commands.
Trace = list[tuple[Event, float]]


@dataclass(frozen=True, slots=True)
class _SomebodyComes(Later):
    """A caller or a request."""


def shipped_plan(informateurs: int) -> Plan:
    """Return the shipped plan; its informateurs' skills repeat if there are more."""
    plan = load(None).plan
    skills = [agent.skills for agent in plan.agents.values()]
    names = [AgentId(str(1001 + number)) for number in range(informateurs)]
    agents = {name: Agent(name, skills[number % len(skills)]) for number, name in enumerate(names)}
    targets = replace(plan.targets, queue_max=plan.targets.queue_max * max(1, informateurs // 45))
    return replace(plan, agents=agents, targets=targets)


class Office(Town):
    """`working` informateurs, all at their phones day and night, and the people who need them."""

    patience_s = 900.0

    def __init__(self, working: int, seed: int) -> None:
        super().__init__(0, working, seed, shipped_plan(working))
        self._best = [
            next(sector for sector, level in agent.skills.items() if level == 1)
            for agent in self.plan.agents.values()
        ]
        self._fiches: dict[SectorId, list[FicheId]] = {sector: [] for sector in self.plan.domains}
        for fiche in self.plan.fiches.values():
            self._fiches[fiche.sector].append(fiche.id)
        self._keys = dict(_ways(self.plan))
        self._per_s = working * LOAD / _HANDLING_S
        self._requests = 0
        #: Who typed a number during a call, by the number of the question.
        self._typed: dict[int, CallId] = {}

    def settle(self) -> None:
        """Let informateurs come, and people from now on."""
        for phone in self.plan.phones:
            self._soon(PhoneAppeared(phone))
        self._soon(_SomebodyComes(), 1.0)

    def trace(self, events: int) -> tuple[Trace, Trace]:
        """Return the events until the office is in a steady state, and the `events` that follow."""
        settling: Trace = []
        measured: Trace = []
        told = settling

        def note(event: Event, commands: list[Command], took: int, spent: int) -> None:
            told.append((event, self.now))

        self.settle()
        settled_at = self.now + _SETTLING_S
        while self.now < settled_at:
            self.run(1, note)
        told = measured
        self.run(events, note)
        return settling, measured

    def _come(self) -> None:
        chance, hours = self._chance, self.plan.hours
        if hours.is_open(self.now):
            sector = chance.choice(self._best)  # in proportion to its informateurs
            if chance.random() < _ON_THE_WEB:
                self._soon(self._request(sector))
            else:
                self._call_for(sector)
            self._soon(_SomebodyComes(), chance.expovariate(self._per_s))
        else:
            opens_at = hours.next_opening(self.now)
            assert opens_at is not None
            self._soon(_SomebodyComes(), opens_at - self.now)

    def _call_for(self, sector: SectorId) -> None:
        """Listen for a while, then press keys until the queue."""
        chance = self._chance
        self._callers += 1
        call = CallId(f"caller-{self._callers}")
        fiches = self._fiches[sector]
        at_s = chance.random() * _LISTENS_S
        if fiches and chance.random() < _HAS_CODE:
            keys = self._book.code(chance.choice(fiches), self.now)
        else:
            keys = self._keys[sector]
        self._soon(CallArrived(call))
        for key in keys:
            self._soon(KeyPressed(call, key), at_s)
            at_s += 0.3 + chance.random()

    def _request(self, sector: SectorId) -> CallbackAsked:
        self._requests += 1
        number = self._requests
        fiches = self._fiches[sector]
        fiche = self._chance.choice(fiches) if fiches else None
        return CallbackAsked(number, TicketId(f"ticket-{number}"), sector, fiche)

    def _what_happens(self, what: Event | Later) -> Event | None:
        match what:
            case _SomebodyComes():
                self._come()
            case CalledAnswered(call):
                return what if call in self._present else None
            case CalledEnded(call):
                if call in self._present:
                    self._present.remove(call)
                    return what
                return None
            case NumberTaken(call):
                return what if call in self._present else None
        return super()._what_happens(what)

    def _carry_out(self, command: Command) -> None:
        super()._carry_out(command)
        match command:
            case Play(call, channel, _, prompts) if channel == ChannelId(call):
                if CALLBACK_ASK in prompts and self._chance.random() > _VOICEMAIL:
                    self._soon(KeyPressed(call, YES), _SAYS_YES_S)
                elif CALLBACK_OFFER in prompts and self._chance.random() < _TAKES_OFFER:
                    self._soon(KeyPressed(call, CALLBACK_KEY), _SAYS_YES_S)
            case DialTicket(call):
                self._dial(call)
            case TakeNumber(call, sector, _):
                asked = self._request(sector)
                self._typed[asked.ask] = call
                self._soon(asked, _TYPES_S)
            case Admitted(ask, admission) if ask in self._typed:
                number = TicketId(f"ticket-{ask}") if admission.refusal is None else None
                self._soon(NumberTaken(self._typed.pop(ask), number))

    def _dial(self, call: CallId) -> None:
        self._present.add(call)
        behaves = self._chance.random()
        if behaves < _BUSY:
            self._soon(CalledEnded(call, CalledEnd.BUSY), 1.0)
        elif behaves > _BUSY + _NO_ANSWER:
            self._soon(CalledAnswered(call), self._chance.random() * _RINGS_S)

    def _noted(self, call: CallId, step: Step) -> None:
        super()._noted(call, step)
        if step is Step.VOTE_ASKED:
            self._soon(KeyPressed(call, "1"), 15.0)  # the second question


def _ways(plan: Plan) -> list[tuple[SectorId, str]]:
    """Return which keys of the menus lead to which sector."""
    ways: list[tuple[SectorId, str]] = []
    met: set[MenuId] = set()
    coming = [(plan.first_menu, "")]
    while coming:
        menu, keys = coming.pop()
        if menu in met:
            continue
        met.add(menu)
        for key, choice in plan.menus[menu].keys.items():
            match choice:
                case ToMenu(other):
                    coming.append((other, keys + key))
                case ToSector(sector):
                    ways.append((sector, keys + key))
    return ways
