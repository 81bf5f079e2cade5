"""The control socket: one word, one answer."""

import asyncio
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from router.errors import SetupError
from router.intake.sockets import listen_in
from router.service.control import SOCKET_NAME, ask, serve


async def answer() -> Mapping[str, object]:
    await asyncio.sleep(0)
    return {"taken": ["plan: hours"]}


async def test_the_running_router_answers_its_own_user(tmp_path: Path) -> None:
    server = await serve(listen_in(tmp_path, SOCKET_NAME), {"reload": answer})
    assert stat.S_IMODE((tmp_path / SOCKET_NAME).stat().st_mode) == 0o600
    for _ in range(2):
        assert await asyncio.to_thread(ask, tmp_path, "reload") == {"taken": ["plan: hours"]}
    with pytest.raises(SetupError, match='does not know "dance"'):
        await asyncio.to_thread(ask, tmp_path, "dance")
    server.close()
    with pytest.raises(SetupError, match="no router runs in"):
        await asyncio.to_thread(ask, tmp_path, "reload")


async def test_a_socket_of_a_router_that_was_killed_is_taken_over(tmp_path: Path) -> None:
    (await serve(listen_in(tmp_path, SOCKET_NAME), {})).close()
    server = await serve(listen_in(tmp_path, SOCKET_NAME), {"reload": answer})
    assert await asyncio.to_thread(ask, tmp_path, "reload")
    server.close()


async def test_nonsense_is_passed_over(tmp_path: Path) -> None:
    server = await serve(listen_in(tmp_path, SOCKET_NAME), {"reload": answer})
    _, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET_NAME))
    writer.write(b"x" * 1000)
    writer.close()
    with pytest.raises(SetupError):
        await asyncio.to_thread(ask, tmp_path, "x" * 1000)
    assert await asyncio.to_thread(ask, tmp_path, "reload")
    server.close()


def test_a_folder_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="--config FILE"):
        ask(tmp_path / "nowhere", "reload")
