"""Who is served when, and by whom."""

import pytest

from router.core.call.life import CallState
from router.core.commands import Step
from tests.real.cast import Cast

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_the_next_informateur_is_asked_when_one_does_not_answer(cast: Cast) -> None:
    first = await cast.informateur("101")
    second = await cast.informateur("102")
    caller = await cast.waiting_caller()
    await first.rings()
    missed = await cast.step(caller, Step.MISSED, agent="101")
    assert missed["detail"] == "no answer"
    await first.stops_ringing()
    await second.rings()
    await cast.until(cast.agents, lambda agents: (agents["paused"], agents["ringing"]) == (1, 1))
    second.pick_up()
    await cast.step(caller, Step.TALKING, agent="102")
    await cast.both_hear(caller, second)
    await second.hang_up()
    await cast.ended(caller, "answered")


@pytest.mark.parametrize(("word", "detail"), [("BUSY", "busy"), ("DECLINE", "rejected")])
async def test_a_refusal_pauses_the_informateur_and_the_caller_keeps_the_rank(
    cast: Cast, word: str, detail: str
) -> None:
    informateur = await cast.informateur("101")
    first = await cast.waiting_caller()
    await informateur.rings()
    informateur.refuse(word)
    missed = await cast.step(first, Step.MISSED, agent="101")
    assert missed["detail"] == detail
    assert (await cast.agents())["paused"] == 1
    behind = await cast.waiting_caller()
    other = await cast.informateur("102")
    await cast.step(first, Step.RINGING, agent="102")
    assert Step.RINGING not in cast.router_log.steps(behind.call)
    await cast.talk(first, other)
    for caller in (behind, first):
        await caller.hang_up()
    await cast.ended(first, "answered")
    await cast.ended(behind, "abandoned")


async def test_informateurs_who_hang_up_in_the_whisper_lose_no_caller(cast: Cast) -> None:
    informateur = await cast.informateur("101")
    caller = await cast.waiting_caller()
    behind = await cast.waiting_caller()
    for _ in range(5):
        await informateur.rings()
        informateur.pick_up()
        await cast.step(caller, Step.WHISPERED)
        informateur.person.listen_anew()
        await informateur.person.hears("whisper-call")
        await informateur.hang_up()
        missed = await cast.step(caller, Step.MISSED, agent="101")
        assert missed["detail"] == "hung up"
        assert (await cast.ask("101", "ready"))[0] == 200
    steps = cast.router_log.steps(caller.call)
    assert {Step.TALKING, Step.VOTE_ASKED, Step.AGENT_DONE}.isdisjoint(steps)
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")
    await behind.hang_up()
    await cast.ended(behind, "abandoned")


async def test_callers_are_served_in_the_order_in_which_they_joined(cast: Cast) -> None:
    informateur = await cast.informateur()
    callers = [await cast.waiting_caller()]
    await cast.talk(callers[0], informateur)
    callers += [await cast.waiting_caller() for _ in range(2)]
    await callers[1].person.hears("queue-joined", "rank-next", "music")
    await callers[2].person.hears("queue-joined", "people-before-1", "music")
    announced = await cast.step(callers[2], Step.ANNOUNCED)
    assert announced["detail"] == "rank 2"
    await callers[2].person.hears("queue-still", "people-before-1", "music")
    for caller in callers:
        if caller is not callers[0]:
            await cast.talk(caller, informateur)
        await informateur.hang_up()
        await cast.ended(caller, "answered")
    served = [line["call"] for line in cast.router_log.lines() if line.get("step") == Step.TALKING]
    assert served == [caller.call for caller in callers]


async def test_two_conversations_do_not_hear_each_other(cast: Cast) -> None:
    first = await cast.informateur("101", says=1400, listens_for=1000)
    second = await cast.informateur("102", says=1500, listens_for=1100)
    caller = await cast.waiting_caller(says=1000, listens_for=1400)
    await cast.talk(caller, first)
    other = await cast.waiting_caller(says=1100, listens_for=1500)
    await cast.talk(other, second)
    await cast.both_hear(caller, first)
    for phone, own in ((caller, 1400), (first, 1000), (other, 1500), (second, 1100)):
        tones = {name for name in phone.person.heard if name.endswith(" Hz")}
        assert tones == {f"{own} Hz"}
    await first.hang_up()
    await second.hang_up()
    await cast.ended(caller, "answered")
    await cast.ended(other, "answered")


async def test_a_phone_that_unregisters_while_it_rings_is_passed_over(cast: Cast) -> None:
    leaving = await cast.informateur("101")
    staying = await cast.informateur("102")
    caller = await cast.waiting_caller()
    await leaving.rings()
    await leaving.register(0)
    missed = await cast.step(caller, Step.MISSED, agent="101")
    assert missed["detail"] == "unreachable"
    await leaving.stops_ringing()
    assert (await cast.agents())["paused"] == 0
    await cast.talk(caller, staying)
    await staying.hang_up()
    await cast.ended(caller, "answered")


async def test_a_phone_in_trouble_puts_the_caller_back_to_the_front(cast: Cast) -> None:
    failing = await cast.informateur("101")
    caller = await cast.waiting_caller()
    await cast.talk(caller, failing)
    behind = await cast.waiting_caller()
    await failing.hang_up(cause=41)  # Q.850: temporary failure
    requeued = await cast.step(caller, Step.REQUEUED)
    assert requeued["agent"] == "101"
    await caller.person.hears("agent-lost")
    other = await cast.informateur("102")
    await cast.step(caller, Step.RINGING, agent="102")
    await cast.talk(caller, other)
    await other.hang_up()
    await cast.ended(caller, "answered")
    await behind.hang_up()
    await cast.ended(behind, "abandoned")


async def test_a_phone_that_dies_puts_the_caller_back_to_the_front(cast: Cast) -> None:
    dying = await cast.informateur("101")
    caller = await cast.waiting_caller()
    await cast.talk(caller, dying)
    await dying.stop()
    await cast.step(caller, Step.REQUEUED)  # once its sound has been missing for 3 s
    await dying.register(0)
    await caller.person.hears("agent-lost")
    other = await cast.informateur("102")
    await cast.talk(caller, other)
    await other.hang_up()
    await cast.ended(caller, "answered")


async def test_a_caller_who_waits_hears_music_and_can_be_counted(cast: Cast) -> None:
    informateur = await cast.informateur()
    first = await cast.waiting_caller()
    await cast.talk(first, informateur)
    second = await cast.waiting_caller()
    await second.person.hears("music")
    assert await cast.calls() == {CallState.TALKING: 1, CallState.WAITING: 1}
    service = await cast.stage.get("/v1/service")
    (sector,) = [one for one in service["sectors"] if one["waiting"]]
    assert (sector["id"], sector["waiting"], sector["informateurs"]) == ("logement-location", 1, 1)
    for caller in (second, first):
        await caller.hang_up()
    await cast.ended(second, "abandoned")
    await cast.ended(first, "answered")
