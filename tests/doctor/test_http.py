"""The service's HTTP interface as the doctor asks it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from router.config import Config, Http
from router.doctor import http
from router.doctor.findings import Unseen
from router.doctor.http import HttpDoor
from router.intake.proxy import SOCKET_NAME


@pytest.fixture
def config(deployment: Config, tmp_path: Path) -> Config:
    return replace(deployment, settings=replace(deployment.settings, state_dir=tmp_path))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", aiohttp.ClientTimeout(total=0.2))


@asynccontextmanager
async def router(folder: Path, hangs_s: float = 0.0) -> AsyncIterator[None]:
    """A router at its own socket."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(hangs_s)
        return web.Response(text=request.path, status=503)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(folder / SOCKET_NAME)).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def why(door: HttpDoor, *, public: bool) -> str:
    with pytest.raises(Unseen) as unseen:
        await (door.public("/healthz") if public else door.router("/readyz"))
    return unseen.value.finding.name


async def test_the_router_is_asked_on_its_own_socket(config: Config, tmp_path: Path) -> None:
    async with router(tmp_path):
        page = await HttpDoor(config).router("/readyz")
    assert (page.status, page.text) == (503, "/readyz")


async def test_no_router_is_a_finding(config: Config) -> None:
    assert await why(HttpDoor(config), public=False) == "router-away"


async def test_a_router_without_a_state_folder_is_one_too(config: Config, tmp_path: Path) -> None:
    settings = replace(config.settings, state_dir=tmp_path / "nowhere")
    assert await why(HttpDoor(replace(config, settings=settings)), public=False) == "router-away"


async def test_a_router_that_hangs_is_a_finding(config: Config, tmp_path: Path) -> None:
    async with router(tmp_path, hangs_s=5):
        assert await why(HttpDoor(config), public=False) == "router-frozen"


async def test_an_intake_that_hangs_is_told_from_one_that_is_away(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        at = Http(port=listening.getsockname()[1])
        door = HttpDoor(replace(config, settings=replace(config.settings, http=at)))
        assert await why(door, public=True) == "intake-frozen"
    assert await why(door, public=True) == "intake-away"
