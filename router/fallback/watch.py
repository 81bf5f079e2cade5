"""Whether the router is there, and callers whom it left in silence.

A router that is killed is seen at once: its application is gone, and Asterisk's dialplan goes on
with each new call. One that hangs keeps its application, and takes calls that it does not answer.
So it is asked on its own socket; and callers who were left with nothing to hear are taken out of
the application, and go on in the dialplan. Those who talk, or wait with music, stay.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from router.ari.client import AriClient
from router.ari.messages import Request
from router.ari.naming import CALLER_ARGUMENT, SECTOR_VARIABLE
from router.errors import AriError, AriGone
from router.intake.proxy import SOCKET_NAME

#: How often it is asked, and how long an answer may take, in seconds. Together less than what a
#: caller takes for a fault.
ASK_EVERY_S = 0.4
ANSWER_S = 1.0
#: How often callers are looked for while it is away.
LOOK_EVERY_S = 0.3
#: Callers who were with it before may still hear a prompt; after this, nothing.
LEFT_ALONE_S = 4.0
#: We were held up ourselves, by so many seconds: what we saw says nothing about the router.
_HELD_UP_S = 0.3

#: What tells the dialplan until when we can be asked: the machine's time, epoch seconds.
LEASE = "ALLO_FALLBACK_UNTIL"
LEASE_S = 5
_RENEW_EVERY_S = 1.0
_CONTEXT = "away"


class Watch:
    """Run `ask`, `look` and, where callers can be looked after, `renew` as tasks."""

    def __init__(self, client: AriClient, app: str, state_dir: Path) -> None:
        self._client = client
        self._app = app
        self._state_dir = state_dir
        self._log = structlog.get_logger()
        #: None: not known yet.
        self._is_there: bool | None = None
        #: When it was last seen (monotonic), and when that question was put (UTC epoch seconds).
        self._seen_at = time.monotonic()
        self._asked_at = time.time()

    @property
    def is_there(self) -> bool:
        """Whether the router takes calls."""
        return self._is_there is True

    async def ask(self) -> None:
        """Ask the router again and again how it is."""
        while True:
            began, asked_at = time.monotonic(), time.time()
            answers, connected = await asyncio.gather(self._answers(), self._is_connected())
            took_s = time.monotonic() - began
            if answers and connected:
                self._seen_at, self._asked_at = time.monotonic(), asked_at
                self._turn(is_there=True)
            elif took_s < ANSWER_S + _HELD_UP_S:
                self._turn(is_there=False)
            await asyncio.sleep(ASK_EVERY_S)

    async def look(self) -> None:
        """While the router is away, look for callers who hear nothing."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._is_there is False:
                with suppress(AriError, TimeoutError):
                    await self._take_out()

    async def renew(self) -> None:
        """Tell the dialplan again and again that we can be asked."""
        while True:
            until = {"variable": LEASE, "value": str(int(time.time()) + LEASE_S)}
            with suppress(AriError):
                await self._client.ask_http(Request("lease", "POST", "asterisk/variable", until))
            await asyncio.sleep(_RENEW_EVERY_S)

    def _turn(self, *, is_there: bool) -> None:
        if is_there != self._is_there:
            self._is_there = is_there
            self._log.warning("router away") if not is_there else self._log.info("router there")

    async def _is_connected(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._client.is_in_use()
        except (AriError, TimeoutError):
            return False

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answers(self._state_dir)
        except (OSError, TimeoutError, EOFError):
            return False

    async def _take_out(self) -> None:
        alone_s = time.monotonic() - self._seen_at
        channels, bridges = await asyncio.gather(self._get("channels"), self._get("bridges"))
        joined = {channel for bridge in bridges for channel in bridge["channels"]}
        for channel in channels:
            if channel["id"] in joined or not self._is_callers(channel):
                continue
            is_new = _created_at(channel) >= self._asked_at
            if (is_new or alone_s >= LEFT_ALONE_S) and not await self._is_marked(channel["id"]):
                await self._continue(channel["id"])

    def _is_callers(self, channel: Mapping[str, Any]) -> bool:
        dialplan = channel["dialplan"]
        return (dialplan["app_name"], dialplan["app_data"]) == (
            "Stasis",
            f"{self._app},{CALLER_ARGUMENT}",
        )

    async def _is_marked(self, channel: str) -> bool:
        """Whether the caller waits in the queue, and hears music."""
        query = {"variable": SECTOR_VARIABLE}
        try:
            await self._get(f"channels/{channel}/variable", query)
        except AriGone:
            return False
        return True

    async def _continue(self, channel: str) -> None:
        there = {"context": _CONTEXT, "extension": "s", "priority": "1"}
        with suppress(AriGone):
            await self._client.ask_http(
                Request("continue", "POST", f"channels/{channel}/continue", there)
            )
            self._log.info("caller taken out of a router that is away")

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        async with asyncio.timeout(ANSWER_S):
            return await self._client.ask_http(Request("read", "GET", path, query))


def _created_at(channel: Mapping[str, Any]) -> float:
    """Return when Asterisk made the channel, UTC epoch seconds: "2026-11-23T10:00:00.000+0100"."""
    made: str = channel["creationtime"]
    return datetime.strptime(made, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


async def answers(state_dir: Path) -> bool:
    """Return whether the router whose folder this is says that it lives.

    The caller's duty: a time-out.

    Raises:
        OSError: If nobody listens there.
    """
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # By the folder's descriptor: a socket's own path must be short (unix(7)).
        path = f"/proc/self/fd/{folder}/{SOCKET_NAME}"
        reader, writer = await asyncio.open_unix_connection(path)
    finally:
        os.close(folder)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: router\r\nConnection: close\r\n\r\n")
        return b" 200 " in await reader.readline()
    finally:
        writer.transport.abort()
