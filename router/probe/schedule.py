"""Probes, one after the other, for as long as the service lives."""

import asyncio
import time

from structlog.typing import FilteringBoundLogger

from router.errors import AriError
from router.probe.standing import ProbeStanding
from router.probe.steps import Channels, Line, ProbeFailed, Step, channel_of, dismiss, reach

#: The service has just started: Asterisk and the router are given this long to meet.
_FIRST_AFTER_S = 5.0


class Prober:
    """Run `watch` as a task. `every_s` is from one probe's beginning to the next's."""

    def __init__(
        self, line: Line, every_s: float, channels: Channels, log: FilteringBoundLogger
    ) -> None:
        self._line = line
        self._every_s = every_s
        self._channels = channels
        self._log = log
        self.standing = ProbeStanding()

    def change_line(self, line: Line) -> None:
        """Probe there from now on."""
        self._line = line

    async def watch(self) -> None:
        """Probe, until cancelled."""
        wait_s = min(_FIRST_AFTER_S, self._every_s)
        while True:
            await asyncio.sleep(wait_s)
            began_at = asyncio.get_running_loop().time()
            await self.probe()
            took_s = asyncio.get_running_loop().time() - began_at
            wait_s = max(0.0, self._every_s - took_s)

    async def probe(self) -> None:
        """Probe once, and keep what came of it."""
        seconds: dict[Step, float] = {}
        trouble = ""
        try:
            async with self._line.call() as call:
                seconds = await reach(call)
                await channel_of(call, self._channels)
                seconds[Step.KEY] = await dismiss(call)
        except (ProbeFailed, AriError, OSError) as error:
            trouble = str(error)
        before = self.standing
        self.standing = ProbeStanding(
            not trouble, trouble, seconds, before.last_success_at if trouble else time.time()
        )
        if trouble and trouble != before.trouble:
            self._log.error("probe failed", reason=trouble)
        elif before.trouble and not trouble:
            self._log.info("probe succeeds again")
