"""How the running service stands, told to systemd: ready, a line of status, still alive.

The beat is a task of the event loop that carries every call, so a loop that is stuck beats no
more, and systemd starts the router again (WatchdogSec). Asterisk keeps the calls meanwhile.

Ready is a router that serves whatever it can, not one that misses nothing: while the carrier or
Asterisk is away, the pages must still say so, and a start that waited for them would be killed as
having failed. What is missing is in the status, and in /readyz.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from router.notify import Notifier
from router.service.readiness import NOT_YET

#: How often it beats while it starts, and afterwards unless the watchdog wants it sooner, in
#: seconds.
_STARTING_S = 0.2
_BEAT_S = 5.0
#: Beats in the time that the watchdog allows.
_BEATS = 3


class Seen(Protocol):
    """What is known of the service (`Readiness`)."""

    @property
    def parts(self) -> Mapping[str, str]:
        """Each part, with why it is missing: "" if it is not."""


class Heartbeat:
    """Run `beat` as a task."""

    def __init__(self, notifier: Notifier, seen: Seen) -> None:
        self._notifier = notifier
        self._seen = seen
        limit_s = notifier.watchdog_s
        self._every_s = _BEAT_S if limit_s is None else min(_BEAT_S, limit_s / _BEATS)

    async def beat(self) -> None:
        """Beat for as long as the service lives, and say once that it has started."""
        while not has_started(self._seen.parts):
            self._tell()
            await asyncio.sleep(min(_STARTING_S, self._every_s))
        self._notifier.ready()
        while True:
            self._tell()
            await asyncio.sleep(self._every_s)

    def _tell(self) -> None:
        self._notifier.alive()
        self._notifier.status(status(self._seen.parts))


def has_started(parts: Mapping[str, str]) -> bool:
    """Return whether every part has been looked at, and requests over HTTP are taken."""
    return not parts["intake"] and NOT_YET not in parts.values()


def status(parts: Mapping[str, str]) -> str:
    """Return in one line whether calls can come in and reach a phone, or why not."""
    missing = {part: why for part, why in parts.items() if why}
    if not missing:
        return "ready: calls can come in"
    first, why = next(iter(missing.items()))
    others = f"; nor {', '.join([*missing][1:])}" if len(missing) > 1 else ""
    return f"not ready: {first}: {why}{others}"
