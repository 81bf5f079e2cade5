"""Which of the keys that Asterisk tells of a channel were pressed.

A telephone may send a key twice, as RTP (RFC 4733) and as SIP INFO, whatever was negotiated;
Asterisk takes both and does not say which is which. Two presses of a key cannot overlap, though,
and whatever comes of one source alone Asterisk spaces: what overlaps is one press told again.

While Asterisk makes a tone of a key whose beginning it has not seen (all that come as INFO), it
holds the next one back, and tells it 45 ms after that tone: then its time says nothing. Such a
moment is no new press either, on a channel that has told keys twice before (all measured).
"""

from collections import deque
from dataclasses import dataclass

#: Between two presses: less is no pause (ITU-T Q.24), and Asterisk leaves 45 ms.
_PAUSE_MS = 40
#: A tone is made no shorter (asterisk.conf, mindtmfduration).
_TONE_MS = 80
#: What was held back comes so long after the tone: 45 ms, and up to a frame and a half.
_HELD_BACK_MS = range(40, 76)


@dataclass(frozen=True, slots=True)
class _Told:
    key: str
    at_ms: int
    lasted_ms: int


class Keys:
    """What one channel has told."""

    def __init__(self) -> None:
        self._told: deque[_Told] = deque(maxlen=3)
        self._pressed: _Told | None = None
        self._twice = False

    def pressed(self, key: str, at_ms: int, lasted_ms: int) -> bool:
        """Return whether this is a press of its own. `at_ms` is the key's end."""
        told = _Told(key, at_ms, lasted_ms)
        again = False
        if self._pressed is not None and self._pressed.key == key:
            overlaps = at_ms - lasted_ms < self._pressed.at_ms + _PAUSE_MS
            self._twice |= overlaps
            again = overlaps or (self._twice and self._held_back(at_ms))
        self._told.append(told)
        if not again:
            self._pressed = told
        return not again

    def _held_back(self, at_ms: int) -> bool:
        return any(
            at_ms - (before.at_ms + max(before.lasted_ms, _TONE_MS)) in _HELD_BACK_MS
            for before in self._told
        )
