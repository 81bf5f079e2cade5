"""The stage of a demo: Asterisk, the router as a process of its own, simulated telephones.

Everything listens on loopback, at the addresses of docs/operation.md, moved by `port_offset`.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from router.asterisk.server import AsteriskServer
from router.asterisk.toolbox import Toolbox
from router.config import Secrets
from router.core.codes import CodeBook
from router.core.desk.agents import AgentState
from router.core.ids import AgentId, FicheId, PhoneId
from router.core.plan import Plan
from router.demo.configuration import SERVICE, SETTINGS, write_configuration
from router.demo.keeping import FALLBACK_S, ROUTER_S, Watchdog, keep
from router.demo.phones import AgentPhone, PublicNetwork
from router.demo.router_process import RouterProcess
from router.demo.script import FICHE, LOOPBACK, Script
from router.demo.seats import Seat
from router.errors import SetupError
from router.intake.vault import place_of
from router.locks import Lock, see_that_it_is_free
from router.places import writing
from router.ports import Address, check_free

_READY_S = 60.0  # usually two seconds; a loaded machine takes longer
#: Calls between phones on this machine need none of these.
_CAN_BE_MISSING = frozenset({"trunk", "store", "vault"})

Say = Callable[[str], None]


class Stage:
    """A whole service on this machine. `await open()`, use it, `await close()`."""

    def __init__(self, script: Script, toolbox: Toolbox, say: Say) -> None:
        """Write its configuration.

        Raises:
            InUse: If another demo, or a router, uses the state folder. Nothing has been changed.
            DiskError: If the folder cannot be written.
        """
        self.script = script
        self.toolbox = toolbox
        self._say = say
        self.state_dir = script.state_dir
        self.phones: list[AgentPhone] = []
        self.pstn: PublicNetwork | None = None
        self.router: RouterProcess | None = None
        #: What looks after callers while the router is away.
        self.fallback: RouterProcess | None = None
        self.sip = script.addresses.sip
        self.agents_sip = script.addresses.agents_sip
        self.http_port = script.addresses.http_port
        self.http = script.addresses.http
        #: What a router that is started from now on reads.
        self.router_settings = self.state_dir / SETTINGS
        self.router_log = self.state_dir / "router.log"
        self.fallback_log = self.state_dir / "fallback.log"
        self._router_watchdog = Watchdog(ROUTER_S)
        self._fallback_watchdog = Watchdog(FALLBACK_S)
        self._offset_s = 0.0
        with writing(self.state_dir):
            self._lock = _taken(self.state_dir)
            self.config = write_configuration(script)
        self.asterisk = AsteriskServer(self.config.asterisk(), toolbox)

    @property
    def router_runs(self) -> bool:
        """Whether the router's process is alive."""
        return self.router is not None and self.router.running

    @property
    def vault_dir(self) -> Path:
        """Where the router keeps numbers."""
        settings = self.config.settings
        return place_of(settings.callbacks.vault_dir, settings.state_dir, os.environ)

    @property
    def plan(self) -> Plan:
        """The plan that is played."""
        return self.config.plan

    @property
    def secrets(self) -> Secrets:
        """The secrets of this demo."""
        assert self.config.secrets is not None, "write_configuration wrote them"
        return self.config.secrets

    @property
    def seats(self) -> list[Seat]:
        """The seats that are left free for people's own phones."""
        keys = self.secrets
        return [
            Seat(agent, self.agents_sip, keys.agents[PhoneId(agent)], keys.pins[agent])
            for agent in map(AgentId, self.script.seats)
        ]

    def code(self, fiche: FicheId = FICHE) -> str:
        """Return the access code of `fiche` by the service's clock."""
        return CodeBook.of(self.plan, self.secrets.code_secret).code(fiche, self.now())

    def now(self) -> float:
        """Return the service's time, in UTC epoch seconds."""
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
            port = self.script.addresses.pstn_port
            self.pstn = PublicNetwork(self.toolbox, self.sip, self.state_dir / "sipp", port)
            await self.pstn.start()
        for phone in self._agent_phones():
            self.phones.append(phone)
            await phone.start()
        await self._until(self._agents_ready, "the informateurs' phones did not register")
        self._say(f"simulated informateurs who are ready: {len(self.phones)}")

    async def open_service(self) -> None:
        """Start Asterisk and the router, without anybody at the phones.

        Raises:
            SetupError: If a port is taken or something does not start.
        """
        if self.script.opens_at is not None:
            self._offset_s = self.script.opens_at - datetime.now(UTC).timestamp()
        self._check_ports()
        await self._router_watchdog.open()
        await self._fallback_watchdog.open()
        await self.asterisk.start()
        self._say(f"Asterisk {self.toolbox.asterisk_version} takes calls at {self.sip}")
        await self.start_fallback()
        await self.start_router()
        self._say(f"the router is ready, {self.http}")

    async def start_fallback(self) -> None:
        """Start what looks after callers while the router is away; it is ready soon after."""
        words = ["--config", str(self.state_dir / SETTINGS)]
        if self.script.opens_at is not None:
            words += ["--clock-offset", str(self._offset_s)]
        told = {**self._fallback_watchdog.environment(), **self.script.environment}
        self.fallback = await RouterProcess.start(
            self.fallback_log, *words, command="fallback", told=told
        )

    async def start_router(self) -> None:
        """Start a router and wait until it is ready.

        Raises:
            SetupError: If it stops or does not become ready.
        """
        words = ["--config", str(self.router_settings)]
        if self.script.opens_at is not None:
            words += ["--clock-offset", str(self._offset_s)]
        if self.script.record is not None:
            words += ["--record", str(self.script.record)]
        told = {**self._router_watchdog.environment(), **self.script.environment}
        self.router = await RouterProcess.start(self.router_log, *words, told=told)
        await self._until(self._router_ready, "the router did not become ready")

    async def keep(self, changed: Callable[[], None]) -> None:
        """Start again whatever dies or hangs, until cancelled; then each time call `changed`.

        Calls outlive the router, but not Asterisk.
        """

        async def router() -> None:
            await self.kill_router()  # one that hangs, or did not become ready
            await self.start_router()
            changed()

        async def asterisk() -> None:
            await self.asterisk.start()
            for phone in self.phones:
                await phone.register()
            changed()

        async def fallback() -> None:
            if self.fallback is not None:
                await self.fallback.kill()  # one that hangs
            await self.start_fallback()
            changed()

        def fallback_lives() -> bool:
            runs = self.fallback is not None and self.fallback.running
            return runs and not self._fallback_watchdog.silent

        def router_lives() -> bool:
            return self.router_runs and not self._router_watchdog.silent

        async with asyncio.TaskGroup() as group:
            group.create_task(keep("the router", router_lives, router, self._say))
            group.create_task(keep("the fallback", fallback_lives, fallback, self._say))
            group.create_task(keep("Asterisk", lambda: self.asterisk.running, asterisk, self._say))

    async def close(self) -> None:
        """Take everything down, in an order that ends calls politely."""
        for phone in self.phones:
            await phone.stop()
        self.phones.clear()
        if self.pstn is not None:
            await self.pstn.stop()
        await self.stop_router()
        if self.fallback is not None:
            await self.fallback.stop()
        await self.asterisk.stop()
        self._router_watchdog.close()
        self._fallback_watchdog.close()
        self._lock.release()

    async def stop_router(self) -> None:
        """Ask the router to stop, and kill it if it does not."""
        if self.router is not None:
            await self.router.stop()

    async def kill_router(self) -> None:
        """End the router as a crash would."""
        if self.router is not None:
            await self.router.kill()

    def ready_file(self) -> str:
        """Return what scripts need to know, as JSON. Call `open()` first."""
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
                "pids": {
                    "router": self.router.pid,
                    "asterisk": self.asterisk.pid,
                    "fallback": self.fallback.pid if self.fallback is not None else None,
                },
                "state_dir": str(self.state_dir),
                "asterisk_log": str(self.asterisk.log_path),
                "router_log": str(self.router_log),
                "fallback_log": str(self.fallback_log),
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

    async def taken(self, seat: Seat) -> None:
        """Wait until somebody sits there, ready for calls.

        Raises:
            SetupError: If the router stops meanwhile.
        """
        assert self.router is not None, "open() first"
        headers = {"Authorization": f"Bearer {self.secrets.tokens[seat.agent]}"}
        while True:
            self.router.check()
            with suppress(aiohttp.ClientError):
                answer = await self.get("/v1/agents/me", headers)
                if answer["desk"]["state"] == AgentState.READY:
                    return
            await asyncio.sleep(0.2)

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

    def _check_ports(self) -> None:
        """Try the ports that are not Asterisk's. Raises SetupError if one is taken."""
        wanted = [
            Address(socket.SOCK_STREAM, LOOPBACK, self.http_port, "HTTP"),
            Address(socket.SOCK_STREAM, LOOPBACK, self.script.addresses.agi_port, "FastAGI"),
        ]
        if self.script.trunk is None:
            network, port = "the simulated public network", self.script.addresses.pstn_port
            wanted.append(Address(socket.SOCK_DGRAM, LOOPBACK, port, network))
        for address in wanted:
            check_free(
                address, "Stop the program that holds it, or move all ports with --port-offset N."
            )

    async def _until(self, ready: Callable[[], Awaitable[bool]], trouble: str) -> None:
        try:
            async with asyncio.timeout(_READY_S):
                while not await ready():
                    if self.router is not None:
                        self.router.check()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise SetupError(
                trouble, f"See {self.router_log} and {self.asterisk.log_path}."
            ) from None

    async def _router_ready(self) -> bool:
        try:
            answer = await self.get("/readyz")
        except aiohttp.ClientError:
            return False
        return _CAN_BE_MISSING.issuperset(answer.get("missing", ()))

    async def _agents_ready(self) -> bool:
        service = await self.get("/v1/service")
        return all(one["informateurs"] >= len(self.phones) for one in service["sectors"])


def _taken(state_dir: Path) -> Lock:
    """Take the demo's folder, unless a router runs with the settings of an earlier demo."""
    remedy = "Stop it first, or give this demo --state DIR and --port-offset N."
    lock = Lock(state_dir, "./allo demo", remedy)
    try:
        see_that_it_is_free(state_dir / SERVICE, remedy)
    except BaseException:
        lock.release()
        raise
    return lock
