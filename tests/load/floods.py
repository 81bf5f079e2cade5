"""The benchmark `floods`: what those who are on the phone feel of a flood.

On the real Asterisk, with real sound: some talk, some wait with music, and all the while others
call, phones renew their registration, and pages are asked for. Meanwhile somebody floods one of the
doors, by SIP or HTTP, from one address or from two hundred (flood.py).
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from router.core.call.life import CallState
from router.core.ids import PhoneId
from router.errors import SetupError
from tests.load import flood, gaps, ring
from tests.load.flood import MANY, ONE, Pour, Poured, Pouring
from tests.load.gaps import Gaps
from tests.load.listening_phone import ListeningPhone, said_by, speak
from tests.load.meters import busy_s, processor_s
from tests.load.processes import children_of
from tests.load.rig import NUMBERS, Rig, Service, on_a_rig
from tests.load.soak import look
from tests.patience import PATIENCE_S

Say = Callable[[str], None]

#: Skip the welcome, take two menus to a sector.
_TO_SECTOR = "#41"
#: Somebody calls, and a page is asked for, every so many seconds.
_CALL_EVERY_S, _PAGE_EVERY_S = 0.5, 0.25
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Scale:
    """How many calls are up, how long each flood takes, and how much is sent a second."""

    talks: int = 10
    waiting: int = 10
    seconds: float = 10.0
    sip: float = 2000.0
    http: float = 2000.0
    connections: int = 2000
    #: Who has no answer after this has none.
    patience_s: float = 5.0


FULL = Scale()
QUICK = Scale(talks=4, waiting=4, seconds=3.0)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who called during a flood; seconds are None for what did not come."""

    #: Until the call was answered, and from the end of a key to the next prompt.
    answered_s: float | None
    key_s: float | None


@dataclass(frozen=True, slots=True)
class Felt:
    """What was felt of one flood."""

    name: str
    poured: Poured | None
    #: Of the talks, and of the music that the others hear.
    talks: Gaps
    music: Gaps
    #: Calls that were up before and are no more.
    cut: int
    callers: list[Caller] = field(repr=False)
    #: Seconds that a page took, and None for each that did not come.
    pages_s: list[float | None] = field(repr=False)
    #: Registrations tried and granted.
    tried: int
    granted: int
    #: Resident memory at its end, in MB, by process.
    memory_mb: Mapping[str, float]
    #: Processors that Asterisk and the router were busy with, and the whole machine.
    asterisk: float
    router: float
    machine: float

    @property
    def got_in(self) -> int:
        """How many callers were answered."""
        return sum(one.answered_s is not None for one in self.callers)

    @property
    def gaps(self) -> Gaps:
        return gaps.together([self.talks, self.music])


def run(scale: Scale, port_offset: int, say: Say, only: Sequence[str] = ()) -> list[Felt]:
    """Set a rig up, flood it, and take it down; by floods whose names begin like one of `only`.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """
    return on_a_rig(lambda rig: measure(rig, scale, say, only), port_offset, say, service(scale))


def service(scale: Scale) -> Service:
    """Return the shipped service, whose phones and carriers are at 127.0.0.1 and nowhere else."""
    here = 'agents_networks = ["127.0.0.1/32"]\n'
    return replace(ring.service(ring.Scale(phones=scale.talks + 1)), asterisk=here)


def floods(rig: Rig, scale: Scale) -> Iterator[tuple[str, Pour | None]]:
    """Yield each flood by its name."""
    phones = "{}:{}".format(*rig.phones)
    web = ("127.0.0.1", rig.config.settings.http.port)
    yield "nothing", None
    for where, sources in (("one source", ONE), (f"{len(MANY)} sources", MANY)):
        for what, messages, door in (
            ("INVITE at the trunk", flood.INVITES, rig.sip),
            ("OPTIONS at the trunk", flood.OPTIONS, rig.sip),
            ("REGISTER at the phones' door", flood.REGISTERS, phones),
        ):
            yield f"{what}, {where}", partial(flood.pour_sip, messages, scale.sip, sources, door)
        for what, request in (
            ("pages", flood.PAGE),
            ("the service's state", flood.SERVICE),
            ("callbacks", flood.CALLBACK),
        ):
            yield (
                f"HTTP: {what}, {where}",
                partial(flood.pour_http, request, scale.http, sources, web),
            )
        for what, begun in (("heads", flood.HEAD_BEGUN), ("bodies", flood.BODY_BEGUN)):
            yield (
                f"HTTP: {scale.connections} endless {what}, {where}",
                partial(flood.drip_http, begun, scale.connections, sources, web),
            )


async def measure(rig: Rig, scale: Scale, say: Say, only: Sequence[str] = ()) -> list[Felt]:
    """Flood an open rig in every way, or in some."""
    felt = []
    chosen = [(name, pour) for name, pour in floods(rig, scale) if name.startswith(tuple(only))]
    async with _town(rig, scale) as town:
        for name, pour in chosen if only else floods(rig, scale):
            felt.append(await town.under(name, pour and Pouring(pour, scale.seconds)))
            say(describe(felt[-1]))
    return felt


@asynccontextmanager
async def _town(rig: Rig, scale: Scale) -> "AsyncIterator[_Town]":
    town = _Town(rig, scale)
    try:
        await town.fill()
        yield town
    finally:
        await town.close()


class _Town:
    """Those who are on the phone."""

    def __init__(self, rig: Rig, scale: Scale) -> None:
        secrets = rig.config.secrets
        assert secrets is not None  # the rig has written them
        self._rig = rig
        self._sip = _address(rig.sip)
        *desks, idle = rig.config.plan.agents
        phones = [
            ListeningPhone(f"agent-{agent}", secrets.agents[PhoneId(agent)], rig.phones)
            for agent in (*desks, idle)
        ]
        *self._desks, self._idle = phones
        self._talking: list[ListeningPhone] = []
        self._waiting: list[ListeningPhone] = []
        self._speaking: list[ListeningPhone] = []
        self._wanted = scale

    async def fill(self) -> None:
        """Have the talks begin, and the others wait.

        Raises:
            SetupError: If they do not.
        """
        self._talk = asyncio.create_task(speak(self._speaking))
        for desk in self._desks:
            desk.on_invite = 200
            await desk.open()
            if await desk.register(120) != 200:
                raise SetupError("a phone could not register", f"See {self._rig.state_dir}.")
        await self._idle.open()
        for _ in range(self._wanted.talks):
            self._talking.append(await self._comes())
        await self._until(CallState.TALKING, self._wanted.talks)
        for _ in range(self._wanted.waiting):
            self._waiting.append(await self._comes())
        await self._until(CallState.WAITING, self._wanted.waiting)
        self._speaking += self._desks
        await asyncio.sleep(1.0)  # the last announcement is over

    async def close(self) -> None:
        self._talk.cancel()
        for phone in (*self._talking, *self._waiting):
            if phone.dialog is not None:
                await phone.hang_up()
        for phone in (*self._talking, *self._waiting, *self._desks, self._idle):
            phone.close()

    async def under(self, name: str, pouring: Pouring | None) -> Felt:
        """Live through one flood, and say what it was like."""
        seconds = self._wanted.seconds
        if pouring:
            await pouring.begin()
        phones = (*self._talking, *self._waiting, *self._desks)
        for phone in phones:
            phone.sound.forget()
        before, busy, at = self._processor(), busy_s(), time.monotonic()
        callers, pages, registrations = await asyncio.gather(
            self._callers(seconds), self._pages(seconds), self._registrations(seconds)
        )
        after, busy, took_s = self._processor(), busy_s() - busy, time.monotonic() - at
        talks, music = self._gaps()
        return Felt(
            name,
            await pouring.ended() if pouring else None,
            talks,
            music,
            sum(phone.dialog is None for phone in phones),
            callers,
            pages,
            len(registrations),
            registrations.count(200),
            resident_mb(self._rig),
            (after[0] - before[0]) / took_s,
            (after[1] - before[1]) / took_s,
            busy / took_s,
        )

    async def _comes(self) -> ListeningPhone:
        """Call and take the way to a sector."""
        phone = ListeningPhone("anonymous", "", self._sip)
        await phone.open()
        self._speaking.append(phone)
        await phone.call(NUMBERS["router"])
        if phone.failed_status:
            raise SetupError(f"a call was refused: {phone.failed_status}", "")
        async with asyncio.timeout(PATIENCE_S):
            await goes_to_a_sector(phone, self._rig)
        return phone

    async def _until(self, state: CallState, count: int) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (await self._rig.calls()).get(state, 0) < count:
                    await asyncio.sleep(0.1)
        except TimeoutError:
            told = await self._rig.calls()
            raise SetupError(f"{count} calls should be {state}; these are: {told}", "") from None

    def _gaps(self) -> tuple[Gaps, Gaps]:
        """Return those of the talks, both ways, and those of the music."""
        ends = [*self._talking, *self._desks]
        said = {end.sound.speaker: end.sound.sent_at for end in ends}
        talks = []
        for listener in ends:
            heard: dict[int, list[tuple[int, float]]] = {}
            for _, at, held in listener.sound.arrived:
                if (known := said_by(held)) is not None:
                    heard.setdefault(known[0], []).append((known[1], at))
            talks += [gaps.of_talk(said.get(who, {}), arrived) for who, arrived in heard.items()]
        music = [
            gaps.of_stream([(number, at) for number, at, _ in one.sound.arrived])
            for one in self._waiting
        ]
        return gaps.together(talks), gaps.together(music)

    async def _callers(self, seconds: float) -> list[Caller]:
        coming = []
        for _ in range(int(seconds / _CALL_EVERY_S)):
            coming.append(asyncio.create_task(self._calls()))
            await asyncio.sleep(_CALL_EVERY_S)
        return await asyncio.gather(*coming)

    async def _calls(self) -> Caller:
        """Call, hear the first prompt, press a key, hear the next one, and hang up."""
        phone = await ListeningPhone("anonymous", "", self._sip).open()
        self._speaking.append(phone)
        begun = time.time()
        answered_s = key_s = None
        try:
            async with asyncio.timeout(self._wanted.patience_s):
                await phone.call(NUMBERS["router"])
                if phone.failed_status:
                    return Caller(None, None)
                answered_s = time.time() - begun
                first, second = self._rig.frames[:2]
                while phone.sound.first(first) is None:
                    await asyncio.sleep(_LOOK_S)
                phone.press("#")
                while (heard_at := phone.sound.first(second)) is None:
                    await asyncio.sleep(_LOOK_S)
                key_s = heard_at - phone.sound.key_ended_at
                await phone.hang_up()
        except TimeoutError:
            pass
        finally:
            self._speaking.remove(phone)
            phone.close()
        return Caller(answered_s, key_s)

    async def _pages(self, seconds: float) -> list[float | None]:
        asking = []
        paths = itertools.cycle(("/rappel", "/v1/service"))
        for _ in range(int(seconds / _PAGE_EVERY_S)):
            page = _page(self._rig.config.settings.http.port, paths, self._wanted.patience_s)
            asking.append(asyncio.create_task(page))
            await asyncio.sleep(_PAGE_EVERY_S)
        return await asyncio.gather(*asking)

    async def _registrations(self, seconds: float) -> list[int]:
        """Register one phone again and again; return the answers, 0 for none."""
        until = time.monotonic() + seconds
        told = []
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(self._wanted.patience_s):
                    told.append(await self._idle.register(0))
            except TimeoutError:
                told.append(0)
            await asyncio.sleep(_CALL_EVERY_S)
        return told

    def _processor(self) -> tuple[float, float]:
        return processor_s(self._rig.asterisk.pid), processor_s(self._rig.router_pid)


def resident_mb(rig: Rig) -> dict[str, float]:
    """Return the resident memory of each process, in MB."""
    intakes = {f"intake {n}": pid for n, pid in enumerate(children_of(rig.router_pid), 1)}
    pids = {"router": rig.router_pid, "Asterisk": rig.asterisk.pid, **intakes}
    return {name: look(pid, 0).resident_mb for name, pid in pids.items()}


async def goes_to_a_sector(phone: ListeningPhone, rig: Rig) -> None:
    """Skip the welcome, and take the menus to a sector, each key once its prompt is heard."""
    for key, frame in zip(_TO_SECTOR, rig.frames[:2], strict=False):
        while phone.sound.first(frame) is None:
            await asyncio.sleep(_LOOK_S)
        phone.press(key)
    await asyncio.sleep(0.5)
    phone.press(_TO_SECTOR[-1])


async def _page(port: int, paths: Iterator[str], patience_s: float) -> float | None:
    """Ask for a page over a connection of its own; return how long it took, None if it came not."""
    begun = time.monotonic()
    try:
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                head = f"GET {next(paths)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                writer.write(head.encode())
                whole = await reader.read()
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return None
    return time.monotonic() - begun if whole.startswith(b"HTTP/1.1 200 ") else None


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def describe(felt: Felt) -> str:
    """Return a flood in a line, for the progress shown."""
    told = "" if felt.poured is None else f"{felt.poured.rate:,.0f}/s {dict(felt.poured.answers)}, "
    every = felt.gaps
    pages = [one for one in felt.pages_s if one is not None]
    return (
        f"  {felt.name}: {told}gaps p99 {every.at(0.99) * 1000:.1f} worst "
        f"{every.worst_s * 1000:.0f} ms, {every.lost} lost; {felt.cut} cut; {felt.got_in} of "
        f"{len(felt.callers)} got in; {felt.granted} of {felt.tried} registered; {len(pages)} of "
        f"{len(felt.pages_s)} pages, slowest {max(pages, default=0) * 1000:.0f} ms; processors: "
        f"Asterisk {felt.asterisk:.2f}, router {felt.router:.2f}, machine {felt.machine:.2f}; "
        + ", ".join(f"{name} {mb:.0f} MB" for name, mb in felt.memory_mb.items())
    )
