"""The sound of a probe: silence out, and what comes in told from silence (RTP, A-law)."""

import asyncio
import re
import secrets
import struct

#: RTP payload types: A-law, 160 bytes for 20 ms (RFC 3551, section 6), and keys, as offered.
_ALAW, _KEY = 8, 101
_PACKET_S = 0.02
_SAMPLES = 160
_SILENCE = b"\xd5" * _SAMPLES
_HEADER = 12
_KEYS = "0123456789*#ABCD"
_KEY_PACKETS = 7
_KEY_ENDS = 0x80
#: The quietest values of A-law, on both sides of zero.
_QUIET = frozenset(b"\xd5\x55\xd4\x54\xd7\x57\xd6\x56")
#: A packet with more than this share of louder samples holds sound.
_LOUD = 0.25
_CONNECTION = re.compile(r"^c=IN IP4 (\S+)", re.MULTILINE)
_MEDIA = re.compile(r"^m=audio (\d+)", re.MULTILINE)


class Ear(asyncio.DatagramProtocol):
    """Listens, and says nothing for as long as it does: others take a silent line for dead.

    `heard` is set at the first sound that is not silence.
    """

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        #: Packets so far, and those with sound.
        self.packets = 0
        self.loud = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._peer: tuple[str, int] | None = None
        self._pressing = False
        self._source, self._stamp = secrets.randbits(32), secrets.randbits(31)
        self._sequence = secrets.randbits(15)

    async def open(self, host: str) -> int:
        """Listen at any port of `host`; return it.

        Raises:
            OSError: If no port can be had.
        """
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self._transport = transport
        return int(transport.get_extra_info("sockname")[1])

    def speak_to(self, host: str, port: int) -> None:
        """Send silence there from now on."""
        self._peer = host, port
        self._speaking = asyncio.create_task(self._speak())

    async def press(self, key: str) -> None:
        """Press a key, as a telephone does: a packet each 20 ms (RFC 4733, section 2.5)."""
        self._pressing = True
        try:
            for number in range(_KEY_PACKETS):
                ends = (
                    _KEY_ENDS if number >= _KEY_PACKETS - 3 else 0
                )  # three times, one may be lost
                lasted = min(number + 1, _KEY_PACKETS - 2) * _SAMPLES
                event = struct.pack("!BBH", _KEYS.index(key), ends | 10, lasted)
                self._send(_KEY, event, first=number == 0)
                await asyncio.sleep(_PACKET_S)
            self._stamp += _KEY_PACKETS * _SAMPLES
        finally:
            self._pressing = False

    def close(self) -> None:
        """Hear and say nothing more."""
        if self._speaking is not None:
            self._speaking.cancel()
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take a packet; what is no sound in A-law is passed over."""
        if len(data) <= _HEADER or data[1] & 0x7F != _ALAW:
            return
        payload = data[_HEADER:]
        self.packets += 1
        if sum(byte not in _QUIET for byte in payload) > len(payload) * _LOUD:
            self.loud += 1
            self.heard.set()

    async def _speak(self) -> None:
        while self._transport is not None and not self._transport.is_closing():
            if not self._pressing:
                self._send(_ALAW, _SILENCE)
                self._stamp += _SAMPLES
            await asyncio.sleep(_PACKET_S)

    def _send(self, kind: int, payload: bytes, *, first: bool = False) -> None:
        if self._transport is None or self._peer is None:
            return
        mark = 0x80 if first else 0
        numbers = (self._sequence & 0xFFFF, self._stamp & 0xFFFFFFFF, self._source)
        self._transport.sendto(
            struct.pack("!BBHII", 0x80, kind | mark, *numbers) + payload, self._peer
        )
        self._sequence += 1


def offer(host: str, port: int) -> str:
    """Return an offer of A-law and keys, as carriers make it (RFC 4566)."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {_ALAW} {_KEY}\r\n"
        f"a=rtpmap:{_ALAW} PCMA/8000\r\na=rtpmap:{_KEY} telephone-event/8000\r\n"
        f"a=fmtp:{_KEY} 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )


def answered_at(sdp: str) -> tuple[str, int] | None:
    """Return the host and port to which an answer wants the sound; None if it names none."""
    host, port = _CONNECTION.search(sdp), _MEDIA.search(sdp)
    if host is None or port is None or port[1] == "0":
        return None
    return host[1], int(port[1])
