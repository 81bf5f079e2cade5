"""When a packet arrived, by the kernel (socket(7), SO_TIMESTAMPNS)."""

import socket
import struct
import time
from collections.abc import Iterable

#: Linux: the socket's option and the control message have the same number.
SO_TIMESTAMPNS = 35
_CONTROL_SIZE = 64
#: The largest datagram.
_SIZE = 65_536


def received_at(control: Iterable[tuple[int, int, bytes]]) -> float:
    """Return the receive time that came with a packet, UTC epoch seconds; without one, now."""
    for _, kind, data in control:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("@qq", data[:16])
            return int(seconds) + int(nanoseconds) / 1e9
    return time.time()


def timed_socket(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Return a UDP socket that never blocks, whose packets come with their receive time."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    opened.setblocking(False)
    opened.bind((host, port))
    return opened


def receive(from_: socket.socket) -> tuple[bytes, float, tuple[str, int]]:
    """Return the next packet of a `timed_socket`, when it arrived, and its sender.

    Raises:
        OSError: If there is none, or the other end is closed already (an ICMP error).
    """
    data, control, _, sender = from_.recvmsg(_SIZE, _CONTROL_SIZE)
    return data, received_at(control), sender
