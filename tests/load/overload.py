"""Three times as many callers as informateurs can serve, for minutes.

On the real Asterisk: informateurs take one caller after the other, without wrap-up; the queue is
full, so two of three callers are refused. Some of the callers listen: who is refused must hear the
whole sentence that says why, and what to do instead.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from router.core.call.life import CallState
from router.core.call.waiting import REFUSED_FULL
from router.core.commands import Step
from router.core.ids import PhoneId
from router.demo.phones import Sipp
from tests.load import ring
from tests.load.busy_phone import BusyPhone, Rung
from tests.load.floods import goes_to_a_sector, resident_mb
from tests.load.ivr import SCENARIOS
from tests.load.listening_phone import ListeningPhone, speak
from tests.load.meters import sipp_totals
from tests.load.rig import NUMBERS, SHORT_FRAMES, Rig, Service, on_a_rig
from tests.patience import PATIENCE_S

Say = Callable[[str], None]

#: How many times as many come as can be served.
TIMES = 3
_REFUSED_HZ = 250
#: Somebody who listens comes every so many seconds.
_LISTEN_EVERY_S = 1.0
_WATCH_S = 0.05
#: How many call a second until the queue is full.
_FILLING_RATE = 20


@dataclass(frozen=True, slots=True)
class Scale:
    """How many informateurs, how long each talk is, and for how long the callers come."""

    phones: int = 20
    talks_s: float = 5.0
    minutes: float = 2.0
    #: Callers who may wait: as in the shipped plan.
    queue: int = 100

    @property
    def rate(self) -> int:
        """Callers a second."""
        return round(TIMES * self.phones / self.talks_s)


FULL = Scale()
QUICK = Scale(phones=8, talks_s=3.0, minutes=0.3, queue=20)


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody who listened: whether they were refused, and heard that to the end."""

    refused: bool
    to_the_end: bool


@dataclass(frozen=True, slots=True)
class Overloaded:
    """What became of callers and informateurs."""

    scale: Scale
    calls: int
    #: Calls whose signalling failed.
    failed: int
    #: Seconds of the full queue, calls served in them, and refused.
    seconds: float
    served: int
    refused: int
    #: From a phone's hanging up to its next ringing, each, in seconds.
    idle_s: list[float] = field(repr=False)
    heard: list[Heard] = field(repr=False)
    #: Resident memory every few seconds, in MB, by process.
    memory_mb: Sequence[Mapping[str, float]] = field(repr=False)
    #: From the last caller of the crowd until somebody was let into the queue, until nobody
    #: waited, and until Asterisk held nothing, in seconds.
    admitted_after_s: float
    empty_after_s: float
    nothing_after_s: float

    @property
    def idle(self) -> float:
        """The share of their time for which informateurs were idle while somebody waited."""
        return sum(self.idle_s) / (self.seconds * self.scale.phones)


def run(scale: Scale, port_offset: int, say: Say) -> Overloaded:
    """Set a rig up, have too many call, and take it down.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """
    return on_a_rig(lambda rig: measure(rig, scale, say), port_offset, say, service(scale))


def service(scale: Scale) -> Service:
    """Return the shipped service without wrap-up, with a queue of that length."""
    whole = ring.service(ring.Scale(phones=scale.phones))
    plan = whole.plan.replace("queue_max = 10_000", f"queue_max = {scale.queue}")
    return replace(
        whole,
        plan=plan,
        spoken=tuple(one for one in whole.spoken if one != REFUSED_FULL),
        tones={REFUSED_FULL: _REFUSED_HZ},
        asterisk="agent_rtp_timeout_s = 0\n",  # the phones send no sound
    )


async def measure(rig: Rig, scale: Scale, say: Say) -> Overloaded:
    """Have too many call an open rig."""
    secrets = rig.config.secrets
    assert secrets is not None  # the rig has written them
    phones = [
        BusyPhone(agent, secrets.agents[PhoneId(agent)], rig.phones, scale.talks_s)
        for agent in rig.config.plan.agents
    ]
    first, crowd = [
        Sipp(rig.toolbox, SCENARIOS / "waiting.xml", rig.sip, rig.state_dir / "sipp")
        for _ in range(2)
    ]
    seconds = scale.minutes * 60
    filling = 2 * scale.queue
    calls = round(scale.rate * seconds)
    listeners = _Listeners(rig)
    looks: list[Mapping[str, float]] = []
    try:
        for phone in phones:
            await phone.register()
            await asyncio.sleep(scale.talks_s / scale.phones)  # or all would stay in step
        statistics = [await _come(rig, first, _FILLING_RATE, filling)]
        await _until_full(rig)
        statistics.append(await _come(rig, crowd, scale.rate, calls))
        ends_at = time.monotonic() + seconds
        begun_at, before = time.time(), await rig.steps()
        say(f"  the queue is full; {scale.rate} callers/s")
        while time.monotonic() < ends_at:
            looks.append(resident_mb(rig))
            listeners.come()
            await asyncio.sleep(_LISTEN_EVERY_S)
        over_at, after = time.time(), await rig.steps()
        admitted_after_s = await listeners.until_admitted() - over_at
        heard = await listeners.heard()
        await _until_nobody(rig)
        empty_after_s = time.time() - over_at
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(first.wait(), crowd.wait())
        while "0 active channels" not in await rig.asterisk.cli("core show channels count"):
            await asyncio.sleep(_WATCH_S)
        nothing_after_s = time.time() - over_at
    finally:
        for sipp in (first, crowd):
            await sipp.stop()
        listeners.close()
        for phone in phones:
            await phone.register(0)
            phone.close()
    succeeded = sum(sipp_totals(path)["SuccessfulCall(C)"] for path in statistics)
    rung = [one for phone in phones for one in phone.rung]
    return Overloaded(
        scale,
        filling + calls,
        filling + calls - int(succeeded),
        over_at - begun_at,
        int(after.get(Step.TALKING, 0) - before.get(Step.TALKING, 0)),
        int(after.get(Step.REFUSED, 0) - before.get(Step.REFUSED, 0)),
        idle_times(rung, begun_at, over_at),
        heard,
        looks,
        admitted_after_s,
        empty_after_s,
        nothing_after_s,
    )


def idle_times(rung: Sequence[Rung], begun_at: float, over_at: float) -> list[float]:
    """Return how long each phone that was hung up in that time was left alone."""
    return [one.at - one.hung_up_at for one in rung if begun_at < one.hung_up_at < over_at]


async def _come(rig: Rig, callers: Sipp, rate: int, calls: int) -> Path:
    """Have so many call, `rate` a second; return where SIPp counts."""
    statistics = rig.state_dir / "sipp" / f"{callers.port}.csv"
    await callers.start(
        {},
        *("-s", NUMBERS["router"], "-r", str(rate), "-m", str(calls), "-l", str(calls)),
        *("-trace_stat", "-stf", str(statistics), "-fd", "1"),
    )
    return statistics


async def _until_full(rig: Rig) -> None:
    while not (await rig.steps()).get(Step.REFUSED, 0):
        await asyncio.sleep(_WATCH_S)


async def _until_nobody(rig: Rig) -> None:
    while (await rig.calls()).get(CallState.WAITING, 0):
        await asyncio.sleep(_WATCH_S)


class _Listeners:
    """Callers who listen."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        host, _, port = rig.sip.rpartition(":")
        self._sip = (host, int(port))
        self._phones: list[ListeningPhone] = []
        self._lives: list[asyncio.Task[Heard]] = []
        self._speaking: list[ListeningPhone] = []
        self._talk = asyncio.create_task(speak(self._speaking))

    def come(self) -> None:
        """Have one more call."""
        self._lives.append(asyncio.create_task(self._live()))

    async def until_admitted(self) -> float:
        """Have them call until one is let into the queue; return when, UTC epoch seconds."""
        while True:
            before = (await self._rig.steps()).get(Step.QUEUED, 0.0)
            self.come()
            heard = await self._lives[-1]
            if not heard.refused or (await self._rig.steps()).get(Step.QUEUED, 0.0) > before:
                return time.time()

    async def heard(self) -> list[Heard]:
        """Return what all of them heard."""
        return await asyncio.gather(*self._lives)

    def close(self) -> None:
        self._talk.cancel()
        for life in self._lives:
            life.cancel()

    async def _live(self) -> Heard:
        """Call, and hang up once one waits; or hear the refusal until the service hangs up."""
        phone = await ListeningPhone("anonymous", "", self._sip).open()
        self._speaking.append(phone)
        refusal = self._rig.tones[REFUSED_FULL]
        try:
            await phone.call(NUMBERS["router"])
            if phone.failed_status:
                return Heard(True, False)
            await goes_to_a_sector(phone, self._rig)
            async with asyncio.timeout(3.0):
                while phone.sound.first(refusal) is None:
                    await asyncio.sleep(_WATCH_S)
            async with asyncio.timeout(PATIENCE_S):
                await phone.ended.wait()
            frames = sum(held == refusal for _, _, held in phone.sound.arrived)
            return Heard(True, frames >= SHORT_FRAMES)
        except TimeoutError:
            if phone.dialog is not None:
                await phone.hang_up()
            return Heard(False, False)
        finally:
            self._speaking.remove(phone)
            phone.close()


def describe(told: Overloaded) -> str:
    """Return it in a line, for the progress shown."""
    refused = [one for one in told.heard if one.refused]
    return (
        f"  {told.served / told.seconds:.1f} served/s and {told.refused / told.seconds:.1f} "
        f"refused/s of {told.scale.rate}; informateurs idle for {told.idle:.2%}; "
        f"{sum(one.to_the_end for one in refused)} of {len(refused)} heard the refusal; "
        f"{told.failed} of {told.calls} calls failed; admitted after {told.admitted_after_s:.1f}, "
        f"empty after {told.empty_after_s:.1f}, nothing after {told.nothing_after_s:.1f} s; "
        f"{told.memory_mb[0]} to {told.memory_mb[-1]}"
    )
