"""The composition root, with a model of Asterisk; with a real one, see tests/real."""

import asyncio
import os
import shutil
import signal
import socket
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from router import logs
from router.clock import Clock
from router.config import Config, Http
from router.core.callback.tickets import TicketRecord, TicketState
from router.core.ids import AgentId, TicketId
from router.errors import InUse
from router.intake.proxy import SOCKET_NAME
from router.service.readiness import PARTS
from router.service.service import Service
from router.store.tickets import FILE_NAME as TICKETS_FILE
from tests.ari.ari_fake import FakeAsterisk
from tests.ari.ari_wire import PASSWORD
from tests.intake.scene import SERVER, intake_config, new_number
from tests.intake.stubs import AriStub
from tests.service_plan import FICHE, HOUSING, MONDAY_10H
from tests.tickets_on_disk import on_disk, open_on_disk, put

TOKEN = "jeton-101"
_PATIENCE_S = 30.0


@pytest.fixture
def vault_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="allo-test-"))
    yield folder
    shutil.rmtree(folder)


@dataclass
class House:
    """Where a service of the tests lives, and the model of Asterisk that it finds."""

    folder: Path
    vault_dir: Path
    fake: FakeAsterisk
    #: The public port.
    port: int

    def service(self) -> Service:
        return Service(self.config(), self.clock())

    def clock(self) -> Clock:
        return Clock(MONDAY_10H + 60 - time.time())

    def config(self) -> Config:
        config = intake_config(self.folder, self.fake.port, vault_dir=self.vault_dir)
        assert config.secrets is not None
        secrets = replace(config.secrets, ari_password=PASSWORD, tokens={AgentId("101"): TOKEN})
        settings = replace(config.settings, http=Http("127.0.0.1", self.port))
        return replace(config, settings=settings, secrets=secrets)

    @asynccontextmanager
    async def running(self, make: Callable[[], Service] | None = None) -> AsyncIterator["Inside"]:
        """The service, serving; told to stop at the end, and awaited."""
        running = asyncio.create_task((make or self.service)().run())
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:  # a socket's path must be short
            connector = aiohttp.UnixConnector(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
            async with aiohttp.ClientSession("http://router", connector=connector) as session:
                inside = Inside(session)
                async with asyncio.timeout(_PATIENCE_S):
                    while await inside.missing() & {"application", "phones", "store", "intake"}:
                        assert not running.done(), running
                        await asyncio.sleep(0.01)
                yield inside
        finally:
            os.close(folder)
            if not running.done():
                os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(_PATIENCE_S):
                await running

    async def until_callbacks_are_taken(self) -> None:
        """Wait until the intake has heard that somebody is on duty."""
        url = f"http://127.0.0.1:{self.port}/v1/callbacks/challenge?fiche={FICHE}"
        async with aiohttp.ClientSession() as public, asyncio.timeout(_PATIENCE_S):
            while (await public.get(url)).status == 503:
                await asyncio.sleep(0.01)

    async def request_callback(self) -> int:
        """Return the status of a request for a callback, at the public port."""
        url = f"http://127.0.0.1:{self.port}/v1/callbacks"
        headers = SERVER | {"Idempotency-Key": "a-key-of-the-tests"}
        asked = {"phone": new_number(), "fiche": FICHE}
        async with (
            aiohttp.ClientSession() as public,
            public.post(url, json=asked, headers=headers) as answer,
        ):
            return answer.status


@dataclass
class Inside:
    """A client of the router's own socket."""

    session: aiohttp.ClientSession

    async def missing(self) -> set[str]:
        """Return the parts that the service misses: all, before it serves."""
        with suppress(aiohttp.ClientConnectionError):
            async with self.session.get("/readyz") as answer:
                return set((await answer.json())["missing"])
        return set(PARTS)

    async def until_metric(self, line: str) -> None:
        """Wait until a metric has that value."""
        async with asyncio.timeout(_PATIENCE_S):
            while line not in await (await self.session.get("/metrics")).text():
                await asyncio.sleep(0.005)


@pytest.fixture
async def house(tmp_path: Path, vault_dir: Path) -> AsyncIterator[House]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with FakeAsterisk() as fake:
        fake.phone("101")
        yield House(tmp_path, vault_dir, fake, port)


async def test_numbers_kept_out_of_the_log_come_to_the_metrics(
    tmp_path: Path, vault_dir: Path
) -> None:
    before = logs.leaks()
    async with AriStub().running() as asterisk:
        service = Service(intake_config(tmp_path, asterisk.port, vault_dir=vault_dir), Clock())
        async with TestClient(TestServer(service.application)) as client:
            for _ in range(2):
                logs.leaked()
                told = await (await client.get("/metrics")).text()
        await service.close()
    assert f"allo_log_leaks_total {before + 2:.1f}" in told


async def test_it_starts_serves_and_stops_and_can_be_started_again(house: House) -> None:
    for _ in range(2):
        async with house.running() as inside:
            # An informateur whose phone is not there; the engine answers.
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with inside.session.post("/v1/agents/me/log-in", headers=headers) as answer:
                told = await answer.json()
            assert (answer.status, told["error"]["code"]) == (409, "phone_absent")
            with pytest.raises(InUse):
                house.service()


async def test_tickets_whose_numbers_went_with_the_machines_memory_are_over(house: House) -> None:
    """They were open when the machine restarted, which empties the vault."""
    ticket = TicketRecord(TicketId("t" * 32), HOUSING, None, MONDAY_10H, MONDAY_10H + 2700)
    put(house.folder / TICKETS_FILE, ticket)
    async with house.running():
        pass
    ended = on_disk(house.folder / TICKETS_FILE)[ticket.ticket]
    assert ended.state is TicketState.LOST_REBOOT


async def test_a_promise_under_way_is_kept_and_given_before_it_stops(house: House) -> None:
    """The file is locked by another process at the moment when the service is told to stop."""
    await house.fake.phone("101").register()
    async with house.running() as inside:
        await house.until_callbacks_are_taken()
        with locked(house.folder / TICKETS_FILE):
            asked = asyncio.create_task(house.request_callback())
            await inside.until_metric('allo_steps_total{step="callback promised"} 1.0')
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.1)
            assert not asked.done()
        async with asyncio.timeout(_PATIENCE_S):
            assert await asked == 202
    assert len(open_on_disk(house.folder / TICKETS_FILE)) == 1


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process that keeps the file to itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
