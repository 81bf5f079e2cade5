"""The benchmark `restart`: how soon a router that was killed is back, with calls up.

On the real Asterisk: half of the callers talk, the others wait. The router is killed by SIGKILL
and started anew after the pause that its unit makes (RestartSec), as systemd would. From the kill
until /readyz says ready, and until the log says that every call is taken up, which comes first:
pages are served by the intake, a process that starts after that.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from router.core.call.life import CallState
from router.core.commands import Step
from router.core.ids import PhoneId
from router.demo.phones import Sipp
from router.deploy.program import deploy_file
from router.errors import SetupError
from tests.load import ring
from tests.load.busy_phone import BusyPhone
from tests.load.ivr import SCENARIOS
from tests.load.meters import percentile, processor_s
from tests.load.processes import children_s
from tests.load.report import Figure, Report, figure
from tests.load.rig import NUMBERS, Rig, Service, on_a_rig

#: A day: no talk ends by itself.
_TALKS_S = 86_400.0
#: Callers a second, at first.
_RATE = 10
#: How long the calls may take to be up, and to be found again.
_PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.02
_BAR_S = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How many calls are up, half of them talks, and how often the router is killed.

    `waves` times everything is set up anew: callers of SIPp's are patient for two minutes.
    """

    calls: int = 50
    kills: int = 5
    waves: int = 4


FULL = Scale()
QUICK = Scale(waves=1)


@dataclass(frozen=True, slots=True)
class Back:
    """Seconds from a kill until the router was ready, and until every call was taken up.

    `processor_s` is what router and intake had taken by the former, whatever else ran.
    """

    ready_s: float
    taken_up_s: float
    processor_s: float


def pause_s() -> float:
    """Return how long systemd waits before it starts the router again."""
    unit = deploy_file("systemd/allo-router.service").read_text(encoding="utf-8")
    found = re.search(r"^RestartSec=([0-9.]+)$", unit, re.MULTILINE)
    assert found is not None, "the unit says it in seconds"
    return float(found[1])


def run(scale: Scale, port_offset: int, say: Say) -> list[Back]:
    """Set a rig up for each wave, measure, and take it down.

    Raises:
        SetupError: If something is missing here, a port is taken, or a call was not taken up.
    """
    told = ring.service(ring.Scale(phones=scale.calls // 2))
    # Neither SIPp nor the phones send sound.
    quiet = Service(told.plan, told.agents, told.spoken, asterisk="agent_rtp_timeout_s = 0\n")
    kills: list[Back] = []
    for _ in range(scale.waves):
        kills += on_a_rig(lambda rig: measure(rig, scale, say), port_offset, say, quiet)
    return kills


async def measure(rig: Rig, scale: Scale, say: Say) -> list[Back]:
    """Kill the router of an open rig again and again."""
    secrets = rig.config.secrets
    assert secrets is not None  # the rig has written them
    phones = [
        BusyPhone(agent, secrets.agents[PhoneId(agent)], rig.phones, _TALKS_S)
        for agent in rig.config.plan.agents
    ]
    callers = Sipp(rig.toolbox, SCENARIOS / "waiting.xml", rig.sip, rig.state_dir / "sipp")
    pause, backs = pause_s(), []
    try:
        for phone in phones:
            await phone.register()
        calls = str(scale.calls)
        await callers.start(
            {}, *("-s", NUMBERS["router"], "-r", str(_RATE), "-m", calls, "-l", calls)
        )
        await _all_up(rig, scale)
        for _ in range(scale.kills):
            begun_at, begun, logged = time.time(), time.monotonic(), len(_found_at(rig))
            await rig.kill_router()
            await asyncio.sleep(pause)
            await rig.start_router()
            ready_s = time.monotonic() - begun
            took_s = processor_s(rig.router_pid) + children_s(rig.router_pid)
            await _all_up(rig, scale)
            found_at = _found_at(rig)[logged:]
            assert len(found_at) == scale.calls
            backs.append(Back(ready_s, max(found_at) - begun_at, took_s))
            say(f"all calls after {backs[-1].taken_up_s:.2f} s, ready {backs[-1].ready_s:.2f} s")
    finally:
        await callers.stop()
        for phone in phones:
            phone.close()
    return backs


def _found_at(rig: Rig) -> list[float]:
    """Return when each call was taken up, by the router's log, on this machine's clock."""
    lines = (rig.state_dir / "router.log").read_text(encoding="utf-8").splitlines()
    steps = [json.loads(line) for line in lines if Step.FOUND.value in line]
    return [datetime.fromisoformat(step["timestamp"]).timestamp() for step in steps]


async def _all_up(rig: Rig, scale: Scale) -> None:
    """Wait until half of the calls are talks, and the others wait.

    Raises:
        SetupError: If that does not come.
    """
    talks = scale.calls // 2
    wanted = {CallState.TALKING: talks, CallState.WAITING: scale.calls - talks}
    up: dict[str, float] = {}
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while up != wanted:
                await asyncio.sleep(_LOOK_EVERY_S)
                up = {state: count for state, count in (await rig.calls()).items() if count}
    except TimeoutError:
        raise SetupError(
            f"of {scale.calls} calls these are up: {up}", f"See {rig.state_dir}/router.log."
        ) from None


def report(backs: list[Back], scale: Scale) -> Report:
    """Return the figures; the bar is on the worst of all kills."""
    ready, taken_up = [one.ready_s for one in backs], [one.taken_up_s for one in backs]
    told: list[Figure] = [
        figure("Killed to ready, p50", "s", [percentile(ready, 0.5)]),
        figure("Killed to ready, worst", "s", [max(ready)], below=_BAR_S),
        figure("Killed to every call taken up, p50", "s", [percentile(taken_up, 0.5)]),
        figure("Killed to every call taken up, worst", "s", [max(taken_up)], below=_BAR_S),
        figure(
            "Processor time until ready, p50",
            "s",
            [percentile([one.processor_s for one in backs], 0.5)],
        ),
    ]
    notes = [
        f"{len(backs)} kills with {scale.calls} calls up, half of them talks; no call was lost. "
        f"The {pause_s():g} s that systemd waits before it starts the router are in it.",
    ]
    details: dict[str, Any] = {"scale": asdict(scale), "kills": [asdict(one) for one in backs]}
    return Report("restart", "", told, notes, details)
