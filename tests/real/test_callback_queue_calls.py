"""Callers in the queue beside tickets: who comes first, and who becomes a ticket."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.core.commands import Step
from router.demo.stage import Stage
from tests.real.callback_steps import SLACK_S, TARGETS, dialled, goodbye, picked_up, talk
from tests.real.cast import SECTOR, Cast
from tests.real.conftest import CALLBACK_QUEUE_OFFSET, OPEN_AT, PROMISE, NewCast, OpenStage
from tests.real.telephones import Called, Informateur
from tests.real.test_anonymity import files_with
from tests.real.usagers import numbers_kept

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def callback_stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    options = {"targets": TARGETS, "promise": PROMISE}
    async with open_stage(CALLBACK_QUEUE_OFFSET, OPEN_AT, **options) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def cast(callback_stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(callback_stage) as cast:
        yield cast


@pytest_asyncio.fixture(loop_scope="session")
async def informateur(cast: Cast) -> Informateur:
    """The only one on duty; callbacks are accepted."""
    informateur = await cast.informateur()
    await cast.callbacks_open()
    return informateur


@pytest_asyncio.fixture(loop_scope="session")
async def home(cast: Cast) -> Called:
    """The phone of whoever is called back."""
    return await cast.service(says=1000, listens_for=1400)


async def test_a_usager_who_calls_in_with_the_tickets_code_is_not_called_back(
    cast: Cast, informateur: Informateur
) -> None:
    await cast.ask("101", "pause", reason="pause")
    usager = await cast.usager().promised()
    code = (await usager.standing())["call_in_code"].replace(" ", "")
    caller = await cast.call()
    caller.press(f"#{code}")
    accepted = await cast.step(caller, Step.CODE_ACCEPTED)
    assert accepted["sector"] == SECTOR
    await caller.person.hears("callback-cancelled")
    await usager.is_over("cancelled")
    await cast.ask("101", "ready")
    await cast.talk(caller, informateur)
    await caller.hang_up()
    await cast.ended(caller, "answered")


async def test_a_caller_comes_before_a_ticket_that_has_time(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    await cast.ask("101", "pause", reason="pause")
    caller = await cast.call()
    usager = await cast.usager().promised()
    caller.press("#41")
    await cast.step(caller, Step.QUEUED)
    await cast.ask("101", "ready")
    await cast.talk(caller, informateur)
    await caller.hang_up()
    await cast.ended(caller, "answered")
    await dialled(cast, usager, informateur, home)
    await picked_up(home)
    await talk(cast, usager, informateur, home)
    await goodbye(usager, informateur, home)


async def test_a_caller_comes_after_a_ticket_whose_time_is_near(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    await cast.ask("101", "pause", reason="pause")
    usager = await cast.usager().promised()
    asked_at = cast.stage.now()

    async def waited_s() -> float:
        return cast.stage.now() - asked_at

    await cast.until(waited_s, lambda waited_s: waited_s > SLACK_S)
    caller = await cast.waiting_caller()
    await cast.ask("101", "ready")
    await dialled(cast, usager, informateur, home)
    await picked_up(home)
    await talk(cast, usager, informateur, home)
    assert Step.RINGING not in cast.router_log.steps(caller.call)
    await goodbye(usager, informateur, home)
    await cast.talk(caller, informateur)
    await caller.hang_up()
    await cast.ended(caller, "answered")


async def test_a_caller_in_the_queue_asks_by_keys(
    cast: Cast, informateur: Informateur, home: Called
) -> None:
    await cast.ask("101", "pause", reason="pause")
    caller = await cast.waiting_caller()
    await caller.person.hears("callback-offer")
    caller.press("5")
    await caller.person.hears("callback-ask-number")
    await caller.person.hears_silence_after("callback-ask-number")
    caller.press("3646#")
    await caller.person.hears("number-refused-short", "callback-ask-number")
    number = cast.usager().number
    caller.press(f"{number}#")
    await caller.person.hears("callback-read-back")
    already = len(caller.person.heard)
    await caller.person.hears("callback-confirm")
    read_back = [name[-2:] for name in caller.person.heard[already:-1]]
    assert "".join(read_back) == number
    caller.press("1")
    await caller.person.hears("callback-promised", "goodbye")
    await cast.ended(caller, "called back")
    assert len(numbers_kept(cast.stage)) == 1
    await cast.ask("101", "ready")
    await informateur.rings()
    informateur.pick_up()
    await home.rings()
    [invite] = home.requests("INVITE")
    assert invite.startswith(f"INVITE sip:33{number[1:]}@")
    await picked_up(home)
    home.person.press("1")
    await cast.both_hear(home, informateur)
    await home.hang_up()
    await informateur.call_ended()
    assert files_with(number[1:], cast.stage.state_dir) == []


async def test_a_caller_who_hangs_up_while_typing_has_asked_for_nothing(
    cast: Cast, informateur: Informateur
) -> None:
    await cast.ask("101", "pause", reason="pause")
    caller = await cast.waiting_caller()
    await caller.person.hears("callback-offer")
    caller.press("5")
    await caller.person.hears("callback-ask-number")
    caller.press(f"{cast.usager().number}#")
    await caller.person.hears("callback-confirm")
    await caller.hang_up()
    await cast.ended(caller, "abandoned")
    assert numbers_kept(cast.stage) == []
