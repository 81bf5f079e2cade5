"""One call over SIP, from its INVITE to its BYE: UDP, A-law, nothing but what a probe needs."""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from router.probe.message import Header, Message, parse, response, uri_of
from router.probe.sound import Ear, answered_at, offer

_HOST = "127.0.0.1"
#: A request is sent again after this, then after twice this … (RFC 3261, section 17.1.1.1, T1).
_AGAIN_S = 0.5
#: How long a goodbye may take; after it Asterisk ends the call for want of sound.
_BYE_S = 2.0
#: Answers from here on are final; this one says that the call is taken.
_FINAL = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, wherever a carrier says it: a number that belongs to nobody."""

    #: Ten digits of a range kept for fiction.
    number: str

    def headers(self) -> tuple[Header, ...]:
        """Return every header that can name a caller, except From."""
        named = f'"{self.number}" <sip:{self.number}@{_HOST};user=phone>'
        return (
            ("p-asserted-identity", named),
            ("p-preferred-identity", named),
            ("remote-party-id", f"{named};party=calling;screen=yes;privacy=off"),
            ("diversion", f"{named};reason=unconditional"),
            ("history-info", f"<sip:{self.number}@{_HOST}>;index=1"),
        )


class Call(asyncio.DatagramProtocol):
    """A call to `number` at Asterisk's door for probes. Use with `async with`; then `dial()`.

    `token` is what Asterisk knows the probe by.
    """

    def __init__(self, port: int, token: str, number: str, caller: Caller) -> None:
        self._port = port
        self._token = token
        self._uri = f"sip:{number}@{_HOST}:{port}"
        self._caller = caller
        #: In Asterisk's view of the channel, `protocol_id`.
        self.id = secrets.token_hex(12)
        self._from = f'"{caller.number}" <sip:{caller.number}@{_HOST}>;tag={secrets.token_hex(4)}'
        self._to = f"<{self._uri}>"
        self._target = self._uri
        self._cseq = 1
        self._sdp_port = 0
        self._up = False
        self.ear = Ear()
        #: Set when the other side has hung up.
        self.ended = asyncio.Event()
        #: None: nobody listens there.
        self._answers: asyncio.Queue[Message | None] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> "Call":
        """Open the two ports.

        Raises:
            OSError: If there is none.
        """
        loop = asyncio.get_running_loop()
        self._sdp_port = await self.ear.open(_HOST)
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: self, remote_addr=(_HOST, self._port)
            )
        except BaseException:
            self.ear.close()
            raise
        self._transport = transport
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._hang_up()
        finally:
            self.ear.close()
            assert self._transport is not None
            self._transport.close()

    async def dial(self) -> int:
        """Call; return the final status, 200 if it was answered. Whoever waits sets the limit.

        Raises:
            ConnectionError: If nobody listens there.
        """
        invite = self._request("INVITE", self._identity(), offer(_HOST, self._sdp_port))
        try:
            final = await self._ask(invite)
        except asyncio.CancelledError:
            self._send(self._in_transaction(invite, "CANCEL"))
            raise
        self._to = final.first("to")
        if final.status != _FINAL:
            self._send(self._in_transaction(invite, "ACK"))
            return final.status
        self._target = uri_of(final.first("contact")) or self._uri
        self._up = True
        self._send(self._request("ACK"))
        if (there := answered_at(final.body)) is not None:
            self.ear.speak_to(*there)
        return final.status

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take what Asterisk says."""
        message = parse(data)
        if message is None or message.first("call-id") != self.id:
            return
        if message.status:
            if self._up and message.method == "INVITE":
                self._send(self._request("ACK"))  # ours was lost
            else:
                self._answers.put_nowait(message)
        elif message.method != "ACK":
            self._send(response(message, "200 OK"))
            if message.method == "BYE":
                self._up = False
                self.ended.set()

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there (ICMP)."""
        self._answers.put_nowait(None)

    async def _ask(self, request: Message) -> Message:
        """Send until something comes back; return the final answer to it."""
        repeating = asyncio.create_task(self._repeat(request))
        try:
            while True:
                answer = await self._answers.get()
                if answer is None:
                    raise ConnectionError(f"nobody listens at UDP {_HOST}:{self._port}")
                if answer.first("cseq") == request.first("cseq"):
                    repeating.cancel()
                    if answer.status >= _FINAL:
                        return answer
        finally:
            repeating.cancel()

    async def _repeat(self, request: Message) -> None:
        wait_s = _AGAIN_S
        while True:
            self._send(request)
            await asyncio.sleep(wait_s)
            wait_s *= 2

    async def _hang_up(self) -> None:
        if not self._up:
            return
        self._up = False
        self._cseq += 1
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_BYE_S):
                await self._ask(self._request("BYE"))

    def _identity(self) -> tuple[Header, ...]:
        return (
            *self._caller.headers(),
            ("x-allo-probe", self._token),
            ("content-type", "application/sdp"),
        )

    def _request(self, method: str, extra: tuple[Header, ...] = (), body: str = "") -> Message:
        assert self._transport is not None, "use it with `async with`"
        host, port = self._transport.get_extra_info("sockname")[:2]
        target = self._uri if method == "INVITE" else self._target
        return Message(
            f"{method} {target} SIP/2.0",
            (
                ("via", f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(8)};rport"),
                ("max-forwards", "70"),
                ("from", self._from),
                ("to", self._to),
                ("call-id", self.id),
                ("cseq", f"{self._cseq} {method}"),
                ("contact", f"<sip:probe@{host}:{port}>"),
                ("user-agent", "allo probe"),
                *extra,
            ),
            body,
        )

    def _in_transaction(self, invite: Message, method: str) -> Message:
        """Return the ACK of a refusal, or a CANCEL: part of the INVITE's own transaction."""
        kept = ("via", "max-forwards", "from", "call-id")
        return Message(
            invite.start.replace("INVITE", method, 1),
            (
                *(header for header in invite.headers if header[0] in kept),
                ("to", self._to),
                ("cseq", f"{self._cseq} {method}"),
            ),
        )

    def _send(self, message: Message) -> None:
        assert self._transport is not None, "use it with `async with`"
        self._transport.sendto(message.encode())
