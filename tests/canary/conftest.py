"""A service with faults put into it, and its day."""

import asyncio
import os
import resource
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from router.asterisk.toolbox import Toolbox
from router.demo.script import Script
from router.demo.stage import Stage
from tests.canary.day import Day
from tests.real.conftest import OPEN_AT, PROMISE, PSTN_PORT, TARGETS, short_prompts, toolbox

__all__ = ["short_prompts", "toolbox"]

SEED = int(os.environ.get("ALLO_SEED", "4"))
_OFFSET = 4200
_FAULTS = Path(__file__).parent / "faults"


@pytest.fixture(scope="module")
def with_faults() -> Any:
    """Have every router import the faults before anything else."""
    start = asyncio.create_subprocess_exec

    async def start_faulty(*words: str, **options: Any) -> asyncio.subprocess.Process:
        if "router.cli" in words:
            path = options["env"]["PYTHONPATH"]
            options["env"]["PYTHONPATH"] = f"{_FAULTS}{os.pathsep}{path}"
        return await start(*words, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "create_subprocess_exec", start_faulty)
        yield


@pytest.fixture(scope="module")
def cores_allowed() -> Any:
    """Let every process that dies leave a core, unless the service prevents it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def day(
    toolbox: Toolbox,
    short_prompts: Path,
    tmp_path_factory: pytest.TempPathFactory,
    with_faults: None,
    cores_allowed: None,
) -> AsyncIterator[Day]:
    """The day after its end, with the service stopped."""
    state_dir = tmp_path_factory.mktemp("canary-stage")
    script = Script(
        state_dir=state_dir,
        record=state_dir / "recording",
        agents=8,
        port_offset=_OFFSET,
        opens_at=OPEN_AT,
        trunk=f"127.0.0.1:{PSTN_PORT + _OFFSET}",
        prompts_dir=short_prompts,
        # The simulated informateurs hang up `talks_s` after they have picked up, in any case.
        targets=TARGETS | {"wrap_up_s": 0, "misses_max": 10_000, "miss_pause_s": 1},
        promise=PROMISE | {"promise_s": 900, "tickets_per_agent": 40},
        asterisk={
            **{"agent_rtp_timeout_s": 3, "retry_every_s": 1, "trunk_qualify_s": 0},
            "trunk_silence_s": 7,
        },
        callbacks={"difficulty": 1000, "forms_per_minute": 10_000, "recycle_numbers": 60},
        rings_s=0.2,
        # Longer than any whisper, or a caller whose whisper is long is never talked to.
        talks_s=3.0,
    )
    stage = Stage(script, toolbox, print)
    # Everything that may be logged is logged.
    with (stage.state_dir / "allo.toml").open("a") as settings:
        settings.write('\n[log]\nlevel = "debug"\n')
    outside = tmp_path_factory.mktemp("canary-outside")
    try:
        async with aiohttp.ClientSession() as session:
            day = Day(stage, outside, session, SEED)
            try:
                await stage.open()
                await day.live()
            finally:
                await stage.close()
        yield day
    finally:
        shutil.rmtree(stage.vault_dir, ignore_errors=True)
