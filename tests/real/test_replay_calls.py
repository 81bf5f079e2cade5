"""Real calls, recorded while they happen, are decided again the same; nobody is in them."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from router.cli import provision
from router.core.commands import Step
from router.intake.vault import place_of
from router.replay import replay
from tests.real.conftest import OPEN_AT, NewCast, OpenStage
from tests.real.telephones import CANARY

pytestmark = pytest.mark.real

OFFSET, DEMO_OFFSET = 3900, 7200
PATIENCE_S = 240
#: Kept for fiction (Arcep); typed where a code is asked for, and taken for one from the 6 on.
TYPED = "0639985678"


def test_the_demo_s_call_is_decided_again(tmp_path: Path) -> None:
    recording, state = tmp_path / "recording", tmp_path / "state"
    demo = subprocess.run(
        [
            *(str(provision.TOP / "allo"), "demo", "--once", "--agents", "1"),
            *("--at", "2026-11-23T10:00", "--port-offset", str(DEMO_OFFSET)),
            *("--state", str(state), "--record", str(recording)),
            *("--ready-file", str(tmp_path / "ready.json")),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert stat.S_IMODE(recording.stat().st_mode) == 0o600
    again = subprocess.run(
        [
            *(str(provision.TOP / "allo"), "replay", str(recording)),
            *("--config", str(state / "allo.toml")),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    shutil.rmtree(place_of(None, state / "asterisk", os.environ), ignore_errors=True)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.endswith("commands: same decisions\n")
    text = recording.read_text()
    for step in (Step.CODE_ACCEPTED, Step.TALKING, Step.VOTE_ASKED, Step.ENDED):
        assert f'"step":"{step}"' in text
    code = json.loads((tmp_path / "ready.json").read_text())["code"]
    for word in (code, "0199001234", "asterisk", "secret"):
        assert word not in text, word


@pytest.mark.asyncio(loop_scope="session")
async def test_lives_of_a_router_are_decided_again(
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
