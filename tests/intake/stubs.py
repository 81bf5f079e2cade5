"""What is around an intake, as stubs: the service, Asterisk, and the router's own interface."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from router.clock import Clock
from router.core.callback.tickets import ENDS, Admission, Refusal, TicketRecord, TicketState
from router.core.ids import CallId, FicheId, SectorId, TicketId
from router.intake.backend import Wanted
from router.intake.dialling import DialError
from router.intake.sockets import listen_privately

PROMISE_S = 2700.0


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
    #: What was told of the vault.
    readable: list[bool] = field(default_factory=list)
    #: Whether there are no tickets but these.
    knows_all: bool = True

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

    def vault_changed(self, readable: bool) -> None:
        self.readable.append(readable)

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
    hung_up: list[str] = field(default_factory=list)
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
        app.router.add_delete("/ari/channels/{id}", self._hang_up)
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

    async def _hang_up(self, request: web.Request) -> web.Response:
        self.hung_up.append(request.match_info["id"])
        return web.Response(status=204)


@dataclass
class RouterWeb:
    """The router's own interface, on its socket, and what it was asked."""

    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    events: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    streams: int = 0
    #: If set, answers wait for it.
    gate: asyncio.Event | None = None

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
        if self.gate is not None:
            await self.gate.wait()
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
