"""./allo reload and SIGHUP on a real Asterisk, while people wait, are rung and talk."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from router.core.commands import Step
from router.demo.configuration import SETTINGS
from router.demo.sound import AGENT_HZ
from router.demo.stage import Stage
from router.places import PROMPTS, TOP
from router.service.control import ask
from tests.patience import PATIENCE_S
from tests.real.callback_steps import dialled, goodbye, picked_up, talk
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, PROMISE, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 5300


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    """With prompts as they are: a reload refuses those that are not what is to be said."""
    options = {"prompts_dir": PROMPTS, "promise": PROMISE, "targets": {"ring_s": 120}}
    async with open_stage(OFFSET, OPEN_AT, **options) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def cast(stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    kept = {path: path.read_bytes() for path in stage.state_dir.glob("*.toml")}
    async with new_cast(stage) as cast:
        yield cast
    changed = [path for path in kept if path.read_bytes() != kept[path]]
    for path in changed:
        path.write_bytes(kept[path])
    if changed:
        done = await asyncio.to_thread(ask, stage.config.settings.state_dir, "reload")
        assert (done["faults"], done["left"]) == ([], [])


async def reload(stage: Stage) -> tuple[int, str, str]:
    """Run ./allo reload; return exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "router.cli", "reload"),
        *("--config", str(stage.state_dir / SETTINGS)),
        env={**os.environ, "PYTHONPATH": str(TOP)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    after = change(before)
    assert after != before
    path.write_text(after)


def times_logged(cast: Cast, event: str) -> int:
    return sum(line["event"] == event for line in cast.router_log.lines())


async def hang_up_signal(cast: Cast, event: str) -> None:
    """Send SIGHUP, and wait until the log answers."""
    before = times_logged(cast, event)
    assert cast.stage.router is not None
    os.kill(cast.stage.router.pid, signal.SIGHUP)

    async def logged() -> int:
        return times_logged(cast, event)

    await cast.until(logged, lambda count: count > before)


DEBUG = '[log]\nlevel = "debug"\n'


def change(state: Path, turn: int, password: str) -> None:
    """Change plan, informateurs, settings and a phone's password, each time otherwise."""

    def replaced(file: str, pattern: str, by: str) -> None:
        edit(state / file, lambda text: re.sub(pattern, by, text, count=1))

    replaced("secrets.toml", r'(?m)^104 = ".{16,}"', f'104 = "{password}"')
    replaced("agents.toml", r"(?m)^(104 = .*?= )[12]", rf"\g<1>{2 - turn % 2}")
    replaced("3939.toml", r"(?m)^wrap_up_s = .*$", f"wrap_up_s = {1 + turn % 2}")
    edit(state / SETTINGS, lambda text: text.replace(DEBUG, "") if turn % 2 else text + DEBUG)


async def used(cast: Cast) -> tuple[int, int]:
    """Return the router's open files and its memory in kB, once it has but one intake."""
    assert cast.stage.router is not None
    process = Path(f"/proc/{cast.stage.router.pid}")

    async def children() -> list[str]:
        return (process / f"task/{process.name}/children").read_text().split()

    await cast.until(children, lambda pids: len(pids) == 1)
    status = (process / "status").read_text()
    memory = re.search(r"VmRSS:\s+([0-9]+) kB", status)
    assert memory is not None
    return len(list((process / "fd").iterdir())), int(memory[1])


async def test_nothing_changes_if_nothing_has_changed(cast: Cast) -> None:
    assert await reload(cast.stage) == (0, "Nothing has changed.\n", "")


async def test_a_talk_goes_on_while_its_informateur_is_removed(cast: Cast) -> None:
    informateur = await cast.informateur("104")
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    state = cast.stage.state_dir
    files = [state / "agents.toml", state / "secrets.toml"]
    kept = [file.read_text() for file in files]
    for file in files:
        edit(file, lambda text: re.sub(r"(?m)^104.*\n", "", text))

    code, out, err = await reload(cast.stage)

    assert (code, err) == (0, "")
    assert "agents: 104 removed" in out
    await cast.both_hear(caller, informateur)
    await caller.hang_up()
    await cast.ended(caller, "answered")
    await informateur.call_ended()
    for file, text in zip(files, kept, strict=True):
        file.write_text(text)
    assert (await reload(cast.stage))[1].startswith("agents: 104 added\n")


async def test_a_wrong_plan_is_refused_with_every_fault_and_the_old_one_serves(cast: Cast) -> None:
    state = cast.stage.state_dir
    edit(state / "3939.toml", lambda text: text.replace("announce_every_s", "anounce_every_s"))
    edit(state / "agents.toml", lambda text: text + "105 = { jardinage = 1 }\n")
    cast.expected_in_router.append("reload refused")

    code, out, err = await reload(cast.stage)
    assert (code, out) == (2, "")
    assert "3939.toml: targets.anounce_every_s: unknown key; did you mean" in err
    assert "agents.toml: 105.jardinage: unknown sector" in err
    before = times_logged(cast, "reload refused")
    await hang_up_signal(cast, "reload refused")
    lines = cast.router_log.lines()
    faults = [line["reason"] for line in lines if line["event"] == "reload refused"]
    assert sorted(faults[before:]) == sorted(err.splitlines())

    caller = await cast.call()
    await caller.hang_up()
    await cast.ended(caller, "left")


async def test_twenty_reloads_cut_nobody_off_and_cost_nobody_a_place(cast: Cast) -> None:
    """One talks, one is called back, one is rung for, two wait; whatever can change does."""
    stage, state = cast.stage, cast.stage.state_dir
    talker, caller_back, rung = [await cast.informateur(one) for one in ("101", "102", "103")]
    await cast.callbacks_open()
    talking = await cast.waiting_caller()
    await cast.talk(talking, talker)
    home = await cast.service(says=1000, listens_for=AGENT_HZ)
    usager = await cast.usager().promised()
    await dialled(cast, usager, caller_back, home)
    await picked_up(home)
    await talk(cast, usager, caller_back, home)
    ringing = await cast.waiting_caller()
    await rung.rings()
    waiting = [await cast.waiting_caller() for _ in range(2)]
    home_of = stage.config.settings.state_dir
    await asyncio.to_thread(ask, home_of, "reload")  # loads what reading the files needs
    files, memory_kb = await used(cast)

    for turn in range(20):
        password = f"a-new-password-number-{turn:02}"
        change(state, turn, password)
        if turn % 5 == 4:
            await hang_up_signal(cast, "reloaded")
            continue
        done = await asyncio.to_thread(ask, home_of, "reload")
        assert (done["faults"], done["left"]) == ([], [])
        assert {"agents: 104 changed", "secrets: agents.104"} <= {*done["taken"]}
        assert "settings: log.level" in done["taken"]

    await cast.both_hear(talking, talker)
    await cast.both_hear(home, caller_back)
    rung.pick_up()
    await cast.step(ringing, Step.TALKING, agent=rung.agent)
    await cast.both_hear(ringing, rung)
    late = await cast.informateur("104", secret=password)
    for caller in waiting:  # in the order in which they came
        await cast.talk(caller, late)
        await caller.hang_up()
        await late.call_ended()
        await cast.ended(caller, "answered")
    await ringing.hang_up()
    await rung.call_ended()
    await cast.ended(ringing, "answered")
    await talking.hang_up()
    await talker.call_ended()
    await cast.ended(talking, "answered")
    await goodbye(usager, caller_back, home)
    files_after, memory_after_kb = await used(cast)
    assert files_after <= files + 2
    assert memory_after_kb - memory_kb < 6_000
