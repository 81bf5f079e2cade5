"""A seat of the demo left free: the phone that somebody registers there is called first."""

import asyncio

import pytest

from router.core.commands import Step
from router.demo.phones import AgentPhone, CallerPhone
from tests.patience import PATIENCE_S
from tests.real.conftest import OPEN_AT, OpenStage
from tests.real.logs import RouterLog

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 4800


async def test_a_call_reaches_the_phone_at_the_free_seat(open_stage: OpenStage) -> None:
    async with open_stage(OFFSET, OPEN_AT, phones=True, seats=("104",)) as stage:
        assert [phone.agent for phone in stage.phones] == ["101", "102", "103"]
        (seat,) = stage.seats
        given = seat.as_json()
        own = AgentPhone(
            stage.toolbox,
            given["user"].removeprefix("agent-"),
            given["password"],
            given["registrar"],
            stage.state_dir / "own",
            rings_s=1.5,
            talks_s=8.0,
        )
        caller = CallerPhone(
            stage.toolbox, stage.sip, stage.state_dir / "caller", number=stage.plan.number
        )
        log = RouterLog(stage.router_log)
        await own.start()
        try:
            await stage.taken(seat)
            await caller.dial()
            await log.step(Step.ASKED)
            caller.person.press(stage.code())

            assert (await log.step(Step.TALKING))["agent"] == "104"
            async with asyncio.timeout(PATIENCE_S):
                await own.person.heard_tone.wait()
                await caller.person.heard_tone.wait()
        finally:
            await caller.stop()
            await own.stop()
