"""Whether the router is there, and callers whom it left in silence.

A router that is killed is seen at once: its application is gone, and Asterisk's dialplan goes on
with each new call. One that hangs keeps its application, and takes calls that it does not answer;
so does one that cannot reach Asterisk. So it is asked on its own socket, and callers who were left
with nothing to hear are looked after. Those who were being asked are taken out of the application,
and go on in the dialplan. Those who wait in the queue, or are called back, stay where they are, and
hear music once what was being said is over. Those who talk notice nothing.
"""

import asyncio
import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import structlog

from router.ari.away import LEASE, LEASE_S
from router.ari.client import AriClient
from router.ari.messages import Request
from router.ari.naming import (
    CALLBACK_ARGUMENT,
    CALLER_ARGUMENT,
    PROBE_DOOR,
    SECTOR_VARIABLE,
)
from router.errors import AriError, AriGone
from router.intake.proxy import SOCKET_NAME
from router.tasks import Tasks

#: How often it is asked, and how long an answer may take, in seconds. Together less than what a
#: caller takes for a fault.
ASK_EVERY_S = 0.4
ANSWER_S = 1.0
#: How often callers are looked for while it is away.
LOOK_EVERY_S = 0.3
#: Callers who were with it before may still hear a prompt; after this, nothing. A router that says
#: itself that it has lost Asterisk has needed up to 6 s to notice (ari/client.py).
LEFT_ALONE_S, LEFT_BY_ONE_CUT_OFF_S = 4.0, 1.0
#: Nobody has called longer ago, in seconds: otherwise the machine's clock was set meanwhile.
LONGEST_S = 900.0
#: We were held up ourselves, by so many seconds: what we saw says nothing about the router.
_HELD_UP_S = 0.3

_RENEW_EVERY_S = 1.0
_CONTEXT = "away"
#: Who is looked after.
_PEOPLE = (CALLER_ARGUMENT, CALLBACK_ARGUMENT)
#: Set on a channel, to know that it can be.
_LEFT_ALONE = "ALLO_LEFT_ALONE"


class Watch:
    """Run `ask`, `look` and, where callers can be looked after, `renew` as tasks."""

    def __init__(
        self,
        client: AriClient,
        app: str,
        state_dir: Path,
        left_alone_s: float = LEFT_ALONE_S,
        left_by_one_cut_off_s: float = LEFT_BY_ONE_CUT_OFF_S,
    ) -> None:
        self._client = client
        self._app = app
        self._state_dir = state_dir
        self._left_alone_s = left_alone_s
        self._left_by_one_cut_off_s = left_by_one_cut_off_s
        self._log = structlog.get_logger()
        #: None: not known yet.
        self._is_there: bool | None = None
        #: Whether it is there, but says that it has no Asterisk.
        self._is_cut_off = False
        #: When it was last seen (monotonic), and when that question was put (UTC epoch seconds).
        self._seen_at = time.monotonic()
        self._asked_at = time.time()
        #: Who has been given music since then, or is to have it once something has been said.
        self._consoled: set[str] = set()
        self._consoling = Tasks()

    @property
    def is_there(self) -> bool:
        """Whether the router takes calls."""
        return self._is_there is True

    async def ask(self) -> None:
        """Ask the router again and again how it is."""
        while True:
            began, asked_at = time.monotonic(), time.time()
            serves, connected = await asyncio.gather(self._serves(), self._is_connected())
            took_s = time.monotonic() - began
            if serves and connected:
                self._seen_at, self._asked_at = time.monotonic(), asked_at
                self._turn(is_there=True)
            elif took_s < ANSWER_S + _HELD_UP_S:
                self._is_cut_off = serves is False
                self._turn(is_there=False)
            await asyncio.sleep(ASK_EVERY_S)

    async def look(self) -> None:
        """While the router is away, look for callers who hear nothing."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                if self._is_there is False:
                    with suppress(AriError, TimeoutError):
                        await self._look_after()
                else:
                    self._consoled.clear()
        finally:
            await self._consoling.close()

    async def renew(self) -> None:
        """Tell the dialplan again and again that we can be asked."""
        while True:
            await self.tell(LEASE, str(int(time.time()) + LEASE_S))
            await asyncio.sleep(_RENEW_EVERY_S)

    async def tell(self, variable: str, value: str) -> bool:
        """Set one of Asterisk's global variables; return whether it is set."""
        told = {"variable": variable, "value": value}
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._client.ask_http(Request("tell", "POST", "asterisk/variable", told))
        except (AriError, TimeoutError):
            return False
        return True

    async def has(self, channel: str) -> bool:
        """Return whether the router has been given the caller on this channel."""
        with suppress(AriError, TimeoutError):
            # A channel is among these once the router has been told (res_stasis.c).
            ours: Sequence[str] = (await self._get(f"applications/{self._app}"))["channel_ids"]
            return channel in ours
        return False

    async def called_s_ago(self, channel: str) -> float | None:
        """Return how many seconds ago somebody called, by Asterisk; None: it does not say."""
        with suppress(AriError, TimeoutError):
            called_at = _created_at(await self._get(f"channels/{channel}"))
            ago_s = time.time() - called_at
            return ago_s if 0 <= ago_s <= LONGEST_S else None
        return None

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

    async def _serves(self) -> bool | None:
        """Return what the router says itself; None: it says nothing."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await serves(self._state_dir)
        except FileNotFoundError:
            # Its folder was removed, or its disk is away: it cannot be asked, and Asterisk knows
            # whether it is there. One that hangs still has its socket.
            return True
        except (OSError, TimeoutError, EOFError, ValueError, LookupError):
            return None

    async def _look_after(self) -> None:
        patience_s = self._left_by_one_cut_off_s if self._is_cut_off else self._left_alone_s
        are_left = time.monotonic() - self._seen_at >= patience_s
        channels, bridges = await asyncio.gather(self._get("channels"), self._get("bridges"))
        # Whoever is left alone in a bridge hears nothing there.
        talks = (bridge["channels"] for bridge in bridges if len(bridge["channels"]) > 1)
        joined = set(chain.from_iterable(talks))
        for channel in channels:
            who = self._who(channel)
            if who is None or channel["id"] in joined or channel["id"] in self._consoled:
                continue
            is_new = not self._is_cut_off and _created_at(channel) >= self._asked_at
            if not are_left and not is_new:
                continue
            if await self._is_marked(channel["id"]):
                self._consoled.add(channel["id"])
                self._consoling.start(self._console(channel["id"]))
            elif who == CALLER_ARGUMENT:
                await self._continue(channel["id"])

    def _who(self, channel: Mapping[str, Any]) -> str | None:
        """Return what somebody is in the application (ari/naming.py); None: not a person."""
        dialplan = channel["dialplan"]
        match dialplan["app_name"], *dialplan["app_data"].split(","):
            case ["Stasis", self._app, str(who), *more] if who in _PEOPLE and more != [PROBE_DOOR]:
                return who
            case _:
                return None

    async def _console(self, channel: str) -> None:
        """Give somebody music, once what is being said to them is over."""
        told = {"variable": _LEFT_ALONE, "value": "1"}
        with suppress(AriError):
            # Asterisk answers this once nothing is being said on the channel (measured).
            await self._client.ask_http(
                Request("wait", "POST", f"channels/{channel}/variable", told)
            )
            # A router that is back gives them music itself, or joins them with somebody whom music
            # would keep them from hearing.
            serves, connected = await asyncio.gather(self._serves(), self._is_connected())
            if not (serves and connected):
                await self._client.ask_http(Request("music", "POST", f"channels/{channel}/moh"))
                self._log.info("music for somebody whom a router has left")

    async def _is_marked(self, channel: str) -> bool:
        """Whether they wait in the queue, or are called back."""
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


async def serves(state_dir: Path) -> bool:
    """Return whether the router whose folder this is says that it has Asterisk.

    The caller's duty: a time-out.

    Raises:
        OSError, EOFError: If nobody listens there, or nothing is said.
        ValueError, LookupError: If that is no answer.
    """
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # By the folder's descriptor: a socket's own path must be short (unix(7)).
        path = f"/proc/self/fd/{folder}/{SOCKET_NAME}"
        reader, writer = await asyncio.open_unix_connection(path)
    finally:
        os.close(folder)
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: router\r\nConnection: close\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        parts = json.loads(await reader.read())["parts"]
        return bool(parts["application"]["ok"])
    finally:
        writer.transport.abort()
