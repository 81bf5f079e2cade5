"""A service with desks, whose engine gives the test's answers and keeps the questions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from router.access import Keyring, Scope, Token, digest
from router.config import Goals
from router.core.call.life import CallState
from router.core.desk.agents import AgentState, PastCall
from router.core.desk.desk_view import CallView, DeskView
from router.core.desk.pins import Pins
from router.core.facts import Door
from router.core.ids import AgentId, EntryId, PhoneId, PromptId, ReasonId, browser_of
from router.core.plan import Desk, Entry, PauseReason, Plan
from router.core.requests import Directive, Reply, Request, Watching
from router.core.standing import SectorSnapshot
from router.web.api import Api
from router.web.backend import DeskBackend
from router.web.metrics import Metrics
from router.web.sessions import Sessions
from router.web.snapshot import Snapshot
from router.web.softphone.handlers import Account, Softphones
from router.web.wallboard.board import Telephony, View
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, code_book, small_plan

Client = TestClient[web.Request, web.Application]


class Server(TestServer):
    """Serves as the service does: a handler goes on after its client has left."""

    async def _make_runner(self, **kwargs: Any) -> web.AppRunner:
        return web.AppRunner(self.app, access_log=None)


ME, OTHER, STRANGER = AgentId("101"), AgentId("102"), AgentId("999")
TOKENS = {ME: "jeton-101", OTHER: "jeton-102", STRANGER: "jeton-999"}
SUPERVISORS = {"claire": "jeton-claire"}
#: One token of each scope, by its name.
SCOPES = {scope: f"jeton-{scope}" for scope in Scope}
LUNCH = ReasonId("repas")
TAXES = EntryId("impots")
PINS = Pins({ME: "4711", OTHER: "4712"})


def as_agent(agent: AgentId = ME) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[agent]}"}


def as_supervisor(name: str = "claire") -> dict[str, str]:
    return {"Authorization": f"Bearer {SUPERVISORS[name]}"}


def tokens() -> list[Token]:
    return [
        *(Token(one, Scope.AGENTS, digest(value), one) for one, value in TOKENS.items()),
        *(Token(name, Scope.SUPERVISE, digest(value)) for name, value in SUPERVISORS.items()),
        *(
            Token(scope, scope, digest(value), ME if scope is Scope.AGENTS else None)
            for scope, value in SCOPES.items()
        ),
    ]


def desk_plan() -> Plan:
    reason = PauseReason(LUNCH, "Repas", "1", 3600)
    entry = Entry(TAXES, "Impôts", "12", "0199000001", PromptId("impots"), PromptId("impots-h"))
    return small_plan(
        desk=Desk(reasons={LUNCH: reason}, supervisor_phones=(PhoneId("900"),)),
        directory={TAXES: entry},
    )


def a_view(agent: AgentId = ME, **changes: Any) -> DeskView:
    """An informateur who has been ready for a minute."""
    view = DeskView(
        agent=agent,
        state=AgentState.READY,
        since_at=MONDAY_10H - 60,
        phone=PhoneId(agent),
        present=True,
        reason=None,
        until_at=None,
        misses=0,
        call=None,
        watched_by=None,
        why=None,
    )
    return replace(view, **changes)


def a_call(**changes: Any) -> CallView:
    """A call with an access code, two minutes into the conversation."""
    return replace(
        CallView(CallState.TALKING, HOUSING, Door.CODE, FICHE, 41.6, 120.2, 1), **changes
    )


def a_board_view(plan: Plan, desks: Sequence[DeskView], **changes: Any) -> View:
    """What the wallboard is made of on a quiet Monday morning."""
    view = View(
        now=MONDAY_10H,
        plan=plan,
        goals=Goals(in_time=0.8),
        sectors=[SectorSnapshot(sector, 0, 1, 1, None, (1, 3)) for sector in plan.sectors],
        waiting={sector: [] for sector in plan.sectors},
        desks=desks,
        tickets=[],
        counted={},
        counted_since_at=MONDAY_10H - 36_000,
        telephony=Telephony(True, None, MONDAY_10H - 5),
    )
    return replace(view, **changes)


class Engine:
    """What stands behind the HTTP interface."""

    def __init__(self) -> None:
        self.plan = desk_plan()
        self.ready = True
        self.reply = Reply.READY
        self.asked: list[tuple[AgentId, Request]] = []
        self.watched: list[tuple[str, PhoneId, AgentId, Watching]] = []
        self.directed: list[tuple[str, str, Directive]] = []
        self.keyring = Keyring(tokens(), lambda: MONDAY_10H)
        self.views = {ME: a_view(ME), OTHER: a_view(OTHER)}
        #: What the wallboard is made of.
        self.view = a_board_view(self.plan, list(self.views.values()))
        #: The conversations of the day, whoever asks.
        self.past: list[PastCall] = []
        self.pins = PINS
        self.sessions = Sessions(self.plan, self.pins, b"secret", lambda: MONDAY_10H)
        #: In seconds.
        self.heartbeat_s = 60.0
        #: How often a desk was looked at.
        self.looks = 0

    def application(
        self, poll_s: float = 0.01, heartbeat_s: float | None = None
    ) -> web.Application:
        backend = DeskBackend(
            ask=self._ask,
            watch=self._watch,
            direct=self._direct,
            desk=self._desk,
            desks=lambda: list(self.views.values()),
            past=lambda agent, now: self.past,
            poll_s=poll_s,
            heartbeat_s=heartbeat_s or self.heartbeat_s,
        )
        metrics = Metrics(self.plan.sectors)
        softphones = Softphones(
            self.plan,
            {ME: Account(browser_of(ME), "agent-101.web", "mot-de-passe")},
            "ws://127.0.0.1:9/ws",
            lambda presented: True,
            lambda event: None,
        )
        api = Api(
            self.plan,
            code_book(self.plan),
            self.keyring,
            self._snapshot,
            metrics,
            backend,
            lambda: self.view,
            self.sessions,
            softphones,
        )
        return api.application()

    def _snapshot(self) -> Snapshot:
        return Snapshot(self.ready, MONDAY_10H, [], {}, {}, {}, defects=0)

    async def _ask(self, agent: AgentId, request: Request) -> Reply:
        self.asked.append((agent, request))
        return self.reply

    async def _watch(
        self, supervisor: str, phone: PhoneId, agent: AgentId, watching: Watching
    ) -> Reply:
        self.watched.append((supervisor, phone, agent, watching))
        return self.reply

    async def _direct(self, supervisor: str, why: str, directive: Directive) -> Reply:
        self.directed.append((supervisor, why, directive))
        return self.reply

    def _desk(self, agent: AgentId) -> DeskView | None:
        self.looks += 1
        return self.views.get(agent)
