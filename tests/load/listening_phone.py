"""A phone that asks again until it is answered, and keeps when each packet of sound arrived.

Arrival is the kernel's receive timestamp (socket(7), SO_TIMESTAMPNS): a bench that is itself held
up does not count as the service's delay.
"""

import asyncio
import contextlib
import itertools
import socket
import struct
import time

from router.demo.sound import FRAME_S
from tests.contract.rtp import ALAW_PT, Address, Rtp
from tests.contract.sip_message import SipMessage
from tests.contract.sip_phone import SipPhone
from tests.load.receipt import receive, timed_socket

#: After so long a request is sent again, each time after twice as long (RFC 3261, timers A and E).
_AGAIN_S, _LONGEST_AGAIN_S = 0.5, 4.0
_MARK = b"allo"
_speakers = itertools.count(1)
_HEAD = 12


def numbered(speaker: int, number: int) -> bytes:
    """Return 20 ms of sound by which speaker and number are known when it arrives."""
    return _MARK + struct.pack("!II", speaker, number) + b"\x35" * 148


def said_by(payload: bytes) -> tuple[int, int] | None:
    """Return whose frame it is, and its number; None if it is not one of `numbered`."""
    if payload[:4] != _MARK:
        return None
    speaker, number = struct.unpack("!II", payload[4:12])
    return speaker, number


class Sound(Rtp):
    """The sound of one phone: what it says is numbered, what it hears is kept."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.speaker = next(_speakers)
        self._host = host
        self._socket: socket.socket | None = None
        #: When each number was sent, and every packet of A-law that arrived: the sequence number
        #: of RTP, when, and what it held.
        self.sent_at: dict[int, float] = {}
        self.arrived: list[tuple[int, float, bytes]] = []
        #: When the end of the last key was sent.
        self.key_ended_at = 0.0
        self._number = 0

    def open(self) -> None:
        self._socket = timed_socket(self._host)
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    @property
    def port(self) -> int:
        assert self._socket is not None, "open() first"
        return int(self._socket.getsockname()[1])

    def forget(self) -> None:
        """Begin anew: neither what was said nor what was heard until now counts."""
        self.sent_at.clear()
        self.arrived.clear()

    def say(self) -> None:
        """Send the next 20 ms."""
        self._number += 1
        self.sent_at[self._number] = time.time()
        self.speak(numbered(self.speaker, self._number))

    def first(self, payload: bytes) -> float | None:
        """Return when that was heard for the first time."""
        return next((at for _, at, held in self.arrived if held == payload), None)

    def _key_up(self) -> None:
        self.key_ended_at = time.time()
        super()._key_up()

    def _out(self, packet: bytes) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # hung up
                self._socket.sendto(packet, self.peer)

    def _readable(self) -> None:
        while self._socket is not None:
            try:
                data, at, sender = receive(self._socket)
            except OSError:
                return
            if data[1] & 0x7F == ALAW_PT:
                sequence: int = struct.unpack("!H", data[2:4])[0]
                self.arrived.append((sequence, at, data[_HEAD:]))
            self.datagram_received(data, sender)


class ListeningPhone(SipPhone):
    """One phone. Sound is sent by whoever owns it, frame by frame (`sound.say`)."""

    def __init__(self, user: str, password: str, server: Address, host: str = "127.0.0.1") -> None:
        super().__init__(user, password, server, host)
        self.rtp = self.sound = Sound(host)
        self._asking: dict[str, asyncio.TimerHandle] = {}
        #: How often a request was sent again.
        self.resent = 0

    async def open(self, port: int = 0) -> "ListeningPhone":
        self.sound.open()
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, port))
        return self

    def close(self) -> None:
        for handle in self._asking.values():
            handle.cancel()
        self.transport.close()
        self.sound.close()

    def send(self, message: SipMessage) -> None:
        super().send(message)
        if not message.status and message.method != "ACK":
            self._later(message, _AGAIN_S)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data.startswith(b"SIP/2.0"):
            answer = SipMessage.parse(data)
            handle = self._asking.get(_key(answer))
            if handle is not None and (answer.status >= 200 or answer.method == "INVITE"):
                handle.cancel()
            if self.dialog is not None and self.answered.is_set() and _is_accepted(answer):
                self._send_ack(self.dialog)  # the first one was lost
        super().datagram_received(data, addr)

    def _later(self, message: SipMessage, after_s: float) -> None:
        loop = asyncio.get_running_loop()
        again = loop.call_later(after_s, self._again, message, after_s)
        self._asking[_key(message)] = again

    def _again(self, message: SipMessage, after_s: float) -> None:
        self.resent += 1
        super().send(message)
        self._later(message, min(2 * after_s, _LONGEST_AGAIN_S))


def _is_accepted(answer: SipMessage) -> bool:
    return answer.method == "INVITE" and 200 <= answer.status < 300


def _key(message: SipMessage) -> str:
    return f"{message.first('call-id')} {message.first('cseq')}"


async def speak(phones: list[ListeningPhone]) -> None:
    """Have all of them send a frame every 20 ms; run as a task."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due = max(due, loop.time() - FRAME_S) + FRAME_S  # after a stall, no burst
        await asyncio.sleep(max(0.0, due - loop.time()))
        for phone in phones:
            phone.sound.say()
