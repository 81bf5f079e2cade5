"""The benchmark `wallboard`: what those who watch cost, the router and a page.

On the crowd of `ring`, through the real Asterisk: turns in which nobody watches and turns in which
boards do, one of each in a pair, each first in every other pair: whatever grows meanwhile weighs on
both alike. What the boards cost is the difference of the processor time that the router and its
intakes take. Boards without a screen follow the stream as the page does, in this process. Then a
real Chromium shows the page, in turns of its own, and says what that takes.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.browser import chromium
from tests.browser.chromium import Page
from tests.load import ring
from tests.load.board_reader import BoardReader, watching
from tests.load.meters import Noise, busy_s, own_s, processor_s
from tests.load.processes import children_s
from tests.load.rig import Rig, on_a_rig

#: Between two turns, and until the page is at work: the callers go on calling.
_BETWEEN_S = 2.0
_OPENS_S = 15.0
#: Counts what the page is told: each event is parsed once, and nothing else is.
_COUNT = """
window.told = 0;
const parse = JSON.parse;
JSON.parse = (...given) => { window.told += 1; return parse(...given); };
"""
#: A screen on a wall.
WIDTH, HEIGHT = 1920, 1080

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """Callers/s, informateurs, boards; how many pairs of turns, and turns of the page, how long."""

    rate: int = 20
    phones: int = 60
    boards: int = 20
    pairs: int = 6
    page_turns: int = 3
    turn_s: float = 20.0

    @property
    def crowd(self) -> ring.Scale:
        """The crowd that is there for as long as all turns last."""
        turns = 2 * self.pairs + self.page_turns
        return ring.Scale(self.rate, self.phones, 1, turns * (self.turn_s + _BETWEEN_S) + _OPENS_S)


FULL = Scale()
QUICK = Scale(pairs=2, page_turns=1, turn_s=8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Some seconds, with so many boards."""

    boards: int
    took_s: float
    #: Processor time of the router, and of its intakes, in seconds.
    router_s: float
    intake_s: float
    #: Conversations that have begun.
    talks: int
    #: What all boards were told: events by their names, octets, and connections that were lost.
    told: Counter[str]
    #: Processors busy with other people's work.
    others: float

    @property
    def served_per_s(self) -> float:
        return self.talks / self.took_s

    @property
    def share(self) -> float:
        """What the router and its intakes took of a processor, in per cent."""
        return (self.router_s + self.intake_s) / self.took_s * 100


@dataclass(frozen=True, slots=True)
class Pair:
    """Two turns, one beside the other."""

    unwatched: Turn
    watched: Turn

    @property
    def turns(self) -> tuple[Turn, Turn]:
        return self.unwatched, self.watched

    @property
    def cost(self) -> float:
        """What the boards cost, in per cent of a processor."""
        return self.watched.share - self.unwatched.share


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTurn:
    """Some seconds of a page that shows the board; times are processor time, in seconds."""

    took_s: float
    #: Of the page's main thread in its tasks; of them in scripts, and in styles and layouts.
    task_s: float
    script_s: float
    layout_s: float
    #: Of the whole process that the page lives in.
    process_s: float
    events: int
    layouts: int


@dataclass(frozen=True, slots=True)
class Measured:
    """All turns, and what became of the callers."""

    pairs: list[Pair] = field(repr=False)
    page: list[PageTurn] = field(repr=False)
    calls: int
    failed: int
    noise: Noise


def run(scale: Scale, port_offset: int, say: Say) -> Measured:
    """Set a rig and a browser up, measure, and take them down.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """
    with chromium.running() as browser:
        return on_a_rig(
            lambda rig: measure(rig, browser, scale, say),
            port_offset,
            say,
            ring.service(scale.crowd),
        )


async def measure(rig: Rig, browser: str, scale: Scale, say: Say) -> Measured:
    """Have a crowd at an open rig, and take turns at watching it."""
    load_before = os.getloadavg()[0]
    async with ring.crowd(rig, scale.crowd) as crowd:
        watch = _Watch(rig, crowd, scale.turn_s)
        pairs = []
        for number in range(scale.pairs):
            turns = {}
            for boards in (0, scale.boards) if number % 2 == 0 else (scale.boards, 0):
                turns[boards] = await watch.turn(boards)
            pairs.append(Pair(turns[0], turns[scale.boards]))
            say(describe(pairs[-1]))
        page = []
        async with _shown(browser, rig.http, watch.token) as shown:
            for _ in range(scale.page_turns):
                page.append(await page_turn(shown, scale.turn_s))
                say(describe_page(page[-1]))
        totals = await crowd.served()
    others = [one.others for pair in pairs for one in pair.turns]
    return Measured(
        pairs,
        page,
        crowd.calls,
        crowd.calls - int(totals["SuccessfulCall(C)"]),
        Noise(others, load_before, os.getloadavg()[0]),
    )


# Turns at the service.


class _Watch:
    """Those who watch the service of a rig, turn by turn."""

    def __init__(self, rig: Rig, crowd: ring.Crowd, turn_s: float) -> None:
        secrets = rig.config.secrets
        assert secrets is not None  # the rig has written them
        assert secrets.machines_token is not None
        #: Of the scope `read`, as a screen on a wall has.
        self.token = secrets.machines_token
        self._rig, self._crowd, self._turn_s = rig, crowd, turn_s

    async def turn(self, boards: int) -> Turn:
        """Have so many boards watch, from before it begins until after it ends."""
        async with watching(self._rig.http, self.token, boards) as readers:
            begun = _Reading.take(self._rig, self._crowd, readers)
            await asyncio.sleep(self._turn_s)
            ended = _Reading.take(self._rig, self._crowd, readers)
        return ended.since(begun, boards)


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    router_s: float
    intake_s: float
    #: Of Asterisk and ourselves.
    rest_s: float
    busy_s: float
    talks: int
    told: Counter[str]

    @classmethod
    def take(cls, rig: Rig, crowd: ring.Crowd, readers: list[BoardReader]) -> "_Reading":
        told: Counter[str] = Counter()
        for one in readers:
            told.update(one.counted)
        return cls(
            time.monotonic(),
            processor_s(rig.router_pid),
            children_s(rig.router_pid),
            processor_s(rig.asterisk.pid) + own_s()[0],
            busy_s(),
            crowd.answered,
            told,
        )

    def since(self, begun: "_Reading", boards: int) -> Turn:
        took_s = self.at - begun.at
        router_s, intake_s = self.router_s - begun.router_s, self.intake_s - begun.intake_s
        ours_s = router_s + intake_s + self.rest_s - begun.rest_s
        return Turn(
            boards=boards,
            took_s=took_s,
            router_s=router_s,
            intake_s=intake_s,
            talks=self.talks - begun.talks,
            told=self.told - begun.told,
            others=max(0.0, (self.busy_s - begun.busy_s - ours_s) / took_s),
        )


# Turns of the page.


@asynccontextmanager
async def _shown(browser: str, home: str, token: str) -> AsyncIterator[Page]:
    """Show the board as a screen on a wall does: with the token behind the address."""
    async with chromium.page(browser, _COUNT) as page:
        await page.look(WIDTH, HEIGHT)
        # Processor time, not elapsed time: other work does not weigh on the page.
        await page.call("Performance.enable", timeDomain="threadTicks")
        await page.goto(f"{home}/wallboard#jeton={token}")
        await page.until("document.body.dataset.feed === 'fresh'")
        yield page


async def page_turn(page: Page, seconds: float) -> PageTurn:
    """Let the page show what it is told for so long."""
    begun, told, at = await _metrics(page), await page.js("told"), time.monotonic()
    await asyncio.sleep(seconds)
    ended, told_then, took_s = await _metrics(page), await page.js("told"), time.monotonic() - at
    more = {name: value - begun[name] for name, value in ended.items()}
    return PageTurn(
        took_s=took_s,
        task_s=more["TaskDuration"],
        script_s=more["ScriptDuration"],
        layout_s=more["RecalcStyleDuration"] + more["LayoutDuration"],
        process_s=more["ProcessTime"],
        events=told_then - told,
        layouts=round(more["LayoutCount"]),
    )


async def _metrics(page: Page) -> dict[str, float]:
    told = await page.call("Performance.getMetrics")
    return {one["name"]: one["value"] for one in told["metrics"]}


# What is shown meanwhile.


def describe(pair: Pair) -> str:
    """Return a pair of turns in a line, for the progress shown."""
    unwatched, watched = (
        f"{one.share:.2f} % ({one.served_per_s:.1f} served/s, other work {one.others:.2f})"
        for one in pair.turns
    )
    return (
        f"  the router {unwatched}; with {pair.watched.boards} boards {watched}: {pair.cost:+.2f} %"
    )


def describe_page(turn: PageTurn) -> str:
    """Return a turn of the page in a line, for the progress shown."""
    return (
        f"  the page: {turn.task_s / turn.took_s * 100:.2f} % of a processor in its tasks, "
        f"{turn.process_s / turn.took_s * 100:.2f} % in its process; "
        f"{turn.events / turn.took_s:.1f} events/s, {turn.layouts / turn.took_s:.1f} layouts/s"
    )
