"""A whole service for the session, with short prompts and short targets; a cast for a test."""

import shutil
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from router.asterisk.install import ensure_toolbox
from router.asterisk.toolbox import Toolbox
from router.cli import provision
from router.config import load
from router.demo.script import Script
from router.demo.stage import Stage
from tests.real.cast import Cast
from tests.real.prompts import shorten

#: Monday, 10 o'clock in Metz.
OPEN_AT = datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp()
#: Ports of the stages. Their ranges of RTP overlap: Asterisk takes the next free port.
CLOSED_OFFSET, FRAGILE_OFFSET, RESTARTED_OFFSET = 3200, 3400, 3500
CALLBACKS_OFFSET, CARRIER_OFFSET, KILLS_OFFSET, READY_OFFSET = 3600, 3700, 3800, 4900
GAP_OFFSET = 5100
#: Nobody else's port is among its ports for sound.
DOCTOR_OFFSET = 17100
CALLBACK_QUEUE_OFFSET = 4000
#: A worker's stage adds 100 times the worker's number to it, up to 2900.
STAGE_OFFSET = 2000

#: Where calls to the public network go.
PSTN_PORT = 5075

TARGETS = {
    # A busy machine needs a while from one step of a test to the next: no pause and no ringing
    # ends meanwhile.
    "ring_s": 6,
    "reserve_s": 4,
    "miss_pause_s": 15,
    "reject_pause_s": 15,
    "busy_pause_s": 15,
    "unreachable_pause_s": 15,
    "wrap_up_s": 2,
    "announce_every_s": 4,
    "first_key_s": 2.0,
    "next_key_s": 2.5,
    "tries": 2,
}

#: The rules of callbacks in the tests about them.
PROMISE = {
    "promise_s": 60,
    "dial_s": 5,
    "slack_s": 0,
    "ring_s": 8,
    "busy_retry_s": 1,
    "no_answer_retry_s": 1,
    # What one informateur on a pause can promise is for the forecast's own tests.
    "forecast": False,
    "offer_after_s": 1,
}

FAILED = pytest.StashKey[bool]()

#: Of a port offset, a service time, and what else the script changes.
OpenStage = Callable[..., AbstractAsyncContextManager[Stage]]
NewCast = Callable[[Stage], Cast]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a cast know that its test failed: it then cleans up without checking what is left."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def toolbox() -> Toolbox:
    tools = ensure_toolbox(provision.HOME, print)
    provision.prompts(load(None), provision.voice_named("espeak-ng", None, tools), tools, print)
    return tools


@pytest.fixture(scope="session")
def short_prompts(toolbox: Toolbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds") / "prompts"
    shorten(provision.PROMPTS, folder)
    return folder


@pytest.fixture(scope="session")
def open_stage(
    toolbox: Toolbox, short_prompts: Path, tmp_path_factory: pytest.TempPathFactory
) -> OpenStage:
    """Return how to open a stage at a port offset and a service time; see `Script` for changes.

    With `phones`, simulated informateurs are at work.
    """

    @asynccontextmanager
    async def open_one(
        port_offset: int, opens_at: float, *, phones: bool = False, **changes: Any
    ) -> AsyncIterator[Stage]:
        asterisk = {"agent_rtp_timeout_s": 3, "retry_every_s": 1, "trunk_qualify_s": 0}
        asterisk["trunk_silence_s"] = 7  # the least, and less than PROMISE["ring_s"]
        script = Script(
            state_dir=tmp_path_factory.mktemp("stage"),
            agents=4,
            port_offset=port_offset,
            opens_at=opens_at,
            trunk=f"127.0.0.1:{PSTN_PORT + port_offset}",
            prompts_dir=changes.pop("prompts_dir", short_prompts),
            targets=TARGETS | changes.pop("targets", {}),
            asterisk=asterisk | changes.pop("asterisk", {}),
            **changes,
        )
        stage = Stage(script, toolbox, print)
        try:
            await (stage.open() if phones else stage.open_service())
            yield stage
        finally:
            await stage.close()
            shutil.rmtree(stage.vault_dir, ignore_errors=True)

    return open_one


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(open_stage: OpenStage, worker_id: str) -> AsyncIterator[Stage]:
    """The service during its hours. A test that breaks it opens another one."""
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    async with open_stage(STAGE_OFFSET + 100 * number, OPEN_AT) as opened:
        yield opened


@pytest.fixture
def new_cast(request: pytest.FixtureRequest, tmp_path: Path) -> NewCast:
    def failed() -> bool:
        """Of a cast that a fixture opened; one of the test itself is told by the exception."""
        return bool(request.node.stash.get(FAILED, False))

    return lambda stage: Cast(stage, tmp_path / "phones", failed)


@pytest_asyncio.fixture(loop_scope="session")
async def cast(stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(stage) as cast:
        yield cast
