"""The sound of a probe: silence out, and what comes in told from silence (RTP, A-law)."""

import asyncio
import re
import secrets
import struct

#: RTP payload type 8: A-law, 160 bytes for 20 ms (RFC 3551, section 6).
_ALAW = 8
_PACKET_S = 0.02
_SAMPLES = 160
_SILENCE = b"\xd5" * _SAMPLES
_HEADER = 12
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
        self._speaking = asyncio.create_task(self._speak(host, port))

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

    async def _speak(self, host: str, port: int) -> None:
        source, stamp = secrets.randbits(32), secrets.randbits(31)
        sequence = secrets.randbits(15)
        while self._transport is not None and not self._transport.is_closing():
            head = struct.pack("!BBHII", 0x80, _ALAW, sequence & 0xFFFF, stamp, source)
            self._transport.sendto(head + _SILENCE, (host, port))
            sequence, stamp = sequence + 1, (stamp + _SAMPLES) & 0xFFFFFFFF
            await asyncio.sleep(_PACKET_S)


def offer(host: str, port: int) -> str:
    """Return an offer of A-law and keys, as carriers make it (RFC 4566)."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {_ALAW} 101\r\n"
        f"a=rtpmap:{_ALAW} PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        "a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )


def answered_at(sdp: str) -> tuple[str, int] | None:
    """Return the host and port to which an answer wants the sound; None if it names none."""
    host, port = _CONNECTION.search(sdp), _MEDIA.search(sdp)
    if host is None or port is None or port[1] == "0":
        return None
    return host[1], int(port[1])
