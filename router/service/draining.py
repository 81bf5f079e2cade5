"""A drain, as it is asked for: begun, looked at and ended by words of the control socket.

It ends nothing by itself. Once nobody is left, or the time is up, whoever asked for it decides what
to stop. Who calls once the router has gone hears what the router would have said: Asterisk is told.
A router that starts anew takes calls.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from structlog.typing import FilteringBoundLogger

from router.ari.asterisk_link import AsteriskLink
from router.ari.away import DRAINED
from router.ari.messages import Request
from router.clock import Clock
from router.core.call.life import WAITS
from router.core.callback.tickets import TicketState
from router.core.engine import Engine
from router.core.events import DrainChanged
from router.errors import AriError
from router.service.control import Answers
from router.service.live import Live

#: How long Asterisk may take to be told; a new connection tells it again.
_PATIENCE_S = 5.0


class Draining:
    """Takes the service out of service, and back. `longest_s`: how long those there are served.

    Run `keep_told` as a task.
    """

    def __init__(
        self,
        engine: Engine,
        live: Live,
        link: AsteriskLink,
        clock: Clock,
        log: FilteringBoundLogger,
        longest_s: int,
    ) -> None:
        self._engine = engine
        self._live = live
        self._link = link
        self._clock = clock
        self._log = log
        self._longest_s = longest_s

    def change(self, longest_s: int) -> None:
        """Let the next drain last this long."""
        self._longest_s = longest_s

    @property
    def answers(self) -> Answers:
        """What the control socket is asked for."""
        return {"drain": self._begin, "draining": self._look, "undrain": self._end}

    async def keep_told(self) -> None:
        """Tell each Asterisk, for when we have gone, whether new callers are taken."""
        while True:
            connection = self._link.counts.connections
            if self._link.connected:
                await self._tell()
            await self._link.resynced_after(connection)

    async def _tell(self) -> None:
        value = "1" if self._engine.board.draining else "0"
        told = Request("tell", "POST", "asterisk/variable", {"variable": DRAINED, "value": value})
        with suppress(AriError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._link.client.ask_http(told)

    async def _begin(self) -> Mapping[str, Any]:
        """Take no new caller; one that is under way goes on, and its time stays."""
        if not self._engine.board.draining:
            self._live.submit(DrainChanged(self._clock.now() + self._longest_s))
            self._log.info("draining", seconds=self._longest_s)
            await self._tell()
        return await self._look()

    async def _end(self) -> Mapping[str, Any]:
        if self._engine.board.draining:
            self._live.submit(DrainChanged(None))
            self._log.info("taking calls again")
            await self._tell()
        return await self._look()

    async def _look(self) -> Mapping[str, Any]:
        """Return who is still there, and for how many seconds they are served."""
        states, until_at = self._engine.call_states(), self._engine.board.drain_until_at
        tickets = self._engine.tickets.tickets.values()
        return {
            "left_s": None if until_at is None else max(0.0, until_at - self._clock.now()),
            "calls": sum(states.values()),
            "waiting": sum(states[state] for state in WAITS),
            # Those that talk are calls.
            "callbacks": sum(one.state is not TicketState.TALKING for one in tickets),
        }
