"""The service's clock."""

import time


class Clock:
    """UTC epoch seconds that never jump: wall time at the start, the monotonic clock from then on.

    Correcting the system's clock while we run moves no deadline; opening hours follow it at the
    next start. `offset_s`, in seconds, shifts the service's time (the demo's `--at`).
    """

    def __init__(self, offset_s: float = 0.0) -> None:
        self._base = time.time() - time.monotonic() + offset_s

    def now(self) -> float:
        """Return the service's time, in UTC epoch seconds."""
        return self._base + time.monotonic()
