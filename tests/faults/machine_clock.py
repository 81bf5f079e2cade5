"""The machine's clock, as router and fallback see it: to be set while they run."""

import os
from pathlib import Path

from router.places import TOP, put

_LAID_UNDER = Path(__file__).with_name("clock")


class MachineClock:
    """Give `environment` to the processes, then `set` it for them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.environment = {
            "PYTHONPATH": os.pathsep.join([str(_LAID_UNDER), str(TOP)]),
            "ALLO_CLOCK_SET_BY": str(file),
        }

    def set(self, ahead_s: float) -> None:
        """Set it so many seconds ahead of the true time."""
        put(self._file, f"{ahead_s}")
