"""The key of the day: numbers are known by their HMAC-SHA-256 under it, and it is never kept.

It is drawn at random when the day changes. It lives in a file in memory that the router hands
from one intake to the next and never reads itself: the digests are in the router
(`abuse.Limits`), and whoever sees only one of the two cannot try out numbers. Both together
still tell whether a given number asked today (a keyed hash of a phone number is personal data:
Conseil d'État 393714).
"""

import fcntl
import hmac
import os
import secrets
from datetime import date

from router.intake.numbers import PhoneNumber

_KEY_BYTES = 32  # as long as SHA-256's digest: RFC 2104, section 3
_DAY_BYTES = 4
_DIGEST_BYTES = 16  # no two numbers ever have the same digest


class DayKey:
    """The key of the day. `file` is a descriptor made by `reserve`, in any of our processes."""

    def __init__(self, file: int) -> None:
        self._file = file

    @staticmethod
    def reserve() -> int:
        """Return a nameless file in memory, still empty, to be handed to child processes."""
        return os.memfd_create("allo-day-key", os.MFD_CLOEXEC)

    def turn_to(self, day: date) -> bool:
        """Return whether a new key had to be drawn, which makes earlier digests useless.

        A day earlier than the latest counts as the latest: setting the clock back draws nothing.
        """
        if self._day() >= day.toordinal():
            return False
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            if self._day() >= day.toordinal():
                return False  # another process was first
            content = day.toordinal().to_bytes(_DAY_BYTES) + secrets.token_bytes(_KEY_BYTES)
            os.pwrite(self._file, content, 0)
            return True
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def digest(self, number: PhoneNumber) -> str:
        """Return the number's digest of today. Call `turn_to` first."""
        key = os.pread(self._file, _KEY_BYTES, _DAY_BYTES)
        assert len(key) == _KEY_BYTES, "turn_to comes first"
        return hmac.digest(key, number.e164.encode("ascii"), "sha256")[:_DIGEST_BYTES].hex()

    def _day(self) -> int:
        return int.from_bytes(os.pread(self._file, _DAY_BYTES, 0))
