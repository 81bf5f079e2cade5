"""ARI, for the doctor: asked, and listened to under a name of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from router.ari.client import AriClient
from router.ari.messages import Request
from router.asterisk.settings import AsteriskSettings
from router.doctor.findings import Unseen, fault
from router.errors import AriError, AriGone, AriRejected, AriUnreachable

#: The doctor's own application: the router keeps its own.
APP = "allo-doctor"
#: Seconds that an answer may take.
ASK_S = 5.0
#: How Asterisk answers when a function is asked for whose module is not loaded (measured).
_NO_SUCH_FUNCTION = 500


class AriDoor:
    """Asterisk's REST interface. Use with `async with`."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self._settings = settings
        self._heard: list[str] = []
        self._begun = False
        self._client = AriClient(
            settings.ari_url, settings.ari_user, settings.ari_password, APP, self._hear
        )

    async def __aenter__(self) -> "AriDoor":
        """Begin; nothing is asked yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give up every connection."""
        await self._client.close()

    async def get(self, path: str, **query: str) -> Any:
        """Return the answer to a GET; None for what is not there."""
        try:
            return await self._ask(Request("look", "GET", path, query or None))
        except AriGone:
            return None
        except AriRejected as error:
            if error.status == _NO_SUCH_FUNCTION:
                return None
            raise self._away(error) from None

    @asynccontextmanager
    async def listening(self, source: str) -> AsyncIterator[list[str]]:
        """Listen to `source`; nothing of it stays in Asterisk afterwards."""
        heard: list[str] = []
        self._heard = heard
        query = {"eventSource": source}
        try:
            await self._client.open()
        except AriError as error:
            raise self._away(error) from None
        reading = asyncio.create_task(self._client.read())
        try:
            await self._subscribed("POST", query)
            yield heard
            await self._subscribed("DELETE", query)
        finally:
            self._client.drop()
            await asyncio.gather(reading, return_exceptions=True)

    async def _subscribed(self, method: str, query: Mapping[str, str]) -> None:
        path = f"applications/{APP}/subscription"
        try:
            await self._ask(Request("listen", method, path, query))
        except AriRejected as error:
            raise self._away(error) from None

    def _hear(self, event: Mapping[str, Any]) -> None:
        self._heard.append(json.dumps(event))

    async def _ask(self, request: Request) -> Any:
        try:
            async with asyncio.timeout(ASK_S):
                if not self._begun:
                    await self._client.is_in_use()  # says why, if there is no way in
                    self._begun = True
                return await self._client.ask_http(request)
        except AriRejected:
            raise
        except (AriError, TimeoutError) as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> Unseen:
        settings = self._settings
        if isinstance(error, AriRejected) and error.status == 401:
            return Unseen(
                fault(
                    "asterisk-password",
                    f"ARI, {settings.ari_host}:{settings.ari_port}",
                    f"Asterisk refuses {settings.ari_user} with the ari_password of the secrets",
                    "./allo configure, then restart Asterisk; or give the password that it was "
                    "started with.",
                )
            )
        return Unseen(
            fault(
                "asterisk-away",
                f"ARI, {settings.ari_host}:{settings.ari_port}",
                f"Asterisk does not answer ({_in_words(error)})",
                "Start it (./allo asterisk start, or its unit); if it runs, see its log.",
            )
        )


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"not within {ASK_S:.0f} s"
    if isinstance(error, AriUnreachable):
        return "nobody listens there" if "Connect call failed" in error.reason else error.reason
    return str(error)
