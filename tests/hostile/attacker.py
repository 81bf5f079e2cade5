"""Somebody hostile at a socket: sends, acknowledges what is answered, and hangs up."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

from tests.contract.sip_message import SipMessage, uri_of
from tests.contract.sip_phone import SipPhone
from tests.hostile.messages import Hostile
from tests.patience import PATIENCE_S

Address = tuple[str, int]
#: So many between two questions whether Asterisk is still there: what it is sent, it has read.
_AT_ONCE = 8
_ids = itertools.count(1)


A = TypeVar("A", bound="Attacker")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: to which request, and how."""

    method: str
    status: int
    identity: str


class Attacker(asyncio.DatagramProtocol):
    """Sends from one address to one door. Use with `attacking`."""

    def __init__(self, door: str) -> None:
        self.door = door
        self.told: list[Told] = []
        self._to = (door.partition(":")[0], int(door.partition(":")[2]))
        self._waiting: dict[str, asyncio.Future[SipMessage]] = {}
        self._calls = itertools.count(1)
        #: The answers to calls that were answered and are not over.
        self._up: dict[str, SipMessage] = {}
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    @property
    def source(self) -> str:
        host, port = self.transport.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    async def send(self, messages: Iterable[Hostile], numbers: Iterator[str]) -> int:
        """Send all of them, each with the next number; return how many."""
        count = 0
        for count, message in enumerate(messages, 1):
            identity = f"h{next(_ids)}-{self._to[1]}"
            data = message.to(self.door, self.source, next(numbers), identity)
            self.transport.sendto(self.signed(data), self._to)
            if count % _AT_ONCE == 0:
                await self.alive()
        await self.alive()
        return count

    def signed(self, data: bytes) -> bytes:
        """Return the message as it is sent: here without a password."""
        return data

    async def alive(self) -> SipMessage:
        """Ask whether anybody is there; return the answer."""
        identity = f"alive{next(_ids)}"
        answer = self._waiting[identity] = asyncio.get_running_loop().create_future()
        self._ask("OPTIONS", f"sip:{self.door}", identity, f"<sip:{self.door}>", 1)
        async with asyncio.timeout(PATIENCE_S):
            told: SipMessage = await answer
            return told

    def hang_up(self) -> None:
        """End the calls that are up: every other one, which was not ended at once."""
        for identity in list(self._up):
            self._hang_up(identity)

    def _hang_up(self, identity: str) -> None:
        answer = self._up.pop(identity)
        self._in_dialog(answer, "BYE", _number(answer) + 1)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = SipMessage.parse(data)
        try:
            status, method = message.status, message.method
        except (IndexError, ValueError):  # it sends back the nonsense of ours
            status, method = 0, ""
        if not status:
            self._answer(message)
            return
        identity = message.first("call-id")
        if (waiting := self._waiting.pop(identity, None)) is not None:
            if not waiting.done():
                waiting.set_result(message)
            return
        self.told.append(Told(method, status, identity))
        if method == "INVITE" and status >= 300:
            self._acknowledge(message, message.first("to"), message.all("via")[:1])
        elif method == "INVITE" and status >= 200:
            self._acknowledge(message, message.first("contact"))
            self._up[identity] = message
            if next(self._calls) % 2:
                self._hang_up(identity)

    def _answer(self, request: SipMessage) -> None:
        kept = ("via", "from", "to", "call-id", "cseq")
        headers = [(name, value) for name, value in request.headers if name in kept]
        if headers and not request.start.startswith("ACK"):
            self._up.pop(request.first("call-id"), None)
            self.transport.sendto(SipMessage("SIP/2.0 200 OK", headers).encode(), self._to)

    def _acknowledge(self, answer: SipMessage, uri: str, via: list[str] | None = None) -> None:
        self._in_dialog(answer, "ACK", _number(answer), uri, via)

    def _in_dialog(
        self,
        answer: SipMessage,
        method: str,
        number: int,
        uri: str = "",
        via: list[str] | None = None,
    ) -> None:
        headers = [("via", one) for one in via or [self._via()]]
        headers += [(name, answer.first(name)) for name in ("from", "to", "call-id")]
        headers += [("cseq", f"{number} {method}"), ("max-forwards", "70")]
        uri = uri_of(uri or answer.first("contact"))
        message = SipMessage(f"{method} {uri} SIP/2.0", headers)
        self.transport.sendto(message.encode(), self._to)

    def _ask(self, method: str, uri: str, identity: str, to: str, number: int) -> None:
        headers = [
            ("via", self._via()),
            ("max-forwards", "70"),
            ("from", f"<sip:{self.source}>;tag={identity}"),
            ("to", to),
            ("call-id", identity),
            ("cseq", f"{number} {method}"),
        ]
        self.transport.sendto(SipMessage(f"{method} {uri} SIP/2.0", headers).encode(), self._to)

    def _via(self) -> str:
        return f"SIP/2.0/UDP {self.source};rport;branch=z9hG4bKa{next(_ids)}"


def _number(message: SipMessage) -> int:
    number = message.first("cseq").split()[0]
    return int(number) if number.isdigit() else 1


_REQUEST = re.compile(rb"(\S+) (\S+) SIP/2\.0\r\n")


class Insider(Attacker):
    """Somebody at a phone that may register: each request has the right answer to a challenge."""

    def __init__(self, door: str, user: str, password: str) -> None:
        super().__init__(door)
        host, _, port = door.rpartition(":")
        self._account = SipPhone(user, password, (host, int(port)))
        self._challenge = ""

    async def alive(self) -> SipMessage:
        """Ask whether anybody is there, and take the new challenge: none is good for long."""
        answer = await super().alive()
        self._challenge = answer.first("www-authenticate") or self._challenge
        return answer

    def signed(self, data: bytes) -> bytes:
        """Return the message with its answer to the last challenge, if it is a request at all."""
        found = _REQUEST.match(data)
        if found is None or not self._challenge:
            return data
        method, uri = (part.decode(errors="replace") for part in found.groups())
        answer = self._account.digest(self._challenge, method, uri)
        header = f"Authorization: {answer}\r\n".encode(errors="replace")
        return data[: found.end()] + header + data[found.end() :]


@asynccontextmanager
async def attacking(host: str, door: str) -> AsyncIterator[Attacker]:
    """Open a socket at that address of loopback."""
    async with at_address(host, Attacker(door)) as attacker:
        yield attacker


@asynccontextmanager
async def at_address(host: str, attacker: A) -> AsyncIterator[A]:
    """Open a socket for the attacker at that address of loopback."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: attacker, local_addr=(host, 0))
    try:
        yield attacker
    finally:
        attacker.transport.close()
