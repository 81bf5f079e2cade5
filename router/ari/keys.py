"""Which of the keys that Asterisk reports for a channel were really pressed.

A telephone may send a key twice, as RTP (RFC 4733) and as SIP INFO, whatever was negotiated;
Asterisk accepts both and does not say which is which. Two presses of a key cannot overlap, though,
and keys from one source alone Asterisk spaces out: so what overlaps is one press reported again.

While Asterisk generates the tone of a key whose beginning it has not seen (any that comes as
INFO), it holds the next key back and reports it 45 ms after that tone; its time then says nothing.
On a channel that has reported keys twice before, a key at such a moment is no new press either
(all measured).
"""

from collections import deque
from dataclasses import dataclass

#: The least pause between two presses (ITU-T Q.24); Asterisk leaves 45 ms.
_PAUSE_MS = 40
#: The shortest tone that Asterisk generates (asterisk.conf, mindtmfduration).
_TONE_MS = 80
#: How long after the tone a key comes that was held back: 45 ms, and up to a frame and a half.
_HELD_BACK_MS = range(40, 76)


@dataclass(frozen=True, slots=True)
class _Report:
    key: str
    at_ms: int
    lasted_ms: int


class Keys:
    """The keys of one channel."""

    def __init__(self) -> None:
        self._reports: deque[_Report] = deque(maxlen=3)
        #: The latest real press.
        self._pressed: _Report | None = None
        #: Whether the channel reports keys twice, as far as has been seen.
        self._twice = False

    def pressed(self, key: str, at_ms: int, lasted_ms: int) -> bool:
        """Return whether this report is a press of its own. `at_ms` is when the key ended."""
        report = _Report(key, at_ms, lasted_ms)
        again = False
        if self._pressed is not None and self._pressed.key == key:
            overlaps = at_ms - lasted_ms < self._pressed.at_ms + _PAUSE_MS
            self._twice |= overlaps
            again = overlaps or (self._twice and self._held_back(at_ms))
        self._reports.append(report)
        if not again:
            self._pressed = report
        return not again

    def _held_back(self, at_ms: int) -> bool:
        return any(
            at_ms - (before.at_ms + max(before.lasted_ms, _TONE_MS)) in _HELD_BACK_MS
            for before in self._reports
        )
