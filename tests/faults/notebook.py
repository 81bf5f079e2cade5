"""Where people note what they do and hear, while they do."""

import time

from tests.faults.history import Did, History, Noted


class Notebook:
    """Everybody's; times count from when it was opened."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._noted: list[Noted] = []

    def now(self) -> float:
        """Return the time, in seconds from the beginning."""
        return time.monotonic() - self._begun

    def since(self, monotonic: float) -> float:
        """Return what a time of time.monotonic() is here."""
        return monotonic - self._begun

    def note(self, who: str, did: Did, about: str = "", at: float | None = None) -> None:
        """Note it, as of now or of an earlier time."""
        self._noted.append(Noted(self.now() if at is None else at, who, did, about))

    def history(self) -> History:
        """Return all that is noted until now."""
        return History(self._noted)
