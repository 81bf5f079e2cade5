"""Callers whose key presses and prompts are timed where callers notice them: on the wire.

Each ear is a UDP socket that gets one call's RTP. Every prompt of the benchmark is a tone
whose 20 ms frames are all alike, so the first packet of a prompt is known by its bytes.
Arrival is the kernel's receive timestamp (socket(7), SO_TIMESTAMPNS): a benchmark that is
itself held up does not count as Asterisk's delay.
"""

import asyncio
import contextlib
import random
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.load.receipt import receive, timed_socket

FRAME_S = 0.02
_FRAME = 160
#: As the scenarios offer them: PCMA (RFC 3551) and telephone-event.
_ALAW, _EVENT = 8, 101
_SILENCE = b"\xd5" * _FRAME
_HASH = 11  # RFC 4733 section 3.2
#: How many frames a key is held: longer than Asterisk's minimum of 80 ms.
_KEY_FRAMES = 5
#: How long a prompt is listened to before the next key: 0.4 to 0.42 s, so that keys fall
#: anywhere within Asterisk's frames.
_LISTEN_S = 0.4


@dataclass(slots=True)
class Heard:
    """What one caller noticed. Times are seconds from the key's end to the next prompt."""

    prompts: int = 0
    delays_s: list[float] = field(default_factory=list)


class Ear:
    """One caller. `frames` are the prompts' 20 ms frames in the order of the journey."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self.heard = Heard()
        self._frames = frames
        self._loop = asyncio.get_running_loop()
        self._socket = timed_socket()
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket, self._readable)
        self._peer: tuple[str, int] | None = None
        self._ticking: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._sequence = random.randrange(1 << 15)
        self._stamp = random.randrange(1 << 30)
        self._source = random.randrange(1 << 32)
        self._key_step = 0
        self._key_ended_at: float | None = None

    def close(self) -> None:
        self._fall_silent()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        try:
            data, at, peer = receive(self._socket)
        except OSError:
            return  # an ICMP error: Asterisk's end is closed already
        if data[1] & 0x7F != _ALAW:
            return  # RTCP of the neighbouring port's call
        if self._peer is None:
            self._peer = peer
            self._due = self._loop.time()
            self._tick()
        heard = self.heard
        if heard.prompts == len(self._frames) or data[12:] != self._frames[heard.prompts]:
            return
        heard.prompts += 1
        if self._key_ended_at is not None:
            heard.delays_s.append(at - self._key_ended_at)
            self._key_ended_at = None
        if heard.prompts < len(self._frames):
            self._loop.call_later(_LISTEN_S + random.random() * FRAME_S, self._press)
        else:
            # Whoever sends on after the hang-up ends up in the call that is given Asterisk's
            # port next, is taken for that caller (rtp_symmetric), and leaves it deaf.
            self._fall_silent()

    def _fall_silent(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()

    def _press(self) -> None:
        self._key_step = 1

    def _tick(self) -> None:
        """Send a frame every 20 ms: silence, or a piece of the key (RFC 4733 section 2.5)."""
        self._due += FRAME_S
        self._ticking = self._loop.call_at(self._due, self._tick)
        if not self._key_step:
            self._send(_ALAW, _SILENCE, False)
            self._stamp += _FRAME
            return
        step, self._key_step = self._key_step, self._key_step + 1
        ends = step > _KEY_FRAMES
        duration = min(step, _KEY_FRAMES) * _FRAME
        event = struct.pack("!BBH", _HASH, (0x80 if ends else 0) | 10, duration)
        if step == _KEY_FRAMES + 1:
            self._key_ended_at = time.time()
        self._send(_EVENT, event, step == 1)
        if step == _KEY_FRAMES + 3:  # the end is sent three times
            self._stamp += _FRAME * step
            self._key_step = 0

    def _send(self, kind: int, payload: bytes, marker: bool) -> None:
        assert self._peer is not None
        head = struct.pack(
            "!BBHII",
            0x80,
            kind | (0x80 if marker else 0),
            self._sequence & 0xFFFF,
            self._stamp & 0xFFFFFFFF,
            self._source,
        )
        self._sequence += 1
        with contextlib.suppress(OSError):  # hung up
            self._socket.sendto(head + payload, self._peer)
