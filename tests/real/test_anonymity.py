"""Nobody learns who calls: the caller's number is in no log, no file and no interface."""

from pathlib import Path

import pytest

from tests.real.cast import Cast
from tests.real.telephones import CANARY

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


def files_with(text: str, folder: Path) -> list[Path]:
    """Return the files that hold `text`, names included."""
    found = [path for path in folder.rglob("*") if text in path.name]
    for path in folder.rglob("*"):
        if path.is_file() and text.encode() in path.read_bytes():
            found.append(path)
    return found


async def test_the_callers_number_is_kept_nowhere(cast: Cast) -> None:
    informateur = await cast.informateur()
    for number, payloads, status in (("3940", (8,), 404), ("3939", (3,), 488)):
        refused = cast.caller(scenario="refused")
        await refused.dial(number, payloads=payloads, status=status)
        assert await refused.ended() == 0
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    asterisk = cast.stage.asterisk
    shown = [str(await cast.ari("channels")), str(await cast.ari("bridges"))]
    questions = [f"core show channel {one['name']}" for one in await cast.ari("channels")]
    assert len(questions) == 2
    questions += ["core show channels verbose", "pjsip show channels", "database show"]
    shown += [await asterisk.cli(question) for question in questions]
    shown += [str(await cast.stage.get("/v1/service")), informateur.messages()]
    assert [text for text in shown if CANARY in text] == []
    await informateur.hang_up()
    await caller.person.hears("goodbye")
    await cast.ended(caller, "answered")
    assert files_with(CANARY, cast.stage.state_dir) == []
    assert "INVITE sip:" in informateur.messages()


async def test_the_search_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"\xff call from " + CANARY.encode())
    assert files_with(CANARY, tmp_path) == [tmp_path / "a.log"]
