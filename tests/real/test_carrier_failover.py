"""Two carriers: a callback goes out by the second where the first does not take it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.core.commands import Step
from router.demo.stage import Stage
from tests.real.callback_steps import TARGETS, goodbye, picked_up, talk
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, PROMISE, PSTN_PORT, NewCast, OpenStage
from tests.real.telephones import Informateur

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 5500
#: Where the first of the two is; the second has the port of the public network.
FIRST, SECOND = PSTN_PORT + OFFSET - 1, PSTN_PORT + OFFSET
FIRST_CARRIER = f'name = "first", hosts = ["127.0.0.1"], peer = "127.0.0.1:{FIRST}"'
SECOND_CARRIER = (
    f'name = "second", hosts = ["127.0.0.2"], peer = "127.0.0.1:{SECOND}", '
    'number_format = "national", asserted = "+33199003900", privacy = "none"'
)
CARRIERS = f"[{{ {FIRST_CARRIER} }}, {{ {SECOND_CARRIER} }}]"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two_carriers(open_stage: OpenStage) -> AsyncIterator[Stage]:
    options = {"targets": TARGETS, "promise": PROMISE, "asterisk": {"carriers": CARRIERS}}
    async with open_stage(OFFSET, OPEN_AT, **options) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def cast(two_carriers: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(two_carriers) as cast:
        yield cast


@pytest_asyncio.fixture(loop_scope="session")
async def informateur(cast: Cast) -> Informateur:
    informateur = await cast.informateur()
    await cast.callbacks_open()
    return informateur


@pytest.mark.parametrize("status", [503, pytest.param(100, marks=pytest.mark.load)])
async def test_the_second_carrier_takes_what_the_first_does_not(
    cast: Cast, informateur: Informateur, status: int
) -> None:
    """It refuses, or says nothing but that it tries."""
    first = await cast.carrier(status, FIRST)
    home = await cast.service(says=1000, listens_for=1400)
    usager = await cast.usager().promised()
    await informateur.rings()
    informateur.pick_up()
    await home.rings()
    assert len(first.requests("INVITE")) == 1
    [asked] = home.requests("INVITE")
    assert asked.startswith(f"INVITE sip:{usager.number}@")
    head = asked.partition("\n\n")[0].lower()
    assert "p-asserted-identity: <sip:+33199003900@127.0.0.1>" in head
    assert "privacy: none" in head
    await picked_up(home)
    await talk(cast, usager, informateur, home)
    await goodbye(usager, informateur, home)
    steps = cast.router_log.steps(usager.call())
    assert steps[1:5] == [Step.RINGING, Step.DIALLED, Step.NEXT_CARRIER, Step.PICKED_UP]


@pytest.mark.load
async def test_who_may_have_been_rung_is_not_rung_by_another(
    cast: Cast, informateur: Informateur
) -> None:
    """The first carrier says that the call makes progress, and no more."""
    first = await cast.carrier(183, FIRST)
    home = await cast.service(says=1000, listens_for=1400)
    usager = await cast.usager().promised()
    await informateur.rings()
    informateur.pick_up()
    assert (await usager.becomes("accepted"))["reason"] == "no_answer"
    assert len(first.requests("INVITE")) == 1
    assert home.requests("INVITE") == []
    assert (await usager.cancel())[0] == 200
