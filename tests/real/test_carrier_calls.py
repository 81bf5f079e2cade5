"""A carrier that is not there: what is promised meanwhile."""

import pytest

from tests.real.callback_steps import TARGETS
from tests.real.conftest import CARRIER_OFFSET, OPEN_AT, PROMISE, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def test_a_carrier_that_takes_no_calls_stops_the_promises(
    open_stage: OpenStage, new_cast: NewCast
) -> None:
    """Nobody answers Asterisk's question whether the carrier is there."""
    options = {"targets": TARGETS, "promise": PROMISE, "asterisk": {"trunk_qualify_s": 1}}
    async with (
        open_stage(CARRIER_OFFSET, OPEN_AT, **options) as stage,
        new_cast(stage) as cast,
    ):
        cast.expected_in_router += ["callback not dialled", "not ready"]
        cast.expected_in_asterisk += [
            r"Endpoint 'trunk': Could not create dialog to invalid URI 'trunk-peer'",
            r"Failed to create outgoing session to endpoint 'trunk'",
        ]
        informateurs = [await cast.informateur(agent) for agent in ("101", "102", "103")]
        await cast.callbacks_open()
        await cast.until(
            lambda: stage.asterisk.cli("pjsip show contacts"), lambda told: "Unavail" in told
        )
        usagers = [await cast.usager().promised() for _ in informateurs]
        for informateur in informateurs:
            await informateur.rings()
            informateur.pick_up()
        for informateur in informateurs:
            await informateur.call_ended()
        for usager in usagers:
            assert (await usager.becomes("accepted"))["reason"] == "trunk"
        status, told = await cast.usager().ask()
        assert (status, told["error"]["code"]) == (503, "trunk")
        for usager in usagers:
            assert (await usager.cancel())[0] == 200
