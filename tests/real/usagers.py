"""People who ask to be called back, through a web site's server: over HTTP, with its key."""

import asyncio
import contextlib
import itertools
import secrets
from pathlib import Path
from typing import Any

import aiohttp

from router.core.callback.tickets import channel_of
from router.core.ids import CallId, TicketId
from router.demo.stage import Stage
from tests.patience import PATIENCE_S

#: Of the range kept for fiction: nobody's.
_numbers = itertools.count(199_002_000)


class Usager:
    """Somebody with a number of their own."""

    def __init__(self, stage: Stage) -> None:
        self.number = f"0{next(_numbers)}"
        self.ticket = TicketId("")
        self._stage = stage
        self._key = secrets.token_hex(8)
        [self._token] = stage.secrets.callback_keys.values()

    @property
    def dialled(self) -> str:
        """The number as it is dialled."""
        return f"33{self.number[1:]}"

    async def ask(self, **subject: str) -> tuple[int, dict[str, Any]]:
        """Ask to be called back, about a fiche unless told otherwise; again: the same request."""
        about = subject or {"fiche": "F1234"}
        status, told = await self._request("POST", "", json={"phone": self.number, **about})
        if status == 202:
            self.ticket = TicketId(told["ticket"])
        return status, told

    async def ask_until_answered(self) -> int:
        """Ask until there is an answer, as a server does that got none; return its status.

        A refusal that may not last is no answer.
        """
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                status, _ = await self.ask()
                if status != 503:
                    return status
            await asyncio.sleep(0.2)

    async def promised(self) -> "Usager":
        """Ask, and assert that a callback is promised."""
        status, told = await self.ask()
        assert (status, told.get("state")) == (202, "accepted"), told
        assert self.number_is_kept
        return self

    async def standing(self) -> dict[str, Any]:
        """Return where the ticket stands."""
        return (await self._request("GET", f"/{self.ticket}"))[1]

    async def becomes(self, state: str) -> dict[str, Any]:
        """Wait until the ticket is in that state; return where it stands."""
        told: dict[str, Any] = {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (told := await self.standing())["state"] != state:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"it stayed at {told}") from None
        return told

    async def is_over(self, state: str) -> dict[str, Any]:
        """Wait for the ticket's end; the number is gone with it."""
        told = await self.becomes(state)
        assert not self.number_is_kept
        return told

    async def cancel(self) -> tuple[int, dict[str, Any]]:
        return await self._request("DELETE", f"/{self.ticket}")

    def call(self, attempt: int = 1) -> CallId:
        """The attempt's name in the router's log."""
        return channel_of(self.ticket, attempt)

    @property
    def number_is_kept(self) -> bool:
        """Whether the vault has it."""
        return (vault(self._stage) / self.ticket).exists()

    async def _request(
        self, method: str, path: str, json: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": self._key}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, f"{self._stage.http}/v1/callbacks{path}", json=json) as answer,
        ):
            return answer.status, await answer.json()


def vault(stage: Stage) -> Path:
    """Return the folder of the numbers."""
    return stage.vault_dir


def numbers_kept(stage: Stage) -> list[str]:
    """Return the tickets whose number is in the vault; it may have gone altogether."""
    return [path.name for path in vault(stage).glob("*") if len(path.name) == 32]
