"""When a packet arrived, by the kernel (socket(7), SO_TIMESTAMPNS)."""

import struct
import time
from collections.abc import Iterable

#: Linux: the socket's option and the control message have the same number.
SO_TIMESTAMPNS = 35


def received_at(control: Iterable[tuple[int, int, bytes]]) -> float:
    """Return the receive time that came with a packet, UTC epoch seconds; without one, now."""
    for _, kind, data in control:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("@qq", data[:16])
            return int(seconds) + int(nanoseconds) / 1e9
    return time.time()
