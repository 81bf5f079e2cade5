"""The benchmark `ivr`: calls at a given rate, ours and the dialplan's in turn, and what they cost.

A phase is one crowd of callers on one of the two. Most of them are SIPp's; a few a second
have an ear (tests/load/ears.py) that times key to prompt. Phases alternate between the two
IVRs, so that whatever else the machine does falls on both.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from router.demo.phones import Sipp
from tests.load.ears import Ear, Heard
from tests.load.meters import busy_s, own_s, percentile, processor_s, sipp_totals
from tests.load.rig import NUMBERS, TONES, Rig, on_a_rig

SCENARIOS = Path(__file__).parent / "sipp"
ROUTER, DIALPLAN = "router", "dialplan"
#: Callers with an ear, a second; with their two keys each, ten timed keys a second.
_EARS_PER_S = 5
_IDLE_S = 2.0
#: After the last call Asterisk and the router still tidy up.
_SETTLE_S = 0.5
#: A crowd whose calls are not over this long after the last one began has failed.
_PATIENCE_S = 20.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. Rates are calls/s, durations seconds."""

    #: Repetitions at `rate`, which give processor time and delay, and their length.
    rate: int = 20
    repeats: int = 3
    seconds: float = 10.0
    #: Repetitions at `burst`, which must lose no call, and their length.
    burst: int = 60
    burst_repeats: int = 3
    burst_seconds: float = 8.0
    #: Higher rates, tried once each until something fails.
    beyond: tuple[int, ...] = (80, 100, 120)
    beyond_seconds: float = 5.0


FULL = Scale()
QUICK = Scale(repeats=2, seconds=5.0, burst_repeats=1, burst_seconds=4.0, beyond=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One crowd on one IVR."""

    ivr: str
    #: Calls/s, wished and reached.
    rate: int
    reached: float
    calls: int
    #: Calls whose signalling failed, whose ear missed a prompt, or that never got to the menu
    #: by the router's account; a call may be all of it.
    broken: int
    deaf: int
    lost: int
    #: SIP messages that had to be sent again.
    resent: int
    #: Processor time per call, in ms: Asterisk and router without what they use when idle.
    asterisk_ms: float
    router_ms: float
    sipp_ms: float
    #: Processors busy with other people's work meanwhile.
    others: float
    #: From the key's end to the first packet of the next prompt, each key.
    delays_s: list[float] = field(repr=False)

    @property
    def failed(self) -> int:
        """How many calls went wrong in any way."""
        return max(self.broken, self.deaf, self.lost)


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything measured, in order."""

    phases: list[Phase]
    processors: int
    load_before: float
    load_after: float
    seconds: float
    complaints: int
    asterisk: str


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    asterisk: float
    router: float
    own: float
    children: float
    busy: float

    @classmethod
    def take(cls, rig: Rig) -> "_Reading":
        own, children = own_s()
        return cls(
            time.monotonic(),
            processor_s(rig.asterisk.pid),
            processor_s(rig.router_pid),
            own,
            children,
            busy_s(),
        )


def run(scale: Scale, port_offset: int, say: Say) -> Measured:
    """Set a rig up, measure, and take it down.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """
    return on_a_rig(lambda rig: measure(rig, scale, say), port_offset, say)


async def measure(rig: Rig, scale: Scale, say: Say) -> Measured:
    """Run every phase against an open rig."""
    begun, load_before = time.monotonic(), os.getloadavg()[0]
    crowd = Crowd(rig, say)
    await crowd.run(ROUTER, 5, 1.0)  # warms up files and code; not counted
    await crowd.run(DIALPLAN, 5, 1.0)
    await crowd.watch_idle()
    phases = []
    for _ in range(scale.repeats):
        for ivr in (ROUTER, DIALPLAN):
            phases.append(await crowd.run(ivr, scale.rate, scale.seconds))
    for _ in range(scale.burst_repeats):
        for ivr in (ROUTER, DIALPLAN):
            phases.append(await crowd.run(ivr, scale.burst, scale.burst_seconds))
    for ivr in (ROUTER, DIALPLAN):
        for rate in scale.beyond:
            phases.append(await crowd.run(ivr, rate, scale.beyond_seconds))
            if phases[-1].failed:
                break
    return Measured(
        phases,
        os.cpu_count() or 1,
        load_before,
        os.getloadavg()[0],
        time.monotonic() - begun,
        rig.complaints(),
        rig.toolbox.asterisk_version,
    )


class Crowd:
    """Sends callers to a rig and reads the meters."""

    def __init__(self, rig: Rig, say: Say) -> None:
        self._rig = rig
        self._say = say
        self._asterisk_idle = 0.0
        self._router_idle = 0.0
        self._work_dir = rig.state_dir / "sipp"

    async def watch_idle(self) -> None:
        """Learn what Asterisk and router use without callers, as a share of a processor."""
        before = _Reading.take(self._rig)
        await asyncio.sleep(_IDLE_S)
        after = _Reading.take(self._rig)
        self._asterisk_idle = (after.asterisk - before.asterisk) / (after.at - before.at)
        self._router_idle = (after.router - before.router) / (after.at - before.at)

    async def run(self, ivr: str, rate: int, seconds: float) -> Phase:
        """Send `rate` callers a second for `seconds`; return when all have hung up."""
        rig = self._rig
        ears_per_s = min(_EARS_PER_S, rate - 1)
        ears = [Ear(rig.frames) for _ in range(round(ears_per_s * seconds))]
        crowd = Sipp(rig.toolbox, SCENARIOS / "load.xml", rig.sip, self._work_dir)
        heard = Sipp(rig.toolbox, SCENARIOS / "probe.xml", rig.sip, self._work_dir)
        ports = self._work_dir / "ports.csv"
        self._work_dir.mkdir(parents=True, exist_ok=True)
        ports.write_text("SEQUENTIAL\n" + "".join(f"{ear.port};\n" for ear in ears))
        crowd_calls = round((rate - ears_per_s) * seconds)
        calls = crowd_calls + len(ears)
        steps = await rig.steps()
        before = _Reading.take(rig)
        try:
            number = NUMBERS[ivr]
            statistics = [
                await self._start(crowd, number, rate - ears_per_s, crowd_calls),
                await self._start(heard, number, ears_per_s, len(ears), "-inf", str(ports)),
            ]
            async with asyncio.timeout(seconds + _PATIENCE_S):
                await asyncio.gather(crowd.wait(), heard.wait())
        except TimeoutError:
            pass  # calls without an end are failed calls
        finally:
            for sipp in (crowd, heard):
                await sipp.stop()
            for ear in ears:
                ear.close()
        await asyncio.sleep(_SETTLE_S)
        after = _Reading.take(rig)
        steps_after = await rig.steps()
        menus = steps_after.get("menu", 0.0) - steps.get("menu", 0.0)
        totals = [sipp_totals(path) for path in statistics]
        phase = self._phase(
            ivr, rate, calls, totals, [ear.heard for ear in ears], before, after, int(menus)
        )
        self._say(describe(phase))
        return phase

    async def _start(self, sipp: Sipp, number: str, rate: int, calls: int, *options: str) -> Path:
        statistics = self._work_dir / f"{sipp.port}.csv"
        await sipp.start(
            {},
            *("-s", number, "-r", str(rate), "-m", str(calls), "-l", str(calls)),
            *("-recv_timeout", "8000", "-trace_stat", "-stf", str(statistics), "-fd", "1"),
            *options,
        )
        return statistics

    def _phase(
        self,
        ivr: str,
        rate: int,
        calls: int,
        totals: list[dict[str, float]],
        heard: list[Heard],
        before: _Reading,
        after: _Reading,
        menus: int,
    ) -> Phase:
        took_s = after.at - before.at
        asterisk_s = after.asterisk - before.asterisk
        router_s = after.router - before.router
        sipp_s = after.children - before.children
        ours_s = asterisk_s + router_s + sipp_s + after.own - before.own
        succeeded = int(sum(total["SuccessfulCall(C)"] for total in totals))
        deaf = sum(ear.prompts < len(TONES) for ear in heard)
        lost = max(0, calls - menus) if ivr == ROUTER else 0
        return Phase(
            ivr=ivr,
            rate=rate,
            reached=sum(total["reached"] for total in totals),
            calls=calls,
            broken=calls - succeeded,
            deaf=deaf,
            lost=lost,
            resent=int(sum(total["Retransmissions(C)"] for total in totals)),
            asterisk_ms=(asterisk_s - self._asterisk_idle * took_s) / calls * 1000,
            router_ms=(router_s - self._router_idle * took_s) / calls * 1000,
            sipp_ms=sipp_s / calls * 1000,
            others=max(0.0, (after.busy - before.busy - ours_s) / took_s),
            delays_s=[delay for ear in heard for delay in ear.delays_s],
        )


def describe(phase: Phase) -> str:
    """Return a phase in a line, for the progress shown."""
    p50, p99 = (percentile(phase.delays_s, share) * 1000 for share in (0.5, 0.99))
    return (
        f"  {phase.ivr:8} {phase.rate:3}/s {phase.calls:4} calls, {phase.failed} failed "
        f"({phase.broken} broken, {phase.deaf} deaf, {phase.lost} lost), "
        f"asterisk {phase.asterisk_ms:5.2f} ms, router {phase.router_ms:4.2f} ms, "
        f"key to prompt p50 {p50:5.1f} p99 {p99:5.1f} ms, others {phase.others:.2f} processors"
    )
