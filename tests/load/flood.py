"""Somebody who sends far too much, in a process of its own: SIP by UDP, or HTTP.

The process has the lowest priority: whoever floods a service has a machine of their own, and takes
no processor time from it but by what they send.
"""

import asyncio
import itertools
import multiprocessing
import os
import resource
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from tests.hostile.messages import SDP, Hostile, crlf
from tests.hostile.scanners import scanners
from tests.load.open_loop import OpenLoop

Address = tuple[str, int]

#: Neither the carrier's address nor a phone's.
ONE = ("127.0.0.9",)
MANY = tuple(f"127.1.{net}.{host}" for net in range(4) for host in range(1, 51))
_TICK_S = 0.005
_LOWEST = 19
#: Told in nearly all of them: a number of those kept for fiction.
NUMBER = "0199004455"


#: What a flood does for so many seconds.
Pour = Callable[[float], "Poured"]


@dataclass(frozen=True, slots=True)
class Poured:
    """What one flood sent in how long, and what came back: how often which status (0: closed)."""

    sent: int
    seconds: float
    answers: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Sent, a second."""
        return self.sent / self.seconds if self.seconds else 0.0


class Pouring:
    """A flood in its own process. Call `begin`, which returns once it comes, and `ended`."""

    def __init__(self, pour: Pour, seconds: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_pour, args=(theirs, pour, seconds), daemon=True)

    async def begin(self) -> None:
        self._process.start()
        await asyncio.to_thread(self._ours.recv)

    async def ended(self) -> Poured:
        poured: Poured = await asyncio.to_thread(self._ours.recv)
        await asyncio.to_thread(self._process.join)
        return poured


def _pour(to_parent: "Connection[Any, Any]", pour: Pour, seconds: float) -> None:
    os.nice(_LOWEST)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    to_parent.send("it begins")
    to_parent.send(pour(seconds))


# SIP.

_INVITE = Hostile(
    "INVITE",
    crlf(
        "INVITE sip:3939@{door} SIP/2.0\n"
        "Via: SIP/2.0/UDP {source};rport;branch=z9hG4bK{id}\n"
        "Max-Forwards: 70\n"
        "From: <sip:{number}@{source}>;tag={id}\n"
        "To: <sip:3939@{door}>\n"
        "Call-ID: {id}\n"
        "CSeq: 1 INVITE\n"
        "Contact: <sip:{number}@{source}>\n"
        "Content-Type: application/sdp\n"
        "Content-Length: %d\n\n"
    ),
)
_OFFER = crlf(SDP.format(origin="127.0.0.1", address="127.0.0.1", time=0).partition("m=video")[0])
INVITES = [Hostile("INVITE", _INVITE.text.replace(b"%d", str(len(_OFFER)).encode()) + _OFFER)]
REGISTERS = [one for one in scanners() if one.name.startswith("REGISTER")]
OPTIONS = [one for one in scanners() if one.name.startswith("OPTIONS")]


def pour_sip(
    messages: Sequence[Hostile], rate: float, sources: Sequence[str], door: str, seconds: float
) -> Poured:
    """Send these again and again, `rate` a second from all sources together, and count answers."""
    host, _, port = door.rpartition(":")
    to = (host, int(port))
    with ExitStack() as opened, select.epoll() as ready:
        sockets = [opened.enter_context(_datagrams(source)) for source in sources]
        by_number = {one.fileno(): one for one in sockets}
        for number in by_number:
            ready.register(number, select.EPOLLIN)
        told = {one: "{}:{}".format(*one.getsockname()) for one in sockets}
        answers: Counter[int] = Counter()
        begun = time.monotonic()
        sent = 0
        turn = zip(itertools.cycle(messages), itertools.cycle(sockets), strict=False)
        ids = _ids()
        while (past := time.monotonic() - begun) < seconds:
            for message, source in itertools.islice(turn, int(past * rate) - sent):
                data = message.to(door, told[source], NUMBER, next(ids))
                with suppress(OSError):  # its buffer is full
                    source.sendto(data, to)
                sent += 1
            for number, _ in ready.poll(_TICK_S):
                _count(by_number[number], answers)
        return Poured(sent, time.monotonic() - begun, answers)


def _datagrams(source: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((source, 0))
    opened.setblocking(False)
    return opened


def _ids() -> Iterator[str]:
    mark = f"{os.getpid()}-{time.time_ns()}"
    return (f"f{number}-{mark}" for number in itertools.count(1))


def _count(source: socket.socket, answers: Counter[int]) -> None:
    with suppress(OSError):
        while data := source.recv(2048):
            if data.startswith(b"SIP/2.0 "):
                answers[int(data[8:11])] += 1


# HTTP.

PAGE = b"GET /rappel HTTP/1.1\r\nHost: a\r\n\r\n"
SERVICE = b"GET /v1/service HTTP/1.1\r\nHost: a\r\n\r\n"
_WANTED = b'{"phone": "%s", "fiche": "F0"}' % NUMBER.encode()
CALLBACK = (
    b"POST /v1/callbacks HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nIdempotency-Key: 12345678\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_WANTED), _WANTED)
)
#: Never finished: a head, and a body.
HEAD_BEGUN = b"POST /v1/callbacks HTTP/1.1\r\nHost: a\r\nX-A: "
BODY_BEGUN = CALLBACK[:-20]


def pour_http(
    request: bytes, rate: float, sources: Sequence[str], door: Address, seconds: float
) -> Poured:
    """Ask that again and again, `rate` a second, whether or not answers come, and count these."""
    return uvloop.run(_ask(request, rate, sources, door, seconds))


async def _ask(
    request: bytes, rate: float, sources: Sequence[str], door: Address, seconds: float
) -> Poured:
    asking = OpenLoop(*door, sources)
    number = int(rate * seconds)
    answers = await asking.run([request] * number, [one / rate for one in range(number)])
    asking.close()
    return Poured(
        number, seconds + answers[-1].late_s, Counter(answer.status for answer in answers)
    )


def drip_http(
    begun: bytes, connections: int, sources: Sequence[str], door: Address, seconds: float
) -> Poured:
    """Keep so many connections whose request never ends, and open another for each that is closed.

    `sent` counts connections, and `answers` those that were closed, by the status told before.
    """
    return uvloop.run(_drip(begun, connections, sources, door, seconds))


async def _drip(
    begun: bytes, connections: int, sources: Sequence[str], door: Address, seconds: float
) -> Poured:
    answers: Counter[int] = Counter()
    opened = itertools.count()
    until = time.monotonic() + seconds

    async def one(source: str) -> None:
        while time.monotonic() < until:
            with suppress(OSError):
                answers[await _drip_once(begun, source, door, until, opened)] += 1

    dripping = [one(source) for source in itertools.islice(itertools.cycle(sources), connections)]
    await asyncio.gather(*dripping)
    return Poured(next(opened), seconds, answers)


async def _drip_once(
    begun: bytes, source: str, door: Address, until: float, opened: "itertools.count[int]"
) -> int:
    """Send a request a byte a second; return what was answered when it was closed, if that."""
    reader, writer = await asyncio.open_connection(*door, local_addr=(source, 0))
    next(opened)
    try:
        writer.write(begun)
        while (left_s := until - time.monotonic()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(1.0, left_s)):
                    told = await reader.read(4096)
                    return int(told[9:12]) if told.startswith(b"HTTP/1.1 ") else 0
            writer.write(b"a")
        raise ConnectionError("it was not closed")
    finally:
        writer.transport.abort()
