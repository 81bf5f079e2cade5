"""The service's clock, and the machine's."""

import time
from contextlib import suppress
from pathlib import Path

from router import places

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: A machine's clock that differs by less has not been set: it is only kept in step.
SET_S = 1.0
#: The name of the file in the state folder.
FILE_NAME = "clock"


class Clock:
    """UTC epoch seconds that never jump: wall time once, the monotonic clock from then on.

    Setting the machine's clock while we run moves no deadline; `ahead_s` says by how much it is
    ahead since, for what follows it: opening hours, and every time that people are told.
    `offset_s`, in seconds, shifts the service's time (the demo's `--at`).
    """

    def __init__(self, offset_s: float = 0.0, base: float | None = None) -> None:
        """`base` is the service's time, without the offset, less the monotonic clock's."""
        self._base = time.time() - time.monotonic() if base is None else base
        self._offset_s = offset_s

    @classmethod
    def of(cls, state_dir: Path, offset_s: float = 0.0) -> "Clock":
        """Return the clock that all processes of this service have had since the machine started.

        So what one has written down, of a ticket or on a caller's channel, means the same to the
        next, however often the machine's clock was set in between. If the folder cannot be used,
        the clock is one of its own.
        """
        clock = cls(offset_s)
        with suppress(OSError):
            boot_id, path = _BOOT_ID.read_text().strip(), state_dir / FILE_NAME
            with suppress(FileNotFoundError, ValueError):
                boot, base = path.read_text().split()
                if boot == boot_id:
                    return cls(offset_s, float(base))
            state_dir.mkdir(parents=True, exist_ok=True)
            places.put(path, f"{boot_id} {clock._base!r}\n")
        return clock

    def now(self) -> float:
        """Return the service's time, in UTC epoch seconds."""
        return self._base + self._offset_s + time.monotonic()

    def ahead_s(self) -> float:
        """Return how far the machine's clock is ahead, in seconds; 0 if by hardly anything."""
        ahead_s = round(time.time() - self._base - time.monotonic(), 3)
        return ahead_s if abs(ahead_s) >= SET_S else 0.0
