"""A SIP server of few words, at which a probe calls: it answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from router.probe.message import Message, parse

SOUND = (b"\x35" * 10 + b"\xb5" * 10) * 8
SILENCE = b"\xd5" * 160


class Server(asyncio.DatagramProtocol):
    """Answers INVITE with `status`, and BYE.

    It loses the first `deaf_to` requests, answers 100 first if `trying`, and once the call is up
    sends `sound`, one packet.
    """

    def __init__(self) -> None:
        self.status = "200 OK"
        self.sound = SOUND
        self.deaf_to = 0
        self.trying = False
        #: Whether it hangs up as soon as it has answered, and when it hears a key.
        self.hangs_up = False
        self.hears_keys = True
        self._invite: tuple[Message, tuple[str, int]] | None = None
        self.asked: list[Message] = []
        #: What answers an INVITE; by default nothing but its status and, if 200, sound.
        self.transport: asyncio.DatagramTransport

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    @property
    def called(self) -> Message:
        """The last call's INVITE."""
        return [one for one in self.asked if one.method == "INVITE"][-1]

    @property
    def methods(self) -> list[str]:
        return [one.method for one in self.asked]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = parse(data)
        if message is None:  # sound of the caller
            self._hear(data)
            return
        self.asked.append(message)
        if self.deaf_to:
            self.deaf_to -= 1
            return
        match message.method:
            case "INVITE":
                if self.trying:
                    self._reply(message, "100 Trying", addr)
                self._reply(message, self.status, addr, self._sdp())
                if self.status.startswith("200"):
                    self._invite = message, addr
                    self._play(message)
                    if self.hangs_up:
                        self._request("BYE", message, addr)
            case "ACK":
                pass
            case _:
                self._reply(message, "200 OK", addr)

    def _hear(self, packet: bytes) -> None:
        """Hang up at a key, once."""
        if self.hears_keys and packet[1] & 0x7F == 101 and self._invite is not None:
            self._request("BYE", *self._invite)
            self._invite = None

    def _sdp(self) -> str:
        return f"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio {self.port} RTP/AVP 8\r\n"

    def _play(self, invite: Message) -> None:
        media = next(line for line in invite.body.split("\r\n") if line.startswith("m=audio "))
        if self.sound:
            head = bytes([0x80, 8]) + bytes(10)
            self.transport.sendto(head + self.sound, ("127.0.0.1", int(media.split()[1])))

    def _reply(self, to: Message, status: str, addr: tuple[str, int], body: str = "") -> None:
        kept = ("via", "from", "call-id", "cseq")
        headers = [header for header in to.headers if header[0] in kept]
        headers += [("to", f"{to.first('to')};tag=s"), ("contact", f"<sip:s@127.0.0.1:{addr[1]}>")]
        self.transport.sendto(Message(f"SIP/2.0 {status}", tuple(headers), body).encode(), addr)

    def _request(self, method: str, invite: Message, addr: tuple[str, int]) -> None:
        headers = (
            ("via", "SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKs"),
            ("from", f"{invite.first('to')};tag=s"),
            ("to", invite.first("from")),
            ("call-id", invite.first("call-id")),
            ("cseq", f"7 {method}"),
        )
        request = Message(f"{method} sip:probe@127.0.0.1 SIP/2.0", headers)
        self.transport.sendto(request.encode(), addr)


@asynccontextmanager
async def sip_server() -> AsyncIterator[Server]:
    server = Server()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()
