"""A real intake between stubs of a router and an Asterisk."""

import asyncio
import base64
import hashlib
import itertools
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web

from router.asterisk.settings import AsteriskOptions
from router.clock import Clock
from router.config import Callbacks, Config, Http, Log, Secrets, Settings
from router.core.callback.tickets import ENDS, Admission, Refusal, TicketRecord, TicketState
from router.core.ids import CallId, FicheId, PlaybackId, SectorId, TicketId
from router.intake.backend import IntakeBackend, Wanted
from router.intake.channel import PLAYBACK_PREFIX
from router.intake.dialling import DialError
from router.intake.sockets import listen_privately
from router.intake.supervisor import Intake
from router.intake.vault import TmpfsVault
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, WORK, small_plan

ORIGIN = "https://www.example.org"
KEY = "trusted-key-of-the-tests"
MACHINES_TOKEN = "token-of-the-machines"
SERVER = {"Authorization": f"Bearer {KEY}"}
PRESENTED = "3939"
#: Not the shipped plan's number: what is shown must come from the plan.
PLAN = small_plan(numbers=("3000",))
PROMISE_S = 2700.0

_PATIENCE_S = 20.0
_numbers = itertools.count()


def new_number() -> str:
    """Return a fictional number, as a person types it; no two are alike."""
    n = next(_numbers)
    start = ("06 39 98", "01 99 00", "02 61 91", "03 53 01")[n // 10_000]
    return f"{start} {n // 100 % 100:02} {n % 100:02}"


def digits(number: str) -> str:
    return number.replace(" ", "")


@dataclass
class Office:
    """The service behind the intake: what it was asked, and what it answers."""

    clock: Clock
    refusal: Refusal | None = None
    #: Decisions are given only when `decide` is called.
    slow: bool = False
    records: dict[TicketId, TicketRecord] = field(default_factory=dict)
    admitted: list[TicketId] = field(default_factory=list)
    dials: list[tuple[CallId, DialError | None]] = field(default_factory=list)
    #: What came of numbers that were to be typed: the ticket, or why there is none.
    entered: list[tuple[CallId, TicketId | None, str | None]] = field(default_factory=list)
    wanted: dict[CallId, Wanted] = field(default_factory=dict)
    lost: list[TicketId] = field(default_factory=list)
    undecided: list[asyncio.Event] = field(default_factory=list)

    async def admit(self, ticket: TicketId, sector: SectorId, fiche: FicheId | None) -> Admission:
        self.admitted.append(ticket)
        if self.slow:
            decision = asyncio.Event()
            self.undecided.append(decision)
            await decision.wait()
        now = self.clock.now()
        if self.refusal is None:
            record = TicketRecord(ticket, sector, fiche, now, now + PROMISE_S)
            self.records[ticket] = record
        return Admission(self.refusal, now + PROMISE_S, now + 600)

    async def typed(self, call: CallId, ticket: TicketId, wanted: Wanted) -> bool:
        self.entered.append((call, ticket, None))
        self.wanted[call] = wanted
        return self.refusal is None

    def not_typed(self, call: CallId, why: str) -> None:
        self.entered.append((call, None, why))

    def decide(self) -> None:
        for decision in self.undecided:
            decision.set()
        self.undecided.clear()

    def status(self, ticket: TicketId) -> TicketRecord | None:
        return self.records.get(ticket)

    def dialled(self, call: CallId, error: DialError | None) -> None:
        self.dials.append((call, error))

    def number_lost(self, ticket: TicketId) -> None:
        self.lost.append(ticket)

    def cancel(self, ticket: TicketId) -> TicketRecord | None:
        record = self.records.get(ticket)
        if record is not None and record.state is TicketState.WAITING:
            record = self.records[ticket] = replace(record, state=TicketState.CANCELLED)
        return record

    def end(self, ticket: TicketId, state: TicketState = TicketState.DONE, **more: Any) -> None:
        self.records[ticket] = replace(self.records[ticket], state=state, **more)

    def open_tickets(self) -> set[TicketId]:
        return {one for one, record in self.records.items() if record.state not in ENDS}


@dataclass
class AriStub:
    """Asterisk's HTTP interface, and what it was asked."""

    status: int = 200
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    plays: list[tuple[str, str, list[str]]] = field(default_factory=list)
    hushed: list[str] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    #: If set, answers to originates wait for it.
    gate: asyncio.Event | None = None
    port: int = 0
    runner: Any = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        app = web.Application()
        app.router.add_post("/ari/channels/{id}/play/{playback}", self._play)
        app.router.add_delete("/ari/playbacks/{playback}", self._hush)
        app.router.add_post("/ari/channels/{id}", self._originate)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port, self.runner = site.port, runner
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _originate(self, request: web.Request) -> web.Response:
        self.targets.append(request.path_qs)
        self.connections.add(request.transport)
        self.calls.append((request.match_info["id"], await request.json()))
        if self.gate is not None:
            await self.gate.wait()
        return web.json_response({"message": "said"}, status=self.status)

    async def _play(self, request: web.Request) -> web.Response:
        asked = await request.json()
        said = [one.removeprefix("sound:allo/") for one in asked["media"]]
        assert not any(one.startswith("pair-") for one in said), "Asterisk would log it"
        language, _, pair = asked["lang"].partition("_")
        assert language == "fr"
        if pair:
            assert set(said) == {"pair"}
            said = [f"pair-{pair}"] * len(said)
        self.plays.append((request.match_info["id"], request.match_info["playback"], said))
        return web.json_response({})

    async def _hush(self, request: web.Request) -> web.Response:
        self.hushed.append(request.match_info["playback"])
        return web.Response(status=204)


@dataclass
class RouterWeb:
    """The router's own interface, on its socket, and what it was asked."""

    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    events: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    streams: int = 0

    PATHS = (
        *("/", "/healthz", "/readyz", "/metrics", "/v1/service"),
        *("/v1/agents/{agent}/events", "/v1/agents/me/note"),
    )

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator[Self]:
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_get("/v1/agents/{agent}/events", self._stream)
        app.router.add_route("*", "/{path:.*}", self._any)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, listen_privately(folder)).start()
        self.runner = runner
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _any(self, request: web.Request) -> web.Response:
        self.seen.append((request.path_qs, dict(request.headers), await request.read()))
        return web.json_response({"path": request.path}, headers={"X-Router": "yes"})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        self.streams += 1
        try:
            while True:
                await answer.write(f"data: {await self.events.get()}\n\n".encode())
        except ConnectionError:
            pass
        return answer


def intake_config(
    folder: Path, ari_port: int, log_level: Literal["debug", "info"] = "info", **changes: Any
) -> Config:
    """A configuration with callbacks, with `changes` of their settings."""
    settings = Settings(
        secrets=None,
        state_dir=folder,
        asterisk=AsteriskOptions(ari_port=ari_port),
        http=Http("127.0.0.1", 0),
        callbacks=Callbacks(
            **{
                "origins": (ORIGIN,),
                "presented": PRESENTED,
                "fiction": True,
                "difficulty": 1000,
                "recycle_numbers": 10_000,
                **changes,
            }
        ),
        log=Log(log_level),
    )
    secrets = Secrets(
        code_secret=b"secret of the tests",
        ari_password="ari-password",
        api_key="k",
        agents={},
        machines_token=MACHINES_TOKEN,
        callback_keys={"site": KEY},
    )
    return Config(PLAN, settings, secrets)


class IntakeScene:
    """Everything that is running, and those who ask: a browser of the allowed site, a server.

    `backend` stands behind the intake instead of the office, if given.
    """

    def __init__(
        self,
        folder: Path,
        office: Office,
        asterisk: AriStub,
        web: RouterWeb,
        session: aiohttp.ClientSession,
        backend: IntakeBackend | None = None,
    ) -> None:
        self.folder = folder
        self.office = office
        self.backend = backend or office
        self.asterisk = asterisk
        self.web = web
        self.vault_dir = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="allo-test-"))
        self.session = session
        self.intake: Intake

    def config(self, log_level: Literal["debug", "info"] = "info", **changes: Any) -> Config:
        """The configuration, with `changes` of the callbacks' settings."""
        changes = {"vault_dir": self.vault_dir, **changes}
        return intake_config(self.folder, self.asterisk.port, log_level, **changes)

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.intake.port}"

    async def open(
        self,
        *,
        shortest_life_s: float = 20.0,
        linger_s: float = 1.0,
        quiet: bool = False,
        **changes: Any,
    ) -> None:
        self.intake = Intake(
            self.config(**changes),
            self.office.clock,
            self.backend,
            shortest_life_s=shortest_life_s,
            linger_s=linger_s,
        )
        if not quiet:
            self.accept()
        await self.intake.start(RouterWeb.PATHS)
        await self.until(lambda: self.intake.ready)

    def reset(self) -> None:
        """Forget what was asked; end every ticket, and open every sector."""
        for ticket in {*self.office.records, *map(TicketId, self.numbers())}:
            self.intake.ended(ticket)
        for kept in (self.office.records, self.office.admitted, self.office.dials):
            kept.clear()
        self.office.entered.clear()
        self.office.wanted.clear()
        self.office.refusal, self.office.slow = None, False
        self.asterisk.status, self.asterisk.gate = 200, None
        for asked in (self.asterisk.calls, self.asterisk.plays, self.asterisk.hushed):
            asked.clear()
        self.web.seen.clear()
        self.accept()

    def accept(
        self,
        refusal: Refusal | None = None,
        most_open: int = 9_000,
        answered: tuple[SectorId, ...] | None = (HOUSING, WORK),
    ) -> None:
        on_duty = None if answered is None else list(answered)
        self.intake.accepting({HOUSING: refusal, WORK: refusal}, most_open, on_duty)

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.005)

    # --- requests --------------------------------------------------------------------------

    async def ask(
        self,
        body: Any = None,
        *,
        key: str | None = None,
        method: str = "POST",
        path: str = "/v1/callbacks",
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> tuple[int, Any]:
        """Send one request, a trusted server's by default; return the status and the content."""
        sent = dict(SERVER if headers is None else headers)
        if method == "POST":
            sent.setdefault("Idempotency-Key", key or f"key-{next(_numbers):08}")
        if data is None and body is not None:
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method, self.home + path, data=data, headers=sent
        ) as answer:
            self.headers = answer.headers
            content = await answer.read()
        if content and answer.content_type == "application/json":
            return answer.status, json.loads(content)
        return answer.status, content.decode()

    async def accepted(self, phone: str | None = None, **more: Any) -> TicketId:
        status, told = await self.ask({"phone": phone or new_number(), "fiche": FICHE}, **more)
        assert status == 202, told
        return TicketId(told["ticket"])

    async def until_replaced(self, pid: int) -> None:
        """Wait until the process has gone and another one serves."""
        await self.until(lambda: pid not in self.intake.pids and self.intake.ready)

    async def until_refused(self) -> None:
        """Wait until the intake knows that no callback is taken."""
        path = f"/v1/callbacks/challenge?fiche={FICHE}"
        async with asyncio.timeout(_PATIENCE_S):
            while (await self.ask(method="GET", path=path, headers={}))[0] != 503:
                pass

    async def solved(self) -> str:
        """Return a proof of work, as the widget makes it."""
        _, told = await self.ask(method="GET", path="/v1/callbacks/challenge", headers={})
        return solve(told)

    def numbers(self) -> dict[str, str]:
        """Return the numbers in the vault, by ticket."""
        held = TmpfsVault(self.vault_dir)
        try:
            kept = {ticket: held.get(ticket) for ticket in held.tickets()}
        finally:
            held.close()
        return {ticket: number.e164 if number else "" for ticket, number in kept.items()}


def is_alive(pid: int) -> bool:
    """Whether the process runs: a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def solve(told: dict[str, Any]) -> str:
    for number in range(told["maxnumber"] + 1):
        if hashlib.sha256(f"{told['salt']}{number}".encode()).hexdigest() == told["challenge"]:
            solution = {k: told[k] for k in ("algorithm", "challenge", "salt", "signature")}
            return base64.b64encode(json.dumps({**solution, "number": number}).encode()).decode()
    raise AssertionError("no solution")


def playback_of(play: tuple[str, str, list[str]]) -> PlaybackId:
    assert play[1].startswith(PLAYBACK_PREFIX)
    return PlaybackId(play[1])


@asynccontextmanager
async def scene(
    folder: Path, *, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[IntakeScene]:
    """Open a scene with `changes` of the callbacks' settings."""
    office = Office(clock or Clock(MONDAY_10H - time.time()))
    async with (
        AriStub().running() as asterisk,
        RouterWeb().running(folder) as router,
        aiohttp.ClientSession() as session,
    ):
        one = IntakeScene(folder, office, asterisk, router, session)
        try:
            await one.open(**changes)
            try:
                yield one
            finally:
                await one.intake.stop()
        finally:
            for path in one.vault_dir.iterdir():
                path.unlink()
            one.vault_dir.rmdir()
