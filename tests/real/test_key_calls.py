"""Keys as carriers and telephones send them, and callers who send none."""

import pytest

from router.core.commands import Step
from tests.real.cast import Cast

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_a_code_may_come_as_sip_info(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = cast.caller()
    await caller.dial(events=False)  # so that Asterisk expects INFO
    await cast.arrived(caller)
    await caller.person.hears("welcome")
    await caller.press_by_info("#")
    await caller.person.hears("code-ask")
    await caller.press_by_info(cast.code())
    await cast.step(caller, Step.CODE_ACCEPTED)
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_key_sent_in_both_ways_counts_once(cast: Cast) -> None:
    caller = await cast.call()
    for key, then in zip("#41", ("code-ask", "menu-logement", ""), strict=True):
        caller.press(key)
        await caller.press_by_info(key)
        if then:
            await caller.person.hears(then)
    await cast.ended(caller, "refused: nobody on duty")
    assert cast.router_log.steps(caller.call) == [
        *(Step.ARRIVED, Step.ASKED, Step.MENU, Step.REFUSED, Step.ENDED)
    ]


async def test_star_explains_the_code(cast: Cast) -> None:
    caller = await cast.call()
    caller.press("**")
    await caller.person.hears("code-help", "code-ask")
    await caller.hang_up()
    await cast.ended(caller, "left")


async def test_letters_are_no_part_of_a_code(cast: Cast) -> None:
    caller = await cast.call()
    code = cast.code()
    caller.press(f"A{code[:4]}BC{code[4:]}")  # nobody is on duty: it ends there
    await cast.step(caller, Step.CODE_ACCEPTED)
    await cast.ended(caller, "refused: nobody on duty")


async def test_a_code_ended_too_early_is_asked_again(cast: Cast) -> None:
    caller = await cast.call()
    caller.press("678#")
    refused = await cast.step(caller, Step.CODE_REFUSED)
    assert refused["detail"] == "code-incomplete"
    await caller.person.hears("code-incomplete", "code-ask")
    caller.press("67")  # and then nothing
    refused = await cast.step(caller, Step.CODE_REFUSED)
    assert refused["detail"] == "code-incomplete"
    await caller.hang_up()
    await cast.ended(caller, "left")


async def test_a_wrong_choice_repeats_the_menu(cast: Cast) -> None:
    caller = await cast.call()
    caller.press("49")
    await caller.person.hears("menu-logement", "menu-invalid", "menu-logement")
    caller.press("0")
    await caller.person.hears("menu-logement", "menu-keys")
    caller.press("D9")  # the first is noise
    await caller.person.hears("menu-invalid", "menu-logement")
    await caller.hang_up()
    await cast.ended(caller, "left")


async def test_a_caller_who_presses_nothing_reaches_a_person(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.call()
    await caller.person.hears("welcome", "code-ask", "menu-main")
    await caller.person.hears("no-key-hint", "menu-main", limit_s=60)
    queued = await cast.step(caller, Step.QUEUED)
    assert queued["sector"] == "general"
    await cast.talk(caller, informateur)
    assert "sector-general" in informateur.person.heard
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_caller_who_presses_nothing_hears_that_nobody_is_there(cast: Cast) -> None:
    caller = await cast.call()
    await caller.person.hears("no-key-hint", "no-key", "refused-no-agent", limit_s=90)
    await cast.ended(caller, "refused: nobody on duty")
