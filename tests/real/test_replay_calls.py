"""Recordings of real calls lead to the same decisions again, and identify nobody.

So does that of the demo's call: tests/demo/test_demo.py.
"""

import asyncio
import json
from pathlib import Path

import pytest

from router.core.commands import Step
from router.replay import replay
from tests.real.conftest import OPEN_AT, NewCast, OpenStage
from tests.real.telephones import CANARY

pytestmark = pytest.mark.real

OFFSET = 3900
#: Kept for fiction (Arcep); typed where a code is expected, and read as one from the 6 on.
TYPED = "0639985678"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_restarted_router_s_recording_leads_to_the_same_decisions(
    open_stage: OpenStage, new_cast: NewCast, tmp_path: Path
) -> None:
    recording = tmp_path / "recording"
    async with open_stage(OFFSET, OPEN_AT, record=recording) as stage, new_cast(stage) as cast:
        cast.expected_in_asterisk += [
            r"WebSocket read error|Web socket closed abruptly|Error reading from web socket",
            r"Stasis app 'allo' not active",
        ]
        informateur = await cast.informateur()
        lost = await cast.call()
        lost.press(TYPED)
        await cast.step(lost, Step.CODE_REFUSED)
        await lost.hang_up()
        await cast.ended(lost, "left")
        caller = await cast.call()
        caller.press(cast.code())
        await cast.step(caller, Step.CODE_ACCEPTED)
        await cast.talk(caller, informateur)
        await stage.kill_router()
        await stage.start_router()
        await cast.step(caller, Step.FOUND)
        await cast.both_hear(caller, informateur)
        await informateur.hang_up()
        await caller.person.hears("goodbye")
        await cast.ended(caller, "answered")
        plan, code = stage.plan, cast.code()
    replayed = await asyncio.to_thread(replay, recording, plan)
    assert replayed.lives == 2
    assert replayed.ended == ()
    assert replayed.events > 20
    text = recording.read_text()
    for word in (code, CANARY, caller.call, lost.call, "asterisk"):
        assert word not in text, word
    assert not any(TYPED[start : start + 6] in _keys(text) for start in range(5))


def _keys(text: str) -> str:
    """Return every key as it is written, one after the other."""
    events = [json.loads(line).get("event", {}) for line in text.splitlines()]
    return "".join(event["KeyPressed"]["key"] for event in events if "KeyPressed" in event)
