"""How evenly sound arrives: gaps between packets, by when each was sent and when it arrived.

A packet is due every 20 ms. Whoever speaks in a test is itself held up now and then, and that is no
fault of the service: so a gap is what a listener would have heard of somebody who speaks evenly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from router.demo.sound import FRAME_S
from tests.load.meters import percentile

_WRAPS = 1 << 16


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of one or more calls, in seconds, and the packets that were lost."""

    each_s: list[float] = field(repr=False)
    lost: int = 0

    def at(self, share: float) -> float:
        """Return what `share` of the gaps do not exceed."""
        return percentile(self.each_s, share)

    @property
    def worst_s(self) -> float:
        return max(self.each_s, default=float("nan"))


def of_talk(sent_at: Mapping[int, float], arrived: Sequence[tuple[int, float]]) -> Gaps:
    """Return the gaps of numbered packets, from when each was sent and when it arrived."""
    known = [(number, at) for number, at in arrived if number in sent_at]
    each = [
        FRAME_S * (after - before) + (arrived_after - sent_at[after]) - (at - sent_at[before])
        for (before, at), (after, arrived_after) in pairwise(known)
    ]
    return Gaps(each, _missing([number for number, _ in known]))


def of_stream(arrived: Sequence[tuple[int, float]]) -> Gaps:
    """Return the gaps of packets that the service sends of its own accord.

    Their sequence numbers are RTP's, of 16 bits (RFC 3550, section 5.1).
    """
    steps = [(later - earlier) % _WRAPS for (earlier, _), (later, _) in pairwise(arrived)]
    each = [later - earlier for (_, earlier), (_, later) in pairwise(arrived)]
    return Gaps(each, sum(step - 1 for step in steps if 0 < step < _WRAPS // 2))


def together(several: Iterable[Gaps]) -> Gaps:
    """Return all of them as one."""
    all_of_them = list(several)
    each = [gap for gaps in all_of_them for gap in gaps.each_s]
    return Gaps(each, sum(gaps.lost for gaps in all_of_them))


def _missing(numbers: Sequence[int]) -> int:
    """Return how many are not there, from the first to the last."""
    return max(numbers) - min(numbers) + 1 - len(set(numbers)) if numbers else 0
