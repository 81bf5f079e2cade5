"""The benchmark `ring`: how soon an informateur who becomes ready is rung.

On the real Asterisk: callers come at a given rate and wait, informateurs take one after the
other without wrap-up. From sending a phone's BYE to the kernel's receive time of the next
INVITE at the same phone: Asterisk's handling of both is in it, and the router's work
between. The router's log, on the same machine's clock, says where the time went.
"""

import asyncio
import json
import os
import re
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from router.cli import provision
from router.config import load
from router.core.commands import Step
from router.core.ids import PhoneId
from router.demo.phones import Sipp
from tests.load.busy_phone import BusyPhone, Rung
from tests.load.ivr import SCENARIOS
from tests.load.meters import Noise, busy_s, own_s, percentile, processor_s, sipp_totals
from tests.load.report import Figure, Report, figure
from tests.load.rig import NUMBERS, TONES, Rig, Service, on_a_rig

#: How much slower informateurs are than callers come: somebody is always waiting.
_SLACK = 1.03
#: Callers gather while one informateur is there; then all the others come.
_GATHER_S = 4.0
#: From then on until the steady state.
_SETTLE_S = 5.0
#: Callers still waiting at the end are served. A busy machine needs as many times what is planned,
#: and besides what it takes to begin.
_PATIENCE_TIMES, _PATIENCE_S = 4.0, 300.0
_BAR_MS = 10.0
_OPEN = re.compile(r"first of (\d+) open")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: callers/s, informateurs, and how long, how often."""

    rate: int = 20
    phones: int = 60
    repeats: int = 3
    seconds: float = 30.0


FULL = Scale()
QUICK = Scale(repeats=2, seconds=12.0)


@dataclass(frozen=True, slots=True)
class Delay:
    """From a phone's BYE to its next INVITE, in seconds; the last three are its parts."""

    whole_s: float
    #: Until the router has noted that the informateur hung up: Asterisk, websocket, router.
    noticed_s: float
    #: Until the router has noted the ringing: the decision.
    decided_s: float
    #: Until the INVITE arrives: router, websocket, Asterisk.
    rung_s: float

    @property
    def ready_s(self) -> float:
        """From the instant at which the router knows that the informateur is ready."""
        return self.decided_s + self.rung_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One crowd."""

    delays: list[Delay] = field(repr=False)
    #: BYEs whose next INVITE the log does not explain.
    unexplained: int
    #: From a phone's BYE to Asterisk's answer to it, each.
    confirmed_s: list[float] = field(repr=False)
    #: Callers a second, wished and reached; conversations a second.
    rate: int
    reached: float
    served_per_s: float
    calls: int
    failed: int
    #: Least number of callers whom a ready informateur could choose from.
    open_least: int
    #: Processors busy: with Asterisk, the router, and other people's work.
    asterisk: float
    router: float
    others: float


def run(scale: Scale, port_offset: int, say: Say) -> list[Phase]:
    """Set a rig up, measure, and take it down.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """
    return on_a_rig(lambda rig: measure(rig, scale, say), port_offset, say, service(scale))


def service(scale: Scale) -> Service:
    """Return the shipped service without wrap-up; every informateur knows everything."""
    plan = Service().plan
    for before, after in (
        ("wrap_up_s = 30", "wrap_up_s = 0"),
        ("queue_max = 100", "queue_max = 10_000"),
    ):
        assert before in plan, f"the shipped plan no longer says {before}"
        plan = plan.replace(before, after)
    skills = ", ".join(f"{sector} = 1" for sector in tomllib.loads(plan)["sectors"])
    agents = "".join(f"{201 + number} = {{ {skills} }}\n" for number in range(scale.phones))
    spoken = tuple(id_ for id_ in provision.sentences(load(None)).prompts if id_ not in TONES)
    return Service(plan, agents, spoken)


async def measure(rig: Rig, scale: Scale, say: Say) -> list[Phase]:
    """Run every crowd against an open rig."""
    phases = []
    for _ in range(scale.repeats):
        phases.append(await _phase(rig, scale))
        say(describe(phases[-1]))
    return phases


@dataclass(frozen=True, slots=True)
class Crowd:
    """Informateurs who are always at work, and callers, of whom somebody always waits."""

    phones: list[BusyPhone]
    #: How long each conversation is, in seconds.
    talks_s: float
    #: How many call in all.
    calls: int
    _callers: Sipp
    _statistics: Path
    _patience_s: float

    @property
    def rung(self) -> list[Rung]:
        """Every time that a phone was rung again."""
        return [one for phone in self.phones for one in phone.rung]

    @property
    def answered(self) -> int:
        """How many conversations have begun."""
        return sum(phone.answered for phone in self.phones)

    async def served(self) -> dict[str, float]:
        """Wait until nobody calls or waits any more; return SIPp's totals.

        Raises:
            TimeoutError: If that takes far longer than planned.
        """
        async with asyncio.timeout(self._patience_s):
            await self._callers.wait()
        return sipp_totals(self._statistics)


@asynccontextmanager
async def crowd(rig: Rig, scale: Scale) -> AsyncIterator[Crowd]:
    """Have callers come and informateurs work; the steady state inside is `scale.seconds` long.

    Raises:
        ConnectionError: If Asterisk refuses a phone.
    """
    secrets = rig.config.secrets
    assert secrets is not None  # the rig has written them
    talks_s = scale.phones / scale.rate * _SLACK
    phones = [
        BusyPhone(agent, secrets.agents[PhoneId(agent)], rig.phones, talks_s)
        for agent in rig.config.plan.agents
    ]
    work_dir = rig.state_dir / "sipp"
    callers = Sipp(rig.toolbox, SCENARIOS / "waiting.xml", rig.sip, work_dir)
    planned_s = _GATHER_S + _SETTLE_S + scale.seconds
    calls = round(scale.rate * planned_s)
    statistics = work_dir / f"{callers.port}.csv"
    patience_s = _PATIENCE_TIMES * planned_s + _PATIENCE_S
    first, *others = phones
    try:
        await first.register()
        await callers.start(
            {},
            *("-s", NUMBERS["router"], "-r", str(scale.rate), "-m", str(calls)),
            *("-l", str(calls), "-trace_stat", "-stf", str(statistics), "-fd", "1"),
        )
        await asyncio.sleep(_GATHER_S)
        for phone in others:
            await phone.register()
            await asyncio.sleep(talks_s / scale.phones)  # or all would stay in step
        await asyncio.sleep(_SETTLE_S)
        yield Crowd(phones, talks_s, calls, callers, statistics, patience_s)
    finally:
        await callers.stop()
        for phone in phones:
            await phone.register(0)
            phone.close()


async def _phase(rig: Rig, scale: Scale) -> Phase:
    async with crowd(rig, scale) as present:
        begun = _Reading.take(rig)
        await asyncio.sleep(scale.seconds - present.talks_s)
        ended = _Reading.take(rig)
        totals = await present.served()
    rung = [one for one in present.rung if begun.at < one.hung_up_at < ended.at]
    steps = read_steps((rig.state_dir / "router.log").read_text(encoding="utf-8").splitlines())
    delays = explain(rung, steps)
    took_s = ended.at - begun.at
    asterisk, router = ended.asterisk - begun.asterisk, ended.router - begun.router
    ours = asterisk + router + ended.own - begun.own
    return Phase(
        delays=delays,
        unexplained=len(rung) - len(delays),
        confirmed_s=[one.confirmed_at - one.hung_up_at for one in rung],
        rate=scale.rate,
        reached=totals["reached"],
        served_per_s=len(rung) / took_s,
        calls=present.calls,
        failed=present.calls - int(totals["SuccessfulCall(C)"]),
        open_least=min(
            (one.open for one in steps if one.open and begun.at < one.at < ended.at), default=0
        ),
        asterisk=asterisk / took_s,
        router=router / took_s,
        others=max(0.0, (ended.busy - begun.busy - ours) / took_s),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    asterisk: float
    router: float
    own: float
    busy: float

    @classmethod
    def take(cls, rig: Rig) -> "_Reading":
        return cls(
            time.time(),
            processor_s(rig.asterisk.pid),
            processor_s(rig.router_pid),
            own_s()[0],
            busy_s(),
        )


# The router's log.


@dataclass(frozen=True, slots=True)
class Noted:
    """A step of an informateur's in the router's log; `open` callers could be chosen from."""

    agent: str
    step: str
    at: float
    open: int = 0


def read_steps(lines: Iterable[str]) -> list[Noted]:
    """Return when informateurs hung up and were rung, in order."""
    steps = []
    for line in lines:
        if '"step"' not in line:
            continue
        entry = json.loads(line)
        if entry.get("step") in (Step.AGENT_DONE, Step.RINGING):
            found = _OPEN.search(entry.get("detail", ""))
            at = datetime.fromisoformat(entry["timestamp"]).timestamp()
            open_ = int(found.group(1)) if found else 0
            steps.append(Noted(entry["agent"], entry["step"], at, open_))
    return steps


def explain(rung: Sequence[Rung], steps: Sequence[Noted]) -> list[Delay]:
    """Return the delays with their parts, of those that the log explains."""
    by_agent: dict[str, list[Noted]] = {}
    for step in steps:
        by_agent.setdefault(step.agent, []).append(step)
    delays = []
    for one in rung:
        between = [
            step for step in by_agent.get(one.agent, ()) if one.hung_up_at < step.at < one.at
        ]
        if [step.step for step in between] == [Step.AGENT_DONE, Step.RINGING]:
            done, ringing = between
            delays.append(
                Delay(
                    one.at - one.hung_up_at,
                    done.at - one.hung_up_at,
                    ringing.at - done.at,
                    one.at - ringing.at,
                )
            )
    return delays


# The report.


def _whole(delay: Delay) -> float:
    return delay.whole_s


def _ready(delay: Delay) -> float:
    return delay.ready_s


def _ms(phase: Phase, of: Callable[[Delay], float], share: float) -> float:
    return percentile([of(delay) for delay in phase.delays], share) * 1000


def describe(phase: Phase) -> str:
    """Return a crowd in a line, for the progress shown."""
    p50, p99 = (_ms(phase, _whole, share) for share in (0.5, 0.99))
    return (
        f"  {phase.reached:.0f} callers/s, {phase.served_per_s:.1f} served/s: "
        f"{len(phase.delays)} rings, p50 {p50:.1f}, p99 {p99:.1f} ms; {phase.failed} of "
        f"{phase.calls} calls failed, {phase.unexplained} unexplained, at least "
        f"{phase.open_least} open; processors: Asterisk {phase.asterisk:.2f}, router "
        f"{phase.router:.2f}, others {phase.others:.2f}"
    )


def report(phases: Sequence[Phase], scale: Scale, load_before: float) -> Report:
    """Return the figures of all crowds."""

    def delay(
        what: str, of: Callable[[Delay], float], share: float, below: float | None = None
    ) -> Figure:
        values = [_ms(phase, of, share) for phase in phases]
        return figure(f"{what}, p{share * 100:g}", "ms", values, below=below)

    told = [
        delay("Hung up to rung again", _whole, 0.5),
        delay("Hung up to rung again", _whole, 0.99, _BAR_MS),
        delay("Hung up to rung again", _whole, 1.0),
        delay("… of it, ready to rung", _ready, 0.5),
        delay("… of it, ready to rung", _ready, 0.99, _BAR_MS),
        *(
            delay(what, of, share)
            for what, of in (
                ("… until the router noted the hang-up", lambda one: one.noticed_s),
                ("… until it noted the ringing", lambda one: one.decided_s),
                ("… until the INVITE was there", lambda one: one.rung_s),
            )
            for share in (0.5, 0.99)
        ),
        figure(
            "Asterisk's answer to the BYE, p99",
            "ms",
            [percentile(phase.confirmed_s, 0.99) * 1000 for phase in phases],
        ),
        figure("Served", "/s", [phase.served_per_s for phase in phases], digits=1),
        figure("Failed calls", "", [float(phase.failed) for phase in phases], digits=0),
        figure("Asterisk, processors", "", [phase.asterisk for phase in phases]),
        figure("Router, processors", "", [phase.router for phase in phases]),
    ]
    noise = Noise([phase.others for phase in phases], load_before, os.getloadavg()[0])
    notes = [
        f"{noise} (SIPp's own among it).",
        f"{scale.repeats} crowds of {scale.rate} callers/s and {scale.phones} informateurs, "
        f"{sum(len(phase.delays) for phase in phases)} rings in all, at least "
        f"{min(phase.open_least for phase in phases)} callers to choose from at each; "
        "medians of the crowds.",
        "From sending a phone's BYE to the kernel's receive time of the next INVITE at that "
        "phone: Asterisk's handling of both is in it. The parts are by the router's log; ready is "
        "when it has noted the hang-up.",
    ]
    details: dict[str, Any] = {"scale": asdict(scale), "phases": [_plain(one) for one in phases]}
    return Report("ring", "", told, notes, details)


def _plain(phase: Phase) -> dict[str, Any]:
    fields = asdict(phase)
    for name in ("delays", "confirmed_s"):
        del fields[name]
    fields["rings"] = len(phase.delays)
    fields["delay_ms"] = {
        f"p{share * 100:g}": round(_ms(phase, _whole, share), 3) for share in (0.5, 0.95, 0.99, 1.0)
    }
    return fields
