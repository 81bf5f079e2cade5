"""The sound of one telephone: what is heard is counted, silence, sound and keys are sent."""

import asyncio
import random
import struct
from typing import cast

Address = tuple[str, int]

#: RTP payload types: those offered for RFC 4733 events, and A-law.
EVENT_PT, ALAW_PT = 101, 8
_KEYS = "0123456789*#ABCD"
SILENCE = b"\xd5" * 160
#: 400 Hz, square, in A-law.
SOUND = (b"\x35" * 10 + b"\xb5" * 10) * 8
_QUIET = frozenset(b"\xd5\x55\xd4\x54")
KEY_S = 0.08


class Rtp(asyncio.DatagramProtocol):
    """Counts packets, tells sound from silence, sends and hears RFC 4733 events."""

    def __init__(self) -> None:
        self.heard = 0
        #: How many packets held sound.
        self.loud = 0
        self.heard_keys = ""
        self.first_heard = asyncio.Event()
        self._last_key_stamp = -1
        self._pressing = False
        self._to_press: list[str] = []
        self.sequence = random.randrange(1 << 15)
        self.stamp = random.randrange(1 << 30)
        self.ssrc = random.randrange(1 << 32)
        self.transport: asyncio.DatagramTransport
        self.peer: Address = ("127.0.0.1", 9)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.heard += 1
        self.first_heard.set()
        payload = data[12:]
        if data[1] & 0x7F == EVENT_PT:
            (stamp,) = struct.unpack("!I", data[4:8])
            if stamp != self._last_key_stamp:
                self._last_key_stamp = stamp
                self.heard_keys += _KEYS[payload[0]]
        elif sum(byte not in _QUIET for byte in payload) > len(payload) // 4:
            self.loud += 1

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def send(self, payload_type: int, payload: bytes, marker: bool = False) -> None:
        """Send one packet; `stamp` is the caller's to advance."""
        head = struct.pack(
            "!BBHII", 0x80, payload_type | (0x80 if marker else 0), self.sequence & 0xFFFF,
            self.stamp & 0xFFFFFFFF, self.ssrc,
        )  # fmt: skip
        self.sequence += 1
        self._out(head + payload)

    def _out(self, packet: bytes) -> None:
        """Send, unless the telephone was put away: a closed transport raises (CPython 3.11)."""
        if not self.transport.is_closing():
            self.transport.sendto(packet, self.peer)

    def press(self, keys: str) -> None:
        """Press keys one after the other, as long as a human finger stays on each: RFC 4733, 2.5.

        Each step is timed from the one before: where the machine is busy keys come later, but
        none on the heels of another.
        """
        idle = not self._to_press
        self._to_press.extend(keys)
        if idle and keys:
            self._key_down()

    def _key_down(self) -> None:
        self.stamp += 1600
        self._pressing = True
        self._send_key(160, marker=True)
        asyncio.get_running_loop().call_later(KEY_S / 2, self._key_held)

    def _key_held(self) -> None:
        self._send_key(480)
        asyncio.get_running_loop().call_later(KEY_S / 2, self._key_up)

    def _key_up(self) -> None:
        self._pressing = False
        for _ in range(3):
            self._send_key(int(KEY_S * 8000), end=0x80)
        asyncio.get_running_loop().call_later(KEY_S, self._next_key)

    def _next_key(self) -> None:
        del self._to_press[0]
        if self._to_press:
            self._key_down()

    def _send_key(self, duration: int, end: int = 0, marker: bool = False) -> None:
        event = _KEYS.index(self._to_press[0])
        self.send(EVENT_PT, struct.pack("!BBH", event, end | 10, duration), marker=marker)

    def speak(self, sound: bytes = SILENCE) -> None:
        """Send 20 ms of A-law, unless a key is down."""
        if self._pressing:
            return
        self.send(ALAW_PT, sound)
        self.stamp += 160
