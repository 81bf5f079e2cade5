"""Who is served when, and by whom."""

import pytest

from router.core.call.life import CallState
from router.core.commands import Step
from tests.real.scene import Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_the_next_informateur_is_asked_when_one_does_not_answer(scene: Scene) -> None:
    first = await scene.informateur("101")
    second = await scene.informateur("102")
    caller = await scene.waiting_caller()
    await first.rings()
    missed = await scene.step(caller, Step.MISSED, agent="101")
    assert missed["detail"] == "no answer"
    await first.stops_ringing()
    await second.rings()
    await scene.until(scene.agents, lambda agents: (agents["paused"], agents["ringing"]) == (1, 1))
    second.pick_up()
    await scene.step(caller, Step.TALKING, agent="102")
    await scene.both_hear(caller, second)
    await second.hang_up()
    await scene.ended(caller, "answered")


@pytest.mark.parametrize(("word", "detail"), [("BUSY", "busy"), ("DECLINE", "rejected")])
async def test_a_refusal_costs_the_informateur_a_pause_and_the_caller_no_rank(
    scene: Scene, word: str, detail: str
) -> None:
    informateur = await scene.informateur("101")
    first = await scene.waiting_caller()
    await informateur.rings()
    informateur.refuse(word)
    missed = await scene.step(first, Step.MISSED, agent="101")
    assert missed["detail"] == detail
    assert (await scene.agents())["paused"] == 1
    behind = await scene.waiting_caller()
    other = await scene.informateur("102")
    await scene.step(first, Step.RINGING, agent="102")
    assert Step.RINGING not in scene.story.steps(behind.call)
    await scene.talk(first, other)
    for caller in (behind, first):
        await caller.hang_up()
    await scene.ended(first, "answered")
    await scene.ended(behind, "abandoned")


async def test_informateurs_who_hang_up_in_the_whisper_lose_no_caller(scene: Scene) -> None:
    informateur = await scene.informateur("101")
    caller = await scene.waiting_caller()
    behind = await scene.waiting_caller()
    for _ in range(5):
        await informateur.rings()
        informateur.pick_up()
        await scene.step(caller, Step.WHISPERED)
        informateur.person.listen_anew()
        await informateur.person.hears("whisper-call")
        await informateur.hang_up()
        missed = await scene.step(caller, Step.MISSED, agent="101")
        assert missed["detail"] == "hung up"
        assert (await scene.ask("101", "ready"))[0] == 200
    steps = scene.story.steps(caller.call)
    assert {Step.TALKING, Step.VOTE_ASKED, Step.AGENT_DONE}.isdisjoint(steps)
    await scene.talk(caller, informateur)
    await informateur.hang_up()
    await scene.ended(caller, "answered")
    await behind.hang_up()
    await scene.ended(behind, "abandoned")


async def test_callers_are_served_in_the_order_in_which_they_joined(scene: Scene) -> None:
    informateur = await scene.informateur()
    callers = [await scene.waiting_caller()]
    await scene.talk(callers[0], informateur)
    callers += [await scene.waiting_caller() for _ in range(2)]
    await callers[1].person.hears("queue-joined", "rank-next", "music")
    await callers[2].person.hears("queue-joined", "people-before-1", "music")
    announced = await scene.step(callers[2], Step.ANNOUNCED)
    assert announced["detail"] == "rank 2"
    await callers[2].person.hears("queue-still", "people-before-1", "music")
    for caller in callers:
        if caller is not callers[0]:
            await scene.talk(caller, informateur)
        await informateur.hang_up()
        await scene.ended(caller, "answered")
    served = [line["call"] for line in scene.story.lines() if line.get("step") == Step.TALKING]
    assert served == [caller.call for caller in callers]


async def test_two_conversations_do_not_hear_each_other(scene: Scene) -> None:
    first = await scene.informateur("101", says=1400, listens_for=1000)
    second = await scene.informateur("102", says=1500, listens_for=1100)
    caller = await scene.waiting_caller(says=1000, listens_for=1400)
    await scene.talk(caller, first)
    other = await scene.waiting_caller(says=1100, listens_for=1500)
    await scene.talk(other, second)
    await scene.both_hear(caller, first)
    for phone, own in ((caller, 1400), (first, 1000), (other, 1500), (second, 1100)):
        tones = {name for name in phone.person.heard if name.endswith(" Hz")}
        assert tones == {f"{own} Hz"}
    await first.hang_up()
    await second.hang_up()
    await scene.ended(caller, "answered")
    await scene.ended(other, "answered")


async def test_a_phone_that_unregisters_while_it_rings_is_passed_over(scene: Scene) -> None:
    leaving = await scene.informateur("101")
    staying = await scene.informateur("102")
    caller = await scene.waiting_caller()
    await leaving.rings()
    await leaving.register(0)
    missed = await scene.step(caller, Step.MISSED, agent="101")
    assert missed["detail"] == "unreachable"
    await leaving.stops_ringing()
    assert (await scene.agents())["paused"] == 0
    await scene.talk(caller, staying)
    await staying.hang_up()
    await scene.ended(caller, "answered")


async def test_a_phone_in_trouble_puts_the_caller_back_to_the_front(scene: Scene) -> None:
    failing = await scene.informateur("101")
    caller = await scene.waiting_caller()
    await scene.talk(caller, failing)
    behind = await scene.waiting_caller()
    await failing.hang_up(cause=41)  # Q.850: temporary failure
    requeued = await scene.step(caller, Step.REQUEUED)
    assert requeued["agent"] == "101"
    await caller.person.hears("agent-lost")
    other = await scene.informateur("102")
    await scene.step(caller, Step.RINGING, agent="102")
    await scene.talk(caller, other)
    await other.hang_up()
    await scene.ended(caller, "answered")
    await behind.hang_up()
    await scene.ended(behind, "abandoned")


async def test_a_phone_that_dies_puts_the_caller_back_to_the_front(scene: Scene) -> None:
    dying = await scene.informateur("101")
    caller = await scene.waiting_caller()
    await scene.talk(caller, dying)
    await dying.stop()
    await scene.step(caller, Step.REQUEUED)  # once its sound has been missing for 3 s
    await dying.register(0)
    await caller.person.hears("agent-lost")
    other = await scene.informateur("102")
    await scene.talk(caller, other)
    await other.hang_up()
    await scene.ended(caller, "answered")


async def test_a_caller_who_waits_hears_music_and_can_be_counted(scene: Scene) -> None:
    informateur = await scene.informateur()
    first = await scene.waiting_caller()
    await scene.talk(first, informateur)
    second = await scene.waiting_caller()
    await second.person.hears("music")
    assert await scene.calls() == {CallState.TALKING: 1, CallState.WAITING: 1}
    service = await scene.stage.get("/v1/service")
    (sector,) = [one for one in service["sectors"] if one["waiting"]]
    assert (sector["id"], sector["waiting"], sector["informateurs"]) == ("logement-location", 1, 1)
    for caller in (second, first):
        await caller.hang_up()
    await scene.ended(second, "abandoned")
    await scene.ended(first, "answered")
