"""What dies on the demo's stage is started again, and not for ever at once."""

import asyncio
import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.demo.keeping import Backoff, Watchdog, keep
from router.errors import SetupError
from tests.demo.test_demo import PATIENCE_S, remove_vault, start, told_until, wait_until_ready
from tests.patience import PATIENCE_S as SHORT_PATIENCE_S


def test_the_first_deaths_cost_no_wait_and_a_crash_loop_backs_off() -> None:
    backoff = Backoff()
    waits = [backoff.died(float(second)) for second in range(10)]
    assert waits == [0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert backoff.died(200.0) == 0.0  # it has lived for a while


async def test_what_does_not_start_is_tried_again() -> None:
    said: list[str] = []
    starts = 0
    back = asyncio.Event()

    async def begin() -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            raise SetupError("its port is taken", "Stop the program that holds it.")
        back.set()

    keeping = asyncio.create_task(keep("the router", back.is_set, begin, said.append))
    async with asyncio.timeout(SHORT_PATIENCE_S):
        await back.wait()
        while len(said) < 4:
            await asyncio.sleep(0.01)
    keeping.cancel()
    assert said[0] == "the router has died; it is started again now"
    assert said[1].startswith("the router did not start: its port is taken")
    assert said[-1] == "the router is back"


async def test_a_watchdog_blames_only_who_was_heard() -> None:
    watchdog = Watchdog(0.05)
    await watchdog.open()
    told = watchdog.environment()
    assert told["WATCHDOG_USEC"] == "50000"
    await asyncio.sleep(0.06)
    assert not watchdog.silent  # it may still be starting
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as process:
        process.sendto(b"WATCHDOG=1", "\0" + told["NOTIFY_SOCKET"][1:])
    async with asyncio.timeout(SHORT_PATIENCE_S):
        while not watchdog.silent:
            await asyncio.sleep(0.01)
    watchdog.environment()  # started again
    assert not watchdog.silent
    watchdog.close()


def ready_again(file: Path, which: str, before: int, serves: Callable[[], bool]) -> dict[str, Any]:
    """Wait until another process of that name is there and serves."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        ready: dict[str, Any] = json.loads(file.read_text())
        if ready["pids"][which] != before and serves():
            return ready
        assert time.monotonic() < give_up_at, ready["pids"]
        time.sleep(0.1)


@pytest.mark.real
def test_a_demo_outlives_its_router_its_fallback_and_its_asterisk(tmp_path: Path) -> None:
    demo = start(tmp_path, "--no-call", "--agents", "1")
    file = tmp_path / "ready.json"
    try:
        ready = wait_until_ready(demo, file)
        told_until(demo, "Ctrl-C ends.")

        def serves() -> bool:
            try:
                with urllib.request.urlopen(ready["http"] + "/readyz", timeout=5) as answer:
                    return bool(json.load(answer)["ready"])
            except OSError:  # not there, or not ready
                return False

        for number in (signal.SIGKILL, signal.SIGSTOP):
            before = ready["pids"]
            for which in ("router", "fallback"):
                os.kill(before[which], number)
            for which in ("router", "fallback"):
                ready = ready_again(file, which, before[which], serves)
        killed = ready["pids"]["asterisk"]
        os.kill(killed, signal.SIGKILL)
        ready_again(file, "asterisk", killed, serves)
        demo.send_signal(signal.SIGINT)
        told, _ = demo.communicate(timeout=PATIENCE_S)
    finally:
        demo.kill()
        demo.communicate(timeout=PATIENCE_S)
        remove_vault(tmp_path)
    assert demo.returncode == 0, told
    assert told.count("the router is back") == 2
    assert told.count("the fallback is back") == 2
    assert told.count("Asterisk is back") == 1
    assert "Traceback" not in told
