"""Outside the opening hours."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from router.core.commands import Step
from router.demo.stage import Stage
from tests.real.cast import Cast
from tests.real.conftest import CLOSED_OFFSET, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

SUNDAY = datetime(2026, 11, 22, 9, tzinfo=UTC).timestamp()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def closed_stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    async with open_stage(CLOSED_OFFSET, SUNDAY) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def sunday(closed_stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(closed_stage) as cast:
        yield cast


async def test_the_caller_hears_when_it_opens_and_may_listen_to_information(sunday: Cast) -> None:
    caller = await sunday.call()
    closed = await sunday.step(caller, Step.CLOSED)
    assert closed["detail"] == "hours"
    await caller.person.hears("closed", "next-opening", "word-tomorrow", "weekday-1", "day-23")
    await caller.person.hears("month-11", "word-at", "hour-8", "clock-minute-30")
    await caller.person.hears("information-menu")
    caller.press("1")
    assert (await sunday.step(caller, Step.PAGE))["detail"] == "horaires"
    await caller.person.hears("page-hours-intro", "each-weekday-1", "each-weekday-4", "hour-18")
    await caller.person.hears("word-closed", "page-hours-end", "information-menu")
    await caller.hang_up()
    await sunday.ended(caller, "closed")


async def test_no_code_and_no_menu_leads_to_an_informateur(sunday: Cast) -> None:
    informateur = await sunday.informateur()
    caller = await sunday.call()
    caller.press("*" + sunday.code())
    await caller.person.pressed()
    caller.press("7")  # no choice of the information menu, wherever the code has led
    await caller.person.hears("menu-invalid")
    await caller.hang_up()
    await sunday.ended(caller, "closed")
    assert informateur.person.heard == []


@pytest.mark.parametrize("heard", ["closed", "next-opening", "information-menu"])
async def test_a_caller_may_hang_up_at_any_word(sunday: Cast, heard: str) -> None:
    caller = await sunday.call()
    await caller.person.hears(heard)
    await caller.hang_up()
    await sunday.ended(caller, "closed")
