"""./allo drain beside a router that says who is left; with a real one, see tests/real."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from router.cli import provision
from router.intake.sockets import listen_in
from router.service.control import SOCKET_NAME, serve
from tests.patience import PATIENCE_S

ENDED = {"left_s": None, "calls": 3, "waiting": 2, "callbacks": 1}


def says(*standings: Mapping[str, Any]) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    """Return what answers with each in turn, then with the last again and again."""
    left = list(standings)

    async def answer() -> Mapping[str, Any]:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def standing(left_s: float, calls: int, waiting: int = 0, callbacks: int = 0) -> dict[str, float]:
    return {"left_s": left_s, "calls": calls, "waiting": waiting, "callbacks": callbacks}


@pytest.mark.parametrize(
    ("later", "code", "out", "err"),
    [
        (standing(800, 0), 0, "Nobody is left. Stop it now", ""),
        (standing(0, 1), 1, "Left: 1 calls, of which 0 wait; 0 callbacks.", "The time is up"),
        (standing(0, 0, 0, 1), 1, "Left: 0 calls, of which 0 wait; 1 callbacks.", "The time is up"),
        (ENDED, 1, "Left: 2 calls", "takes calls again"),
    ],
)
async def test_it_prints_who_is_left_until_nobody_is_or_the_time_is_up(
    tmp_path: Path, later: Mapping[str, Any], code: int, out: str, err: str
) -> None:
    settings = tmp_path / "allo.toml"
    settings.write_text('state_dir = "."\n')
    answers = {"drain": says(standing(900, 2, 1)), "draining": says(later)}
    server = await serve(listen_in(tmp_path, SOCKET_NAME), answers)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router.cli", "drain", "--config", str(settings)),
        cwd=provision.TOP,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        said, wrong = await process.communicate()
    server.close()
    assert process.returncode == code, wrong
    assert said.decode().startswith("No new call is taken; whoever waits is served for 900 s more.")
    assert out in said.decode()
    assert err in wrong.decode()
