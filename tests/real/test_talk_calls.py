"""During the call, by the informateur's keys: hold, transfer, consultation, referral."""

import asyncio

import pytest

from router.core.call.life import CallState
from router.core.commands import Step
from tests.patience import PATIENCE_S
from tests.real.cast import Cast
from tests.real.telephones import Called, Caller

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

#: Codes of the plan's sectors and of an entry of its directory.
CONSUMER, HOUSING = ("consommation", "50"), ("logement-location", "41")
HEALTH = ("assurance-maladie", "11")


async def hear_each_other(*people: Caller | Called) -> None:
    """Wait until each hears the tone it listens for, from now on."""
    async with asyncio.timeout(PATIENCE_S):
        for one in people:
            one.person.forget()
            await one.person.heard_tone.wait()


async def test_hold_is_music_for_the_caller_and_back(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    caller.person.listen_anew()
    informateur.person.press("*1")
    await cast.step(caller, Step.HELD)
    await caller.person.hears("music")
    await informateur.person.hears("desk-held")
    informateur.person.press("*1")
    await cast.step(caller, Step.RETRIEVED)
    await cast.both_hear(caller, informateur)
    assert {name for name in caller.person.heard if name.isdigit()} == set()  # no key is heard
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_transfer_puts_the_caller_first_in_the_other_sector(cast: Cast) -> None:
    first = await cast.informateur("101")
    caller = await cast.waiting_caller()
    await cast.talk(caller, first)
    second = await cast.informateur("102", says=1500)
    first.person.press(f"*2{CONSUMER[1]}")
    given = await cast.step(caller, Step.TRANSFERRED)
    assert given["sector"] == CONSUMER[0]
    await first.call_ended()
    await second.rings()
    second.pick_up()
    await second.person.hears("whisper-transfer", f"sector-{CONSUMER[0]}")
    await cast.step(caller, Step.TALKING, agent="102")
    await second.hang_up()
    await cast.ended(caller, "answered")


async def test_a_transfer_to_the_same_sector_or_to_none_is_refused_aloud(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    for code, answer in (
        (HOUSING[1], "desk-same-sector"),
        ("99", "desk-unknown-sector"),
        (CONSUMER[1], "desk-sector-closed"),  # the only informateur on duty is talking
    ):
        informateur.person.press(f"*2{code}")
        await informateur.person.hears(answer)
    await cast.both_hear(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_colleague_is_consulted_and_takes_the_caller(cast: Cast) -> None:
    first = await cast.informateur("101", says=1400, listens_for=1000)
    second = await cast.informateur("102", says=1500, listens_for=1400)
    caller = await cast.waiting_caller(says=1000, listens_for=1400)
    await first.rings()
    first.pick_up()
    await cast.step(caller, Step.TALKING, agent="101")
    first.person.press(f"*3{CONSUMER[1]}")
    await second.rings()
    await caller.person.hears("music")
    second.pick_up()
    await second.person.hears("consult-whisper")
    await cast.step(caller, Step.CONSULTED)
    await hear_each_other(second)
    first.person.press("*7")
    await cast.step(caller, Step.COMPLETED, agent="102")
    await first.call_ended()
    second.person.listen_anew()
    await second.person.hears("1000 Hz")
    await second.hang_up()
    await cast.ended(caller, "answered")


async def test_a_colleague_who_is_busy_gives_the_caller_back(cast: Cast) -> None:
    first = await cast.informateur("101")
    caller = await cast.waiting_caller()
    await cast.talk(caller, first)
    second = await cast.informateur("102")
    first.person.press(f"*3{CONSUMER[1]}")
    await second.rings()
    second.refuse("BUSY")
    await cast.step(caller, Step.CANCELLED)
    await first.person.hears("consult-over")
    await cast.both_hear(caller, first)
    await first.hang_up()
    await cast.ended(caller, "answered")


async def test_a_referral_is_dialled_and_the_informateur_is_free(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller(says=1000, listens_for=1500)
    await informateur.rings()
    informateur.pick_up()
    await cast.step(caller, Step.TALKING)
    service = await cast.service(says=1500, listens_for=1000)
    informateur.person.press(f"*4{HEALTH[1]}")
    await service.rings()
    await caller.person.hears("referral-connecting", f"directory-{HEALTH[0]}")
    service.pick_up()
    await cast.step(caller, Step.REFERRED)
    await informateur.call_ended()
    await hear_each_other(caller, service)
    assert "To: <sip:3646@" in service.messages()
    await service.hang_up()
    await cast.step(caller, Step.VOTE_ASKED)
    await cast.ended(caller, "answered")
    await service.stop()


async def test_a_referral_that_does_not_answer_gives_the_caller_back(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    service = await cast.service(says=1500)
    informateur.person.press(f"*4{HEALTH[1]}")
    await service.rings()
    service.refuse("BUSY")
    await cast.step(caller, Step.CANCELLED)
    await informateur.person.hears("desk-referral-failed")
    await cast.both_hear(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")
    await service.stop()


async def test_a_referral_is_spoken_twice_and_the_caller_votes(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    informateur.person.press(f"*5{HEALTH[1]}")
    await informateur.call_ended()
    said = (f"directory-{HEALTH[0]}", "pair-36", "pair-46", f"directory-{HEALTH[0]}-hours")
    await caller.person.hears(*said, "referral-repeat", *said)
    await caller.person.hears("vote-satisfaction")
    caller.press("4")
    await caller.person.hears("vote-reponse")
    caller.press("1")
    await caller.person.hears("vote-thanks")
    await cast.ended(caller, "answered")


async def test_a_caller_who_hangs_up_on_hold_frees_the_informateur(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    informateur.person.press("*1")
    await cast.in_state(CallState.HELD)
    await caller.hang_up()
    await informateur.call_ended()
    await cast.ended(caller, "answered")


async def test_the_same_by_http(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    status, answer = await cast.ask("101", "hold")
    assert (status, answer["reply"]) == (200, "held")
    assert (await cast.desk("101"))["desk"]["call"]["state"] == "held"
    assert (await cast.ask("101", "hold"))[0] == 409
    assert (await cast.ask("101", "retrieve"))[0] == 200
    await cast.both_hear(caller, informateur)
    status, answer = await cast.ask("101", "transfer", sector="logement-locaton")
    assert (status, answer["error"]["field"]) == (422, "sector")
    await informateur.hang_up()
    await cast.ended(caller, "answered")
