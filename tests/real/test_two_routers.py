"""A second router at the same Asterisk: refused, unless it is to take over."""

import asyncio
import os
import shutil
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from router.cli import provision
from router.demo.stage import Stage
from router.intake.vault import place_of
from tests.patience import PATIENCE_S
from tests.real.conftest import OPEN_AT, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 5000


class Second:
    """Settings of its own, with state and port of its own, for the Asterisk of the stage."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        folder.mkdir()
        for name in ("agents.toml", "secrets.toml"):
            shutil.copy(stage.state_dir / name, folder / name)
        port = stage.http_port + 1
        text = (stage.state_dir / "allo.toml").read_text()
        assert f"\nport = {stage.http_port}\n" in text
        self.http = f"http://127.0.0.1:{port}"
        self.settings = folder / "allo.toml"
        text = text.replace(f"\nport = {stage.http_port}\n", f"\nport = {port}\n")
        self.settings.write_text(text)
        self._stage = stage
        self.vault = place_of(None, folder / "asterisk", os.environ)

    @asynccontextmanager
    async def run(self, *words: str) -> AsyncIterator[Process]:
        router = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "router.cli", "run", "--config", str(self.settings)),
            *("--clock-offset", str(self._stage.now() - time.time()), *words),
            env=os.environ | {"PYTHONPATH": str(provision.TOP)},
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
        )
        try:
            yield router
        finally:
            if router.returncode is None:
                router.kill()
            await router.communicate()
            shutil.rmtree(self.vault, ignore_errors=True)

    async def is_ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.http}/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False


async def test_a_second_router_is_refused_and_takes_over_only_on_purpose(
    open_stage: OpenStage, new_cast: NewCast, tmp_path: Path
) -> None:
    async with open_stage(OFFSET, OPEN_AT) as stage, new_cast(stage) as cast:
        second = Second(stage, tmp_path / "second")
        informateur = await cast.informateur()
        caller = await cast.waiting_caller()
        await cast.talk(caller, informateur)

        async with second.run() as refused, asyncio.timeout(PATIENCE_S):
            _, said = await refused.communicate()
        assert refused.returncode == 2, said
        last = said.decode().splitlines()[-1]
        assert last.startswith("allo: the application allo of the Asterisk at http://127.0.0.1:")
        assert "in use by another router" in last
        assert "--take-over" in last

        assert stage.router_runs
        await cast.both_hear(caller, informateur)
        other = await cast.call()  # the first router still answers
        await other.hang_up()
        await cast.ended(other, "left")

        cast.expected_in_router += ["another router took over"]
        cast.expected_in_asterisk += [r"closed abruptly|read error|Error reading|not active"]
        async with second.run("--take-over") as taker:
            first = stage.router
            assert first is not None
            async with asyncio.timeout(PATIENCE_S):
                assert await first.wait() == 1
            await cast.until(second.is_ready, lambda ready: ready)
            await cast.both_hear(caller, informateur)
            another = cast.caller()
            await another.dial()
            await another.person.hears("welcome")
            await another.hang_up()
            taker.kill()
            await taker.communicate()
        await stage.start_router()  # at once, without --take-over: the other one is dead

        await cast.both_hear(caller, informateur)
        await informateur.hang_up()
        await cast.ended(caller, "answered")
