"""A service that is on the wallboard: how it stands is the test's to say."""

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from aiohttp import web

from router.access import Keyring
from router.config import Goals, load
from router.core.call.life import CallState
from router.core.callback.tickets import TicketRecord
from router.core.desk.agents import AgentState, Choice
from router.core.desk.desk_view import CallView, DeskView
from router.core.facts import Door
from router.core.ids import AgentId, PhoneId, ReasonId, SectorId, TicketId
from router.core.plan import Agent, Plan
from router.core.requests import Directive, Reply, Request, Watching
from router.core.standing import SectorSnapshot
from router.core.today import Today
from router.report.columns import Column, Counts
from router.web.api import Api
from router.web.backend import DeskBackend
from router.web.metrics import Metrics
from router.web.snapshot import Snapshot
from router.web.wallboard.board import Telephony, View
from tests.service_plan import MONDAY_10H, code_book
from tests.web.desk_scene import tokens

#: So many informateurs, from 101 on.
MOST = 60
#: The sector in which most wait, and for too long.
FAMILY = SectorId("justice-famille")
GOALS = Goals(in_time=0.8, callbacks_kept=0.995, answered=0.85, abandoned_max=0.1)


def big_plan(informateurs: int = MOST) -> Plan:
    """The shipped plan, with more informateurs, a phone for supervisors, and nobody's name."""
    plan = load(None).plan
    known = list(plan.agents.values())
    agents = {
        (id_ := AgentId(str(101 + number))): Agent(id_, known[number % len(known)].skills)
        for number in range(informateurs)
    }
    desk = replace(plan.desk, supervisor_phones=(PhoneId("901"), PhoneId("902")))
    return replace(plan, agents=agents, desk=desk)


class Gone(Exception):
    """The service is not there."""


@dataclass
class Scene:
    """What the service's pages are told, and what was directed."""

    plan: Plan = field(default_factory=big_plan)
    #: By how much the service's clock is ahead of Monday, 10:00.
    ahead_s: float = 0.0
    desks: list[DeskView] = field(default_factory=list)
    waiting: dict[SectorId, list[float]] = field(default_factory=dict)
    tickets: list[TicketRecord] = field(default_factory=list)
    counted: dict[SectorId | None, Counts] = field(default_factory=dict)
    connected: bool = True
    #: When calls were last known while Asterisk is away; None: 40 s ago.
    known_at: float | None = None
    #: The service answers nothing, and streams end.
    gone: bool = False
    draining: bool = False
    today: Today | None = None
    goals: Goals = GOALS
    reply: Reply = Reply.DIRECTED
    directed: list[tuple[str, str, Directive]] = field(default_factory=list)
    watched: list[tuple[PhoneId, AgentId, Watching]] = field(default_factory=list)

    @property
    def now(self) -> float:
        return MONDAY_10H + self.ahead_s

    def application(self) -> web.Application:
        backend = DeskBackend(
            self._ask, self._watch, self._direct, self._desk, lambda: self.desks, lambda *_: []
        )
        self.keyring = Keyring(tokens(), lambda: self.now)
        metrics = Metrics(self.plan.sectors)
        app = Api(
            self.plan,
            code_book(self.plan),
            self.keyring,
            lambda: Snapshot(True, self.now, [], {}, {}, {}, defects=0),
            metrics,
            backend,
            self.look,
        ).application()
        app.middlewares.append(self._perhaps_gone)
        return app

    @web.middleware
    async def _perhaps_gone(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.gone and request.path.startswith("/v1/"):
            raise web.HTTPServiceUnavailable
        answer: web.StreamResponse = await handler(request)
        return answer

    def look(self) -> View:
        if self.gone:
            raise Gone
        on_duty = [one for one in self.desks if one.state is not AgentState.LOGGED_OUT]
        sectors = [
            SectorSnapshot(
                sector,
                len(self.waiting.get(sector, ())),
                sum(sector in one.skills for one in on_duty),
                sum(sector in one.skills for one in on_duty if one.state is AgentState.READY),
                None,
                self._told(sector),
            )
            for sector in self.plan.sectors
        ]
        return View(
            now=self.now,
            plan=self.plan,
            goals=self.goals,
            sectors=sectors,
            waiting={sector: self.waiting.get(sector, []) for sector in self.plan.sectors},
            desks=self.desks,
            tickets=self.tickets,
            counted=self.counted,
            counted_since_at=MONDAY_10H - 36_000,
            telephony=Telephony(self.connected, self.known_at or self.now - 40, self.now - 10),
            draining=self.draining,
            today=self.today,
        )

    def _told(self, sector: SectorId) -> tuple[int, int] | None:
        waiting = len(self.waiting.get(sector, ()))
        return (waiting, 2 * waiting + 1) if waiting < 4 else None

    async def _ask(self, agent: AgentId, request: Request) -> Reply:
        return Reply.NOT_NOW

    async def _watch(
        self, supervisor: str, phone: PhoneId, agent: AgentId, watching: Watching
    ) -> Reply:
        self.watched.append((phone, agent, watching))
        return self.reply

    async def _direct(self, supervisor: str, why: str, directive: Directive) -> Reply:
        self.directed.append((supervisor, why, directive))
        return self.reply

    def _desk(self, agent: AgentId) -> DeskView | None:
        return next((one for one in self.desks if one.agent == agent), None)

    # How it stands.

    def desk(self, agent: str, state: AgentState, since_s: float, **changes: Any) -> DeskView:
        """An informateur in this state for so long."""
        id_ = AgentId(agent)
        known: dict[str, Any] = {
            "phone": None if state is AgentState.LOGGED_OUT else PhoneId(agent),
            "present": state is not AgentState.LOGGED_OUT,
            "skills": self.plan.agents[id_].skills,
        }
        fields = {
            **dict.fromkeys(("reason", "until_at", "call", "watched_by", "why")),
            **known,
            "misses": 0,
            **changes,
        }
        return DeskView(agent=id_, state=state, since_at=self.now - since_s, **fields)

    def call(self, agent: str, state: CallState, since_s: float, **changes: Any) -> DeskView:
        """An informateur with a call that has been in this state for so long."""
        sector = next(iter(self.plan.agents[AgentId(agent)].skills))
        held = state in (CallState.HELD, CallState.CONSULTING, CallState.REFERRING)
        call = CallView(
            state,
            sector,
            Door.CODE,
            None,
            30.0,
            since_s,
            1,
            talking_at=self.now - since_s,
            held_at=self.now - since_s if held else None,
        )
        return self.desk(agent, AgentState.TALKING, since_s, call=call, **changes)

    def fill(self, seed: int = 1) -> None:
        """Have a busy morning: everybody does something, and all states are there."""
        random = Random(seed)
        reasons = list(self.plan.desk.reasons.values())
        self.desks = []
        for number, agent in enumerate(self.plan.agents):
            since_s = random.choice((8, 42, 95, 200, 340, 610, 1250))
            kind = number % 12
            if kind in (0, 1, 2):
                view = self.desk(agent, AgentState.READY, since_s)
            elif kind in (3, 4, 5, 6):
                view = self.call(agent, CallState.TALKING, since_s, why=WHY)
            elif kind == 7:
                held = (CallState.HELD, CallState.CONSULTING, CallState.REFERRING)
                view = self.call(agent, held[number // 12 % 3], since_s / 4)
            elif kind == 8:
                view = self.desk(
                    agent, AgentState.WRAPPING_UP, since_s % 40, until_at=self.now + 12
                )
            elif kind == 9:
                reason = reasons[number // 12 % len(reasons)]
                left_s = reason.longest_s - since_s
                view = self.desk(
                    agent,
                    AgentState.PAUSED,
                    since_s,
                    reason=reason.id,
                    until_at=self.now + left_s,
                )
            elif kind == 10:
                view = self.desk(agent, AgentState.RINGING, since_s % 14)
            else:
                view = self.desk(agent, AgentState.LOGGED_OUT, 0)
            self.desks.append(view)
        self.desks[-2] = self.desk(
            self.desks[-2].agent,
            AgentState.PAUSED,
            20,
            reason=ReasonId("missed"),
            until_at=self.now + 40,
        )
        self.desks[3] = replace(self.desks[3], watched_by="claire")
        self._fill_queues(random)

    def _fill_queues(self, random: Random) -> None:
        self.waiting, self.counted = {}, {}
        for number, sector in enumerate(self.plan.sectors):
            some = (0, 0, 1, 0, 3, 0, 2, 0, 0, 7)[number % 10]
            longest_s = 250 if some > 5 else 80
            self.waiting[sector] = [
                self.now - longest_s * (one + 1) / some - random.random() for one in range(some)
            ]
            answered = random.randrange(4, 60)
            abandoned = random.randrange(0, 7)
            self.counted[sector] = Counter(
                {
                    Column.OFFERED: answered + abandoned,
                    Column.LIVE_OFFERED: answered + abandoned,
                    Column.ANSWERED: answered,
                    Column.WITHIN: answered - random.randrange(0, 4),
                    Column.ABANDONED: abandoned,
                    Column.LIVE_ABANDONED: abandoned,
                    Column.WAITED_S: answered * 48,
                    Column.CALLBACK_PROMISED: 3,
                    Column.CALLBACK_KEPT: 3,
                }
            )
        self.tickets = [a_ticket(self, due_s) for due_s in (2400, 1500, 900, 560, 300, 120, -30)]


WHY = Choice(level=1, widened=1, ready=3, idle_s=125, waited_s=14, open_items=2)


def a_ticket(scene: Scene, due_s: float) -> TicketRecord:
    """A callback that is due in so many seconds, and waits."""
    sector = next(iter(scene.plan.domains))
    due_at = scene.now + due_s
    return TicketRecord(TicketId(f"ticket-{due_s}"), sector, None, due_at - 2700, due_at)
