"""What talks to a live Asterisk with our configuration: a carrier, phones, a bare router."""

import asyncio
import itertools
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AgentPhone, AsteriskSettings
from tests.contract.sip_message import SipMessage
from tests.contract.sip_phone import SipPhone
from tests.patience import PATIENCE_S

CALLER = "0199001234"  # fictional (Arcep's range for films)
SECRET = "a-secret-of-twenty-six-xxx"
TRUNK = ("127.0.0.1", 25060)
AGENTS = ("127.0.0.1", 25062)
CARRIER = ("127.0.0.1", 25064)
REFERRAL = "0199005678"


def make_settings(folder: Path, **changes: Any) -> AsteriskSettings:
    values: dict[str, Any] = {
        "state_dir": folder,
        "prompts_dir": folder / "prompts",
        "service_numbers": ("3939",),
        "longest_call_s": 7200,
        "ari_password": SECRET,
        "trunk_bind": f"{TRUNK[0]}:{TRUNK[1]}",
        "agents_bind": f"{AGENTS[0]}:{AGENTS[1]}",
        "agents": (AgentPhone("lea", SECRET), AgentPhone("max", SECRET)),
        "ari_port": 28088,
        "ami_port": 25068,
        "probe_port": 25066,
        "rtp_first": 30000,
        "rtp_last": 30999,
    }
    return AsteriskSettings(**{**values, **changes})


class Caller(SipPhone):
    """A call from the carrier, with the caller's number wherever a carrier may put it."""

    offer = True
    codecs = "8"  # static payload types, RFC 3551 section 6
    #: Where INVITE goes; empty: to the number at the trunk's address.
    request_uri = ""

    def _message(self, method: str, *rest: Any) -> SipMessage:
        message = super()._message(method, *rest)
        if method == "INVITE":
            if self.request_uri:
                message.start = f"INVITE {self.request_uri} SIP/2.0"
            number = f'"{CALLER}" <sip:{CALLER}@192.0.2.9;user=phone>'
            message.headers += [
                ("p-asserted-identity", number),
                ("p-preferred-identity", number),
                ("remote-party-id", f"{number};party=calling;screen=yes;privacy=off"),
                ("diversion", f"{number};reason=unconditional"),
                ("history-info", f"<sip:{CALLER}@192.0.2.9>;index=1"),
                ("p-charge-info", f"<sip:{CALLER}@192.0.2.9>"),
                ("subject", CALLER),
                ("user-to-user", f"{CALLER};encoding=hex"),
            ]
        return message

    async def hold_down(self, key: str) -> None:
        """Press a key as phones do, with a packet every 20 ms (RFC 4733 section 2.5.1.2).

        Events in a burst overlap for Asterisk, which then reports keys twice.
        """
        self.rtp.stamp += 1600
        for number, end in enumerate((0, 0, 0, 0, 0x80, 0x80, 0x80)):
            duration = min(number + 1, 5) * 160
            payload = struct.pack("!BBH", "0123456789*#ABCD".index(key), end | 10, duration)
            self.rtp.send(101, payload, marker=number == 0)
            await asyncio.sleep(0.02)

    def _sdp(self) -> str:
        return self._our_sdp() if self.offer else ""

    def _our_sdp(self) -> str:
        sdp = super()._sdp().replace("a=rtpmap:8 PCMA/8000\r\n", "")
        return sdp.replace("RTP/AVP 8", f"RTP/AVP {self.codecs}")

    def _send_ack(self, dialog: Any) -> None:
        if self.offer:
            super()._send_ack(dialog)
            return
        ack = self._message(
            "ACK", dialog.target, dialog.call_id, dialog.local, dialog.remote, dialog.cseq
        )
        ack.headers.append(("content-type", "application/sdp"))
        ack.body = self._our_sdp()  # RFC 3261 section 13.2.1: the answer to their offer
        self.transport.sendto(ack.encode(), self.server)


class Router:
    """ARI by hand: what a router would see and ask for."""

    def __init__(self, settings: AsteriskSettings, session: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.session = session
        self.seen: list[dict[str, Any]] = []
        self.raw = ""
        self._websocket: aiohttp.ClientWebSocketResponse

    async def connect(self, *, to_all: bool = False) -> None:
        """Open the websocket; `to_all` also shows channels before the dialplan touches them."""
        user = f"{self.settings.ari_user}:{self.settings.ari_password}"
        url = f"{self.settings.ari_url}/events?app={self.settings.app}&api_key={user}"
        url += "&subscribeAll=true" if to_all else ""
        self._websocket = await self.session.ws_connect(url)

    async def disconnect(self) -> None:
        await self._websocket.close()

    async def next(self, kind: str) -> dict[str, Any]:
        """Return the next event of this kind."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                text = await self._websocket.receive_str()
                self.raw += text
                event: dict[str, Any] = aiohttp.typedefs.DEFAULT_JSON_DECODER(text)
                self.seen.append(event)
                if event["type"] == kind:
                    return event

    async def ask(self, method: str, path: str, **query: str) -> Any:
        url = f"{self.settings.ari_url}/{path}"
        async with self.session.request(method, url, params=query) as answer:
            text = await answer.text()
            self.raw += text
            assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
            return aiohttp.typedefs.DEFAULT_JSON_DECODER(text) if text else None

    async def variable(self, channel: str, name: str) -> str | None:
        """Return the value of a channel function; None if it has none."""
        url = f"{self.settings.ari_url}/channels/{channel}/variable"
        async with self.session.get(url, params={"variable": name}) as answer:
            self.raw += await answer.text()
            value: str | None = (await answer.json()).get("value") if answer.ok else None
            return value


async def open_caller(phones: list[SipPhone]) -> Caller:
    caller = Caller(CALLER, "", TRUNK)
    await caller.open()
    phones.append(caller)
    return caller


async def open_agent(phones: list[SipPhone], name: str, secret: str = SECRET) -> SipPhone:
    agent = SipPhone(f"agent-{name}", secret, AGENTS)
    await agent.open()
    phones.append(agent)
    return agent


real = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


def marked(test: Callable[..., Any]) -> Callable[..., Any]:
    for mark in real:
        test = mark(test)
    return test


def all_that_asterisk_wrote(server: AsteriskServer) -> bytes:
    files = [path for path in server.settings.state_dir.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files if not path.is_relative_to(
        server.settings.music_dir))  # fmt: skip


async def send_from(host: str, message: str, server: tuple[str, int]) -> str:
    """Send a datagram and return the answer; "" if there is none within half a second."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.bind((host, 0))
        port = sender.getsockname()[1]
        await loop.sock_sendto(sender, message.replace("PORT", str(port)).encode(), server)
        try:
            async with asyncio.timeout(0.5):
                return (await loop.sock_recv(sender, 65535)).decode()
        except TimeoutError:
            return ""


_calls = itertools.count(1)


def invite(number: str, host: str = "127.0.0.1", *, leave_out: str = "") -> str:
    return request("INVITE", f"sip:{number}@127.0.0.1:25060", host, leave_out=leave_out)


def request(method: str, uri: str, host: str = "127.0.0.1", *, leave_out: str = "") -> str:
    call = next(_calls)
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:PORT;branch=z9hG4bK-{call}",
        f"From: <sip:{CALLER}@{host}>;tag=a",
        "To: <sip:3939@127.0.0.1>",
        f"Call-ID: raw-{call}@{host}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{CALLER}@{host}:PORT>",
        f"P-Asserted-Identity: <sip:{CALLER}@{host}>",
        "Max-Forwards: 70",
    ]
    kept = [line for line in lines if not leave_out or not line.startswith(f"{leave_out}:")]
    return "\r\n".join([*kept, "Content-Length: 0", "", ""])


async def call_with_proof(agent: SipPhone, host: str, number: str = "11") -> str:
    """Call from an informateur's phone at `host`, with its password; return the final answer."""
    request = invite(number, host).replace(CALLER, agent.user)
    challenge = SipMessage.parse((await send_from(host, request, AGENTS)).encode())
    assert challenge.status == 401
    proof = agent.digest(
        challenge.first("www-authenticate"), "INVITE", f"sip:{number}@127.0.0.1:25060"
    )
    request = request.replace("CSeq: 1 INVITE", f"CSeq: 2 INVITE\r\nAuthorization: {proof}")
    return await send_from(host, request.replace("z9hG4bK", "z9hG4bK-2"), AGENTS)


def unexpected_lines(server: AsteriskServer) -> list[str]:
    """Return the lines of the log that none of these tests explains."""
    expected = (
        " built by ",
        "Stasis app 'allo' not active",  # the router was away,
        "Failed to find outbound websocket per-call config for app 'allo'",  # or never there
        "Stasis app 'allo' doesn't exist",
        "Not creating context 'stasis-allo'",  # it was back before the old application had gone
        "Function PJSIP_HEADER not registered",  # asked for on purpose
        "AOR '' not found for endpoint 'trunk'",  # a registration from the carrier's address
        "transfer attempt blocked due to configuration",  # REFER
        "Subscriptions not permitted for endpoint trunk",
        "Incoming PUBLISH request from trunk with no Event header",
    )
    lines = server.log_path.read_text(encoding="utf-8").splitlines()
    assert sum("WARNING" in line or "ERROR" in line for line in lines) < 20
    return [line for line in lines if not any(text in line for text in expected)]
