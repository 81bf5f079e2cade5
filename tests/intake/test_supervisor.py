"""Intakes come and go; no request, no ticket and no number goes with them."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from router.clock import Clock
from router.core.callback.tickets import Refusal
from router.core.ids import CallId, TicketId
from router.errors import VaultError
from router.intake import child as child_module
from router.intake import supervisor as supervisor_module
from router.intake.numbers import PhoneNumber
from router.intake.vault import TmpfsVault
from tests.intake.scene import ORIGIN, Scene, new_number, scene
from tests.service_plan import FICHE, MONDAY_10H


@pytest.fixture
async def alone(folder: Path) -> AsyncIterator[Scene]:
    async with scene(folder) as one:
        yield one


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def ask_until_answered(here: Scene, number: str, key: str) -> TicketId:
    """As the widget does: again with the same key when the connection broke."""
    async with asyncio.timeout(30):
        while True:
            try:
                status, told = await here.ask({"phone": number, "fiche": FICHE}, key=key)
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)
                continue
            assert status == 202, told
            return TicketId(told["ticket"])


async def until_replaced(here: Scene, pid: int) -> None:
    await here.until(lambda: pid not in here.intake.pids and here.intake.ready)


async def until_many(here: Scene, accepted: int) -> None:
    await here.until(lambda: len(here.office.records) >= accepted)


# --- Recycling ----------------------------------------------------------------------------


async def test_recycling_under_load_loses_no_request(folder: Path) -> None:
    async with scene(folder, recycle_numbers=10, shortest_life_s=0.1) as here:
        pids: set[int] = set()
        done = False

        async def client() -> list[TicketId]:
            """No error is forgiven here, not even of a connection."""
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


async def test_what_is_under_way_is_finished_by_the_old_one(alone: Scene) -> None:
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
        assert here.intake.pids == (old,)  # it has held none
        await here.accepted()
        await here.until(lambda: old not in here.intake.pids)
        assert not is_alive(old)


async def test_event_streams_end_with_it_and_begin_anew(alone: Scene) -> None:
    url = alone.home + "/v1/agents/101/events"
    async with alone.session.get(url) as answer:
        alone.web.events.put_nowait("one")
        assert await answer.content.readuntil(b"\n\n") == b"data: one\n\n"
        alone.intake.recycle()
        async with asyncio.timeout(10):
            assert await answer.content.read() == b""
    async with alone.session.get(url) as answer:
        alone.web.events.put_nowait("two")
        alone.web.events.put_nowait("two")  # the router may still write to the old stream
        assert await answer.content.readuntil(b"\n\n") == b"data: two\n\n"


async def test_keys_and_proofs_survive_it(alone: Scene) -> None:
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
            await until_replaced(here, here.intake.pids[0])
        done = True
        tickets = [ticket for one in clients for ticket in await one]

        assert len(set(tickets)) == len(tickets) == len(asked)
        assert set(here.office.records) == set(tickets)
        assert len(here.office.admitted) == len(tickets)
        assert here.numbers().keys() >= set(tickets)
        # Whose they are is known anew.
        for number, _ in asked[::20]:
            assert (await here.ask({"phone": number, "fiche": FICHE}))[0] == 429


async def test_one_that_cannot_live_is_not_started_for_ever(
    alone: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[float] = []

    class Counted(child_module.Child):
        async def start(self, *args: object) -> None:
            starts.append(time.monotonic())
            await super().start(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(supervisor_module, "Child", Counted)
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
    while len(said) != 2 or not said[0].isdigit():  # a line of log may come first
        said = (await router.stdout.readline()).decode().split()
    pid, vault = int(said[0]), Path(said[1])
    assert is_alive(pid)
    router.kill()
    await router.wait()
    async with asyncio.timeout(10):
        while is_alive(pid):
            await asyncio.sleep(0.01)
    shutil.rmtree(vault)


async def test_nothing_ends_it_but_the_router(alone: Scene) -> None:
    (pid,) = alone.intake.pids
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert await alone.accepted()
    assert alone.intake.pids == (pid,)


async def test_it_leaves_no_core(alone: Scene) -> None:
    limits = await asyncio.to_thread(Path(f"/proc/{alone.intake.pids[0]}/limits").read_text)
    (core,) = [line for line in limits.splitlines() if "core file" in line]
    assert core.split()[4:6] == ["0", "0"]


# --- Restarts of the router ---------------------------------------------------------------


async def test_after_a_restart_all_is_as_it_was(alone: Scene) -> None:
    number = new_number()
    ticket = await alone.accepted(number, key="same-key")
    orphan = TicketId("o" * 32)
    kept = alone.numbers()[ticket]
    TmpfsVault(alone.vault_dir).put(orphan, PhoneNumber("+33639989999"))
    assert alone.intake.holds() == frozenset({ticket, orphan})
    await alone.intake.stop()
    assert alone.numbers().keys() == {ticket, orphan}
    await alone.open()

    assert alone.intake.holds() == frozenset({ticket})
    assert alone.office.lost == []
    assert alone.numbers() == {ticket: kept}
    assert not alone.intake.fresh
    assert await alone.accepted(number, key="same-key") == ticket
    assert len(alone.office.admitted) == 1
    assert (await alone.ask({"phone": number, "fiche": FICHE}))[0] == 429


async def test_stopping_lets_what_is_under_way_finish(alone: Scene) -> None:
    alone.office.slow = True
    waiting = asyncio.create_task(alone.ask({"phone": new_number(), "fiche": FICHE}))
    await alone.until(lambda: alone.office.undecided)
    (pid,), home = alone.intake.pids, alone.home
    stopping = asyncio.create_task(alone.intake.stop())
    await asyncio.sleep(0.05)
    alone.office.decide()
    assert (await waiting)[0] == 202
    await stopping
    assert not is_alive(pid)
    with pytest.raises(aiohttp.ClientConnectorError):
        await alone.session.get(home)
    await alone.open()


async def test_a_port_that_is_taken_is_told(alone: Scene, folder: Path) -> None:
    from dataclasses import replace

    from router.config import Http
    from router.errors import SetupError

    config = alone.config()
    taken = replace(config.settings, http=Http("127.0.0.1", alone.intake.port))
    other = supervisor_module.Intake(
        replace(config, settings=taken), alone.office.clock, alone.office.backend(), ()
    )
    with pytest.raises(SetupError, match=f"by process {os.getpid()} "):
        await other.start()
    await other.stop()


# --- Midnight -----------------------------------------------------------------------------


class ClockToSet(Clock):
    ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


async def test_an_open_number_is_known_beyond_midnight(folder: Path) -> None:
    """The key changes, and the counts begin anew; what is open stays so."""
    clock = ClockToSet(MONDAY_10H - time.time())
    async with scene(folder, clock=clock) as here:
        number, other = new_number(), new_number()
        await here.accepted(number)
        for _ in range(3):
            ticket = await here.accepted(other)
            here.office.end(ticket)
            here.intake.ended(ticket)
        clock.ahead_s = 24 * 3600
        (old,) = here.intake.pids
        here.intake.recycle()  # the new one has the new day
        await until_replaced(here, old)

        status, told = await here.ask({"phone": other, "fiche": FICHE})
        assert (status, told["now"][:10]) == (202, "2026-11-24")
        assert (await here.ask({"phone": number, "fiche": FICHE}))[0] == 429


# --- Settings -----------------------------------------------------------------------------


async def refusal(here: Scene) -> str:
    status, told = await here.ask({"phone": new_number(), "fiche": FICHE})
    assert status == 503
    return str(told["error"]["code"])


async def test_without_a_number_to_present_no_callback(folder: Path) -> None:
    async with scene(folder, presented=None) as here:
        assert await refusal(here) == "unavailable"
        assert here.numbers() == {}


async def test_without_a_vault_no_callback_but_all_else(folder: Path) -> None:
    disk = folder / "vault"
    async with scene(folder, vault_dir=disk) as here:
        assert await refusal(here) == "unavailable"
        assert here.intake.fresh
        assert here.intake.holds() is None
        assert (await here.ask(method="GET", path="/v1/service", headers={}))[0] == 200
        here.intake.dial(CallId("c"), TicketId("t" * 32), 20, {})
        await here.until(lambda: here.office.dialled)
        ((_, error),) = here.office.dialled
        assert error is not None
        assert error.reason == "vault"


async def test_a_vault_that_goes_missing_is_told(alone: Scene) -> None:
    away = alone.vault_dir.with_suffix(".away")
    ticket = await alone.accepted()
    assert TmpfsVault(alone.vault_dir).get(ticket) is not None
    for path in alone.vault_dir.iterdir():
        path.unlink()
    alone.vault_dir.rmdir()
    try:
        assert await refusal(alone) == "unavailable"
        assert (await alone.ask(method="GET", path=f"/v1/callbacks/{ticket}"))[0] == 200
    finally:
        away.mkdir()
        away.rename(alone.vault_dir)


async def test_a_number_that_is_gone_is_told_while_it_can_be(
    alone: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, lost = [await alone.accepted(key=key) for key in ("kept-key", "lost-key")]
    (alone.vault_dir / lost).unlink()
    with monkeypatch.context() as broken:
        broken.setattr(TmpfsVault, "tickets", cannot_be_read)
        alone.intake._sweep()
        assert alone.office.lost == []  # for all we know they are there
    alone.intake._sweep()
    assert alone.office.lost == [lost]
    assert alone.numbers().keys() == {kept}


def cannot_be_read(vault: TmpfsVault) -> tuple[str, ...]:
    raise VaultError("unusable", str(vault.path), "cannot be used", "Try again.")


async def test_a_number_that_went_while_no_router_ran_is_told_at_the_start(alone: Scene) -> None:
    ticket = await alone.accepted()
    await alone.intake.stop()
    (alone.vault_dir / ticket).unlink()
    await alone.open()
    assert alone.office.lost == [ticket]
    assert not alone.intake.fresh


async def test_a_vault_that_goes_missing_takes_its_numbers_along(alone: Scene) -> None:
    ticket = await alone.accepted()
    shutil.rmtree(alone.vault_dir)
    try:
        alone.intake._sweep()
        assert alone.office.lost == [ticket]
    finally:
        alone.vault_dir.mkdir()


async def test_before_the_service_has_spoken_nothing_is_taken(folder: Path) -> None:
    async with scene(folder, quiet=True) as here:
        assert await refusal(here) == "unavailable"
        here.accept(Refusal.CLOSED)
        await here.until(lambda: True)
        here.accept()
        async with asyncio.timeout(10):
            while (await here.ask({"phone": new_number(), "fiche": FICHE}))[0] != 202:
                pass


async def test_without_proof_of_work_browsers_need_none(folder: Path) -> None:
    async with scene(folder, proof_of_work=False) as here:
        path = "/v1/callbacks/challenge"
        assert (await here.ask(method="GET", path=path, headers={}))[1] == {"required": False}
        asked = {"phone": new_number(), "fiche": FICHE}
        assert (await here.ask(asked, headers={"Origin": ORIGIN}))[0] == 202
        asked = {"phone": new_number(), "fiche": FICHE, "altcha": "left over"}
        assert (await here.ask(asked, headers={"Origin": ORIGIN}))[0] == 202


async def test_the_plain_form_is_a_narrow_door(folder: Path) -> None:
    from tests.intake.test_pages import post

    async with scene(folder, forms_per_minute=2) as here:
        statuses = []
        for n in range(4):
            form = {"phone": new_number(), "key": f"form-key-{n}", "fiche": FICHE}
            statuses.append((await post(here, **form))[0])
        assert statuses == [200, 200, 503, 503]
        assert here.headers["Retry-After"] == "60"
        assert await here.accepted()


async def test_films_numbers_are_refused_in_production(folder: Path) -> None:
    async with scene(folder, fiction=False) as here:
        status, told = await here.ask({"phone": new_number(), "fiche": FICHE})
        assert (status, told["error"]["code"]) == (422, "fiction")


async def test_a_router_that_does_not_answer_is_told(folder: Path) -> None:
    async with scene(folder) as here:
        await here.web.runner.cleanup()
        status, told = await here.ask(method="GET", path="/v1/service", headers={})
        assert (status, told["error"]["code"]) == (503, "away")
        assert await here.accepted()
