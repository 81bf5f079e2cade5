"""A supervisor takes part in a conversation once both parties have been told."""

import pytest

from router.core.commands import Step
from tests.real.cast import Cast

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

SUPERVISOR, INFORMATEUR, CALLER = 1500, 1400, 1000


@pytest.mark.parametrize(
    ("how", "heard_by_informateur", "heard_by_caller"),
    [("listen", False, False), ("whisper", True, False), ("join", True, True)],
)
async def test_a_supervisor_is_announced_and_heard_as_asked(
    cast: Cast, how: str, heard_by_informateur: bool, heard_by_caller: bool
) -> None:
    informateur = await cast.informateur("101", says=INFORMATEUR, listens_for=CALLER)
    supervisor = await cast.phone("901", says=SUPERVISOR, listens_for=CALLER)
    caller = await cast.waiting_caller(says=CALLER, listens_for=INFORMATEUR)
    await cast.talk(caller, informateur)

    status, answer = await cast.supervise("101", how, "901")
    assert (status, answer["reply"]) == (200, "watching")
    await supervisor.rings()
    caller.person.listen_anew()
    informateur.person.listen_anew()
    supervisor.pick_up()
    await caller.person.hears("watch-caller")
    await informateur.person.hears("watch-agent")
    await cast.step(caller, Step.WATCHED, agent="101")
    assert (await cast.desk("101"))["desk"]["watched_by"] == "superviseur"
    own = {informateur: [CALLER], caller: [INFORMATEUR], supervisor: [CALLER, INFORMATEUR]}
    for person, too in ((informateur, heard_by_informateur), (caller, heard_by_caller)):
        await person.person.hears_among(*own[person], *([SUPERVISOR] if too else []))
    await supervisor.person.hears_among(*own[supervisor])
    await supervisor.hang_up()
    await cast.step(caller, Step.UNWATCHED)
    await informateur.hang_up()
    await cast.ended(caller, "answered")
