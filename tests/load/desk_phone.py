"""An informateur's phone that answers at once and notes when it was rung and when it was left."""

import asyncio
import time

from tests.load.busy_phone import Address, BusyPhone

#: It never hangs up.
_FOR_EVER_S = 86_400.0


class DeskPhone(BusyPhone):
    """The phone of `agent`; the other side ends the call."""

    def __init__(self, agent: str, secret: str, server: Address) -> None:
        super().__init__(agent, secret, server, _FOR_EVER_S)
        #: When the INVITE arrived and when it was answered, UTC epoch seconds.
        self.calls: asyncio.Queue[tuple[float, float]] = asyncio.Queue()
        #: Put in at the end of each call.
        self.ends: asyncio.Queue[float] = asyncio.Queue()

    def _invited(self, headers: dict[str, list[str]], at: float) -> None:
        before = self.answered
        answered_at = time.time()
        super()._invited(headers, at)
        if self.answered > before:
            self.calls.put_nowait((at, answered_at))

    def _asked(self, start: str, headers: dict[str, list[str]], at: float) -> None:
        super()._asked(start, headers, at)
        if start.startswith("BYE "):
            self.ends.put_nowait(at)
