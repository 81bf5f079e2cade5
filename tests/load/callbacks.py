"""The benchmark `callbacks`: asking to be called back, being dialled, and the memory of a promise.

The router as it is run, with its intake and the real Asterisk. Informateurs are on duty and in
a pause, so that thousands of requests are promised and none is dialled.

Rush     so many requests a second come over HTTP, half of which can be promised; router and
         intake share one processor, Asterisk and we have the other
Dialled  with so many tickets open one informateur gets ready, again and again: until the
         phone is rung, and from its answer until the carrier is
Weight   what one more open ticket takes in the router's memory, in the vault and on disk
"""

import asyncio
import json
import os
import shutil
import time
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from router.cli import provision
from router.config import load
from router.core.ids import AgentId, PhoneId
from router.errors import SetupError
from router.store.tickets import FILE_NAME
from tests.load.askers import UNSTAFFED, Asked, Askers
from tests.load.carrier import Carrier
from tests.load.desk_phone import DeskPhone
from tests.load.meters import busy_s, own_s, percentile, processor_s
from tests.load.open_loop import Answer, OpenLoop, instants
from tests.load.processes import children_s, pinned
from tests.load.rig import TONES, Rig, Service, on_a_rig
from tests.load.weights import Weight, weigh

_CARRIER_PORT = 5064
_FICHE = "F1234"
_ABSENT = AgentId("899")
_PAUSE = "formation"  # the longest one
#: How long requests come before those that are measured, at a quarter of their rate.
_WARM_UP_S = 3.0
#: Tickets that are opened without being measured come at this rate.
_CALM = 150.0
_PATIENCE_S = 20.0
_SETTLE_S = 3.0

Say = Callable[[str], None]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    #: Requests a second, for how many seconds, how many times.
    rate: float = 500.0
    seconds: float = 20.0
    rushes: int = 3
    #: Tickets open while an informateur gets ready, and how often one does.
    open: int = 1000
    dials: int = 30
    #: Tickets opened on top of these, for their weight.
    more: int = 4000
    phones: int = 60


FULL = Scale()
QUICK = replace(FULL, seconds=5.0, rushes=1, open=300, dials=5, more=700)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rush:
    """One rush of requests."""

    latency_s: list[float] = field(repr=False)
    #: How late we sent them ourselves, in seconds.
    late_s: list[float] = field(repr=False)
    #: Requests that had to be promised.
    promises: int
    #: Answers that were not the right one, by status and code.
    wrong: Mapping[str, int]
    #: Requests a second.
    reached: float
    connections: int
    #: Intakes that took over meanwhile.
    recycled: int
    #: Processor time, in seconds.
    router_s: float
    intake_s: float
    took_s: float
    #: Processors busy with other people's work.
    others: float


@dataclass(frozen=True, slots=True)
class Dialled:
    """One ticket, from the informateur's readiness to the carrier, in seconds."""

    #: From our asking to be ready to the phone's INVITE.
    rung_s: float
    #: From the phone's answer to the carrier's INVITE.
    dialled_s: float
    whole_s: float


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured."""

    rushes: list[Rush]
    dialled: list[Dialled]
    #: Processors busy with other people's work while they were.
    others: float
    #: With the fewer tickets and with the more.
    few: Weight
    many: Weight
    load_before: float
    load_after: float


def run(scale: Scale, port_offset: int, say: Say) -> Results:
    """Set rigs up, measure, and take them down.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """
    if len(os.sched_getaffinity(0)) < 2:
        raise SetupError("there is one processor only", "Measure on a machine with two.")
    load_before = os.getloadavg()[0]
    rushes = []
    for seed in range(scale.rushes):
        rushes.append(_on_a_rig(partial(rush, scale=scale, seed=seed), scale, port_offset))
        say(describe(rushes[-1]))
    dialled, others, few, many = _on_a_rig(
        lambda rig: promises(rig, scale, port_offset), scale, port_offset
    )
    worst_ms = max(one.whole_s for one in dialled) * 1000
    say(f"  {len(dialled)} dialled with {scale.open:,} tickets open, the last in {worst_ms:.0f} ms")
    return Results(rushes, dialled, others, few, many, load_before, os.getloadavg()[0])


def _on_a_rig(measure: Callable[[Rig], Awaitable[_T]], scale: Scale, port_offset: int) -> _T:
    vault = Path(f"/dev/shm/allo-bench-{os.getuid()}-{port_offset}")
    try:
        return on_a_rig(measure, port_offset, lambda _: None, service(scale, vault, port_offset))
    finally:
        shutil.rmtree(vault, ignore_errors=True)


def service(scale: Scale, vault: Path, port_offset: int) -> Service:
    """Return the shipped service, open nearly all day, that accepts every request.

    Every informateur knows everything, but for one sector, whose only one never comes.
    """
    plan = Service().plan
    week = plan[plan.index("monday = ") : plan.index("\n\n", plan.index("monday = "))]
    always = "\n".join(
        f'{line.partition(" = ")[0]} = ["00:00-23:59"]' for line in week.splitlines()
    )
    for before, after in (
        (week, f'{always}\nsaturday = ["00:00-23:59"]\nsunday = ["00:00-23:59"]'),
        ('holidays = "FR-57"', 'holidays = ""'),
        ("promise_s = 2700", "promise_s = 80_000"),
        ("tickets_per_agent = 6", "tickets_per_agent = 10_000"),
    ):
        assert before in plan, f"the shipped plan no longer says {before}"
        plan = plan.replace(before, after)
    sectors = [sector for sector in tomllib.loads(plan)["sectors"] if sector != UNSTAFFED]
    skills = ", ".join(f"{sector} = 1" for sector in sectors)
    agents = "".join(f"{201 + number} = {{ {skills} }}\n" for number in range(scale.phones))
    return Service(
        plan,
        f"{agents}{_ABSENT} = {{ {UNSTAFFED} = 1 }}\n",
        spoken=tuple(id_ for id_ in provision.sentences(load(None)).prompts if id_ not in TONES),
        asterisk=f'trunk_peer = "127.0.0.1:{_CARRIER_PORT + port_offset}"\ntrunk_qualify_s = 0\n',
        callbacks=f'presented = "3939"\nfiction = true\nvault_dir = "{vault}"\n',
    )


# Requests.


async def rush(rig: Rig, scale: Scale, seed: int) -> Rush:
    """Let requests come, router and intake on a processor of their own."""
    async with on_duty(rig):
        with pinned([rig.router_pid], [rig.asterisk.pid]):
            return await _rush(rig, scale, seed)


async def _rush(rig: Rig, scale: Scale, seed: int) -> Rush:
    askers, asking = _askers(rig), OpenLoop("127.0.0.1", rig.config.settings.http.port)
    calm = scale.rate / 4
    await _ask(asking, askers.mixed(round(calm * _WARM_UP_S)), calm, seed)
    asked = askers.mixed(round(scale.rate * scale.seconds))
    intakes = _intakes(rig)
    begun = _Reading.take(rig)
    answers = await _ask(asking, asked, scale.rate, seed)
    ended = _Reading.take(rig)
    asking.close()
    took_s = ended.at - begun.at
    router_s, intake_s = ended.router - begun.router, ended.intake - begun.intake
    ours = router_s + intake_s + ended.besides - begun.besides
    return Rush(
        latency_s=[one.latency_s for one in answers],
        late_s=[one.late_s for one in answers],
        promises=sum(not one.code for one in asked),
        wrong=wrong(asked, answers),
        reached=len(asked) / took_s,
        connections=asking.connections,
        recycled=_intakes(rig) - intakes,
        router_s=router_s,
        intake_s=intake_s,
        took_s=took_s,
        others=max(0.0, (ended.busy - begun.busy - ours) / took_s),
    )


def _intakes(rig: Rig) -> int:
    """Return how many intakes have got ready so far, by the router's log."""
    with (rig.state_dir / "router.log").open(encoding="utf-8") as log:
        lines = [json.loads(line) for line in log if '"intake"' in line]
    return sum(line["event"] == "intake" and line["state"] == "ready" for line in lines)


async def _ask(asking: OpenLoop, asked: Sequence[Asked], rate: float, seed: int) -> list[Answer]:
    arrivals = instants(rate, len(asked), seed)
    return await asking.run([one.request for one in asked], arrivals)


def wrong(asked: Sequence[Asked], answers: Sequence[Answer]) -> dict[str, int]:
    """Count the answers that were not the right one: "503 full for 202"."""
    return dict(
        Counter(
            f"{answer.told()} for {one.status} {one.code}".rstrip()
            for one, answer in zip(asked, answers, strict=True)
            if not one.is_right(answer)
        )
    )


def describe(one: Rush) -> str:
    """Return a rush in a line, for the progress shown."""
    p50, p99 = (percentile(one.latency_s, share) * 1000 for share in (0.5, 0.99))
    return (
        f"  {one.reached:.0f} requests/s, {one.promises:,} of {len(one.latency_s):,} promised: "
        f"p50 {p50:.1f}, p99 {p99:.1f}, longest {max(one.latency_s) * 1000:.0f} ms; "
        f"{sum(one.wrong.values())} wrong {dict(one.wrong) or ''}; "
        f"router {one.router_s / one.took_s:.2f}, intake {one.intake_s / one.took_s:.2f}, others "
        f"{one.others:.2f} processors; {one.connections} connections, {one.recycled} recycled; "
        f"we were late by {percentile(one.late_s, 0.99) * 1000:.1f} ms (p99)"
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    router: float
    intake: float
    #: Asterisk and ourselves.
    besides: float
    busy: float

    @classmethod
    def take(cls, rig: Rig) -> "_Reading":
        return cls(
            time.monotonic(),
            processor_s(rig.router_pid),
            children_s(rig.router_pid),
            processor_s(rig.asterisk.pid) + own_s()[0],
            busy_s(),
        )


# Callbacks.


async def promises(
    rig: Rig, scale: Scale, port_offset: int
) -> tuple[list[Dialled], float, Weight, Weight]:
    """Open tickets, dial some of them, and weigh them, few and many."""
    carrier = Carrier(_CARRIER_PORT + port_offset)
    try:
        async with on_duty(rig) as (phone, *_):
            askers = _askers(rig)
            await _open_tickets(rig, askers, scale.open + scale.dials)
            begun = _Reading.take(rig)
            dialled = [await _dial(rig, phone, carrier) for _ in range(scale.dials)]
            ended = _Reading.take(rig)
            await asyncio.sleep(_SETTLE_S)
            few = _weigh(rig)
            await _open_tickets(rig, askers, scale.more)
            await asyncio.sleep(_SETTLE_S)
            many = _weigh(rig)
    finally:
        carrier.close()
    ours, theirs = (sum((one.router, one.intake, one.besides)) for one in (begun, ended))
    others = (ended.busy - begun.busy - (theirs - ours)) / (ended.at - begun.at)
    return dialled, max(0.0, others), few, many


async def _dial(rig: Rig, phone: DeskPhone, carrier: Carrier) -> Dialled:
    """Have one informateur get ready, be rung and hear that the person is busy."""
    async with asyncio.timeout(_PATIENCE_S):
        ready_at = time.time()
        await _act(rig, phone.agent, "ready")
        rung_at, answered_at = await phone.calls.get()
        _, dialled_at = await carrier.calls.get()
        await _act(rig, phone.agent, "pause", reason=_PAUSE)
        carrier.refuse()
        await phone.ends.get()
        while (await _desk(rig, phone.agent))["state"] != "paused":
            await asyncio.sleep(0.05)
    return Dialled(rung_at - ready_at, dialled_at - answered_at, dialled_at - ready_at)


async def _open_tickets(rig: Rig, askers: Askers, number: int) -> None:
    asking, asked = OpenLoop("127.0.0.1", rig.config.settings.http.port), askers.promised(number)
    answers = await _ask(asking, asked, _CALM, number)
    asking.close()
    if faults := wrong(asked, answers):
        raise SetupError(f"not everything was promised: {faults}", f"See {rig.state_dir}.")


def _weigh(rig: Rig) -> Weight:
    settings = rig.config.settings
    vault = settings.callbacks.vault_dir
    assert vault is not None  # our own
    return weigh(rig.router_pid, vault, settings.state_dir / FILE_NAME)


# Informateurs.


@asynccontextmanager
async def on_duty(rig: Rig) -> AsyncIterator[list[DeskPhone]]:
    """Have every informateur's phone there and in a pause, and the door open."""
    secrets = rig.config.secrets
    assert secrets is not None  # the rig has written them
    phones = [
        DeskPhone(agent, secrets.agents[PhoneId(agent)], rig.phones)
        for agent in rig.config.plan.agents
        if agent != _ABSENT
    ]
    try:
        async with asyncio.timeout(_PATIENCE_S):
            for phone in phones:
                await phone.register()
            for phone in phones:
                while (await _desk(rig, phone.agent))["state"] != "ready":
                    await asyncio.sleep(0.05)
                await _act(rig, phone.agent, "pause", reason=_PAUSE)
            while (await _request(rig, "GET", f"/v1/callbacks/challenge?fiche={_FICHE}"))[0] != 200:
                await asyncio.sleep(0.1)
        yield phones
    finally:
        for phone in phones:
            phone.close()


def _askers(rig: Rig) -> Askers:
    assert rig.config.secrets is not None  # the rig has written them
    [token] = rig.config.secrets.callback_keys.values()
    return Askers(rig.config.plan, rig.http.removeprefix("http://"), token)


async def _act(rig: Rig, agent: str, what: str, **body: str) -> None:
    status, told = await _request(rig, "POST", f"/v1/agents/me/{what}", agent, body)
    if status != 200:
        raise SetupError(f"{agent} could not {what}: {told}", f"See {rig.state_dir}.")


async def _desk(rig: Rig, agent: str) -> Mapping[str, Any]:
    desk: Mapping[str, Any] = (await _request(rig, "GET", "/v1/agents/me", agent))[1]["desk"]
    return desk


async def _request(
    rig: Rig, method: str, path: str, agent: str = "", body: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    secrets = rig.config.secrets
    assert secrets is not None  # the rig has written them
    headers = {"Authorization": f"Bearer {secrets.tokens[AgentId(agent)]}"} if agent else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, rig.http + path, json=body) as answer,
    ):
        return answer.status, await answer.json()
