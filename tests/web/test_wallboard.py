"""The wallboard over HTTP, and its one feed for all who watch."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from router.access import Keyring, Scope
from router.core.desk.agents import AgentState, Choice
from router.web.addresses import door
from router.web.wallboard.board import View, board_of
from router.web.wallboard.feed import Feed, Watcher
from router.web.wallboard.handlers import Wallboard
from tests.patience import PATIENCE_S
from tests.service_plan import HOUSING, MONDAY_10H, WORK
from tests.web.desk_scene import (
    ME,
    SCOPES,
    Client,
    Engine,
    Server,
    a_board_view,
    a_view,
    as_agent,
    desk_plan,
    tokens,
)
from tests.web.test_wallboard_agrees import patched

WALLBOARD = "/v1/wallboard"


def reader(scope: Scope = Scope.READ) -> dict[str, str]:
    return {"Authorization": f"Bearer {SCOPES[scope]}"}


class Scene:
    """What the engine shows, and how often it was looked at."""

    def __init__(self) -> None:
        self.view = a_board_view(desk_plan(), [a_view()])
        self.looks = 0
        self.broken = False

    def look(self) -> View:
        self.looks += 1
        if self.broken:
            raise ZeroDivisionError
        return self.view

    def wait(self, callers: int) -> None:
        waiting = {HOUSING: [MONDAY_10H - n for n in range(callers)], WORK: []}
        self.view = replace(self.view, now=self.view.now + 1, waiting=waiting)


@dataclass(frozen=True)
class Told:
    """An event as a page reads it."""

    name: str
    id: str | None
    data: Any


def read(text: bytes) -> list[Told]:
    """Read events as WHATWG's HTML says, as far as ours go."""
    events = []
    for block in text.decode().split("\n\n"):
        if block:
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            events.append(Told(fields["event"], fields.get("id"), orjson.loads(fields["data"])))
    return events


async def next_of(events: AsyncIterator[bytes]) -> list[Told]:
    """The next events that come, be they one or several at once."""
    async with asyncio.timeout(PATIENCE_S):
        async for piece in events:
            if piece:
                return read(piece)
    raise AssertionError("the feed has ended")


async def until(events: AsyncIterator[bytes], name: str) -> Told:
    while True:
        for event in await next_of(events):
            if event.name == name:
                return event


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
async def feed(scene: Scene) -> AsyncIterator[Feed]:
    feed = Feed(scene.look, look_every_s=0.01, tick_s=0.05)
    yield feed
    await feed.close()


async def test_first_the_whole_then_what_changes(scene: Scene, feed: Feed) -> None:
    events = feed.watch().events()
    [whole] = await next_of(events)
    assert whole.name == "board"
    assert whole.data["now"] == scene.view.now
    assert whole.data["as_of"]["engine"] == scene.view.now
    state = whole.data["board"]
    assert state == board_of(scene.view)
    for callers in (3, 5, 0):
        scene.wait(callers)
        patch = await until(events, "patch")
        state = patched(state, patch.data["patch"])
        assert state == board_of(scene.view)
        assert patch.data["now"] == scene.view.now
        assert "definitions" not in patch.data["patch"]


async def test_a_feed_without_news_says_that_it_lives(scene: Scene, feed: Feed) -> None:
    events = feed.watch().events()
    [whole] = await next_of(events)
    scene.view = replace(scene.view, now=scene.view.now + 7)
    tick = await until(events, "tick")
    while tick.data["now"] != scene.view.now:
        tick = await until(events, "tick")
    as_of = {**whole.data["as_of"], "engine": scene.view.now, "day": scene.view.now}
    assert tick.data == {"now": scene.view.now, "as_of": as_of}
    assert tick.id is None


async def test_twenty_boards_cost_one_look(scene: Scene, feed: Feed) -> None:
    watchers = [feed.watch() for _ in range(20)]
    assert scene.looks == 1
    streams = [watcher.events() for watcher in watchers]
    wholes = [(await next_of(stream))[0] for stream in streams]
    assert all(whole == wholes[0] for whole in wholes)
    scene.wait(4)
    patches = [await until(stream, "patch") for stream in streams]
    assert all(patch == patches[0] for patch in patches)


async def test_whoever_comes_back_is_told_what_was_missed(scene: Scene, feed: Feed) -> None:
    first = feed.watch()
    events = first.events()
    [whole] = await next_of(events)
    scene.wait(1)
    seen = await until(events, "patch")
    state = patched(whole.data["board"], seen.data["patch"])
    feed.leave(first)
    scene.wait(2)
    again = feed.watch(seen.id or "").events()
    [missed] = [one for one in await next_of(again) if one.name == "patch"]
    assert patched(state, missed.data["patch"]) == board_of(scene.view)


@pytest.mark.parametrize("last_id", ["", "another-7", "nonsense"])
async def test_whoever_missed_something_unknown_is_told_all(
    scene: Scene, feed: Feed, last_id: str
) -> None:
    [event] = await next_of(feed.watch(last_id).events())
    assert event.name == "board"


async def test_nobody_watches_and_nobody_looks(scene: Scene, feed: Feed) -> None:
    watcher = feed.watch()
    await next_of(watcher.events())
    feed.leave(watcher)
    await asyncio.sleep(0.05)
    looks = scene.looks
    await asyncio.sleep(0.1)
    assert scene.looks == looks


async def test_a_defect_ends_the_stream_and_the_next_one_begins_anew(
    scene: Scene, feed: Feed
) -> None:
    watcher = feed.watch()
    events = watcher.events()
    await next_of(events)
    scene.broken = True
    async with asyncio.timeout(PATIENCE_S):
        async for _ in events:
            pass
    feed.leave(watcher)
    scene.broken = False
    [event] = await next_of(feed.watch().events())
    assert event.name == "board"


async def test_a_slow_reader_is_told_the_whole_instead_of_all_that_changed() -> None:
    watcher = Watcher(lambda: b"whole", [], silence_s=PATIENCE_S)
    for number in range(3):
        watcher.add(b"%d" % number)
    events = watcher.events()
    assert await anext(events) == b"012"
    for number in range(30):
        watcher.add(b"%d" % number)
    assert await anext(events) == b"whole"
    watcher.add(b"next")
    assert await anext(events) == b"next"


async def test_a_silence_is_told() -> None:
    assert await anext(Watcher(lambda: b"", None, silence_s=1).events()) == b""
    watcher = Watcher(lambda: b"", [], silence_s=0.01)
    events = watcher.events()
    assert [await anext(events), await anext(events)] == [b"", b""]
    watcher.end()
    assert [one async for one in events] == []


# Over HTTP.


async def begun(answer: ClientResponse) -> Told:
    async with asyncio.timeout(PATIENCE_S):
        text = await answer.content.readuntil(b"\n\n")
    return read(text)[0]


async def test_the_whole_as_one_answer(desks: Client, engine: Engine) -> None:
    answer = await desks.get(WALLBOARD, headers=reader())
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = await answer.json()
    assert told["board"] == board_of(engine.view)
    assert told["now"] == MONDAY_10H
    assert told["opens"] == ["read"]


@pytest.mark.parametrize(
    ("scope", "opens"),
    [
        (Scope.SUPERVISE, ["read", "supervise"]),
        (Scope.ADMIN, ["admin", "callbacks", "read", "supervise"]),
    ],
)
async def test_it_says_what_else_the_token_opens(
    desks: Client, scope: Scope, opens: list[str]
) -> None:
    answer = await desks.get(WALLBOARD, headers=reader(scope))
    assert (await answer.json())["opens"] == opens


@pytest.mark.parametrize("path", ["", "/stream", "/informateurs/101/why"])
async def test_it_is_for_those_who_may_see(desks: Client, path: str) -> None:
    assert (await desks.get(WALLBOARD + path)).status == 401
    assert (await desks.get(WALLBOARD + path, headers=as_agent())).status == 403


async def test_the_stream(desks: Client, engine: Engine) -> None:
    async with desks.get(f"{WALLBOARD}/stream", headers=reader()) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"
        whole = await begun(answer)
        assert whole.data["board"] == board_of(engine.view)
        engine.view = replace(engine.view, desks=[a_view(state=AgentState.WRAPPING_UP)])
        patch = await begun(answer)
    assert patch.name == "patch"
    assert patched(whole.data["board"], patch.data["patch"]) == board_of(engine.view)
    headers = {**reader(), "Last-Event-ID": patch.id or ""}
    async with desks.get(f"{WALLBOARD}/stream", headers=headers) as answer:
        assert (await begun(answer)).name == "tick"


async def test_a_token_that_is_taken_away_ends_the_stream(desks: Client, engine: Engine) -> None:
    async with desks.get(f"{WALLBOARD}/stream", headers=reader()) as answer:
        await begun(answer)
        engine.keyring.replace([])
        async with asyncio.timeout(PATIENCE_S):
            await answer.read()
    assert (await desks.get(WALLBOARD, headers=reader())).status == 401


async def test_the_server_s_end_is_the_stream_s(engine: Engine) -> None:
    client = TestClient(Server(engine.application()))
    await client.start_server()
    answer = await client.get(f"{WALLBOARD}/stream", headers=reader())
    await begun(answer)
    async with asyncio.timeout(PATIENCE_S):
        await client.server.close()
        assert b"event: board" not in await answer.read()
    await client.close()


async def test_a_page_that_has_left_is_forgotten(scene: Scene) -> None:
    feed = Feed(scene.look, look_every_s=0.01, tick_s=0.02)
    app = web.Application(middlewares=[door(Keyring(tokens(), lambda: MONDAY_10H).holder)])
    board = Wallboard(scene.look, feed, lambda agent: a_view(agent))
    app.add_routes(board.routes())
    app.on_shutdown.append(board.close)
    async with TestClient(Server(app)) as client:
        answer = await client.get(f"{WALLBOARD}/stream", headers=reader())
        await begun(answer)
        answer.close()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                looks = scene.looks
                await asyncio.sleep(0.2)
                if scene.looks == looks:  # the feed rests: nobody is left
                    break


async def test_why_a_call_went_to_an_informateur(desks: Client, engine: Engine) -> None:
    address = f"{WALLBOARD}/informateurs/{ME}/why"
    assert (await (await desks.get(address, headers=reader())).json())["why"] is None
    engine.views[ME] = a_view(why=Choice(1, 1, 1, 240.4, 3.0, 1))
    told = await (await desks.get(address, headers=reader())).json()
    assert told["agent"] == ME
    assert told["why"].startswith("Niveau 1")
    unknown = await desks.get(f"{WALLBOARD}/informateurs/999/why", headers=reader())
    assert unknown.status == 404
