"""The doctor at a real service: it finds a healthy one healthy, and what is broken on purpose."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from router.demo.stage import Stage
from router.doctor import asterisk, http, masking, privacy, prompts, routers, sound, web
from router.doctor.examination import CHECKS, OF_A_DEMO, Check, examine
from router.doctor.findings import Level
from router.doctor.visit import visiting
from tests.real.cast import Cast
from tests.real.conftest import DOCTOR_OFFSET, OPEN_AT, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", aiohttp.ClientTimeout(total=1.0))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ward(open_stage: OpenStage) -> AsyncIterator[Stage]:
    """A service of our own: not everything that is broken here can be mended."""
    async with open_stage(DOCTOR_OFFSET, OPEN_AT) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def patient(ward: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(ward) as cast:
        yield cast


async def found(cast: Cast, checks: Sequence[Check] = CHECKS) -> dict[str, Level]:
    async with visiting(cast.stage.config, lambda: []) as around:
        return {one.name: one.level for one in await examine(around, checks)}


async def faults(cast: Cast, checks: Sequence[Check]) -> Collection[str]:
    return {name for name, level in (await found(cast, checks)).items() if level is Level.FAULT}


async def test_a_healthy_demo_has_only_what_a_demo_is_like(patient: Cast) -> None:
    """Its prompts apart, which are cut short, and not in every format."""
    await patient.informateur()
    await patient.until(lambda: found(patient, routers.CHECKS), lambda names: not names)
    before = patient.stage.asterisk.log_path.stat().st_size

    names = await found(patient, [check for check in CHECKS if check not in prompts.CHECKS])

    assert set(names.values()) == {Level.NOTE}, names
    assert {"fiction", "trunk-loopback", "phones-unasked", "probe-off"} <= names.keys() <= OF_A_DEMO
    assert patient.stage.asterisk.log_path.stat().st_size == before  # it leaves no trace
    assert not [
        one for one in await patient.ari("applications") if one["name"].startswith("allo-doc")
    ]


async def test_a_module_that_is_gone_is_found(patient: Cast) -> None:
    await patient.stage.asterisk.cli("module unload app_playback.so")
    assert await faults(patient, asterisk.CHECKS) == {"module-missing"}
    await patient.stage.asterisk.cli("module load app_playback.so")
    assert await faults(patient, asterisk.CHECKS) == set()


async def test_a_module_that_prints_messages_is_found(patient: Cast) -> None:
    await patient.stage.asterisk.cli("module load res_pjsip_logger.so")
    assert await faults(patient, asterisk.CHECKS) == {"module-unwanted"}
    await patient.stage.asterisk.cli("module unload res_pjsip_logger.so")
    assert await faults(patient, asterisk.CHECKS) == set()


async def test_a_log_of_everything_is_found(patient: Cast, tmp_path: Path) -> None:
    log = tmp_path / "full.log"
    await patient.stage.asterisk.cli(f"logger add channel {log} notice,verbose")
    assert await faults(patient, privacy.CHECKS) == {"log-levels"}
    await patient.stage.asterisk.cli(f"logger remove channel {log}")
    assert await faults(patient, privacy.CHECKS) == set()


async def test_a_frozen_intake_is_told_from_a_frozen_router(patient: Cast) -> None:
    assert patient.stage.router is not None
    router = patient.stage.router.pid
    intakes = [int(pid) for pid in children(router)]
    for pid in intakes:
        os.kill(pid, signal.SIGSTOP)
    try:
        names = await faults(patient, web.CHECKS)
    finally:
        for pid in intakes:
            os.kill(pid, signal.SIGCONT)
    assert "intake-frozen" in names
    assert "router-frozen" not in names

    os.kill(router, signal.SIGSTOP)
    try:
        assert "router-frozen" in await faults(patient, web.CHECKS)
    finally:
        os.kill(router, signal.SIGCONT)


async def test_a_plan_that_changed_is_found(patient: Cast) -> None:
    plan = patient.stage.config.settings.plan
    before = plan.stat()
    os.utime(plan)
    try:
        os.utime(plan, (before.st_atime + 3600, before.st_mtime + 3600))
        assert "plan-stale" in await found(patient, routers.CHECKS)
    finally:
        os.utime(plan, ns=(before.st_atime_ns, before.st_mtime_ns))


async def test_a_second_router_is_found(patient: Cast) -> None:
    settings = patient.stage.asterisk.settings
    login = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password)
    async with (
        aiohttp.ClientSession(headers={"Authorization": login}) as session,
        session.ws_connect(f"{settings.ari_url}/events", params={"app": "essai,essai-router"}),
    ):
        assert "router-second" in await found(patient, routers.CHECKS)
    await patient.until(lambda: found(patient, routers.CHECKS), lambda names: not names)


async def test_another_program_among_the_ports_for_sound_is_found(patient: Cast) -> None:
    port = patient.stage.asterisk.settings.rtp_last - 1
    program = (
        "import socket; other = socket.socket(type=socket.SOCK_DGRAM); "
        f"other.bind(('127.0.0.1', {port})); print(flush=True); input()"
    )
    other = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert other.stdout is not None
    await other.stdout.readline()
    assert "rtp-taken" in await found(patient, sound.CHECKS)
    await other.communicate(b"\n")
    assert await found(patient, sound.CHECKS) == {}


async def test_a_trunk_that_was_unmasked_is_found_by_its_own_call(patient: Cast) -> None:
    """Without the template's mask, and with the module that reads who calls: the number is in the
    very first event."""
    cli = patient.stage.asterisk.cli
    file = patient.stage.asterisk.settings.config_dir / "pjsip.conf"
    with edited(file, ("callerid = Anonyme <anonymous>", "; no mask")):
        await cli("module load res_pjsip_caller_id.so")
        await cli("module reload res_pjsip.so")
        async with visiting(patient.stage.config, lambda: []) as around:
            findings = await examine(around, masking.CHECKS)
    await cli("module reload res_pjsip.so")
    assert {one.place for one in findings if one.name == "masking"} >= {
        "AMI's events",
        "ARI's events",
    }
    assert {one.place for one in findings if one.name == "masking-trunk"} == {
        "pjsip.conf: [trunk] callerid"
    }
    assert await faults(patient, masking.CHECKS) == set()
    assert await faults(patient, asterisk.CHECKS) == {"module-unwanted"}  # it cannot be unloaded


@contextmanager
def edited(file: Path, *changes: tuple[str, str]) -> Iterator[None]:
    """Have the file say something else meanwhile."""
    kept = file.with_suffix(".kept")
    shutil.copy2(file, kept)
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)
    try:
        yield
    finally:
        kept.replace(file)


def children(pid: int) -> list[str]:
    """Return the processes that this one started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]
