"""INVITEs that are refused, and one that offers nothing."""

import pytest

from router.core.commands import Step
from tests.real.cast import Cast

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

GSM = 3


@pytest.mark.parametrize(
    ("number", "payloads", "status"),
    [("3940", (8,), 404), ("s", (8,), 404), ("3939", (GSM,), 488)],
    ids=["another number", "the dialplan's own extension", "only a codec we lack"],
)
async def test_refused(cast: Cast, number: str, payloads: tuple[int, ...], status: int) -> None:
    caller = cast.caller(scenario="refused")
    await caller.dial(number, payloads=payloads, status=status)
    assert await caller.ended() == 0
    assert [line for line in cast.router_log.lines() if line.get("step") == Step.ARRIVED] == []


async def test_an_invite_without_an_offer_is_answered_with_one(cast: Cast) -> None:
    caller = await cast.call(scenario="late-offer")
    await caller.person.hears("welcome", "code-ask")
    caller.press("#")
    await caller.person.hears("information-menu")
    await caller.hang_up()
    await cast.ended(caller, "informed")
