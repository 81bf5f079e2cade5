"""What the intake keeps and tells while routers, days, vaults and settings change."""

import asyncio
import os
import shutil
import time
from pathlib import Path
from typing import NoReturn

import aiohttp
import pytest

from router.clock import Clock
from router.core.callback.tickets import Refusal
from router.core.ids import CallId, TicketId
from router.errors import VaultError
from router.intake import supervisor as supervisor_module
from router.intake.numbers import PhoneNumber
from router.intake.vault import TmpfsVault
from tests.intake.scene import ORIGIN, IntakeScene, is_alive, new_number, scene
from tests.patience import PATIENCE_S
from tests.service_plan import FICHE, MONDAY_10H

# --- Restarts of the router ---------------------------------------------------------------


async def test_after_a_restart_all_is_as_it_was(alone: IntakeScene) -> None:
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


async def test_while_tickets_may_be_unknown_no_number_is_dropped_and_none_is_denied(
    alone: IntakeScene,
) -> None:
    """The tickets' file could not be read at the start."""
    ticket = await alone.accepted(new_number(), key="same-key")
    await alone.intake.stop()
    record = alone.office.records.pop(ticket)
    alone.office.knows_all = False
    await alone.open()
    alone.intake.sweep()
    alone.intake.sweep()
    assert alone.intake.holds() == frozenset({ticket})
    path = f"/v1/callbacks/{ticket}"
    status, told = await alone.ask(method="GET", path=path)
    assert (status, told["error"]["code"]) == (503, "unavailable")
    alone.office.records[ticket] = record
    assert (await alone.ask(method="GET", path=path))[0] == 200

    alone.office.records.clear()
    alone.office.knows_all = True
    alone.intake.sweep()
    alone.intake.sweep()
    assert alone.intake.holds() == frozenset()
    assert (await alone.ask(method="GET", path=path))[0] == 404


async def test_stopping_lets_what_is_under_way_finish(alone: IntakeScene) -> None:
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


async def test_a_port_that_is_taken_is_told(alone: IntakeScene, folder: Path) -> None:
    from dataclasses import replace

    from router.config import Http
    from router.errors import SetupError

    config = alone.config()
    taken = replace(config.settings, http=Http("127.0.0.1", alone.intake.port))
    other = supervisor_module.Intake(
        replace(config, settings=taken), alone.office.clock, alone.office
    )
    # Both hold it; of the two, the one with the lower number is named.
    named = min(os.getpid(), *alone.intake.pids)
    with pytest.raises(SetupError, match=f"by process {named} "):
        await other.start(())
    await other.stop()


# --- Midnight -----------------------------------------------------------------------------


class ClockToSet(Clock):
    later_s = 0.0

    def now(self) -> float:
        return super().now() + self.later_s


async def test_an_open_number_is_known_beyond_midnight(folder: Path) -> None:
    """The key changes and the counts start again, but what is open stays open."""
    clock = ClockToSet(MONDAY_10H - time.time())
    async with scene(folder, clock=clock) as here:
        number, other = new_number(), new_number()
        await here.accepted(number)
        for _ in range(3):
            ticket = await here.accepted(other)
            here.office.end(ticket)
            here.intake.ended(ticket)
        clock.later_s = 24 * 3600
        (old,) = here.intake.pids
        here.intake.recycle()  # the new one knows the new day
        await here.until_replaced(old)

        status, told = await here.ask({"phone": other, "fiche": FICHE})
        assert (status, told["now"][:10]) == (202, "2026-11-24")
        assert (await here.ask({"phone": number, "fiche": FICHE}))[0] == 429


# --- Settings -----------------------------------------------------------------------------


async def refusal(here: IntakeScene) -> str:
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
        here.intake.dial(CallId("c"), TicketId("t" * 32), 20, {}, "trunk")
        await here.until(lambda: here.office.dials)
        ((_, error),) = here.office.dials
        assert error is not None
        assert error.reason == "vault"


async def test_while_the_vault_is_away_it_is_told(alone: IntakeScene) -> None:
    ticket = await alone.accepted()
    shutil.rmtree(alone.vault_dir)
    alone.vault_dir.touch()  # no folder can be made there
    try:
        assert await refusal(alone) == "unavailable"
        assert (await alone.ask(method="GET", path=f"/v1/callbacks/{ticket}"))[0] == 200
    finally:
        alone.vault_dir.unlink()
        alone.vault_dir.mkdir()


async def test_a_number_that_is_gone_is_told_while_it_can_be(
    alone: IntakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, lost = [await alone.accepted(key=key) for key in ("kept-key", "lost-key")]
    (alone.vault_dir / lost).unlink()
    with monkeypatch.context() as broken:
        broken.setattr(TmpfsVault, "tickets", cannot_be_read)
        alone.intake.sweep()
        assert alone.office.lost == []  # for all we know they are there
    alone.intake.sweep()
    assert alone.office.lost == [lost]
    assert alone.numbers().keys() == {kept}


def cannot_be_read(vault: TmpfsVault, *_: object) -> NoReturn:
    raise VaultError("unusable", str(vault.path), "cannot be used", "Try again.")


async def test_a_number_that_went_while_no_router_ran_is_told_at_the_start(
    alone: IntakeScene,
) -> None:
    ticket = await alone.accepted()
    await alone.intake.stop()
    (alone.vault_dir / ticket).unlink()
    await alone.open()
    assert alone.office.lost == [ticket]
    assert not alone.intake.fresh


async def test_a_vault_that_goes_missing_takes_its_numbers_along_and_is_made_anew(
    alone: IntakeScene,
) -> None:
    ticket = await alone.accepted()
    shutil.rmtree(alone.vault_dir)
    await alone.until(lambda: alone.office.lost == [ticket])
    assert not alone.intake.vault_trouble
    again = await alone.accepted_in_the_end()
    assert alone.numbers().keys() == {again}


async def test_a_vault_whose_place_another_folder_takes_is_not_written_to(
    alone: IntakeScene,
) -> None:
    """As when a tmpfs is unmounted: whoever has it open could go on for ever."""
    ticket = await alone.accepted()
    away = alone.vault_dir.with_suffix(".away")
    try:
        alone.vault_dir.rename(away)
        alone.vault_dir.mkdir()
        again = await alone.accepted_in_the_end()
        assert alone.numbers().keys() == {again}
        assert alone.office.lost == [ticket]
        assert [one.name for one in away.iterdir() if len(one.name) == 32] == [ticket]
    finally:
        shutil.rmtree(away)


async def test_a_vault_that_could_not_be_opened_is_when_it_can(alone: IntakeScene) -> None:
    await alone.intake.stop()
    shutil.rmtree(alone.vault_dir)
    alone.vault_dir.touch()  # a file, of all things
    await alone.open()
    assert await refusal(alone) == "unavailable"
    assert str(alone.vault_dir) in alone.intake.vault_trouble
    alone.vault_dir.unlink()
    await alone.accepted_in_the_end()


async def test_while_numbers_cannot_be_read_the_service_is_told(
    alone: IntakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await alone.accepted()
    with monkeypatch.context() as broken:
        broken.setattr(TmpfsVault, "get", cannot_be_read)
        await alone.until(lambda: alone.office.readable == [False])
    await alone.until(lambda: alone.office.readable == [False, True])
    assert alone.office.lost == []
    assert alone.numbers().keys() == {ticket}


async def test_before_the_service_has_spoken_nothing_is_taken(folder: Path) -> None:
    async with scene(folder, quiet=True) as here:
        assert await refusal(here) == "unavailable"
        here.accept(Refusal.CLOSED)
        await here.until(lambda: True)
        here.accept()
        async with asyncio.timeout(PATIENCE_S):
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
