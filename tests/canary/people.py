"""Callers who put numbers into every header, and malformed requests over SIP."""

import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from router.demo.phones import Sipp
from router.demo.sound import AGENT_HZ, ALAW, CALLER_HZ
from router.demo.stage import Stage
from tests.real.prompts import repertoire
from tests.real.telephones import CANARY, Caller

_SCENARIO = Path(__file__).parent / "sipp" / "caller.xml"
#: Where a caller's numbers go, each with another one.
PLACES = (
    *("caller", "display", "contact", "asserted", "preferred", "remote_party"),
    *("diverted", "history", "charged", "referrer", "subject", "origin"),
)


class Telling(Caller):
    """A caller with another number in every header."""

    def __init__(self, stage: Stage, folder: Path, numbers: Sequence[str]) -> None:
        settings = stage.asterisk.settings
        known = repertoire(ALAW, settings.prompts_dir, settings.music_dir)
        super().__init__(stage.toolbox, stage.sip, folder, known, CALLER_HZ, AGENT_HZ)
        self._sipp = Sipp(stage.toolbox, _SCENARIO, stage.sip, folder)
        self._told = dict(zip(PLACES, numbers, strict=True))

    async def _start(self, keys: dict[str, str], *options: str) -> None:
        told = self._told
        mine = [told["caller"] if option == CANARY else option for option in options]
        # Looked up for each name, so that a missing one is not sent as "[display]".
        more = [word for name in PLACES[1:] for word in ("-key", name, told[name])]
        await super()._start(keys, *mine, *more)


def strange_requests(numbers: Iterator[str]) -> Iterator[tuple[str, bytes]]:
    """Yield requests for both SIP ports, "trunk" and "agents", each with another number."""
    for door in ("trunk", "agents"):
        for made in _STRANGE:
            yield door, made(next(numbers)).replace("\n", "\r\n").encode()


def send(address: str, request: bytes) -> bytes:
    """Send a request over UDP and return what comes back within a moment, if anything."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.05)
        sock.sendto(request, (host, int(port)))
        try:
            return sock.recv(65536)
        except TimeoutError:
            return b""


def _request(
    method: str,
    number: str,
    *,
    without: str = "",
    target: str = "3939",
    more: str = "",
    body: str = "",
    cseq: str = "",
) -> str:
    lines = [
        "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK" + number[::2],
        f'From: "{number}" <sip:{number}@127.0.0.1>;tag=1',
        f"To: <sip:{target}@127.0.0.1>",
        f"Call-ID: strange-{method}-{number[::2]}",
        f"CSeq: {cseq or f'1 {method}'}",
        f"Contact: <sip:{number}@127.0.0.1:9>",
        "Max-Forwards: 70",
        *more.splitlines(),
        f"Content-Length: {len(body)}",
    ]
    kept = [line for line in lines if not (without and line.startswith(without))]
    return "\n".join([f"{method} sip:{target}@127.0.0.1 SIP/2.0", *kept, "", body])


_STRANGE: tuple[Callable[[str], str], ...] = (
    lambda number: _request("INVITE", number, without="Via"),
    lambda number: _request("INVITE", number, without="CSeq"),
    lambda number: _request("INVITE", number, without="Call-ID"),
    lambda number: _request("INVITE", number, without="To"),
    lambda number: _request("INVITE", number, without="Contact"),
    lambda number: _request("INVITE", number, target=number),
    lambda number: _request("INVITE", number, target=f"+33{number[1:]}"),
    lambda number: _request("INVITE", number, cseq="x INVITE"),
    lambda number: _request("INVITE", number, more="Content-Type: application/sdp", body="v=0\n"),
    lambda number: _request("INVITE", number, more=f"Require: {number}"),
    lambda number: _request("INVITE", number, more=f"Replaces: {number};to-tag=1;from-tag=2"),
    lambda number: _request("INVITE", number, more=f"Identity: {number};info=<https://x>"),
    lambda number: _request("OPTIONS", number),
    lambda number: _request("REGISTER", number, target=number),
    lambda number: _request(
        "REGISTER",
        number,
        more=f'Authorization: Digest username="{number}",realm="x",nonce="x",uri="x",response="x"',
    ),
    lambda number: _request("SUBSCRIBE", number, more="Event: presence"),
    lambda number: _request("PUBLISH", number, more="Event: presence", body=number),
    lambda number: _request("MESSAGE", number, more="Content-Type: text/plain", body=number),
    lambda number: _request("REFER", number, more=f"Refer-To: <sip:{number}@127.0.0.1>"),
    lambda number: _request(
        "INFO", number, more="Content-Type: application/dtmf-relay", body=number
    ),
    lambda number: _request("BYE", number),
    lambda number: _request("CANCEL", number),
    lambda number: _request(number, number),
    lambda number: f"INVITE sip:{number} SIP/3.0\n\n",
    lambda number: f"{number} {number} {number}\nFrom: {number}\n\n",
    lambda number: f"SIP/2.0 200 OK\nFrom: <sip:{number}@x>\nCSeq: 1 INVITE\nCall-ID: {number}\n\n",
)
