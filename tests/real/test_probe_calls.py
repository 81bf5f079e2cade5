"""The service calls itself: it hears what a caller would, and nobody counts it."""

import asyncio
from functools import partial

import pytest

from router.probe.steps import Line, ProbeFailed, Step, channel_of, dismiss, reach
from tests.patience import PATIENCE_S
from tests.real.cast import Cast

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


def line_of(cast: Cast) -> Line:
    return Line.of(cast.stage.asterisk.settings)


async def counted(cast: Cast) -> tuple[dict[str, float], dict[str, float]]:
    return await cast.metrics("allo_calls_ended_total"), await cast.metrics("allo_steps_total")


async def test_a_probe_is_welcomed_and_counted_nowhere(cast: Cast) -> None:
    before = await counted(cast)
    async with line_of(cast).call() as call:
        seconds = await reach(call)
        channel = await channel_of(call, partial(cast.ari, "channels"))
        assert await cast.calls() == {}
    assert 0 < seconds[Step.ANSWER] < seconds[Step.SOUND]
    assert channel["name"].startswith("PJSIP/probe-")
    assert channel["caller"] == {"name": "Anonyme", "number": "anonymous"}
    assert await cast.until(partial(cast.ari, "channels"), lambda held: held == []) == []
    assert await counted(cast) == before


async def test_a_key_ends_it(cast: Cast) -> None:
    before = await counted(cast)
    async with line_of(cast).call() as call:
        await reach(call)
        assert await dismiss(call) > 0
    assert await counted(cast) == before


async def test_a_probe_that_stays_is_hung_up_when_the_welcome_is_said(cast: Cast) -> None:
    before = await counted(cast)
    async with line_of(cast).call() as call:
        await reach(call)
        async with asyncio.timeout(PATIENCE_S):
            await call.ended.wait()
    assert await counted(cast) == before


async def test_without_its_secret_it_is_a_caller(cast: Cast) -> None:
    """The carrier of this stage has the probe's own address, or it would be nobody."""
    line = line_of(cast)
    async with Line(line.port, "0" * 32, line.number).call() as call:
        await reach(call)
        channel = await channel_of(call, partial(cast.ari, "channels"))
        assert channel["name"].startswith("PJSIP/trunk-")
        assert sum((await cast.calls()).values()) == 1


async def test_only_the_numbers_of_the_service_are_reached(cast: Cast) -> None:
    line = line_of(cast)
    async with Line(line.port, line.token, "0199001234").call() as call:
        with pytest.raises(ProbeFailed, match="knows the number that callers dial no more"):
            await reach(call)
