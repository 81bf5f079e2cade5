"""A supervisor takes part in a conversation, after both were told."""

import pytest

from router.core.commands import Step
from tests.real.scene import Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

SUPERVISOR, INFORMATEUR, CALLER = 1500, 1400, 1000


@pytest.mark.parametrize(
    ("how", "heard_by_informateur", "heard_by_caller"),
    [("listen", False, False), ("whisper", True, False), ("join", True, True)],
)
async def test_a_supervisor_is_announced_and_heard_as_asked(
    scene: Scene, how: str, heard_by_informateur: bool, heard_by_caller: bool
) -> None:
    informateur = await scene.informateur("101", says=INFORMATEUR, listens_for=CALLER)
    supervisor = await scene.phone("901", says=SUPERVISOR, listens_for=CALLER)
    caller = await scene.waiting_caller(says=CALLER, listens_for=INFORMATEUR)
    await scene.talk(caller, informateur)

    status, answer = await scene.supervise("101", how, "901")
    assert (status, answer["reply"]) == (200, "watching")
    await supervisor.rings()
    caller.person.listen_anew()
    informateur.person.listen_anew()
    supervisor.pick_up()
    await caller.person.hears("watch-caller")
    await informateur.person.hears("watch-agent")
    await scene.step(caller, Step.WATCHED, agent="101")
    assert (await scene.desk("101"))["desk"]["watched_by"] == "superviseur"
    own = {informateur: [CALLER], caller: [INFORMATEUR], supervisor: [CALLER, INFORMATEUR]}
    for person, too in ((informateur, heard_by_informateur), (caller, heard_by_caller)):
        await person.person.hears_among(*own[person], *([SUPERVISOR] if too else []))
    await supervisor.person.hears_among(*own[supervisor])
    await supervisor.hang_up()
    await scene.step(caller, Step.UNWATCHED)
    await informateur.hang_up()
    await scene.ended(caller, "answered")
