"""The scenarios of docs/load-testing.md, played by plain SIPp as the page says."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from router.asterisk.toolbox import Toolbox
from router.core.commands import Step
from router.core.ids import PhoneId
from router.demo.phones import free_port
from router.demo.stage import Stage
from tests.patience import PATIENCE_S
from tests.real.callback_steps import TARGETS
from tests.real.cast import TO_SECTOR, Cast
from tests.real.conftest import OPEN_AT, PROMISE, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

_OFFSET = 4400
_SCENARIOS = Path(__file__).parents[1] / "load" / "sipp"
_PHONE = "101"
_OF_A_PHONE = (Step.RINGING, Step.TALKING, Step.AGENT_DONE)
NOBODY = "refused: nobody on duty"


class Plain:
    """Plain SIPp, with the options that the page gives."""

    def __init__(self, toolbox: Toolbox, folder: Path) -> None:
        self._toolbox = toolbox
        self._folder = folder

    async def start(
        self, scenario: str, remote: str, lines: str, *options: str
    ) -> asyncio.subprocess.Process:
        file = self._folder / f"{scenario}-{free_port()}.csv"
        file.write_text(f"SEQUENTIAL\n{lines}\n")
        return await asyncio.create_subprocess_exec(
            *(*self._toolbox.command("sipp"), remote, "-sf", str(_SCENARIOS / f"{scenario}.xml")),
            *("-inf", str(file), "-i", "127.0.0.1", "-mp", str(free_port()), "-rtp_echo"),
            *("-nostdin", "-trace_err", *options),
            cwd=self._folder,
            env={**os.environ, **self._toolbox.environment("sipp")},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def plays(self, scenario: str, remote: str, lines: str, *options: str) -> int:
        """Play one call; return SIPp's exit code."""
        sipp = await self.start(scenario, remote, lines, "-m", "1", *options)
        return await _ended(sipp)

    def errors(self) -> str:
        """Return what SIPp has complained of."""
        return "\n".join(one.read_text() for one in self._folder.glob("*_errors.log"))

    @asynccontextmanager
    async def answers(
        self, remote: str, line: str, port: int
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Answer calls at `port` meanwhile."""
        sipp = await self.start("called", remote, line, "-p", str(port))
        try:
            yield sipp
        finally:
            if sipp.returncode is None:
                sipp.kill()
                await sipp.wait()


async def _ended(sipp: asyncio.subprocess.Process) -> int:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await sipp.wait()
    except TimeoutError:
        sipp.kill()
        raise


async def _asked_to_end(sipp: asyncio.subprocess.Process) -> int:
    """Have SIPp end as by its key q; return its exit code."""
    sipp.send_signal(signal.SIGUSR1)
    return await _ended(sipp)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def load_stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    options: dict[str, Any] = {"targets": TARGETS, "promise": PROMISE}
    # Longer than Asterisk waits for an answer (3 s): one that is late is not taken for the next.
    options["asterisk"] = {"trunk_qualify_s": 4}
    async with open_stage(_OFFSET, OPEN_AT, **options) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def cast(load_stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(load_stage) as cast:
        # The carrier is there while a test plays it.
        cast.expected_in_router.append("'detail': 'trunk'")
        yield cast


@pytest.fixture
def plain(load_stage: Stage, tmp_path: Path) -> Plain:
    return Plain(load_stage.toolbox, tmp_path)


async def steps_of(cast: Cast) -> tuple[list[Step], str]:
    """Wait for the end of the next call; return its steps and its outcome."""
    call = (await cast.router_log.step(Step.ARRIVED))["call"]
    ended = await cast.router_log.step(Step.ENDED, call=call)
    return cast.router_log.steps(call), ended["outcome"]


@pytest.mark.parametrize(
    ("line", "reached", "outcome"),
    [
        ("caller;;0", Step.ARRIVED, "left"),
        ("caller;#;0.5", Step.ASKED, "left"),
        ("caller;#4;0.5", Step.MENU, "left"),
        (f"caller;{TO_SECTOR};1.5", Step.QUEUED, "abandoned"),
        ("caller;CODE;1.5", Step.CODE_ACCEPTED, "abandoned"),
        ("caller;#99999999;1", Step.CODE_REFUSED, "left"),
        ("caller;##2;0.5", Step.PAGE, "informed"),
    ],
)
async def test_a_caller(cast: Cast, plain: Plain, line: str, reached: Step, outcome: str) -> None:
    await cast.informateur()
    line = line.replace("CODE", cast.code())
    assert await plain.plays("caller", cast.stage.sip, line, "-s", "3939") == 0
    steps, ended = await steps_of(cast)
    assert reached in steps
    assert ended == outcome


@pytest.mark.parametrize(
    ("line", "code", "outcome"),
    [
        (f"service;{TO_SECTOR};40", 0, NOBODY),
        (f"either;{TO_SECTOR};40", 0, NOBODY),
        (f"caller;{TO_SECTOR};40", 1, NOBODY),  # the service is done before then
        ("service;#;0.5", 1, "left"),  # or not done by then
    ],
)
async def test_who_hangs_up_is_as_expected_or_a_failure(
    cast: Cast, plain: Plain, line: str, code: int, outcome: str
) -> None:
    """Nobody is on duty."""
    assert await plain.plays("caller", cast.stage.sip, line, "-s", "3939") == code
    assert (await steps_of(cast))[1] == outcome


@pytest.mark.parametrize("line", ["Caller;;0", "caller;;", "caller;#41", "caller;4 1;0"])
async def test_a_line_that_is_wrong_is_a_failure_and_nobody_is_called(
    cast: Cast, plain: Plain, line: str
) -> None:
    assert await plain.plays("caller", cast.stage.sip, line, "-s", "3939") == 1
    assert [one for one in cast.router_log.lines() if one.get("event") == "step"] == []


async def test_a_number_that_is_not_the_service_s_is_a_failure(cast: Cast, plain: Plain) -> None:
    assert await plain.plays("caller", cast.stage.sip, "caller;;0", "-s", "3940") == 1


@pytest.mark.parametrize(
    ("phone", "caller", "last", "code"),
    [
        ("answer;1;called;;1", f"service;{TO_SECTOR};40", Step.AGENT_DONE, 0),
        ("answer;0;service;;40", f"caller;{TO_SECTOR};8", Step.TALKING, 0),
        # Given up while it rings.
        ("answer;40;either;;1", f"caller;{TO_SECTOR};2", Step.RINGING, 0),
        ("answer;40;called;;1", f"caller;{TO_SECTOR};2", Step.RINGING, 1),
        ("answer;1", f"caller;{TO_SECTOR};2", Step.RINGING, 1),  # no such line
    ],
)
async def test_a_phone_of_an_informateur(
    cast: Cast, plain: Plain, phone: str, caller: str, last: Step, code: int
) -> None:
    stage, port = cast.stage, free_port()
    account = f"agent-{_PHONE};{stage.secrets.agents[PhoneId(_PHONE)]}"

    async def register(expires_s: int) -> None:
        keys = ("-key", "phone_port", str(port), "-key", "expires_s", str(expires_s))
        assert await plain.plays("register", stage.agents_sip, account, *keys) == 0

    async with plain.answers(stage.agents_sip, phone, port) as sipp:
        await register(120)
        try:
            await cast.until(cast.agents, lambda agents: agents["ready"] == 1)
            assert await plain.plays("caller", stage.sip, caller, "-s", "3939") == 0
            steps, _ = await steps_of(cast)
            assert [step for step in steps if step in _OF_A_PHONE][-1] == last
            assert await _asked_to_end(sipp) == code, plain.errors()
        finally:
            await register(0)


@pytest.mark.parametrize(
    ("line", "end", "code"),
    [
        ("answer;1;called;1;1", "done", 0),
        ("busy;;;;", "failed", 0),
        ("no-answer;;;;", "failed", 0),
        ("answer;0;called;;40", "failed", 1),  # pressed nothing: taken for a voicemail
    ],
)
async def test_the_far_end_of_callbacks(
    cast: Cast, plain: Plain, line: str, end: str, code: int
) -> None:
    stage = cast.stage
    assert stage.script.trunk is not None
    port = int(stage.script.trunk.rpartition(":")[2])
    async with plain.answers(stage.sip, line, port) as sipp:

        async def missing() -> list[str]:
            missing: list[str] = (await stage.get("/readyz")).get("missing", [])
            return missing

        await cast.until(missing, lambda missing: missing == [])
        informateur = await cast.informateur()
        await cast.callbacks_open()
        usager = await cast.usager().promised()
        for _ in range(1 if end == "done" else 2):
            await informateur.rings()
            informateur.pick_up()
            await informateur.call_ended()
        await usager.is_over(end)
        assert await _asked_to_end(sipp) == code, plain.errors()
