"""The stage kept alive: what dies or hangs is started again, as systemd does in service."""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from router.errors import RouterError

Say = Callable[[str], None]

#: A router, or a fallback, that has said nothing for this long hangs, in seconds. It beats three
#: times as often. Callers of a fallback that hangs may hear nothing.
ROUTER_S = 10.0
FALLBACK_S = 8.0
#: So many deaths within `_OFTEN_S`, and each further start waits, twice as long each time.
_BUDGET = 3
_OFTEN_S = 60.0
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_LOOK_S = 0.1


class Backoff:
    """How long to wait before something is started again that has died."""

    def __init__(self) -> None:
        self._deaths: deque[float] = deque()

    def died(self, now: float) -> float:
        """Note a death at `now`, in seconds of any clock; return how many seconds to wait."""
        while self._deaths and now - self._deaths[0] > _OFTEN_S:
            self._deaths.popleft()
        self._deaths.append(now)
        over = len(self._deaths) - _BUDGET
        return 0.0 if over <= 0 else min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (over - 1))


class Watchdog(asyncio.DatagramProtocol):
    """Hears a process's beats, as systemd would: sd_notify(3). `open` first, `close` at the end.

    `limit_s`: the longest silence. Its address is abstract (unix(7)): a path would be too long in
    some folders.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._transport: asyncio.BaseTransport | None = None
        self._address = ""
        #: When it was last heard, in seconds of the loop's clock; None: not since the start.
        self._heard_at: float | None = None

    async def open(self) -> None:
        """Listen."""
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.bind("")  # the kernel gives it an abstract address
        self._address = "@" + ours.getsockname()[1:].decode()
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=ours)

    def close(self) -> None:
        """Listen no more."""
        if self._transport is not None:
            self._transport.close()

    def environment(self) -> Mapping[str, str]:
        """Return what a process that starts now is told; it has not been heard yet."""
        self._heard_at = None
        if not self._address:
            return {}
        return {
            "NOTIFY_SOCKET": self._address,
            "WATCHDOG_USEC": str(int(self._limit_s * 1e6)),
        }

    @property
    def silent(self) -> bool:
        """Whether a process that was heard is heard no more."""
        now = asyncio.get_running_loop().time()
        return self._heard_at is not None and now - self._heard_at > self._limit_s

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Note that it lives, whatever it says."""
        self._heard_at = asyncio.get_running_loop().time()


async def keep(
    name: str,
    alive: Callable[[], bool],
    start: Callable[[], Awaitable[None]],
    say: Say,
) -> None:
    """Look whether something is `alive`, and `start` it again if it is not; run as a task."""
    backoff = Backoff()
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_LOOK_S)
        if alive():
            continue
        wait_s = backoff.died(loop.time())
        when = f"in {wait_s:.0f} s, since it dies again and again" if wait_s else "now"
        say(f"{name} has died; it is started again {when}")
        await asyncio.sleep(wait_s)
        try:
            await start()
        except RouterError as error:
            say(f"{name} did not start: {error}")
        else:
            say(f"{name} is back")
