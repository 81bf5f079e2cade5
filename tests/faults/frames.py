"""Frames of a websocket, as they pass on the wire (RFC 6455, section 5.2)."""

import os
import struct
from dataclasses import dataclass
from itertools import cycle

_TEXT = 0x1
_FIN, _MASKED = 0x80, 0x80
_SHORT, _16_BITS, _64_BITS = 125, 126, 127


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `raw` is how it came; `payload` is without the mask of a client's."""

    opcode: int
    payload: bytes
    raw: bytes

    @property
    def is_text(self) -> bool:
        """Whether it is a message, and neither a ping, a pong nor a goodbye."""
        return self.opcode == _TEXT


class Frames:
    """Cuts what comes in any pieces into frames."""

    def __init__(self) -> None:
        self._held = b""

    def cut(self, data: bytes) -> list[Frame]:
        """Return the frames that are complete now; the rest waits for more."""
        self._held += data
        found = []
        while (frame := _first(self._held)) is not None:
            self._held = self._held[len(frame.raw) :]
            found.append(frame)
        return found


def text(payload: bytes, *, masked: bool = False) -> bytes:
    """Return a whole message; a client's are `masked`."""
    mask_bit = _MASKED if masked else 0
    size = len(payload)
    if size <= _SHORT:
        head = bytes([_FIN | _TEXT, mask_bit | size])
    elif size < 1 << 16:
        head = struct.pack("!BBH", _FIN | _TEXT, mask_bit | _16_BITS, size)
    else:
        head = struct.pack("!BBQ", _FIN | _TEXT, mask_bit | _64_BITS, size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + _mask(payload, mask)


def _first(data: bytes) -> Frame | None:
    if len(data) < 2:
        return None
    at, size = 2, data[1] & ~_MASKED
    if size == _16_BITS:
        at, size = 4, int.from_bytes(data[2:4])
    elif size == _64_BITS:
        at, size = 10, int.from_bytes(data[2:10])
    is_masked = bool(data[1] & _MASKED)
    body = at + 4 if is_masked else at
    if len(data) < body + size:
        return None
    payload = data[body : body + size]
    if is_masked:
        payload = _mask(payload, data[at:body])
    return Frame(data[0] & 0x0F, payload, data[: body + size])


def _mask(payload: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ key for byte, key in zip(payload, cycle(mask), strict=False))
