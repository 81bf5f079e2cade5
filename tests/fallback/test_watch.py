"""Those whom a router that is away has left in silence."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.ari.client import AriClient
from router.ari.messages import Request
from router.ari.naming import SECTOR_VARIABLE
from router.fallback.watch import Watch
from router.intake.proxy import SOCKET_NAME
from router.tasks import Tasks
from tests.ari.ari_fake import FakeAsterisk
from tests.ari.ari_people import APP, CARRIER, Bridge, Channel
from tests.ari.ari_wire import PASSWORD, USER
from tests.patience import PATIENCE_S

_MOMENT_S = 0.3


class Router:
    """A router of which only its own socket, and its connection to Asterisk, are there."""

    def __init__(self, fake: FakeAsterisk, folder: Path) -> None:
        self._folder = folder
        self._client = AriClient(fake.url, USER, PASSWORD, APP, lambda _: None)
        self._reading: asyncio.Task[object] | None = None
        self._server: asyncio.Server | None = None
        #: Whether it says that it has Asterisk; None: it says nothing.
        self.has_asterisk: bool | None = True

    async def start(self) -> None:
        self._folder.mkdir(exist_ok=True)
        path = self._folder / SOCKET_NAME
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._asked, path)
        await self._client.open()
        self._reading = asyncio.create_task(self._client.read())

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._client.close()
        if self._reading is not None:
            await asyncio.wait({self._reading})

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if self.has_asterisk is not None and asked.startswith(b"GET /readyz "):
            parts = {"parts": {"application": {"ok": self.has_asterisk}}}
            writer.write(b"HTTP/1.1 503 -\r\n\r\n" + json.dumps(parts).encode())
            writer.close()
        elif self.has_asterisk is None:
            with suppress(asyncio.IncompleteReadError):
                await reader.readexactly(1)
        writer.close()


class Scene:
    """Asterisk, a router, and the watch over it."""

    def __init__(self, fake: FakeAsterisk, router: Router, watch: Watch) -> None:
        self.fake = fake
        self.router = router
        self.watch = watch
        self._client = AriClient(fake.url, USER, PASSWORD, APP, lambda _: None)

    def caller(self, *args: str, waits: bool = False) -> Channel:
        """Somebody with the router; in the queue if they wait."""
        channel = self.fake.enter(CARRIER, [*(args or ("caller",))])
        if waits:
            channel.variables[SECTOR_VARIABLE] = "travail"
        return channel

    async def hears_a_prompt(self, channel: Channel) -> str:
        await self._client.is_in_use()
        said = {"media": ["sound:allo/hour"]}
        playback = f"play-{channel.id}"
        path = f"channels/{channel.id}/play/{playback}"
        await self._client.ask_http(Request("play", "POST", path, body=said))
        return playback

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self._client.close()


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with FakeAsterisk() as fake:
        client = AriClient(fake.url, USER, PASSWORD, APP, lambda _: None)
        router, watch, tasks = Router(fake, folder), Watch(client, APP, folder, 0.2, 0.1), Tasks()
        await router.start()
        here = Scene(fake, router, watch)
        for work in (watch.ask(), watch.look()):
            tasks.start(work)
        try:
            await here.until(lambda: watch.is_there)
            yield here
        finally:
            await here.close()
            await router.stop()
            await tasks.close()
            await client.close()


async def test_who_waits_hears_music_once_what_is_said_is_over(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        silent, hearing = here.caller(waits=True), here.caller(waits=True)
        playback = await here.hears_a_prompt(hearing)
        await here.router.stop()
        await here.until(lambda: silent.music)
        assert not hearing.music
        here.fake.end_prompt(playback)
        await here.until(lambda: hearing.music)
        assert (silent.args, hearing.args) == (["caller"], ["caller"])


async def test_who_was_kept_before_or_is_called_back_hears_it_too(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        kept = here.caller("caller", "waiting", "travail", "1.0", "-", waits=True)
        called = here.caller("callback", "callback-1", waits=True)
        await here.router.stop()
        await here.until(lambda: kept.music and called.music)


async def test_who_is_asked_is_taken_out_and_the_probe_and_those_who_talk_are_not(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        probe, talking = here.caller("caller", "probe"), here.caller(waits=True)
        desk = here.caller("desk", "agent-101", "11")
        informateur = here.caller("agent", "101", talking.id)
        here.fake.bridges["talk"] = Bridge("", tells_keys=True)
        talking.bridge = informateur.bridge = "talk"
        asked = here.caller()
        await here.router.stop()
        await here.until(lambda: asked.args is None)
        await asyncio.sleep(_MOMENT_S)
        assert None not in (probe.args, talking.args, desk.args)
        assert True not in (probe.music, talking.music, desk.music)


@pytest.mark.parametrize("says", [False, None], ids=["has lost Asterisk", "hangs"])
async def test_a_router_that_is_connected_may_leave_callers_too(
    tmp_path: Path, says: bool | None
) -> None:
    async with scene(tmp_path) as here:
        waiting, asked = here.caller(waits=True), here.caller()
        here.router.has_asterisk = says
        await here.until(lambda: waiting.music and asked.args is None)
        assert not here.watch.is_there


async def test_a_router_that_is_back_gives_music_itself(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        hearing, silent = here.caller(waits=True), here.caller(waits=True)
        playback = await here.hears_a_prompt(hearing)
        here.router.has_asterisk = False
        await here.until(lambda: silent.music)
        here.router.has_asterisk = True
        await here.until(lambda: here.watch.is_there)
        here.fake.end_prompt(playback)
        await here.until(lambda: f"POST channels/{hearing.id}/variable" in here.fake.requests)
        await asyncio.sleep(_MOMENT_S)
        assert not hearing.music


async def test_who_was_left_alone_in_a_talk_hears_music(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        left = here.caller(waits=True)
        here.fake.bridges["talk"], left.bridge = Bridge("", tells_keys=True), "talk"
        here.router.has_asterisk = None
        await here.until(lambda: left.music)


async def test_nobody_is_touched_while_the_router_is_there(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        waiting, asked = here.caller(waits=True), here.caller()
        await asyncio.sleep(2 * _MOMENT_S)
        assert not waiting.music
        assert asked.args == ["caller"]


async def test_a_router_whose_folder_is_away_is_not_taken_for_one_that_hangs(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path / "state") as here:
        asked = here.caller()
        (tmp_path / "state").rename(tmp_path / "away")
        await asyncio.sleep(2 * _MOMENT_S)
        assert here.watch.is_there
        assert asked.args == ["caller"]
        (tmp_path / "away").rename(tmp_path / "state")
        await here.router.stop()
        await here.until(lambda: not here.watch.is_there)


async def test_it_says_whom_the_router_has_and_when_they_called(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        caller = here.caller()
        ago_s = await here.watch.called_s_ago(caller.id)
        assert ago_s is not None
        called_at = datetime.fromisoformat(caller.created_at).timestamp()
        assert ago_s == pytest.approx(time.time() - called_at, abs=PATIENCE_S)
        assert await here.watch.has(caller.id)
        for set_s in (3600.0, -3600.0):  # the machine's clock, meanwhile
            other = here.caller()
            other.created_at = datetime.fromtimestamp(called_at - set_s, UTC).isoformat()
            assert await here.watch.called_s_ago(other.id) is None
        caller.args = None  # in the dialplan
        assert not await here.watch.has(caller.id)
        here.fake.refusals["GET", ""] = None  # Asterisk is away
        assert not await here.watch.has(caller.id)
        assert await here.watch.called_s_ago(caller.id) is None
