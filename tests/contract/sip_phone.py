"""A small SIP phone for tests against a real Asterisk: UDP, one call at a time.

It registers, answers an INVITE as told (or rings on), places a call, presses keys
(RFC 4733 or INFO), counts the RTP it hears, and hangs up. No retransmission timers:
nothing is lost within a machine.
"""

import asyncio
import hashlib
import itertools
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tests.contract.rtp import ALAW_PT, EVENT_PT, Address, Rtp
from tests.contract.sip_message import SipMessage, tag_of, uri_of
from tests.patience import PATIENCE_S

_ids = itertools.count(1)


@dataclass
class _Dialog:
    call_id: str
    local: str  # our From/To with tag
    remote: str  # theirs
    target: str  # remote contact URI
    cseq: int = 1


class SipPhone(asyncio.DatagramProtocol):
    """One phone at the address `host`, and at `server`.

    `on_invite` is a SIP status to answer with; below 200 it rings on.
    """

    def __init__(self, user: str, password: str, server: Address, host: str = "127.0.0.1") -> None:
        self.host = host
        self.user = user
        self.password = password
        self.server = server
        self.on_invite = 180
        self.registered = False
        self.dialog: _Dialog | None = None
        self.ringing = asyncio.Event()
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self.failed_status = 0
        self.invites: list[SipMessage] = []
        #: Methods of all requests that came.
        self.asked: list[str] = []
        self.rtp = Rtp()
        self._invite: SipMessage | None = None
        self._waiters: dict[tuple[str, str], asyncio.Future[SipMessage]] = {}
        self._register_id = f"reg-{user}-{next(_ids)}"
        self._register_cseq = 0
        self.transport: asyncio.DatagramTransport

    async def open(self, port: int = 0) -> "SipPhone":
        """Open it at any port, or at the one where a carrier is expected."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, port))
        await loop.create_datagram_endpoint(lambda: self.rtp, local_addr=(self.host, 0))
        return self

    def close(self) -> None:
        self.transport.close()
        self.rtp.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    @property
    def contact(self) -> str:
        return f"<sip:{self.user}@{self.host}:{self.transport.get_extra_info('sockname')[1]}>"

    # --- what a test tells the phone to do ------------------------------------------------

    async def register(self, expires_s: int = 60) -> int:
        """REGISTER with digest; 0 seconds unregisters. Returns the final status."""
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        extra = [("contact", self.contact), ("expires", str(expires_s))]
        reply = await self._register(uri, extra)
        if reply.status == 401:
            challenge = reply.first("www-authenticate")
            extra.append(("authorization", self.digest(challenge, "REGISTER", uri)))
            reply = await self._register(uri, extra)
        self.registered = reply.status == 200 and expires_s > 0
        return reply.status

    async def call(self, number: str, *headers: tuple[str, str]) -> None:
        """INVITE `number`; returns when answered, or with `failed_status` set."""
        self.answered.clear()
        self.ended.clear()
        self.failed_status = 0
        call_id = f"call-{next(_ids)}-{random.randrange(1 << 30)}"
        local = f"<sip:{self.user}@{self.host}>;tag=l{next(_ids)}"
        uri = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        self.dialog = dialog = _Dialog(call_id, local, f"<{uri}>", uri)
        extra = [("contact", self.contact), ("content-type", "application/sdp"), *headers]
        reply = await self._invite_to(uri, dialog, extra)
        if reply.status == 401:
            challenge = reply.first("www-authenticate")
            extra.append(("authorization", self.digest(challenge, "INVITE", uri)))
            dialog.cseq += 1
            reply = await self._invite_to(uri, dialog, extra)
        dialog.remote = reply.first("to")
        if reply.status >= 300:
            self.failed_status = reply.status
            return
        self._learn(reply)
        self._send_ack(dialog)
        self.answered.set()

    async def _invite_to(
        self, uri: str, dialog: _Dialog, extra: list[tuple[str, str]]
    ) -> SipMessage:
        return await self._request(
            "INVITE", uri, dialog.call_id, dialog.local, f"<{uri}>", dialog.cseq, extra, self._sdp()
        )

    def answer(self) -> None:
        """Pick up the phone that rings."""
        assert self._invite is not None, "nothing rings"
        self._learn(self._invite)
        self._reply(self._invite, 200, self._sdp())
        self._invite = None

    def refuse(self, status: int) -> None:
        """Answer the INVITE that rings with a final status: 486 busy, 603 declined."""
        assert self._invite is not None, "nothing rings"
        self._reply(self._invite, status)
        self._invite = None

    async def rings(self) -> None:
        """Return when it rings."""
        async with asyncio.timeout(PATIENCE_S):
            await self.ringing.wait()

    async def hang_up(self) -> None:
        assert self.dialog is not None, "no call"
        dialog = self.dialog
        dialog.cseq += 1
        self.dialog = None
        await self._request(
            "BYE", dialog.target, dialog.call_id, dialog.local, dialog.remote, dialog.cseq, []
        )
        self.ended.set()

    @property
    def replaces(self) -> tuple[str, str]:
        """The header by which an INVITE names this call, to take its place (RFC 3891)."""
        assert self.dialog is not None, "no call"
        theirs, ours = (tag_of(one) for one in (self.dialog.remote, self.dialog.local))
        return ("replaces", f"{self.dialog.call_id};to-tag={theirs};from-tag={ours}")

    @property
    def heard_keys(self) -> str:
        """The keys that others in the conversation pressed."""
        return self.rtp.heard_keys

    def press(self, keys: str) -> None:
        """Begin to press the keys, one after the other."""
        self.rtp.press(keys)

    async def press_by_info(self, key: str) -> None:
        """One key as SIP INFO, application/dtmf-relay."""
        relay = [("content-type", "application/dtmf-relay")]
        await self.ask("INFO", relay, f"Signal={key}\r\nDuration=160\r\n")

    async def ask(self, method: str, extra: list[tuple[str, str]], body: str = "") -> SipMessage:
        """Send a request within the call; return its final answer."""
        assert self.dialog is not None, "no call"
        dialog = self.dialog
        dialog.cseq += 1
        return await self._request(
            method, dialog.target, dialog.call_id, dialog.local, dialog.remote, dialog.cseq,
            extra, body,
        )  # fmt: skip

    # --- SIP ------------------------------------------------------------------------------

    def send(self, message: SipMessage) -> None:
        """Send a request or an answer, once."""
        self.transport.sendto(message.encode(), self.server)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if not data.strip():
            return
        message = SipMessage.parse(data)
        if message.status:
            waiter = self._waiters.get((message.first("call-id"), message.first("cseq")))
            if message.status >= 200 and waiter is not None and not waiter.done():
                waiter.set_result(message)
            return
        self.asked.append(message.method)
        handler: Callable[[SipMessage], None] | None = {
            "INVITE": self._on_invite,
            "CANCEL": self._on_cancel,
            "BYE": self._on_bye,
            "ACK": self._on_ack,
        }.get(message.method)
        if handler is None:
            self._reply(message, 200)
        else:
            handler(message)

    def _on_invite(self, message: SipMessage) -> None:
        if self.dialog is not None and self.dialog.call_id == message.first("call-id"):
            self._learn(message)  # re-INVITE: new media address
            self._reply(message, 200, self._sdp())
            return
        self.invites.append(message)
        tag = f";tag=r{next(_ids)}"
        headers = [(n, v + tag if n == "to" else v) for n, v in message.headers]
        message.headers = headers
        self._invite = message
        self.dialog = _Dialog(
            message.first("call-id"), message.first("to"), message.first("from"),
            uri_of(message.first("contact")),
        )  # fmt: skip
        self.ended.clear()
        if self.on_invite < 200:
            self._reply(message, self.on_invite)
        elif self.on_invite == 200:
            self.answer()
        else:
            self.refuse(self.on_invite)
        self.ringing.set()

    def _on_cancel(self, message: SipMessage) -> None:
        self._reply(message, 200)
        if self._invite is not None:
            self.refuse(487)
        self.dialog = None
        self.ringing.clear()
        self.ended.set()

    def _on_bye(self, message: SipMessage) -> None:
        self._reply(message, 200)
        self.dialog = None
        self.ended.set()

    def _on_ack(self, message: SipMessage) -> None:
        if self.dialog is not None:
            self.answered.set()

    def _learn(self, message: SipMessage) -> None:
        assert self.dialog is not None
        if message.first("contact"):
            self.dialog.target = uri_of(message.first("contact"))
        port = re.search(r"^m=audio (\d+)", message.body, re.M)
        if port:
            self.rtp.peer = (self.server[0], int(port.group(1)))

    def _sdp(self) -> str:
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            f"m=audio {self.rtp.port} RTP/AVP {ALAW_PT} {EVENT_PT}\r\n"
            f"a=rtpmap:8 PCMA/8000\r\na=rtpmap:{EVENT_PT} telephone-event/8000\r\n"
            f"a=fmtp:{EVENT_PT} 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        )

    def _via(self) -> str:
        host, port = self.transport.get_extra_info("sockname")[:2]
        return f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{next(_ids)}x{random.randrange(1 << 30)}"

    def _message(
        self, method: str, uri: str, call_id: str, local: str, remote: str, cseq: int
    ) -> SipMessage:
        return SipMessage(
            f"{method} {uri} SIP/2.0",
            [
                ("via", self._via()),
                ("max-forwards", "70"),
                ("from", local),
                ("to", remote),
                ("call-id", call_id),
                ("cseq", f"{cseq} {method}"),
            ],
        )

    async def _request(
        self, method: str, uri: str, call_id: str, local: str, remote: str, cseq: int,
        extra: list[tuple[str, str]], body: str = "",
    ) -> SipMessage:  # fmt: skip
        message = self._message(method, uri, call_id, local, remote, cseq)
        message.headers += extra
        message.body = body
        key = (call_id, f"{cseq} {method}")
        self._waiters[key] = asyncio.get_running_loop().create_future()
        self.send(message)
        try:
            return await asyncio.wait_for(self._waiters[key], PATIENCE_S)
        finally:
            del self._waiters[key]

    async def _register(self, uri: str, extra: list[tuple[str, str]]) -> SipMessage:
        self._register_cseq += 1
        me = f"<sip:{self.user}@{self.server[0]}>"
        return await self._request(
            "REGISTER", uri, self._register_id, f"{me};tag=g{next(_ids)}", me,
            self._register_cseq, extra,
        )  # fmt: skip

    def _send_ack(self, dialog: _Dialog) -> None:
        ack = self._message(
            "ACK", dialog.target, dialog.call_id, dialog.local, dialog.remote, dialog.cseq
        )
        self.send(ack)

    def _reply(self, request: SipMessage, status: int, body: str = "") -> None:
        kept = ("via", "from", "to", "call-id", "cseq")
        headers = [(name, value) for name, value in request.headers if name in kept]
        headers.append(("contact", self.contact))
        if body:
            headers.append(("content-type", "application/sdp"))
        self.send(SipMessage(f"SIP/2.0 {status} -", headers, body))

    def digest(self, challenge: str, method: str, uri: str) -> str:
        """Return the answer to a challenge: RFC 2617 digest, MD5, qop=auth or none."""
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        realm, nonce = fields["realm"], fields["nonce"]
        ha1 = _md5(f"{self.user}:{realm}:{self.password}")
        ha2 = _md5(f"{method}:{uri}")
        head = f'Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{uri}"'
        if "opaque" in fields:
            head += f', opaque="{fields["opaque"]}"'
        if "qop" not in fields:
            return f'{head}, response="{_md5(f"{ha1}:{nonce}:{ha2}")}"'
        response = _md5(f"{ha1}:{nonce}:00000001:c0ffee:auth:{ha2}")
        return f'{head}, qop=auth, nc=00000001, cnonce="c0ffee", response="{response}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
