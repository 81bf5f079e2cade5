"""The example of docs/fastagi.md on a real Asterisk: an own dialplan, app_queue, our decisions."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from router.asterisk import folders
from router.asterisk.configuration import TEMPLATES, fill, placeholders
from router.asterisk.console import ask
from router.asterisk.install import ensure_toolbox
from router.asterisk.settings import AsteriskSettings
from router.asterisk.toolbox import Toolbox
from router.cli import provision
from router.core.codes import CodeBook
from router.fallback.decisions import Answer, Decisions
from router.fallback.door import Door, Verb
from router.fallback.line import Line
from router.lifeline import tied_to_us
from router.places import TOP
from tests.fallback.asterisk_side import free_port
from tests.patience import PATIENCE_S
from tests.service_plan import FICHE, MONDAY_10H, general_plan

pytestmark = pytest.mark.real

EXAMPLE = TOP / "tests" / "fallback" / "app_queue.conf"
#: What an Asterisk with this dialplan needs; calls are its own, by Local channels.
MODULES = (
    *("res_timing_timerfd", "pbx_config", "res_speech", "res_agi", "app_queue", "app_read"),
    *("app_playback", "app_senddtmf", "app_echo", "app_verbose", "func_global", "func_channel"),
    *("bridge_simple", "bridge_softmix", "bridge_holding", "res_musiconhold", "res_sorcery_memory"),
    *("codec_alaw", "codec_ulaw", "format_pcm", "format_sln", "res_clioriginate"),
)
#: Who answers: each queue has one member, whose answer is noted. Callers press their keys.
PEOPLE = """
[general]
[globals]
[agents]
exten = _[a-z].,1,Answer()
 same = n,Set(GLOBAL(ANSWERED)=${ANSWERED}${EXTEN} )
 same = n,Wait(60)
[person]
exten = _X!,1,Answer()
 same = n,Wait(0.5)
 same = n,SendDTMF(${EXTEN},100,100)
 same = n,Wait(60)
exten = nothing,1,Answer()
 same = n,Wait(60)
"""
NIGHT = MONDAY_10H + 12 * 3600.0


class OwnAsterisk:
    """An Asterisk with a dialplan that is not ours."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self._settings = settings

    async def cli(self, command: str) -> str:
        return await ask(self._settings, command)

    async def calls(self, keys: str) -> None:
        await self.cli(f"channel originate Local/s@caller extension {keys or 'nothing'}@person")

    async def answered(self) -> list[str]:
        told = await self.cli("dialplan show globals")
        return "".join(re.findall(r"ANSWERED=(.*)", told)).split()

    async def until_answered(self, queue: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while queue not in await self.answered():
                await asyncio.sleep(0.1)

    async def until_idle(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not (await self.cli("core show channels count")).startswith("0 active"):
                await asyncio.sleep(0.1)

    async def hang_up(self) -> None:
        await self.cli("channel request hangup all")
        await self.until_idle()


def lay_out(folder: Path, toolbox: Toolbox, port: int) -> AsteriskSettings:
    settings = AsteriskSettings(
        state_dir=folder,
        prompts_dir=folder / "prompts",
        service_numbers=("3939",),
        longest_call_s=7200,
        ari_password="a-secret-of-twenty-six-xxx",
    )
    settings.config_dir.mkdir(parents=True)
    settings.prompts_dir.mkdir()
    folders.lay_out(settings, toolbox)
    for name in ("question", "closed"):
        sound = settings.data_dir / "sounds" / "fr" / f"{name}.alaw"
        sound.write_bytes(b"\xd5" * 800)
    values = placeholders(settings, toolbox)
    etc = settings.config_dir
    text = (TEMPLATES / "asterisk.conf").read_text(encoding="utf-8")
    (etc / "asterisk.conf").write_text(fill(text, values, "asterisk.conf"))
    here = set(os.listdir(toolbox.modules_dir))
    loaded = "".join(f"load = {name}.so\n" for name in MODULES if f"{name}.so" in here)
    (etc / "modules.conf").write_text(f"[modules]\nautoload = no\n{loaded}")
    (etc / "logger.conf").write_text("[logfiles]\nasterisk.log = warning,error\n")
    plan = general_plan()
    queues = "".join(
        f"[allo-{sector}]\nstrategy = rrmemory\nmember = Local/{sector}@agents\n"
        for sector in plan.sectors
    )
    (etc / "queues.conf").write_text(f"[general]\nlog_membername_as_agent = no\n{queues}")
    example = EXAMPLE.read_text().replace("agi://127.0.0.1/", f"agi://127.0.0.1:{port}/")
    (etc / "extensions.conf").write_text(PEOPLE + example)
    return settings


@asynccontextmanager
async def own_asterisk(folder: Path, toolbox: Toolbox, port: int) -> AsyncIterator[OwnAsterisk]:
    settings = lay_out(folder, toolbox, port)
    conf = str(settings.config_dir / "asterisk.conf")
    process = await asyncio.create_subprocess_exec(
        *tied_to_us(*toolbox.command("asterisk"), "-C", conf, "-f"),
        env={**os.environ, **toolbox.environment("asterisk")},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    asterisk = OwnAsterisk(settings)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                assert process.returncode is None
                try:
                    await asterisk.cli("core waitfullybooted")
                    break
                except OSError:
                    await asyncio.sleep(0.1)
        yield asterisk
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Clock:
    """The time by which is decided."""

    def __init__(self) -> None:
        self.now = MONDAY_10H


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest_asyncio.fixture
async def door(clock: Clock, port: int) -> AsyncIterator[Door]:
    plan = general_plan()
    decisions = Decisions(plan, CodeBook.of(plan, b"secret"))

    def verb(decide: str) -> Verb:
        async def answer(line: Line, words: tuple[str, ...]) -> None:
            told: Answer = getattr(decisions, decide)(*words[:1], clock.now)
            for name, value in told.variables.items():
                await line.set(name, value)

        return answer

    async def hours(line: Line, words: tuple[str, ...]) -> None:
        for name, value in decisions.hours(clock.now).variables.items():
            await line.set(name, value)

    opened = Door(port, {"allo/hours": hours, "allo/route": verb("route")})
    await opened.open()
    yield opened
    await opened.close()


async def test_an_own_dialplan_asks_for_our_decisions(
    door: Door, clock: Clock, port: int, tmp_path: Path
) -> None:
    toolbox = ensure_toolbox(provision.HOME, print)
    plan = general_plan()
    code = CodeBook.of(plan, b"secret").code(FICHE, MONDAY_10H)
    async with own_asterisk(tmp_path / "asterisk", toolbox, port) as asterisk:
        for keys, queue in ((code, "logement"), ("111", "travail"), ("", "general")):
            await asterisk.calls(keys)
            await asterisk.until_answered(queue)
            await asterisk.hang_up()
        assert await asterisk.answered() == ["logement", "travail", "general"]

        clock.now = NIGHT
        await asterisk.calls("111")
        await asterisk.until_idle()
        assert await asterisk.answered() == ["logement", "travail", "general"]

        await door.close()  # the fallback is away: nobody is turned away
        await asterisk.calls("111")
        async with asyncio.timeout(PATIENCE_S):
            while await asterisk.answered() != ["logement", "travail", "general", "general"]:
                await asyncio.sleep(0.1)
        await asterisk.hang_up()


def test_the_page_shows_this_very_dialplan() -> None:
    example = EXAMPLE.read_text().partition("\n")[2]
    assert example in (TOP / "docs" / "fastagi.md").read_text()
