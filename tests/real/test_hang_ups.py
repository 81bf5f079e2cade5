"""A caller may hang up in the middle of anything, and nothing is left of the call."""

from collections.abc import Awaitable, Callable

import pytest

from router.core.call.life import CallState
from router.core.commands import Step
from tests.real.cast import TO_SECTOR, Cast
from tests.real.telephones import Caller, Informateur

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

Reach = Callable[[Cast, Caller], Awaitable[None]]


async def in_welcome(cast: Cast, caller: Caller) -> None:
    pass


async def late_in_welcome(cast: Cast, caller: Caller) -> None:
    await caller.person.hears("welcome-general")


async def in_code(cast: Cast, caller: Caller) -> None:
    caller.press("#")
    await cast.step(caller, Step.ASKED)


async def late_in_code(cast: Cast, caller: Caller) -> None:
    await caller.person.hears("code-ask")
    caller.press("678")
    await caller.person.pressed()


async def in_menu(cast: Cast, caller: Caller) -> None:
    caller.press("4")
    await cast.step(caller, Step.MENU)


async def late_in_menu(cast: Cast, caller: Caller) -> None:
    await in_menu(cast, caller)
    await caller.person.hears("menu-logement")


async def in_page(cast: Cast, caller: Caller) -> None:
    caller.press("##2")
    await cast.step(caller, Step.PAGE)


async def late_in_page(cast: Cast, caller: Caller) -> None:
    await in_page(cast, caller)
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
async def test_alone(cast: Cast, reach: Reach, outcome: str) -> None:
    caller = await cast.call()
    await reach(cast, caller)
    await caller.hang_up()
    await cast.ended(caller, outcome)


ReachBoth = Callable[[Cast, Caller, Informateur], Awaitable[None]]


async def waiting(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await informateur.rings()
    informateur.refuse("BUSY")
    await cast.step(caller, Step.MISSED)


async def late_waiting(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await waiting(cast, caller, informateur)
    await caller.person.hears("music")


async def ringing(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await cast.step(caller, Step.RINGING)


async def late_ringing(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await informateur.rings()
    await caller.person.hears("queue-joined", "music")


async def whispering(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await informateur.rings()
    informateur.pick_up()
    await cast.step(caller, Step.WHISPERED)


async def late_whispering(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await whispering(cast, caller, informateur)
    await informateur.person.hears("whisper-call")
    assert await cast.calls() == {CallState.WHISPERING: 1}


async def talking(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await whispering(cast, caller, informateur)
    await cast.step(caller, Step.TALKING)


async def late_talking(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await cast.talk(caller, informateur)


async def leaving(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.step(caller, Step.AGENT_DONE)


async def late_leaving(cast: Cast, caller: Caller, informateur: Informateur) -> None:
    await leaving(cast, caller, informateur)
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
async def test_with_an_informateur(cast: Cast, reach: ReachBoth, outcome: str) -> None:
    informateur = await cast.informateur()
    caller = await cast.call()
    caller.press(TO_SECTOR)
    await cast.step(caller, Step.QUEUED)
    await reach(cast, caller, informateur)
    await caller.hang_up()
    await cast.ended(caller, outcome)
    # The informateur is free again: once the phone has stopped ringing, or after wrap-up.
    if reach in (waiting, late_waiting):
        assert (await cast.ask("101", "ready"))[0] == 200  # was busy: paused
    await cast.until(cast.agents, lambda agents: agents["ready"] == 1)
