"""A drain of the whole service, with a model of Asterisk; with a real one, see tests/real."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

from router.ari.away import DRAINED
from router.service.control import ask
from tests.intake.scene import SERVER, new_number
from tests.patience import PATIENCE_S
from tests.service.test_service import House, house, vault_dir
from tests.service_plan import FICHE

__all__ = ["house", "vault_dir"]  # fixtures

_PATIENCE_S = 30.0


async def asked(house: House, key: str) -> tuple[int, dict[str, Any]]:
    """Ask for a callback at the public port; return status and answer."""
    headers = SERVER | {"Idempotency-Key": key}
    wanted = {"phone": new_number(), "fiche": FICHE}
    url = f"http://127.0.0.1:{house.port}/v1/callbacks"
    async with (
        aiohttp.ClientSession() as public,
        public.post(url, json=wanted, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def words(house: House, word: str) -> Any:
    """Ask as ./allo drain does."""
    return await asyncio.to_thread(ask, house.folder, word)


async def test_callbacks_are_refused_with_words_and_taken_again_afterwards(house: House) -> None:
    await house.fake.phone("101").register()
    async with house.running() as inside:
        await house.until_callbacks_are_taken()
        assert "new_calls" not in await inside.missing()
        assert await words(house, "draining") == {
            "left_s": None,
            "calls": 0,
            "waiting": 0,
            "callbacks": 0,
        }

        begun = await words(house, "drain")
        assert 0 < begun["left_s"] <= 900
        again = await words(house, "drain")  # the time goes on
        assert again["left_s"] <= begun["left_s"]
        assert "new_calls" in await inside.missing()
        await inside.until_metric('allo_ready{part="new_calls"} 0.0')
        message = "Le rappel n’est pas disponible pour le moment. Vous pouvez composer le 3000."
        async with asyncio.timeout(PATIENCE_S):  # until the intake knows that nobody answers there
            while message.endswith("3000."):
                status, answer = await asked(house, "during-the-drain")
                assert (status, answer["error"]["code"]) == (503, "unavailable")
                message = answer["error"]["message"]
        assert message == "Le rappel n’est pas disponible pour le moment."

        assert (await words(house, "undrain"))["left_s"] is None
        assert "new_calls" not in await inside.missing()
        await house.until_callbacks_are_taken()
        assert (await asked(house, "after-the-drain"))[0] == 202


async def test_asterisk_is_told_for_when_the_router_has_gone(house: House) -> None:
    """The dialplan and the fallback go by it: tests/real/test_gap_calls.py."""
    told = house.fake.globals
    async with house.running():
        await until(lambda: told.get(DRAINED) == "0")
        await words(house, "drain")
        assert told[DRAINED] == "1"
        house.fake.wipe()
        await house.fake.drop()
        await until(lambda: told.get(DRAINED) == "1")  # another Asterisk
        await words(house, "undrain")
        assert told[DRAINED] == "0"
        await words(house, "drain")
    assert told[DRAINED] == "1"
    async with house.running():
        await until(lambda: told[DRAINED] == "0")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)
