"""Intakes come and go; no request, no ticket and no number goes with them."""

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from router.core.ids import TicketId
from router.intake import child as child_module
from router.intake import succession as succession_module
from tests.intake.scene import ORIGIN, IntakeScene, is_alive, new_number, scene
from tests.patience import PATIENCE_S
from tests.service_plan import FICHE


async def ask_until_answered(here: IntakeScene, number: str, key: str) -> TicketId:
    """Ask as the widget does: again with the same key if the connection breaks."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                status, told = await here.ask({"phone": number, "fiche": FICHE}, key=key)
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)
                continue
            assert status == 202, told
            return TicketId(told["ticket"])


async def until_many(here: IntakeScene, accepted: int) -> None:
    await here.until(lambda: len(here.office.records) >= accepted)


# --- Recycling ----------------------------------------------------------------------------


async def test_recycling_under_load_loses_no_request(folder: Path) -> None:
    async with scene(folder, recycle_numbers=10, shortest_life_s=0.1) as here:
        pids: set[int] = set()
        done = False

        async def client() -> list[TicketId]:
            """Ask on and on; no error is tolerated, not even of a connection."""
            tickets = []
            while not done:
                tickets.append(await here.accepted())
                assert (await here.ask(method="GET", path="/v1/service", headers={}))[0] == 200
            return tickets

        clients = [asyncio.create_task(client()) for _ in range(4)]
        while len(pids) < 4:
            pids |= set(here.intake.pids)
            assert not any(one.done() for one in clients), await asyncio.gather(*clients)
            await asyncio.sleep(0.01)
        done = True
        tickets = [ticket for one in clients for ticket in await one]

        assert len(set(tickets)) == len(tickets)
        assert here.numbers().keys() == set(tickets) == set(here.office.records)
        await here.until(lambda: len(here.intake.pids) == 1)
        assert [is_alive(pid) for pid in pids].count(True) == 1


async def test_what_is_under_way_is_finished_by_the_old_one(alone: IntakeScene) -> None:
    alone.office.slow = True
    (old,) = alone.intake.pids
    waiting = asyncio.create_task(alone.ask({"phone": new_number(), "fiche": FICHE}))
    await alone.until(lambda: alone.office.undecided)
    alone.intake.recycle()
    await alone.until(lambda: len(alone.intake.pids) == 2)
    await alone.until(lambda: alone.intake.pids[-1] != old and alone.intake.ready)
    alone.office.decide()

    assert (await waiting)[0] == 202
    await alone.until(lambda: old not in alone.intake.pids)


async def test_it_recycles_some_time_after_its_first_number(folder: Path) -> None:
    async with scene(folder, recycle_s=0.2, shortest_life_s=0.0) as here:
        (old,) = here.intake.pids
        await asyncio.sleep(0.4)
        assert here.intake.pids == (old,)  # it has held no number
        await here.accepted()
        await here.until(lambda: old not in here.intake.pids)
        assert not is_alive(old)


async def test_event_streams_end_with_it_and_begin_anew(alone: IntakeScene) -> None:
    url = alone.home + "/v1/agents/101/events"
    async with alone.session.get(url) as answer:
        alone.web.events.put_nowait("one")
        assert await answer.content.readuntil(b"\n\n") == b"data: one\n\n"
        alone.intake.recycle()
        async with asyncio.timeout(PATIENCE_S):
            assert await answer.content.read() == b""
    async with alone.session.get(url) as answer:
        alone.web.events.put_nowait("two")
        alone.web.events.put_nowait("two")  # the router may still write to the old stream
        assert await answer.content.readuntil(b"\n\n") == b"data: two\n\n"


async def test_keys_and_proofs_survive_it(alone: IntakeScene) -> None:
    number, proof = new_number(), await alone.solved()
    asked = {"phone": number, "fiche": FICHE, "altcha": proof}
    browser = {"Origin": ORIGIN}
    _, first = await alone.ask(asked, key="same-key", headers=browser)
    alone.intake.recycle()
    (old,) = alone.intake.pids
    await alone.until(lambda: old not in alone.intake.pids)

    status, again = await alone.ask(asked, key="same-key", headers=browser)
    assert (status, again["ticket"]) == (202, first["ticket"])
    other = {**asked, "phone": new_number()}
    assert (await alone.ask(other, headers=browser))[0] == 422
    assert (await alone.ask({"phone": number, "fiche": FICHE}))[0] == 429


# --- Deaths -------------------------------------------------------------------------------


async def test_a_killed_one_is_replaced_and_nothing_accepted_is_lost(folder: Path) -> None:
    async with scene(folder) as here:
        done = False
        asked: list[tuple[str, str]] = []

        async def client(n: int) -> list[TicketId]:
            tickets: list[TicketId] = []
            while not done:
                number, key = new_number(), f"client-{n}-{len(tickets):04}"
                asked.append((number, key))
                tickets.append(await ask_until_answered(here, number, key))
            return tickets

        clients = [asyncio.create_task(client(n)) for n in range(4)]
        for n in range(1, 4):
            await until_many(here, 20 * n)
            os.kill(here.intake.pids[0], signal.SIGKILL)
            await here.until_replaced(here.intake.pids[0])
        done = True
        tickets = [ticket for one in clients for ticket in await one]

        assert len(set(tickets)) == len(tickets) == len(asked)
        assert set(here.office.records) == set(tickets)
        assert len(here.office.admitted) == len(tickets)
        assert here.numbers().keys() >= set(tickets)
        # The new one knows the open tickets of each number.
        for number, _ in asked[::20]:
            assert (await here.ask({"phone": number, "fiche": FICHE}))[0] == 429


async def test_a_frozen_one_is_noticed_and_replaced(folder: Path) -> None:
    async with scene(folder, look_s=0.5) as here:
        before = await here.accepted()
        (frozen,) = here.intake.pids
        os.kill(frozen, signal.SIGSTOP)
        await here.until_replaced(frozen)
        assert not is_alive(frozen)
        after = await ask_until_answered(here, new_number(), "after-the-frost")
        assert here.numbers().keys() == {before, after}


async def test_a_router_that_was_held_up_blames_nobody(folder: Path) -> None:
    async with scene(folder, look_s=0.05) as here:
        alive = here.intake.pids
        for _ in range(3):
            time.sleep(1.0)  # noqa: ASYNC251 (nothing of the router's runs meanwhile)
            await here.accepted()
        assert here.intake.pids == alive


async def test_one_that_cannot_live_is_not_started_for_ever(
    alone: IntakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[float] = []

    class Counted(child_module.Child):
        async def start(self, *args: object) -> None:
            starts.append(time.monotonic())
            await super().start(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(succession_module, "Child", Counted)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    os.kill(alone.intake.pids[0], signal.SIGKILL)
    await alone.until(lambda: len(starts) >= 5)
    await asyncio.sleep(0.5)
    assert len(starts) <= 6
    assert alone.intake.pids == ()


async def test_it_dies_with_the_router(folder: Path) -> None:
    program = (
        "import asyncio, sys, time; from pathlib import Path;"
        "from tests.intake.scene import scene\n"
        "async def main():\n"
        "    async with scene(Path(sys.argv[1])) as here:\n"
        "        print(here.intake.pids[0], here.vault_dir, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    router = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", program, str(folder)),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert router.stdout is not None
    said: list[str] = []
    while len(said) != 2 or not said[0].isdigit():  # a line of the log may come first
        said = (await router.stdout.readline()).decode().split()
    pid, vault = int(said[0]), Path(said[1])
    assert is_alive(pid)
    router.kill()
    await router.wait()
    async with asyncio.timeout(PATIENCE_S):
        while is_alive(pid):
            await asyncio.sleep(0.01)
    shutil.rmtree(vault)


async def test_nothing_ends_it_but_the_router(alone: IntakeScene) -> None:
    (pid,) = alone.intake.pids
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert await alone.accepted()
    assert alone.intake.pids == (pid,)


async def test_it_leaves_no_core(alone: IntakeScene) -> None:
    limits = await asyncio.to_thread(Path(f"/proc/{alone.intake.pids[0]}/limits").read_text)
    (core,) = [line for line in limits.splitlines() if "core file" in line]
    assert core.split()[4:6] == ["0", "0"]
