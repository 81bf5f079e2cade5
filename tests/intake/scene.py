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
from pathlib import Path
from typing import Any, Literal

import aiohttp

from router.access import Scope
from router.asterisk.carriers import Carrier
from router.asterisk.settings import AsteriskOptions
from router.clock import Clock
from router.config import Access, Callbacks, Config, Http, Log, Probe, Secrets, Settings
from router.core.callback.tickets import Refusal
from router.core.ids import AgentId, PlaybackId, SectorId, TicketId
from router.intake.backend import IntakeBackend
from router.intake.channel import PLAYBACK_PREFIX
from router.intake.supervisor import Intake
from router.intake.vault import TmpfsVault
from tests.intake.stubs import AriStub, Office, RouterWeb
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, WORK, small_plan

ORIGIN = "https://www.example.org"
KEY = "trusted-key-of-the-tests"
MACHINES_TOKEN = "token-of-the-machines"
#: One more token of each scope.
TOKENS = {scope: f"{scope}-token-of-the-tests" for scope in Scope}
SERVER = {"Authorization": f"Bearer {KEY}"}
BROWSER = {"Origin": ORIGIN}
FOREIGN = {"Origin": "https://evil.example.net"}
PRESENTED = "3939"
#: Not the shipped plan's number: what is shown must come from the plan.
PLAN = small_plan(numbers=("3000",))

_PATIENCE_S = 20.0
_numbers = itertools.count()


def new_number() -> str:
    """Return a fictional number, as a person types it; no two are alike."""
    n = next(_numbers)
    start = ("06 39 98", "01 99 00", "02 61 91", "03 53 01")[n // 10_000]
    return f"{start} {n // 100 % 100:02} {n % 100:02}"


def digits(number: str) -> str:
    return number.replace(" ", "")


def body(**changes: Any) -> dict[str, Any]:
    """Return a request for a callback to a new number."""
    return {"phone": new_number(), "fiche": FICHE, **changes}


def error_of(told: Any) -> tuple[str, str | None]:
    """Check the form of a refusal; return its code and its field."""
    error = told["error"]
    assert set(error) - {"next_opening_at", "scope"} == {"code", "field", "message"}
    assert error["message"].endswith((".", "»."))
    return error["code"], error["field"]


def intake_config(
    folder: Path, ari_port: int, log_level: Literal["debug", "info"] = "info", **changes: Any
) -> Config:
    """A configuration with callbacks, with `changes` of their settings."""
    settings = Settings(
        secrets=None,
        state_dir=folder,
        asterisk=AsteriskOptions(
            ari_port=ari_port,
            carriers=tuple(Carrier(name=name, hosts=()) for name in ("trunk", "one", "two")),
        ),
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
        probe=Probe(every_s=0),
    )
    secrets = Secrets(
        code_secret=b"secret of the tests",
        ari_password="ari-password",
        api_key="k",
        agents={},
        machines_token=MACHINES_TOKEN,
        callback_keys={"site": KEY},
        access={
            scope: Access(scope.value, token, AgentId("101") if scope is Scope.AGENTS else None)
            for scope, token in TOKENS.items()
        },
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
        look_s: float = 2.0,
        quiet: bool = False,
        **changes: Any,
    ) -> None:
        self.intake = Intake(
            self.config(**changes),
            self.office.clock,
            self.backend,
            shortest_life_s=shortest_life_s,
            linger_s=linger_s,
            look_s=look_s,
            look_at_vault_s=0.05,
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
        self.web.gate = None
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

    async def accepted_in_the_end(self) -> TicketId:
        """Ask until a callback is promised; return its ticket."""
        asked = {"phone": new_number(), "fiche": FICHE}
        async with asyncio.timeout(_PATIENCE_S):
            while (answer := await self.ask(asked))[0] != 202:
                assert answer[0] == 503, answer
                await asyncio.sleep(0.05)
        return TicketId(answer[1]["ticket"])

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
