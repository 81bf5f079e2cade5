"""Sets the stage: configuration, Asterisk, the router as its own process, telephones.

Everything listens on loopback, at the addresses of docs/operation.md, moved by `port_offset`.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from router.asterisk.server import AsteriskServer
from router.asterisk.toolbox import Toolbox
from router.config import Config, Secrets, load, load_secrets, new_secrets
from router.core.codes import CodeBook
from router.core.desk.agents import AgentState
from router.core.ids import AgentId, FicheId, PhoneId
from router.core.plan import Plan
from router.demo.phones import AgentPhone, PublicNetwork
from router.demo.seats import Seat
from router.errors import ConfigError, SetupError
from router.intake.vault import place_of
from router.lifeline import tied_to_us
from router.locks import Lock, see_that_it_is_free
from router.places import PLAN, PROMPTS, TOP, writing
from router.ports import Address, check_free

#: The page whose code the simulated caller types.
FICHE = FicheId("F1234")
FIRST_AGENT = 101
SIP_PORT, AGENTS_PORT, ARI_PORT, HTTP_PORT, RTP_PORT = 5060, 5062, 8088, 8039, 10000
#: Where the simulated public network takes calls.
PSTN_PORT = 5064
_LOOPBACK = "127.0.0.1"
_ROUTER_READY_S = 20.0
#: Calls between phones on this machine need none of these.
_CAN_BE_MISSING = frozenset({"trunk", "store", "vault"})
#: In the demo's folder, the service's own.
_SERVICE = "asterisk"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is to be played."""

    state_dir: Path
    agents: int = 3
    port_offset: int = 0
    #: UTC epoch seconds at which the service's clock starts; None: now.
    opens_at: float | None = None
    #: `host:port` that outgoing calls go to.
    trunk: str | None = None
    #: Informateurs whose phones are people's own.
    seats: tuple[str, ...] = ()
    #: Web sites that may ask for callbacks, beside our own pages.
    origins: tuple[str, ...] = ()
    #: Where the router writes its recording, if anywhere.
    record: Path | None = None
    #: Overrides for tests: of the plan's [targets] and [callbacks], and of the settings'
    #: [asterisk] and [callbacks].
    targets: Mapping[str, Any] = field(default_factory=dict)
    promise: Mapping[str, Any] = field(default_factory=dict)
    asterisk: Mapping[str, Any] = field(default_factory=dict)
    callbacks: Mapping[str, Any] = field(default_factory=dict)
    prompts_dir: Path = PROMPTS
    rings_s: float = 1.5
    talks_s: float = 20.0


class Stage:
    """A whole service on this machine. `await open()`, use it, `await close()`."""

    def __init__(self, script: Script, toolbox: Toolbox, say: Say) -> None:
        """Write its configuration.

        Raises:
            InUse: If a demo or a router uses the state folder. Nothing was changed.
        """
        self.script = script
        self.toolbox = toolbox
        self._say = say
        self.state_dir = script.state_dir
        self.phones: list[AgentPhone] = []
        self.pstn: PublicNetwork | None = None
        self.router: asyncio.subprocess.Process | None = None
        self.sip = f"{_LOOPBACK}:{SIP_PORT + script.port_offset}"
        self.agents_sip = f"{_LOOPBACK}:{AGENTS_PORT + script.port_offset}"
        self.http_port = HTTP_PORT + script.port_offset
        self.http = f"http://{_LOOPBACK}:{self.http_port}"
        self.router_log = self.state_dir / "router.log"
        self._pstn_port = PSTN_PORT + script.port_offset
        self._offset_s = 0.0
        with writing(self.state_dir):
            self._lock = _taken(self.state_dir)
            self.config = self._write_configuration()
        self.asterisk = AsteriskServer(self.config.asterisk(), toolbox)

    @property
    def router_runs(self) -> bool:
        """Whether the router's process is there."""
        return self.router is not None and self.router.returncode is None

    @property
    def vault_dir(self) -> Path:
        """Where the router keeps numbers."""
        settings = self.config.settings
        return place_of(settings.callbacks.vault_dir, settings.state_dir, os.environ)

    @property
    def plan(self) -> Plan:
        return self.config.plan

    def code(self, fiche: FicheId = FICHE) -> str:
        """Return the access code of `fiche` by the service's clock."""
        keys = self.secrets
        book = CodeBook.of(self.plan, keys.code_secret)
        return book.code(fiche, self.now())

    def now(self) -> float:
        """Return the service's time."""
        return datetime.now(UTC).timestamp() + self._offset_s

    def put_forward(self, seconds: float) -> None:
        """Put the service's clock forward, for routers that are started from now on."""
        self._offset_s += seconds

    async def open(self) -> None:
        """Start Asterisk, the router and the informateurs' phones, and wait until all is ready.

        Raises:
            SetupError: If a port is taken or something does not start.
        """
        await self.open_service()
        if self.script.trunk is None:
            self.pstn = PublicNetwork(
                self.toolbox, self.sip, self.state_dir / "sipp", self._pstn_port
            )
            await self.pstn.start()
        for phone in self._agent_phones():
            self.phones.append(phone)
            await phone.start()
        await self._until(self._agents_ready, "the informateurs' phones are not seen")
        self._say(f"simulated informateurs who are ready: {len(self.phones)}")

    async def open_service(self) -> None:
        """Start Asterisk and the router, without anybody at the phones.

        Raises:
            SetupError: If a port is taken or something does not start.
        """
        if self.script.opens_at is not None:
            self._offset_s = self.script.opens_at - datetime.now(UTC).timestamp()
        self._check_ports()
        await self.asterisk.start()
        self._say(f"Asterisk {self.toolbox.asterisk_version} takes calls at {self.sip}")
        await self.start_router()
        self._say(f"the router is ready, {self.http}")

    async def start_router(self) -> None:
        """Start the router as a process of its own and wait until it is ready."""
        words = ["run", "--config", str(self.state_dir / "allo.toml")]
        if self.script.opens_at is not None:
            words += ["--clock-offset", str(self._offset_s)]
        if self.script.record is not None:
            words += ["--record", str(self.script.record)]
        with writing(self.router_log):
            log = self.router_log.open("ab")
        with log:
            self.router = await asyncio.create_subprocess_exec(
                *tied_to_us(sys.executable, "-P", "-m", "router.cli", *words),
                env={**os.environ, "PYTHONPATH": str(TOP)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            )
        await self._until(self._router_ready, "the router did not get ready")

    async def close(self) -> None:
        """Take everything down, in the order that ends calls politely."""
        for phone in self.phones:
            await phone.stop()
        self.phones.clear()
        if self.pstn is not None:
            await self.pstn.stop()
        await self.stop_router()
        await self.asterisk.stop()
        self._lock.release()

    async def stop_router(self) -> None:
        """Ask the router to stop; kill it when it does not."""
        if self.router is None or not self.router_runs:
            return
        with suppress(ProcessLookupError):
            self.router.terminate()
        try:
            async with asyncio.timeout(5):
                await self.router.wait()
        except TimeoutError:
            await self.kill_router()

    async def kill_router(self) -> None:
        """End the router as a crash would."""
        if self.router is not None and self.router.returncode is None:
            self.router.kill()
            await self.router.wait()

    def ready_file(self) -> str:
        """Return what scripts need to know, as JSON."""
        settings = self.asterisk.settings
        address = f"{settings.ari_host}:{settings.ari_port}"
        assert self.router is not None, "open() first"
        return json.dumps(
            {
                "sip": self.sip,
                "http": self.http,
                "ari": f"http://{settings.ari_user}:{settings.ari_password}@{address}/ari",
                "code": self.code(),
                "fiche": FICHE,
                "seats": {seat.agent: seat.as_json() for seat in self.seats},
                "api_key": self.secrets.api_key,
                "callback_keys": self.secrets.callback_keys,
                "agent_tokens": self.secrets.tokens,
                "supervisor_tokens": self.secrets.supervisors,
                "pids": {"router": self.router.pid, "asterisk": self.asterisk.pid},
                "state_dir": str(self.state_dir),
                "asterisk_log": str(self.asterisk.log_path),
                "router_log": str(self.router_log),
            },
            indent=2,
        )

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        """Return the JSON that the router's HTTP interface gives at `path`."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.http + path, headers=headers) as answer,
        ):
            return await answer.json()

    # Configuration.

    def _write_configuration(self) -> Config:
        """Write the demo's own settings; the plan is the real one, its informateurs simulated."""
        state = self.state_dir
        state.mkdir(parents=True, exist_ok=True)
        agents = [str(FIRST_AGENT + number) for number in range(self.script.agents)]
        shipped = load(None)
        seats = self.script.seats

        def skills(agent: str) -> str:
            # Who sits there in person is asked first.
            level = 2 if seats and agent not in seats else 1
            return ", ".join(f"{sector} = {level}" for sector in shipped.plan.domains)

        (state / "agents.toml").write_text(
            "# Informateurs who know everything, simulated or not.\n"
            + "".join(f"{agent} = {{ {skills(agent)} }}\n" for agent in agents)
        )
        secrets = state / "secrets.toml"
        phones = shipped.plan.desk.supervisor_phones
        if not _are_for(secrets, agents, phones):
            with open(os.open(secrets, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(new_secrets(agents, phones))
        (state / "allo.toml").write_text(self._settings_text())
        return load(state / "allo.toml")

    def _settings_text(self) -> str:
        offset = self.script.port_offset
        trunk = f'trunk_peer = "{self.script.trunk or f"{_LOOPBACK}:{self._pstn_port}"}"\n'
        if self.script.trunk is None:
            trunk += "trunk_qualify_s = 0  # the simulated network answers no OPTIONS\n"
        ours = (self.http, f"http://localhost:{self.http_port}")
        origins = json.dumps([*ours, *self.script.origins])
        callbacks = {"origins": origins, "fiction": "true", **self.script.callbacks}
        asked = "".join(f"{name} = {value}\n" for name, value in callbacks.items())
        others = "".join(f"{name} = {value}\n" for name, value in self.script.asterisk.items())
        return f"""# Written by ./allo demo at every start.
plan = "{self._plan_path()}"
agents = "agents.toml"
secrets = "secrets.toml"
state_dir = "{_SERVICE}"
prompts_dir = "{self.script.prompts_dir}"

[asterisk]
trunk_bind = "{self.sip}"
agents_bind = "{self.agents_sip}"
ari_port = {ARI_PORT + offset}
rtp_first = {RTP_PORT + offset}
rtp_last = {RTP_PORT + offset + 1999}
agent_qualify_s = 0  # simulated phones answer no OPTIONS
agents_behind_nat = false  # they register from another port than they are called at
{trunk}{others}
[http]
port = {self.http_port}

[callbacks]
presented = "3939"
{asked}"""

    def _plan_path(self) -> Path:
        """Return the shipped plan, or a copy with the script's targets and promise."""
        changes = {"targets": self.script.targets, "callbacks": self.script.promise}
        if not any(changes.values()):
            return PLAN
        text = PLAN.read_text(encoding="utf-8")
        for table, values in changes.items():
            text = _with_values(text, table, values)
        copy = self.state_dir / "3939.toml"
        copy.write_text(text, encoding="utf-8")
        return copy

    @property
    def secrets(self) -> Secrets:
        assert self.config.secrets is not None, "written by _write_configuration"
        return self.config.secrets

    @property
    def seats(self) -> list[Seat]:
        """Those left free."""
        keys = self.secrets
        return [
            Seat(agent, self.agents_sip, keys.agents[PhoneId(agent)], keys.pins[agent])
            for agent in map(AgentId, self.script.seats)
        ]

    async def taken(self, seat: Seat) -> None:
        """Wait until somebody sits there, ready for calls.

        Raises:
            SetupError: If the router stops meanwhile.
        """
        headers = {"Authorization": f"Bearer {self.secrets.tokens[seat.agent]}"}
        while self.router_runs:
            with suppress(aiohttp.ClientError):
                told = await self.get("/v1/agents/me", headers)
                if told["desk"]["state"] == AgentState.READY:
                    return
            await asyncio.sleep(0.2)
        raise SetupError("the router stopped", f"See {self.router_log}.")

    def _agent_phones(self) -> list[AgentPhone]:
        return [
            AgentPhone(
                self.toolbox,
                str(agent),
                self.secrets.agents[PhoneId(agent)],
                self.agents_sip,
                self.state_dir / "sipp",
                rings_s=self.script.rings_s,
                talks_s=self.script.talks_s,
            )
            for agent in self.plan.agents
            if agent not in self.script.seats
        ]

    # Readiness.

    def _check_ports(self) -> None:
        """Try those that are not Asterisk's. Raises SetupError."""
        wanted = [Address(socket.SOCK_STREAM, _LOOPBACK, self.http_port, "HTTP")]
        if self.script.trunk is None:
            network = "the simulated public network"
            wanted.append(Address(socket.SOCK_DGRAM, _LOOPBACK, self._pstn_port, network))
        for address in wanted:
            check_free(address, "Stop what holds it, or move all ports with --port-offset N.")

    async def _until(self, ready: Callable[[], Any], trouble: str) -> None:
        try:
            async with asyncio.timeout(_ROUTER_READY_S):
                while not await ready():
                    if self.router is not None and self.router.returncode is not None:
                        raise SetupError("the router stopped", f"See {self.router_log}.")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise SetupError(
                trouble, f"See {self.router_log} and {self.asterisk.log_path}."
            ) from None

    async def _router_ready(self) -> bool:
        try:
            told = await self.get("/readyz")
        except aiohttp.ClientError:
            return False
        return _CAN_BE_MISSING.issuperset(told.get("missing", ()))

    async def _agents_ready(self) -> bool:
        service = await self.get("/v1/service")
        return all(one["informateurs"] >= len(self.phones) for one in service["sectors"])


def _taken(state_dir: Path) -> Lock:
    """Take the demo's folder, unless a router runs by the settings of an earlier one."""
    remedy = "Stop it first, or give this demo --state DIR and --port-offset N."
    lock = Lock(state_dir, "./allo demo", remedy)
    try:
        see_that_it_is_free(state_dir / _SERVICE, remedy)
    except BaseException:
        lock.release()
        raise
    return lock


def _with_values(toml: str, table: str, values: Mapping[str, Any]) -> str:
    """Return the text with these values in the table, whose others stay."""
    before, head, rest = toml.partition(f"\n[{table}]\n")
    body, next_head, after = rest.partition("\n[")
    kept = [line for line in body.splitlines() if line.split("=")[0].strip() not in values]
    changed = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return before + head + "\n".join([*changed, *kept, ""]) + next_head + after


def _are_for(path: Path, agents: Iterable[str], supervisor_phones: Iterable[str]) -> bool:
    """Say whether the secrets written at an earlier start have all that these need."""
    try:
        known = load_secrets(path)
    except ConfigError:
        return False
    return (
        set(known.agents) == {*agents, *supervisor_phones}
        and set(known.pins) == set(known.tokens) == set(agents)
        and bool(known.supervisors)
    )
