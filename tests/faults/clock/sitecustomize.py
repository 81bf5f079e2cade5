"""The machine's clock as a file sets it, for the processes that have this folder in PYTHONPATH.

Python imports this first. What `time.time` says is moved by the seconds in the file that
ALLO_CLOCK_SET_BY names, read at every look; the monotonic clock goes on as ever.
"""

import os
import time

_as_ever = time.time
_PATH = os.environ.get("ALLO_CLOCK_SET_BY", "")


def _set() -> float:
    try:
        with open(_PATH, encoding="ascii") as file:
            return _as_ever() + float(file.read() or 0)
    except OSError:
        return _as_ever()


if _PATH:
    time.time = _set
