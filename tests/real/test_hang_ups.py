"""A caller may hang up in the middle of anything, and nothing is left of the call."""

from collections.abc import Awaitable, Callable

import pytest

from router.core.call.life import CallState
from router.core.commands import Step
from tests.real.scene import TO_SECTOR, Scene
from tests.real.telephones import Caller, Informateur

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

Reach = Callable[[Scene, Caller], Awaitable[None]]


async def in_welcome(scene: Scene, caller: Caller) -> None:
    pass


async def late_in_welcome(scene: Scene, caller: Caller) -> None:
    await caller.person.hears("welcome-general")


async def in_code(scene: Scene, caller: Caller) -> None:
    caller.press("#")
    await scene.step(caller, Step.ASKED)


async def late_in_code(scene: Scene, caller: Caller) -> None:
    await caller.person.hears("code-ask")
    caller.press("678")
    await caller.person.pressed()


async def in_menu(scene: Scene, caller: Caller) -> None:
    caller.press("4")
    await scene.step(caller, Step.MENU)


async def late_in_menu(scene: Scene, caller: Caller) -> None:
    await in_menu(scene, caller)
    await caller.person.hears("menu-logement")


async def in_page(scene: Scene, caller: Caller) -> None:
    caller.press("##2")
    await scene.step(caller, Step.PAGE)


async def late_in_page(scene: Scene, caller: Caller) -> None:
    await in_page(scene, caller)
    await caller.person.hears("page-price")


@pytest.mark.parametrize(
    ("reach", "outcome"),
    [
        (in_welcome, "left"),
        (late_in_welcome, "left"),
        (in_code, "left"),
        (late_in_code, "left"),
        (in_menu, "left"),
        (late_in_menu, "left"),
        (in_page, "informed"),
        (late_in_page, "informed"),
    ],
)
async def test_alone(scene: Scene, reach: Reach, outcome: str) -> None:
    caller = await scene.call()
    await reach(scene, caller)
    await caller.hang_up()
    await scene.ended(caller, outcome)


ReachBoth = Callable[[Scene, Caller, Informateur], Awaitable[None]]


async def waiting(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await informateur.rings()
    informateur.refuse("BUSY")
    await scene.step(caller, Step.MISSED)


async def late_waiting(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await waiting(scene, caller, informateur)
    await caller.person.hears("music")


async def ringing(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await scene.step(caller, Step.RINGING)


async def late_ringing(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await informateur.rings()
    await caller.person.hears("queue-joined", "music")


async def whispering(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await informateur.rings()
    informateur.pick_up()
    await scene.step(caller, Step.WHISPERED)


async def late_whispering(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await whispering(scene, caller, informateur)
    await informateur.person.hears("whisper-call")
    assert await scene.calls() == {CallState.WHISPERING: 1}


async def talking(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await whispering(scene, caller, informateur)
    await scene.step(caller, Step.TALKING)


async def late_talking(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await scene.talk(caller, informateur)


async def leaving(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await scene.talk(caller, informateur)
    await informateur.hang_up()
    await scene.step(caller, Step.AGENT_DONE)


async def late_leaving(scene: Scene, caller: Caller, informateur: Informateur) -> None:
    await leaving(scene, caller, informateur)
    await caller.person.hears("goodbye")


@pytest.mark.parametrize(
    ("reach", "outcome"),
    [
        (waiting, "abandoned"),
        (late_waiting, "abandoned"),
        (ringing, "abandoned"),
        (late_ringing, "abandoned"),
        (whispering, "abandoned"),
        (late_whispering, "abandoned"),
        (talking, "answered"),
        (late_talking, "answered"),
        (leaving, "answered"),
        (late_leaving, "answered"),
    ],
)
async def test_with_an_informateur(scene: Scene, reach: ReachBoth, outcome: str) -> None:
    informateur = await scene.informateur()
    caller = await scene.call()
    caller.press(TO_SECTOR)
    await scene.step(caller, Step.QUEUED)
    await reach(scene, caller, informateur)
    await caller.hang_up()
    await scene.ended(caller, outcome)
    # The informateur is free again: once the phone has stopped ringing, or after wrap-up.
    await scene.until(scene.agents, lambda agents: agents["ready"] == 1)
