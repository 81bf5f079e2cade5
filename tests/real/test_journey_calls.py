"""The caller's journey from the first word to the last."""

import pytest

from router.core.call.life import CallState
from router.core.commands import Step
from router.core.ids import FicheId
from router.demo.sound import CALLER_HZ
from tests.real.cast import SECTOR, TITLE, TO_SECTOR, Cast

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_a_code_leads_to_an_informateur_and_both_hear_each_other(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.call()
    await caller.person.hears("welcome", "welcome-price", "welcome-general")
    await caller.person.hears("code-ask", "menu-main")
    caller.press(cast.code())
    accepted = await cast.step(caller, Step.CODE_ACCEPTED)
    assert accepted["sector"] == SECTOR
    await caller.person.hears("code-accepted", "queue-joined", "music")
    await cast.talk(caller, informateur)
    whisper = ["whisper-call", f"sector-{SECTOR}", TITLE, "whisper-waited", "under-a-minute"]
    assert informateur.person.heard == [*whisper, f"{CALLER_HZ} Hz"]
    await informateur.hang_up()
    await caller.person.hears("goodbye")
    await cast.ended(caller, "answered")
    assert cast.router_log.steps(caller.call) == [
        Step.ARRIVED,
        Step.ASKED,
        Step.CODE_ACCEPTED,
        Step.QUEUED,
        Step.RINGING,
        Step.WHISPERED,
        Step.TALKING,
        Step.AGENT_DONE,
        Step.VOTE_ASKED,
        Step.ENDED,
    ]


async def test_a_title_without_audio_is_left_out(cast: Cast) -> None:
    fiche = FicheId("F4002")
    assert cast.stage.plan.fiches[fiche].sector == SECTOR
    cast.expected_in_asterisk.append(r"fiche-f4002")
    informateur = await cast.informateur()
    prompts = cast.stage.script.prompts_dir
    kept = {path: path.read_bytes() for path in prompts.glob("fiche-f4002.*")}
    assert kept
    for path in kept:
        path.unlink()
    try:
        caller = await cast.waiting_caller(cast.code(fiche))
        await cast.talk(caller, informateur)
    finally:
        for path, sound in kept.items():
            path.write_bytes(sound)
    whisper = ["whisper-call", f"sector-{SECTOR}", "whisper-waited", "under-a-minute"]
    assert informateur.person.heard == [*whisper, f"{CALLER_HZ} Hz"]
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_without_a_code_the_menus_lead_to_an_informateur(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.call()
    caller.press("#")
    await caller.person.hears("code-ask", "menu-main")
    caller.press("4")
    await caller.person.hears("menu-logement")
    caller.press("1")
    queued = await cast.step(caller, Step.QUEUED)
    assert queued["sector"] == SECTOR
    await cast.talk(caller, informateur)
    await caller.hang_up()
    await informateur.call_ended()
    await cast.ended(caller, "answered")


async def test_the_whole_way_can_be_typed_during_the_welcome(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.call()
    caller.press(TO_SECTOR)
    await informateur.rings()
    assert cast.router_log.steps(caller.call) == [
        Step.ARRIVED,
        Step.ASKED,
        Step.MENU,
        Step.QUEUED,
        Step.RINGING,
    ]
    await caller.hang_up()
    await informateur.stops_ringing()
    await cast.ended(caller, "abandoned")


async def test_three_wrong_codes_lead_to_the_menu(cast: Cast) -> None:
    right = cast.code()
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)  # its check digit does not fit
    caller = await cast.call()
    for reason in ("code-wrong", "code-wrong", "code-abandoned"):
        caller.press(wrong)
        refused = await cast.step(caller, Step.CODE_REFUSED)
        assert refused["detail"] == "code-wrong"
        await caller.person.hears(reason)
    await caller.person.hears("menu-main")
    assert await cast.calls() == {CallState.MENU: 1}
    await caller.hang_up()
    await cast.ended(caller, "left")


async def test_information_is_played_and_leads_back_to_its_menu(cast: Cast) -> None:
    caller = await cast.call()
    caller.press("##")
    await caller.person.hears("information-menu")
    caller.press("2")
    assert (await cast.step(caller, Step.PAGE))["detail"] == "tarif"
    await caller.person.hears("page-price", "page-anonymous", "information-menu")
    caller.press("*")
    await caller.person.hears("code-ask")
    await caller.hang_up()
    await cast.ended(caller, "informed")


async def test_a_caller_hears_that_nobody_is_on_duty(cast: Cast) -> None:
    caller = await cast.call()
    caller.press(TO_SECTOR)
    refused = await cast.step(caller, Step.REFUSED)
    assert refused["detail"] == "refused: nobody on duty"
    await caller.person.hears("refused-no-agent")
    await cast.ended(caller, "refused: nobody on duty")


async def test_silence_is_sent_wherever_nothing_is_said(cast: Cast) -> None:
    """No packet at all would be a dead line: to people, to carriers, to jitter buffers."""
    informateur = await cast.informateur()
    caller = await cast.call()
    await caller.person.hears_silence_after("menu-main")
    caller.press("4")
    await caller.person.hears_silence_after("menu-logement")
    caller.press("1")
    await cast.talk(caller, informateur)
    informateur.person.press("*1")
    await cast.step(caller, Step.HELD)
    await informateur.person.hears_silence_after("desk-held")
    informateur.person.press("*1")
    await cast.step(caller, Step.RETRIEVED)
    await cast.both_hear(caller, informateur)
    await informateur.hang_up()
    await caller.person.hears_silence_after("vote-satisfaction")
    await cast.ended(caller, "answered")
