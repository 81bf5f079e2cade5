"""What informateurs do from their own phones: short codes, PIN, pauses, notes."""

import pytest

from router.core.commands import Step
from tests.real.cast import Cast

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_an_informateur_logs_out_and_in_again_by_phone(cast: Cast) -> None:
    informateur = await cast.informateur("101")
    leaving = await cast.desk_call(informateur, "12")
    await leaving.hears("desk-logged-out")
    assert await leaving.ended() == 0
    assert (await cast.agents())["ready"] == 0

    coming = await cast.desk_call(informateur, "11")
    await coming.hears("desk-ask-agent")
    coming.press("#")
    await coming.hears("desk-ask-pin")
    coming.press(cast.pin("101") + "#")
    await coming.hears("desk-logged-in")
    assert await coming.ended() == 0
    assert (await cast.agents())["ready"] == 1


async def test_three_wrong_pins_lock_the_log_in(cast: Cast) -> None:
    informateur = await cast.informateur("102")
    await (await cast.desk_call(informateur, "12")).ended()
    call = await cast.desk_call(informateur, "11")
    await call.hears("desk-ask-agent")
    call.press("102#")
    for answer in ("desk-wrong-pin", "desk-wrong-pin", "desk-locked"):
        await call.hears("desk-ask-pin")
        call.press("0000#")
        await call.hears(answer)
    assert await call.ended() == 0

    locked = await cast.desk_call(informateur, "11")
    await locked.hears("desk-ask-agent")
    locked.press("#")
    await locked.hears("desk-ask-pin")
    locked.press(cast.pin("102") + "#")  # the right one comes too late
    await locked.hears("desk-locked")
    assert await locked.ended() == 0


async def test_a_pause_has_a_reason_and_ends_by_code(cast: Cast) -> None:
    informateur = await cast.informateur("101")
    pausing = await cast.desk_call(informateur, "13")
    await pausing.hears("desk-ask-reason-pause")
    pausing.press("1")
    await pausing.hears("desk-paused")
    assert await pausing.ended() == 0
    shown = (await cast.desk("101"))["desk"]
    assert (shown["state"], shown["reason"]["id"]) == ("paused", "pause")

    back = await cast.desk_call(informateur, "14")
    await back.hears("desk-ready")
    assert await back.ended() == 0
    assert (await cast.agents())["ready"] == 1


async def test_an_unknown_code_is_answered(cast: Cast) -> None:
    informateur = await cast.informateur("101")
    for code in ("99", "*"):
        call = await cast.desk_call(informateur, code)
        await call.hears("desk-unknown-code")
        assert await call.ended() == 0


async def test_another_s_phone_is_refused_while_the_other_works_there(cast: Cast) -> None:
    owner = await cast.informateur("101")
    await cast.informateur("102")
    call = await cast.desk_call(owner, "11")
    await call.hears("desk-ask-agent")
    call.press("103#")
    await call.hears("desk-ask-pin")
    call.press(cast.pin("103") + "#")
    await call.hears("desk-phone-taken")
    assert await call.ended() == 0
    status, answer = await cast.ask("103", "log-in", phone="102")
    assert (status, answer["error"]["code"]) == (409, "phone_taken")


async def test_two_missed_calls_pause_the_informateur_who_is_told(cast: Cast) -> None:
    informateur = await cast.informateur("101")
    caller = await cast.waiting_caller()
    for _ in range(2):
        await informateur.rings()
        informateur.refuse("DECLINE")
        await cast.step(caller, Step.MISSED, agent="101")
    shown = (await cast.desk("101"))["desk"]
    assert (shown["state"], shown["reason"]["id"]) == ("paused", "too many missed")
    back = await cast.desk_call(informateur, "14")
    await back.hears("desk-missed", "desk-ready-after-misses")
    await informateur.rings()  # the caller has kept the place
    await back.ended()
    informateur.pick_up()
    await cast.step(caller, Step.TALKING, agent="101")
    await cast.both_hear(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_call_is_noted_by_keys_and_by_http(cast: Cast) -> None:
    informateur = await cast.informateur("101")
    for how in ("phone", "http"):
        caller = await cast.waiting_caller()
        await cast.talk(caller, informateur)
        await informateur.hang_up()
        if how == "phone":
            note = await cast.desk_call(informateur, "15")
            await note.hears("desk-ask-subject")
            note.press("#")
            await note.hears("desk-ask-result")
            note.press("3")
            await note.hears("desk-ask-improve")
            note.press("1")
            await note.hears("desk-noted")
            await note.ended()
        else:
            status, _ = await cast.ask("101", "note", result="answered", improve=True)
            assert status == 200
            status, again = await cast.ask("101", "note")
            assert (status, again["error"]["code"]) == (409, "nothing_to_note")
        await cast.ended(caller, "answered")
