"""What supervisors direct, in every part of the service, and over restarts of the router."""

import asyncio
from datetime import date
from typing import Any

import aiohttp

from router.access import Scope
from router.service.service import Service
from router.store import FILE_NAME, Store
from tests.intake.scene import TOKENS
from tests.patience import PATIENCE_S
from tests.service.test_service import House, Inside, house, vault_dir
from tests.service_plan import HOUSING, WORK

__all__ = ["house", "vault_dir"]  # fixtures

AS_SUPERVISOR = {"Authorization": f"Bearer {TOKENS[Scope.SUPERVISE]}"}
SUPERVISE = Scope.SUPERVISE.value
MONDAY = date(2026, 11, 23)


async def direct(inside: Inside, what: str, **body: Any) -> None:
    body.setdefault("why", "Le réseau est coupé.")
    path = f"/v1/supervision/{what}"
    async with inside.session.post(path, json=body, headers=AS_SUPERVISOR) as answer:
        assert answer.status == 200, await answer.text()


async def get(inside: Inside, path: str) -> Any:
    async with inside.session.get(path, headers=AS_SUPERVISOR) as answer:
        return await answer.json()


async def board(inside: Inside) -> Any:
    return (await get(inside, "/v1/wallboard"))["board"]


async def until_visitors_read(house: House, sentence: str) -> None:
    """Wait until the public page, which another process makes, says so."""
    async with aiohttp.ClientSession() as public, asyncio.timeout(PATIENCE_S):
        while (
            sentence not in await (await public.get(f"http://127.0.0.1:{house.port}/rappel")).text()
        ):
            await asyncio.sleep(0.05)


async def test_an_early_closing_is_in_every_part_and_survives(house: House) -> None:
    clock = house.clock()  # of both lives

    def make() -> Service:
        return Service(house.config(), clock)

    async with house.running(make) as inside:
        assert (await get(inside, "/v1/service"))["open"] is True
        await direct(inside, "close")
        assert (await get(inside, "/v1/service"))["open"] is False
        assert "fermé" in await (await inside.session.get("/")).text()
        assert (await board(inside))["service"]["closed_early"] is True
        await until_visitors_read(house, "Le service est fermé")
        await direct(inside, "agents/101/skills", skills={WORK: 2})
        await direct(inside, "message", text="Réunion à 11 h.")
    async with house.running(make) as inside:
        told = await board(inside)
        assert told["service"]["open"] is False
        assert told["service"]["message"]["text"] == "Réunion à 11 h."
        assert told["informateurs"]["101"]["skills"] == {WORK: 2}
        await direct(inside, "reopen")
        assert (await get(inside, "/v1/service"))["open"] is True
        await direct(inside, "agents/101/skills")
        assert (await board(inside))["informateurs"]["101"]["skills"] == {HOUSING: 1}
    store = Store.open_to_read(house.folder / FILE_NAME)
    audit = store.directives(MONDAY, MONDAY, "Europe/Paris")
    store.close()
    assert [(one.supervisor, one.what, one.agent) for one in audit] == [
        (SUPERVISE, "close early", None),
        (SUPERVISE, "move", "101"),
        (SUPERVISE, "tell all", None),
        (SUPERVISE, "reopen", None),
        (SUPERVISE, "move", "101"),
    ]
