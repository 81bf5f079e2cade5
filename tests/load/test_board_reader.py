"""A wallboard without a screen has the state that the service has."""

import asyncio
import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from hypothesis import given

from router.access import Scope
from router.errors import SetupError
from router.web.event_stream import server_event
from router.web.wallboard.board import Board, board_of
from router.web.wallboard.merge_patch import difference
from tests.browser.wallboard_scene import Scene
from tests.load.board_reader import STREAM, BoardReader, merge, watching
from tests.patience import PATIENCE_S
from tests.web.desk_scene import SCOPES
from tests.web.test_merge_patch import objects

READER = SCOPES[Scope.READ]


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0.01)


def home(server: BaseTestServer) -> str:
    return str(server.make_url("")).rstrip("/")


def all_have(readers: list[BoardReader], board: Board) -> bool:
    return all(one.board == board for one in readers)


@given(objects, objects)
def test_a_patch_makes_one_state_of_the_other(before: Any, after: Any) -> None:
    whole = copy.deepcopy(before)
    merge(whole, difference(before, after))
    assert whole == after


async def test_boards_have_the_state_of_the_service_after_its_patches() -> None:
    scene = Scene()
    scene.fill()
    async with (
        TestServer(scene.application()) as server,
        watching(home(server), READER, 2) as readers,
    ):
        for seed in (2, 3):
            scene.fill(seed)
            wanted = board_of(scene.look())
            await until(partial(all_have, readers, wanted))
    for one in readers:
        assert one.counted["board"] == 1
        assert one.counted["patch"] == 2
        assert one.counted["octets"] > len(str(wanted)) / 2
        assert one.counted["lost"] == 0


async def test_a_connection_that_breaks_is_made_anew_where_it_was() -> None:
    asked_from = []
    whole = server_event("board", b'{"now": 1, "board": {"a": 1}}', "run-1")
    patch = server_event("patch", b'{"now": 2, "patch": {"a": null, "b": 2}}', "run-2")

    async def stream(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == f"Bearer {READER}"
        asked_from.append(request.headers.get("Last-Event-ID"))
        response = web.StreamResponse()
        await response.prepare(request)
        cut = len(patch) // 2  # a chunk may end anywhere
        for part in (whole,) if len(asked_from) == 1 else (patch[:cut], patch[cut:]):
            await response.write(part)
        return response

    app = web.Application()
    app.add_routes([web.get(STREAM, stream)])
    async with TestServer(app) as server, watching(home(server), READER, 1) as (reader,):
        await until(lambda: len(asked_from) > 2)
    assert asked_from[:3] == [None, "run-1", "run-2"]
    assert reader.board == {"b": 2}
    assert reader.counted["lost"] >= 2


async def test_a_token_that_opens_nothing_is_told() -> None:
    async with TestServer(Scene().application()) as server:
        with pytest.raises(SetupError, match="401"):
            async with watching(home(server), "another", 1):
                pass
