"""The process, started for real; Asterisk and the router are not there."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from router.places import TOP
from tests.fallback.asterisk_side import call, free_port, variables
from tests.fallback.configuration import write
from tests.patience import PATIENCE_S

NUMBER = "0199001234"
#: Started with panoramisk in the way of being imported.
_WITHOUT = "import sys; sys.modules['panoramisk'] = None; from router.cli import main; main()"


Start = Callable[..., AbstractAsyncContextManager["Process"]]


class Process:
    """A fallback at work."""

    def __init__(self, log: Path, port: int, plan: Path) -> None:
        self._log = log
        self.port = port
        self.plan = plan

    def lines(self) -> list[dict[str, object]]:
        text = self._log.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    async def logs(self, event: str) -> dict[str, object]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for line in self.lines():
                    if line["event"] == event:
                        return line
                await asyncio.sleep(0.05)


@pytest.fixture
def started(tmp_path: Path) -> Start:
    @asynccontextmanager
    async def start(*program: str) -> AsyncIterator[Process]:
        port = free_port()
        settings, log = write(tmp_path, port, "debug"), tmp_path / "fallback.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", *(program or ("-m", "router.cli"))),
                *("fallback", "--config", settings),
                env={**os.environ, "PYTHONPATH": str(TOP)},
                stdout=output,
                stderr=output,
            )
        try:
            running = Process(log, port, tmp_path / "3939.toml")
            await running.logs("fallback ready")
            yield running
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return start


async def test_the_process_from_its_start_to_its_end(started: Start) -> None:
    async with started() as process:
        await process.logs("router away")
        commands = []
        for verb in ("allo/hours", "allo/code", "allo/route", "allo/away", "allo/none"):

            def goes(command: str) -> str | None:
                return None if command.startswith("STREAM") else "200 result=0"

            commands += await call(process.port, verb, NUMBER, answering=goes, number=NUMBER)
        assert variables(commands)["ALLO_CODE"] == "wrong"
        assert variables(commands)["ALLO_OPEN"] in ("0", "1")
        # Nothing of who called has been sent back, logged, or written.
        assert NUMBER not in str(commands)
        kept = [path for path in process.plan.parent.rglob("*") if path.is_file()]
        assert [path for path in kept if NUMBER.encode() in path.read_bytes()] == []

        text = process.plan.read_text()
        process.plan.write_text(text.replace("[hours]", "[hour]"))
        await process.logs("files are wrong: going on as before")
        assert "ALLO_OPEN" in variables(await call(process.port, "allo/hours"))
        process.plan.write_text(text + "\n")
        await process.logs("files read again")
        assert "ALLO_OPEN" in variables(await call(process.port, "allo/hours"))


async def test_without_panoramisk_it_says_so_and_goes_on(
    started: Start,
) -> None:
    async with started("-c", _WITHOUT) as process:
        told = await process.logs("FastAGI is off")
        assert told["reason"] == "panoramisk is not installed"
        await process.logs("router away")
        with pytest.raises(ConnectionRefusedError):
            await call(process.port, "allo/hours")
