"""The public network as a machine: every number a line with habits of its own.

It answers Asterisk's calls (RFC 3261, as far as a callback needs it), keeps a record of each,
and so counts independently how often, and how long, each number was called.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import cast

from router.demo.sound import AGENT_HZ, ALAW, CALLER_HZ, Person
from tests.real.telephones import media

_RETRANSMIT_S = 0.5
_RETRANSMITS = 6
_ids = itertools.count(1)


class Habit(Enum):
    """What happens at a number that is called."""

    ANSWERS = auto()  # picks up, presses 1 until heard, talks, hangs up
    LISTENS = auto()  # the same, but leaves the goodbye to the other
    BUSY = auto()  # 486
    RINGS = auto()  # and rings
    VOICEMAIL = auto()  # picks up, says something, presses nothing
    CURT = auto()  # picks up and hangs up
    OFF = auto()  # 480: the phone is off
    FAILS = auto()  # 503: the carrier cannot
    EARLY = auto()  # 183 with early media, and nothing more
    MUTE = auto()  # no answer at all, not even 100
    CROSSES = auto()  # rings; picks up the moment that it is given up: 200 after the CANCEL


#: What is refused at once, and how.
_REFUSALS = {
    Habit.BUSY: "486 Busy Here",
    Habit.OFF: "480 Temporarily Unavailable",
    Habit.FAILS: "503 Service Unavailable",
}
#: Who does nothing by themselves.
_IDLE = frozenset({Habit.RINGS, Habit.EARLY, Habit.MUTE, Habit.CROSSES})
#: Early media comes from nowhere: it is only announced.
_EARLY_PORT = 9


@dataclass(eq=False)
class Line:
    """One call to a number. Times are of time.monotonic()."""

    number: str
    call_id: str
    began_at: float
    habit: Habit = Habit.RINGS
    answered: bool = False
    pressed: bool = False
    #: Whether the informateur was heard, and whether it was the person who hung up.
    talked: bool = False
    left: bool = False
    answered_at: float | None = None
    pressed_at: float | None = None
    talked_at: float | None = None
    ended_at: float | None = None
    invite: str = field(repr=False, default="")
    tag: str = field(default_factory=lambda: f"line{next(_ids)}")
    #: The last answer to the INVITE, for whoever asks again.
    answer: str = field(repr=False, default="")
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    said_goodbye: asyncio.Event = field(default_factory=asyncio.Event)
    living: asyncio.Task[None] | None = None


class PublicNetwork(asyncio.DatagramProtocol):
    """Listens at `port` of loopback. `habits` says what a number, as dialled, does."""

    def __init__(self, port: int, habits: Callable[[str], Habit]) -> None:
        self._port = port
        self._habits = habits
        self._transport: asyncio.DatagramTransport | None = None
        self._peer = ("127.0.0.1", 0)
        #: Every call, in order of arrival.
        self.lines: list[Line] = []
        self._by_call_id: dict[str, Line] = {}
        #: Requests that this network does not understand; must stay empty.
        self.faults: list[str] = []

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self._port))

    async def close(self) -> None:
        tasks = [line.living for line in self.lines if line.living is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()

    def of(self, number: str) -> list[Line]:
        return [line for line in self.lines if line.number == number]

    @property
    def under_way(self) -> list[Line]:
        return [line for line in self.lines if line.ended_at is None]

    def cut(self) -> None:
        """The other end is gone with all its calls."""
        for line in self.under_way:
            self._end(line)

    # What Asterisk says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._peer = addr
        text = data.decode()
        first = text.split("\r\n", 1)[0]
        line = self._by_call_id.get(_header(text, "Call-ID"))
        match first.split(" ", 1)[0]:
            case "INVITE" if line is None:
                self._rings(text)
            case "INVITE" if line is not None:
                self._asked_again(line)
            case "ACK" if line is not None:
                line.acknowledged.set()
            case "CANCEL" if line is not None:
                self._send(_answer(text, "200 OK", line.tag))
                if line.habit is Habit.CROSSES and not line.answered:
                    line.living = asyncio.create_task(self._pick_up(line, Habit.CROSSES))
                elif not line.answered and line.ended_at is None:
                    self._refuse(line, "487 Request Terminated")
            case "BYE" if line is not None:
                self._send(_answer(text, "200 OK", line.tag))
                self._end(line)
            case "BYE" | "CANCEL":
                self._send(_answer(text, "481 Call Does Not Exist", "none"))
            case "OPTIONS":
                self._send(_answer(text, "200 OK", "here"))
            case "SIP/2.0" if line is not None and "BYE" in _header(text, "CSeq"):
                line.said_goodbye.set()
            case _:
                self.faults.append(first.split(" ", 1)[0])

    def _rings(self, invite: str) -> None:
        found = re.match(r"INVITE sip:([^@]+)@", invite)
        assert found is not None
        line = Line(found[1], _header(invite, "Call-ID"), time.monotonic(), invite=invite)
        line.habit = self._habits(line.number)
        self.lines.append(line)
        self._by_call_id[line.call_id] = line
        if line.habit is Habit.MUTE:
            self._asked_again(line)
            return
        line.answer = _answer(invite, "180 Ringing", line.tag, self._contact())
        if line.habit is Habit.EARLY:
            sdp = _sdp(_EARLY_PORT, ALAW.payload)
            line.answer = _answer(invite, "183 Session Progress", line.tag, self._contact(), sdp)
        self._send(line.answer)
        line.living = asyncio.create_task(self._live(line, line.habit))

    def _asked_again(self, line: Line) -> None:
        """Say the same again. Who says nothing never hears that it is over."""
        if line.answer:
            self._send(line.answer)
        else:
            line.ended_at = time.monotonic()

    # What people do.

    async def _live(self, line: Line, habit: Habit) -> None:
        if habit in _IDLE:
            return
        if not await _within(0.3, line.over):
            if habit in _REFUSALS:
                self._refuse(line, _REFUSALS[habit])
            else:
                await self._pick_up(line, habit)

    async def _pick_up(self, line: Line, habit: Habit) -> None:
        person = Person(CALLER_HZ, AGENT_HZ)
        await person.open()
        try:
            await self._answered(line, person)
            if habit in (Habit.ANSWERS, Habit.LISTENS):
                await self._press_one_until_heard(line, person)
            if habit in (Habit.ANSWERS, Habit.CURT) and not await _within(1.0, line.over):
                await self._hang_up(line)
            await line.over.wait()
        finally:
            person.close()

    async def _answered(self, line: Line, person: Person) -> None:
        sdp = _sdp(person.port, person.codec.payload)
        line.answered, line.answered_at = True, time.monotonic()
        line.answer = _answer(line.invite, "200 OK", line.tag, self._contact(), sdp)
        await self._until(line.acknowledged, line.answer)

    async def _press_one_until_heard(self, line: Line, person: Person) -> None:
        """Press 1, and again while nobody is heard."""
        while line.ended_at is None and not line.talked:
            if await _within(0.7, line.over):
                return
            person.press("1")
            line.pressed, line.pressed_at = True, line.pressed_at or time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await person.heard_tone.wait()
                    line.talked, line.talked_at = True, time.monotonic()

    async def _hang_up(self, line: Line) -> None:
        line.left = True
        from_, to = _header(line.invite, "From"), _header(line.invite, "To")
        target = re.search(r"sip:[^>;]+", _header(line.invite, "Contact"))
        assert target is not None
        bye = [
            f"BYE {target[0]} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch=z9hG4bKbye{line.tag}",
            f"From: {to};tag={line.tag}",
            f"To: {from_}",
            f"Call-ID: {line.call_id}",
            "CSeq: 1 BYE",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        await self._until(line.said_goodbye, "\r\n".join([*bye, "", ""]))
        self._end(line)

    def _refuse(self, line: Line, status: str) -> None:
        line.answer = _answer(line.invite, status, line.tag)
        self._end(line)
        line.living = asyncio.create_task(self._until(line.acknowledged, line.answer))

    def _end(self, line: Line) -> None:
        if line.ended_at is None:
            line.ended_at = time.monotonic()
            line.over.set()

    # What is sent.

    def _contact(self) -> str:
        return f"<sip:line@127.0.0.1:{self._port}>"

    async def _until(self, told: asyncio.Event, message: str) -> None:
        """Send until the other side confirms receipt (RFC 3261 section 17)."""
        for _ in range(_RETRANSMITS):
            self._send(message)
            if await _within(_RETRANSMIT_S, told):
                return

    def _send(self, message: str) -> None:
        if self._transport is not None:
            self._transport.sendto(message.encode(), self._peer)


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for the event; return whether it came in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _sdp(port: int, payload: int) -> str:
    return "\r\n".join(
        [
            "v=0",
            "o=line 1 1 IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            media(port, payload).replace("\n", "\r\n"),
            "",
        ]
    )


def _header(message: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r$", message, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _answer(request: str, status: str, tag: str, contact: str = "", sdp: str = "") -> str:
    vias = re.findall(r"^Via: *(.*?)\r$", request, re.MULTILINE)
    to = _header(request, "To")
    lines = [
        f"SIP/2.0 {status}",
        *(f"Via: {via}" for via in vias),
        f"From: {_header(request, 'From')}",
        f"To: {to}" if ";tag=" in to else f"To: {to};tag={tag}",
        f"Call-ID: {_header(request, 'Call-ID')}",
        f"CSeq: {_header(request, 'CSeq')}",
    ]
    if contact:
        lines.append(f"Contact: {contact}")
    if sdp:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(sdp)}", "", sdp])
