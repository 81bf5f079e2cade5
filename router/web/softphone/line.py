"""One browser's websocket, joined to Asterisk's: what passes, how much, and whether the page lives.

Nothing that passes is kept, counted by content, or logged.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from router.core.events import Absence, Event, PageCame, PageWent
from router.core.ids import PhoneId
from router.web.softphone.gate import PING, PONG, Passing, passing, registers

#: Characters. An INVITE for a browser has about 2,000, and its answer as many.
LARGEST_MESSAGE = 16 * 1024
#: A call takes about ten messages of the browser's; more than this in a second come from no phone.
_MOST_A_SECOND = 50
#: The browser's network is gone, though nobody has said so: it connects anew as soon as it can.
_GIVEN_UP_S = 30.0
_GOODBYE_S = 1.0


class Line:
    """One connection. `run` it until it ends; `end` ends it.

    `submit` gets `PageCame` once the phone is registered and the page has answered, and `PageWent`
    when the page falls silent or goes. `may_stay` is asked with every ping.
    """

    def __init__(
        self,
        browser: web.WebSocketResponse,
        asterisk: aiohttp.ClientWebSocketResponse,
        phone: PhoneId,
        user: str,
        submit: Callable[[Event], None],
        may_stay: Callable[[], bool],
        *,
        in_call: bool,
        ping_s: float,
        silent_s: float,
    ) -> None:
        self._browser = browser
        self._asterisk = asterisk
        self._phone = phone
        self._user = user
        self._submit = submit
        self._may_stay = may_stay
        #: Whether the page has, or may have, the call that we believe there.
        self._in_call = in_call
        self._ping_s = ping_s
        self._silent_s = silent_s
        self._clock = asyncio.get_running_loop().time
        #: When the page answered last.
        self._heard_at: float | None = None
        self._registered = False
        #: Whether we have said that the page is there.
        self._there = False
        #: Messages of the browser's since a second began.
        self._passed, self._second_at = 0, self._clock()
        self._over = asyncio.Event()
        self._code = int(WSCloseCode.OK)
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Let SIP pass both ways until either side, or `end`, ends it."""
        tasks = [
            asyncio.ensure_future(one)
            for one in (self._from_browser(), self._from_asterisk(), self._ping())
        ]
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait([*tasks, over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._gone(Absence.CLOSED)
            for task in (*tasks, over):
                task.cancel()
            await asyncio.gather(*tasks, over, return_exceptions=True)
            await self._close()

    async def end(self, code: int) -> None:
        """End it with this code, and wait until it is over and Asterisk knows."""
        self._finish(code)
        await self._ended.wait()

    def is_over(self) -> None:
        """Note that it has been run, or could not be."""
        self._ended.set()

    def _finish(self, code: int) -> None:
        self._code = code
        self._over.set()

    async def _close(self) -> None:
        """Say goodbye to both, to Asterisk first: the registration goes with the connection."""
        with suppress(TimeoutError, ConnectionError, aiohttp.ClientError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._asterisk.close()
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._browser.close(code=self._code)

    async def _from_browser(self) -> None:
        async for message in self._browser:
            if message.type is not WSMsgType.TEXT:
                self._finish(WSCloseCode.UNSUPPORTED_DATA)
                return
            what = passing(message.data, self._user)
            if what is Passing.NOWHERE or self._is_too_many():
                self._finish(WSCloseCode.POLICY_VIOLATION)
                return
            if what is Passing.ON:
                await self._asterisk.send_str(message.data)
            elif what is Passing.PING:
                await self._browser.send_str(PONG)
            else:
                self._heard_at = self._clock()
                self._look()

    async def _from_asterisk(self) -> None:
        async for message in self._asterisk:
            if message.type is WSMsgType.TEXT:
                text = message.data
            elif message.type is WSMsgType.BINARY:
                text = message.data.decode("utf-8", "replace")
            else:
                break
            if not self._registered and registers(text):
                self._registered = True
                self._look()
            await self._browser.send_str(text)
        self._finish(WSCloseCode.TRY_AGAIN_LATER)  # Asterisk is gone, and will be back

    async def _ping(self) -> None:
        """Ask the page every now and then; whoever has logged out is let go."""
        since = self._clock()
        while True:
            if not self._may_stay():
                self._finish(WSCloseCode.POLICY_VIOLATION)
                return
            await self._browser.send_str(PING)
            await asyncio.sleep(self._ping_s)
            silent_s = self._clock() - (self._heard_at or since)
            if silent_s > self._silent_s:
                self._gone(Absence.SILENT)
            if silent_s > _GIVEN_UP_S:
                self._finish(WSCloseCode.GOING_AWAY)
                return

    def _is_too_many(self) -> bool:
        """Count one more message of the browser's; return whether it is one too many."""
        if self._clock() - self._second_at >= 1.0:
            self._passed, self._second_at = 0, self._clock()
        self._passed += 1
        return self._passed > _MOST_A_SECOND

    def _look(self) -> None:
        """The page is there once it is registered and answers."""
        if self._registered and self._heard_at is not None and not self._there:
            self._there = True
            self._submit(PageCame(self._phone, self._in_call))
            self._in_call = True  # if it falls silent, it wakes up with the call that it had

    def _gone(self, why: Absence) -> None:
        if self._there:
            self._there = False
            self._submit(PageWent(self._phone, why))
