"""An informateur's phone that is always at work, and notes when it is rung again.

It answers at once and hangs up after a while; as soon as its BYE makes the informateur
ready, the service rings it for the next caller. Arrival is the kernel's receive timestamp
(socket(7), SO_TIMESTAMPNS): a benchmark that is itself held up does not count as the
service's delay. Nothing is sent again: nothing is lost on loopback.
"""

import asyncio
import hashlib
import itertools
import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

from tests.load.receipt import receive, timed_socket
from tests.patience import PATIENCE_S

Address = tuple[str, int]

_ids = itertools.count(1)
_EXPIRES_S = 600
#: Asterisk grants 120 s (pjsip.conf): asked for again in time, also if an answer is late.
AGAIN_S = 60.0
#: Copied from a request into its answer (RFC 3261 section 8.2.6.2).
_KEPT = ("via", "from", "to", "call-id", "cseq")


@dataclass(frozen=True, slots=True)
class Rung:
    """Hung up at `hung_up_at`, rung again at `at`: UTC epoch seconds.

    `confirmed_at` is when Asterisk's answer to the BYE arrived.
    """

    agent: str
    hung_up_at: float
    confirmed_at: float
    at: float


@dataclass(slots=True)
class _Talk:
    call_id: str
    local: str
    remote: str
    target: str
    ending: asyncio.TimerHandle | None = None


class BusyPhone:
    """The phone of `agent`; each conversation ends `talks_s` after it was answered.

    It registers again every `again_s`, for as long as it is reachable.
    """

    def __init__(
        self, agent: str, secret: str, server: Address, talks_s: float, again_s: float = AGAIN_S
    ) -> None:
        self.agent = agent
        self.rung: list[Rung] = []
        self.answered = 0
        self._user, self._secret, self._server = f"agent-{agent}", secret, server
        self._talks_s, self._again_s = talks_s, again_s
        self._loop = asyncio.get_running_loop()
        self._socket = timed_socket()
        self._port: int = self._socket.getsockname()[1]
        self._sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # nobody listens
        self._sound.bind(("127.0.0.1", 0))
        self._sound_port: int = self._sound.getsockname()[1]
        self._loop.add_reader(self._socket, self._readable)
        self._registering: asyncio.Future[tuple[str, dict[str, list[str]]]] | None = None
        self._staying: asyncio.Task[None] | None = None
        self._talk: _Talk | None = None
        self._hung_up_at: float | None = None
        self._confirmed_at = 0.0

    def close(self) -> None:
        self._stay_no_more()
        if self._talk is not None and self._talk.ending is not None:
            self._talk.ending.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._sound.close()

    async def register(self, expires_s: int = _EXPIRES_S) -> None:
        """Be reachable from now on; 0 seconds: no more.

        Raises:
            ConnectionError: If Asterisk refuses.
        """
        self._stay_no_more()
        await self._register(expires_s)
        if expires_s:
            self._staying = self._loop.create_task(self._stay(expires_s))

    async def _stay(self, expires_s: int) -> None:
        while True:
            await asyncio.sleep(self._again_s)
            with suppress(TimeoutError):  # a busy machine: the next time is early enough
                await self._register(expires_s)

    def _stay_no_more(self) -> None:
        if self._staying is not None:
            self._staying.cancel()

    async def _register(self, expires_s: int) -> None:
        start, headers = await self._ask_to_register(expires_s, "")
        if " 401 " in start:
            challenge = _first(headers, "www-authenticate")
            start, _ = await self._ask_to_register(expires_s, self._authorization(challenge))
        if " 200 " not in start:
            raise ConnectionError(f"{self._user}: {start}")

    async def _ask_to_register(
        self, expires_s: int, authorization: str
    ) -> tuple[str, dict[str, list[str]]]:
        me = f"<sip:{self._user}@{self._server[0]}>"
        self._registering = self._loop.create_future()
        self._send(
            f"REGISTER {self._registrar} SIP/2.0",
            [
                *self._head(f"{self._user}-{self._port}-{expires_s}", me + ";tag=r", me),
                f"CSeq: {next(_ids)} REGISTER",
                f"Contact: {self._contact}",
                f"Expires: {expires_s}",
                *([authorization] if authorization else []),
            ],
        )
        async with asyncio.timeout(PATIENCE_S):
            return await self._registering

    @property
    def _registrar(self) -> str:
        return f"sip:{self._server[0]}:{self._server[1]}"

    @property
    def _contact(self) -> str:
        return f"<sip:{self._user}@127.0.0.1:{self._port}>"

    def _authorization(self, challenge: str) -> str:
        """Answer a challenge (RFC 2617: MD5, qop=auth or none)."""
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        realm, nonce = fields["realm"], fields["nonce"]
        who = _md5(f"{self._user}:{realm}:{self._secret}")
        what = _md5(f"REGISTER:{self._registrar}")
        told = (
            f'Authorization: Digest username="{self._user}", realm="{realm}", nonce="{nonce}", '
            f'uri="{self._registrar}", algorithm=MD5'
        )
        if "opaque" in fields:
            told += f', opaque="{fields["opaque"]}"'
        if "qop" not in fields:
            return f'{told}, response="{_md5(f"{who}:{nonce}:{what}")}"'
        answer = _md5(f"{who}:{nonce}:00000001:c0ffee:auth:{what}")
        return f'{told}, qop=auth, nc=00000001, cnonce="c0ffee", response="{answer}"'

    # What arrives.

    def _readable(self) -> None:
        try:
            data, at, _ = receive(self._socket)
        except OSError:
            return  # an ICMP error: Asterisk's end is closed already
        start, headers = _read(data)
        if start.startswith("SIP/2.0 "):
            self._answered(start, headers, at)
        else:
            self._asked(start, headers, at)

    def _answered(self, start: str, headers: dict[str, list[str]], at: float) -> None:
        if start.startswith("SIP/2.0 1"):
            return
        if "REGISTER" in _first(headers, "cseq"):
            if self._registering is not None and not self._registering.done():
                self._registering.set_result((start, headers))
        else:
            self._confirmed_at = at

    def _asked(self, start: str, headers: dict[str, list[str]], at: float) -> None:
        method = start.split()[0]
        if method == "INVITE":
            self._invited(headers, at)
        elif method == "ACK":
            if self._talk is not None and self._talk.ending is None:
                self._talk.ending = self._loop.call_later(self._talks_s, self._hang_up)
        else:
            self._reply(headers)
            if method == "BYE" and self._talk is not None:
                if self._talk.ending is not None:
                    self._talk.ending.cancel()
                self._talk = None

    def _invited(self, headers: dict[str, list[str]], at: float) -> None:
        call_id = _first(headers, "call-id")
        if self._talk is None or self._talk.call_id != call_id:
            headers["to"] = [_first(headers, "to") + f";tag=b{next(_ids)}"]
            self._talk = _Talk(
                call_id, headers["to"][0], _first(headers, "from"), _uri(headers["contact"][0])
            )
            if self._hung_up_at is not None:
                self.rung.append(Rung(self.agent, self._hung_up_at, self._confirmed_at, at))
                self._hung_up_at = None
            self.answered += 1
        else:
            headers["to"] = [self._talk.local]  # sent again, or a new address for the sound
        self._reply(headers, self._session())

    # What is sent.

    def _hang_up(self) -> None:
        talk, self._talk = self._talk, None
        if talk is None:
            return
        message = _message(
            f"BYE {talk.target} SIP/2.0",
            [*self._head(talk.call_id, talk.local, talk.remote), f"CSeq: {next(_ids)} BYE"],
        )
        self._hung_up_at = time.time()
        self._socket.sendto(message, self._server)

    def _reply(self, headers: dict[str, list[str]], body: str = "") -> None:
        kept = [f"{name}: {value}" for name in _KEPT for value in headers.get(name, ())]
        kept.append(f"Contact: {self._contact}")
        self._send("SIP/2.0 200 OK", kept, body)

    def _send(self, start: str, lines: list[str], body: str = "") -> None:
        self._socket.sendto(_message(start, lines, body), self._server)

    def _head(self, call_id: str, local: str, remote: str) -> list[str]:
        return [
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch=z9hG4bK{next(_ids)}p{self._port}",
            "Max-Forwards: 70",
            f"From: {local}",
            f"To: {remote}",
            f"Call-ID: {call_id}",
        ]

    def _session(self) -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self._sound_port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"
        )


def _message(start: str, lines: list[str], body: str = "") -> bytes:
    if body:
        lines = [*lines, "Content-Type: application/sdp"]
    return "\r\n".join([start, *lines, f"Content-Length: {len(body)}", "", body]).encode()


def _read(data: bytes) -> tuple[str, dict[str, list[str]]]:
    """Return the first line, and the headers by their names in lower case."""
    start, *lines = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return start, headers


def _first(headers: dict[str, list[str]], name: str) -> str:
    return headers.get(name, [""])[0]


def _uri(contact: str) -> str:
    return contact.partition("<")[2].partition(">")[0] or contact


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
