"""Every codec of the trunk is heard; prompts are sent as they are on disk."""

import pytest

from router.core.commands import Step
from router.demo.sound import ALAW, ULAW, Codec, Wideband
from tests.real.cast import Cast
from tests.real.telephones import Caller

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

WIDEBAND = Wideband()


async def transcoded(cast: Cast, caller: Caller) -> str:
    """Return what Asterisk says of the conversion of what the caller hears."""
    name = next(one["name"] for one in await cast.ari("channels") if one["id"] == caller.call)
    told = await cast.stage.asterisk.cli(f"core show channel {name}")
    (line,) = [line for line in told.splitlines() if "WriteTranscode:" in line]
    return line.split(":", 1)[1].strip()


@pytest.mark.parametrize("codec", [ALAW, WIDEBAND], ids=["A-law", "G.722"])
async def test_prompts_and_music_are_not_transcoded(cast: Cast, codec: Codec) -> None:
    informateur = await cast.informateur(codec=codec)
    caller = await cast.call(codec=codec)
    await caller.person.hears("welcome", "welcome-price")
    assert (await transcoded(cast, caller)).startswith("No")
    caller.press("#41")
    await cast.step(caller, Step.QUEUED)
    await caller.person.hears("queue-joined", "music")
    assert (await transcoded(cast, caller)).startswith("No")
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_wideband_caller_and_an_a_law_phone_hear_each_other(cast: Cast) -> None:
    informateur = await cast.informateur(codec=ALAW)
    caller = await cast.waiting_caller(codec=WIDEBAND)
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_mu_law_caller_hears_prompts_and_the_informateur(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.call(codec=ULAW)
    await cast.until(lambda: _heard_at(caller), lambda heard_at: heard_at is not None)
    caller.press("#41")
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def _heard_at(caller: Caller) -> float | None:
    return caller.person.heard_at


async def test_of_several_codecs_the_settings_choose(cast: Cast) -> None:
    caller = cast.caller(codec=ALAW)
    await caller.dial(payloads=(9, 0, 8))
    await cast.arrived(caller)
    await caller.person.hears("welcome")
    await caller.hang_up()
    await cast.ended(caller, "left")
