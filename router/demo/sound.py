"""What a simulated person says, types and hears: RTP with a tone, with keys, and listened to.

SIPp does the signalling. This end of the media answers wherever packets come from (symmetric RTP,
RFC 4961). It sends frames of 20 ms with a tone (RFC 3551) and keys as telephone events (RFC 4733),
and listens for speech, silence and the other person's tone.
"""

import array
import asyncio
import math
import socket
import struct
import time
from collections import deque
from typing import Any, Protocol, cast

import G722
import numpy as np

FRAME_S = 0.02
_RATE = 8000
#: Bytes of a frame, and steps of its timestamp: the same in all three codecs (RFC 3551, 4.5.2).
_FRAME = int(_RATE * FRAME_S)
#: As offered by the SIPp scenarios: a=rtpmap:101 telephone-event/8000.
EVENT_PAYLOAD = 101
#: Tones that speech never holds for long, one for each end.
CALLER_HZ = 1000
AGENT_HZ = 1400
#: Anything quieter is silence (RMS of 16-bit samples).
_SILENCE_RMS = 60.0
#: A tone is heard if it has this share of the energy of a window.
_TONE_SHARE = 0.5
_WINDOW_FRAMES = 25
_KEYS = {key: code for code, key in enumerate("0123456789*#ABCD")}

Samples = np.ndarray[Any, np.dtype[np.float32]]


class Codec(Protocol):
    """Turns samples of 16 bits at 8 kHz into frames of 160 bytes and back. Each end has its own."""

    #: The payload type of RFC 3551.
    payload: int

    def __hash__(self) -> int: ...

    def decode(self, frame: bytes) -> Samples:
        """Return the samples of a frame."""
        ...

    def tone(self, hertz: int) -> list[bytes]:
        """Return one second of tone: whole periods, so that it repeats without a click."""
        ...


class G711:
    """A-law or µ-law, given by a table of its 256 samples."""

    def __init__(self, payload: int, table: list[int]) -> None:
        self.payload = payload
        self._table = np.array(table, np.float32)
        self._order = np.argsort(self._table, kind="stable")

    def decode(self, frame: bytes) -> Samples:
        """Look up each byte in the table."""
        return self._table[np.frombuffer(frame, np.uint8)]

    def tone(self, hertz: int) -> list[bytes]:
        """Encode a sine, taking the nearest entry of the table for each sample."""
        nearest = np.searchsorted(self._table[self._order], _sine(hertz, _RATE))
        return _frames(self._order[np.clip(nearest, 0, 255)].astype(np.uint8).tobytes())


class Wideband:
    """G.722 at 64 kbit/s. What a frame means depends on those before it."""

    payload = 9

    def __init__(self) -> None:
        self._codec = G722.G722(2 * _RATE, 64000)

    def decode(self, frame: bytes) -> Samples:
        """Decode to 16 kHz and keep every second sample."""
        return np.array(self._codec.decode(frame)[::2], np.float32)

    def tone(self, hertz: int) -> list[bytes]:
        """Encode a sine, from a fresh state of the codec."""
        samples = _sine(hertz, 2 * _RATE).astype(np.int16).tolist()
        return _frames(bytes(G722.G722(2 * _RATE, 64000).encode(array.array("h", samples))))


def _sine(hertz: int, rate: int) -> Samples:
    return (6000 * np.sin(2 * math.pi * hertz * np.arange(rate) / rate)).astype(np.float32)


def _frames(encoded: bytes) -> list[bytes]:
    return [encoded[start : start + _FRAME] for start in range(0, len(encoded), _FRAME)]


def _alaw(byte: int) -> int:
    """Return the sample of a byte (ITU-T G.711, table 1)."""
    value = byte ^ 0x55
    exponent, mantissa = (value >> 4) & 7, value & 15
    magnitude = (mantissa << 4) + 8
    if exponent:
        magnitude = (magnitude + 256) << (exponent - 1)
    return magnitude if value & 0x80 else -magnitude


def _ulaw(byte: int) -> int:
    """Return the sample of a byte (ITU-T G.711, table 2)."""
    value = ~byte
    magnitude = ((((value & 15) << 3) + 132) << ((value >> 4) & 7)) - 132
    return -magnitude if value & 0x80 else magnitude


ALAW = G711(8, [_alaw(byte) for byte in range(256)])
ULAW = G711(0, [_ulaw(byte) for byte in range(256)])


class Person(asyncio.DatagramProtocol):
    """One end of a conversation. The other side sends its RTP to `port`."""

    def __init__(self, says_hz: int, listens_for_hz: int, codec: Codec = ALAW) -> None:
        self.codec = codec
        self._frames = codec.tone(says_hz)
        angles = 2 * math.pi * listens_for_hz * np.arange(_FRAME * _WINDOW_FRAMES) / _RATE
        self._reference = np.exp(-1j * angles)
        self._window: deque[Any] = deque(maxlen=_WINDOW_FRAMES)
        self._since_check = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._talking: asyncio.Task[None] | None = None
        self._sequence = 0
        self._timestamp = 0
        self._queue: deque[tuple[int, bytes, bool, int]] = deque()
        self.port = 0
        #: When the last sound was heard that was not silence, in seconds (time.monotonic).
        self.heard_at: float | None = None
        #: Packets of sound that have arrived.
        self.packets = 0
        #: Set once the other person's tone has been heard.
        self.heard_tone = asyncio.Event()

    async def open(self, host: str = "127.0.0.1") -> None:
        """Bind a free even port of this address of ours."""
        loop = asyncio.get_running_loop()
        while True:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((host, 0))
            if sock.getsockname()[1] % 2 == 0:  # RFC 3550 section 11
                break
            sock.close()
        self.port = sock.getsockname()[1]
        await loop.create_datagram_endpoint(lambda: self, sock=sock)

    def close(self) -> None:
        """Stop talking and free the port."""
        if self._talking is not None:
            self._talking.cancel()
        if self._transport is not None:
            self._transport.close()

    def next_call(self) -> None:
        """Be ready for another conversation."""
        self._peer = None
        self.heard_at = None
        self.forget()

    def forget(self) -> None:
        """Listen for the other person's tone again."""
        self.heard_tone.clear()
        self._window.clear()

    def speak_to(self, address: tuple[str, int]) -> None:
        """Send sound to `address` from now on, without waiting to hear from there first."""
        self._peer = address

    # What is heard.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to talk, once the socket is open."""
        # Not isinstance: the loop's own class is not derived from asyncio.DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._talking = asyncio.get_running_loop().create_task(self._talk())

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hear one RTP packet, and listen for the other person's tone (RFC 3550, section 5.1)."""
        if len(data) < 13 or data[1] & 0x7F != self.codec.payload:
            return
        self._peer = addr
        self.packets += 1
        samples = self.codec.decode(data[12:])
        if float(np.sqrt(np.mean(samples * samples))) > _SILENCE_RMS:
            self.heard_at = time.monotonic()
        if len(samples) == _FRAME:
            self._window.append(samples)
            self._since_check += 1
            if self._since_check >= 5 and len(self._window) == _WINDOW_FRAMES:
                self._since_check = 0
                if self._tone_share() > _TONE_SHARE:
                    self.heard_tone.set()

    def _tone_share(self) -> float:
        """Return the share of the window's energy at the other's frequency (one bin of a DFT)."""
        samples = np.concatenate(self._window)
        energy = float(np.sum(samples * samples))
        if energy < len(samples) * _SILENCE_RMS**2:
            return 0.0
        return float(2 * abs(np.sum(samples * self._reference)) ** 2 / (len(samples) * energy))

    async def question_over(self, silence_s: float = 1.2, limit_s: float = 90.0) -> None:
        """Wait until something has been said, and then nothing for `silence_s` seconds.

        Raises:
            TimeoutError: If that does not happen within `limit_s` seconds.
        """
        begun = time.monotonic()
        async with asyncio.timeout(limit_s):
            while True:
                heard_at = self.heard_at
                now = time.monotonic()
                if heard_at is not None and heard_at >= begun and now - heard_at >= silence_s:
                    return
                await asyncio.sleep(FRAME_S)

    # What is said.

    def press(self, keys: str) -> None:
        """Type keys: for each an event of 100 ms, then a pause of 120 ms (RFC 4733 section 2.5)."""
        for key in keys:
            code = _KEYS[key]
            for step in range(1, 9):
                ends = step > 5  # the end is sent three times
                duration = min(step, 5) * _FRAME
                payload = struct.pack("!BBH", code, (0x80 if ends else 0) | 10, duration)
                self._queue.append(
                    (EVENT_PAYLOAD, payload, step == 1, 0 if step < 8 else _FRAME * 5)
                )
            self._queue.extend([(-1, b"", False, _FRAME)] * 6)

    async def pressed(self) -> None:
        """Wait until all keys have been sent."""
        while self._queue:
            await asyncio.sleep(FRAME_S)

    async def _talk(self) -> None:
        """Send a frame every 20 ms to the other side, once it is known."""
        due = time.monotonic()
        source = int.from_bytes(self.port.to_bytes(2, "big") * 2, "big")
        frame = 0
        while True:
            # After a stall go on, never in a burst: Asterisk reports keys twice that come too
            # close together (it announces a key that it has to defer a second time).
            due = max(due, time.monotonic() - FRAME_S) + FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self._peer is None or self._transport is None:
                continue
            if self._queue:
                kind, payload, marker, step = self._queue.popleft()
            else:
                kind, payload = self.codec.payload, self._frames[frame]
                marker, step = False, _FRAME
                frame = (frame + 1) % len(self._frames)
            if kind >= 0:
                header = struct.pack(
                    "!BBHII",
                    0x80,
                    kind | (0x80 if marker else 0),
                    self._sequence & 0xFFFF,
                    self._timestamp & 0xFFFFFFFF,
                    source,
                )
                self._sequence += 1
                self._transport.sendto(header + payload, self._peer)
            self._timestamp += step
