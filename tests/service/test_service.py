"""The composition root, with a model of Asterisk; with a real one, see tests/real."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from router import logs
from router.clock import Clock
from router.config import Config
from router.core.callback.tickets import TicketRecord, TicketState
from router.core.ids import AgentId, TicketId
from router.errors import InUse
from router.intake.proxy import SOCKET_NAME
from router.service.readiness import PARTS
from router.service.service import Service
from router.store.tickets import FILE_NAME as TICKETS_FILE
from router.store.tickets import TicketStore
from tests.ari.ari_fake import PASSWORD, FakeAsterisk
from tests.intake.scene import intake_config
from tests.intake.stubs import AriStub
from tests.service_plan import HOUSING, MONDAY_10H

TOKEN = "jeton-101"


@pytest.fixture
def vault_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="allo-test-"))
    yield folder
    shutil.rmtree(folder)


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


def config_with(folder: Path, fake: FakeAsterisk, vault_dir: Path) -> Config:
    config = intake_config(folder, fake.port, vault_dir=vault_dir)
    assert config.secrets is not None
    tokens = {AgentId("101"): TOKEN}
    return replace(config, secrets=replace(config.secrets, ari_password=PASSWORD, tokens=tokens))


def session_with(folder: Path) -> aiohttp.ClientSession:
    """A client of the router's own socket."""
    path = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # short, as sockets' paths must be
    connector = aiohttp.UnixConnector(f"/proc/self/fd/{path}/{SOCKET_NAME}")
    return aiohttp.ClientSession(
        "http://router", connector=connector, headers={"Authorization": f"Bearer {TOKEN}"}
    )


async def test_it_starts_serves_and_stops_and_can_be_started_again(
    tmp_path: Path, vault_dir: Path
) -> None:
    async with FakeAsterisk() as fake, session_with(tmp_path) as session:
        fake.phone("101")
        for _ in range(2):
            service = Service(config_with(tmp_path, fake, vault_dir), Clock())
            running = asyncio.create_task(service.run())
            async with asyncio.timeout(30):
                while (await missing(session)) & {"application", "phones", "store", "intake"}:
                    assert not running.done(), running
                    await asyncio.sleep(0.01)
            # An informateur whose phone is not there; the engine answers.
            async with session.post("/v1/agents/me/log-in") as answer:
                told = await answer.json()
                assert (answer.status, told["error"]["code"]) == (409, "phone_absent")
            with pytest.raises(InUse):
                Service(config_with(tmp_path, fake, vault_dir), Clock())
            os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(30):
                await running


async def test_tickets_whose_numbers_went_with_the_machines_memory_are_over(
    tmp_path: Path, vault_dir: Path
) -> None:
    """They were open when the machine restarted, which empties the vault."""
    ticket = TicketRecord(TicketId("t" * 32), HOUSING, None, MONDAY_10H, MONDAY_10H + 2700)
    with closing(TicketStore(tmp_path / TICKETS_FILE)) as store:
        store.put(ticket)
    async with FakeAsterisk() as fake, session_with(tmp_path) as session:
        clock = Clock(MONDAY_10H + 60 - time.time())
        running = asyncio.create_task(Service(config_with(tmp_path, fake, vault_dir), clock).run())
        async with asyncio.timeout(30):
            while "intake" in await missing(session):
                assert not running.done(), running
                await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(30):
            await running
    with closing(TicketStore(tmp_path / TICKETS_FILE)) as store:
        assert store.open() == []
        ended = store.get(ticket.ticket)
    assert ended is not None
    assert ended.state is TicketState.LOST_REBOOT


async def missing(session: aiohttp.ClientSession) -> set[str]:
    """Return the parts that the service misses: all, before it serves."""
    with suppress(aiohttp.ClientConnectionError):
        async with session.get("/readyz") as answer:
            return set((await answer.json())["missing"])
    return set(PARTS)
