"""Killed at any instant, the service loses no callback and calls nobody twice.

Several tickets are under way all the time while a process is killed again and again, at an
instant drawn at random: right after a step of some ticket, or at any time. A public network of
our own counts. ALLO_KILLS=100 for as many kills of the router, ALLO_SEED for other instants.
"""

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path

import pytest
import pytest_asyncio

from router.core.callback.tickets import ENDS, Failure
from router.core.commands import Step
from router.demo.stage import Stage
from router.store.tickets import FILE_NAME
from tests.real.cast import Cast
from tests.real.conftest import KILLS_OFFSET, OPEN_AT, PROMISE, PSTN_PORT, NewCast, OpenStage
from tests.real.logs import RouterLog
from tests.real.public_network import Habit, Line, PublicNetwork
from tests.real.usagers import Usager, numbers_kept

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

KILLS = int(os.environ.get("ALLO_KILLS", "6"))
SEED = int(os.environ.get("ALLO_SEED", "4"))
#: Tickets open at once, and dialled at most.
OPEN, ATTEMPTS = 4, 2
#: Until all tickets have ended.
_REST_S = 60.0
_LONGEST_S = 3.0
_AFTER_STEP_S = 0.15
_STEPS = (Step.TICKET_ACCEPTED, Step.RINGING, Step.DIALLED, Step.PICKED_UP, Step.TALKING)

HABITS = (
    *([Habit.ANSWERS] * 4),
    *([Habit.LISTENS] * 3),
    *(Habit.BUSY, Habit.RINGS, Habit.VOICEMAIL, Habit.CURT),
)


class Victim(StrEnum):
    ROUTER = "router"
    INTAKE = "intake"
    ASTERISK = "Asterisk"


class Population:
    """Usagers who ask for callbacks, and what their phones do."""

    def __init__(self, cast: Cast, chance: random.Random) -> None:
        self._cast = cast
        self._chance = chance
        self._habits: dict[str, Habit] = {}
        port = PSTN_PORT + cast.stage.script.port_offset
        self.network = PublicNetwork(port, lambda number: self._habits[number])
        self.usagers: list[Usager] = []
        #: The status that each was answered in the end.
        self.answers: dict[Usager, int] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def ask(self) -> None:
        """Keep `OPEN` tickets open: let others ask for those that have ended."""
        for _ in range(OPEN - self._open() - len(self._asking)):
            usager = self._cast.usager()
            self.usagers.append(usager)
            self._habits[usager.dialled] = self._chance.choice(HABITS)
            task = asyncio.create_task(self._ask(usager))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def rest(self) -> None:
        """Wait until everybody was answered and every ticket is over."""
        async with asyncio.timeout(_REST_S):
            while self._asking or self._open() or self.network.under_way:
                await asyncio.sleep(0.1)

    async def _ask(self, usager: Usager) -> None:
        self.answers[usager] = await usager.ask_until_answered()

    def _open(self) -> int:
        return sum(row[1] not in ENDS for row in records(self._cast.stage).values())


Row = tuple[str, str, int, str | None, float | None]


def records(stage: Stage) -> dict[str, Row]:
    """Return (ticket, state, attempts, failure, ended_at) of every ticket, as they are on disk."""
    path = stage.config.settings.state_dir / FILE_NAME
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT ticket, state, attempts, failure, ended_at FROM tickets")
        return {row[0]: row for row in rows}


def faults(usager: Usager, lines: list[Line], row: Row | None) -> list[str]:
    """Return what went wrong with a ticket that was promised."""
    if row is None:
        return ["lost"]
    _, state, attempts, failure, ended_at = row
    found = []
    if state not in ENDS or ended_at is None:
        found.append(f"never ended: {state}")
    if state == "lost_reboot" or failure == Failure.NUMBER_LOST:
        found.append("its number was lost")
    if attempts > ATTEMPTS:
        found.append(f"{attempts} attempts")
    if len(lines) > attempts:
        found.append(f"{len(lines)} calls for {attempts} attempts")
    if sum(line.talked for line in lines) > 1:
        found.append("two conversations")
    if any(line.talked for line in lines) and state != "done":
        found.append(f"a conversation that counts as {state}")
    if state == "done" and not any(line.pressed for line in lines):
        found.append("done, and nobody pressed 1")
    ended = [line.ended_at for line in lines]
    for before, line in zip(ended, lines[1:], strict=False):
        if before is None or before > line.began_at:
            found.append("two calls at once")
    if usager.number_is_kept:
        found.append("its number is kept")
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def cast(open_stage: OpenStage, new_cast: NewCast) -> AsyncIterator[Cast]:
    options = {
        "phones": True,
        "rings_s": 0.3,
        "talks_s": 4.0,
        "targets": {"wrap_up_s": 0},
        "promise": PROMISE | {"promise_s": 300},
    }
    async with open_stage(KILLS_OFFSET, OPEN_AT, **options) as stage, new_cast(stage) as cast:
        cast.expected_in_asterisk += [
            r"WebSocket read error|Web socket closed abruptly|Error reading from web socket",
            r"Stasis app 'allo' not active",
            # A phone that a new Asterisk does not know yet.
            r"Endpoint 'agent-\d+': Could not create dialog",
            r"Failed to create outgoing session to endpoint 'agent-\d+'",
        ]
        cast.expected_in_router += [
            "no connection to asterisk",
            "'event': 'intake'",
            "callback not dialled",  # by an intake that was killed over it
            "'operation': 'ring'",  # a phone that a new Asterisk does not know yet
        ]
        yield cast


async def test_killed_at_any_instant_nothing_is_lost_or_doubled(cast: Cast) -> None:
    chance = random.Random(SEED)
    people = Population(cast, chance)
    await people.network.open()
    victims = [Victim.ROUTER] * KILLS
    victims += [Victim.INTAKE] * (KILLS // 5) + [Victim.ASTERISK] * (KILLS // 6)
    chance.shuffle(victims)
    await cast.callbacks_open()
    try:
        for victim in victims:
            await people.ask()
            await an_instant(cast.stage, chance)
            await kill(cast.stage, victim, people.network)
        await people.rest()
        report(cast, people, victims)
        await nothing_left(cast)
    finally:
        await people.network.close()


async def an_instant(stage: Stage, chance: random.Random) -> None:
    """Wait until just after some step, or for any time."""
    log = RouterLog(stage.router_log)
    step = chance.choice([*_STEPS, None])
    if step is None:
        await asyncio.sleep(chance.uniform(0, _LONGEST_S))
        return
    delay_s = chance.uniform(0, _AFTER_STEP_S)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST_S):
            await log.step(step)
    await asyncio.sleep(delay_s)


async def kill(stage: Stage, victim: Victim, network: PublicNetwork) -> None:
    match victim:
        case Victim.ROUTER:
            await stage.kill_router()
            await stage.start_router()
        case Victim.INTAKE:
            for child in children(stage):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        case Victim.ASTERISK:
            await stage.asterisk.crash()
            network.cut()
            await stage.asterisk.start()
            await asyncio.gather(*(phone.register() for phone in stage.phones))


def children(stage: Stage) -> list[int]:
    """Return the router's processes: its intakes."""
    assert stage.router is not None
    pid = stage.router.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def report(cast: Cast, people: Population, victims: list[Victim]) -> None:
    """Say what was counted, and that nothing was wrong with it."""
    rows = records(cast.stage)
    promised = [usager for usager in people.usagers if people.answers[usager] == 202]
    wrong = {}
    for usager in promised:
        lines = people.network.of(usager.dialled)
        if found := faults(usager, lines, rows.get(usager.ticket)):
            wrong[usager.number] = (found, rows.get(usager.ticket), lines)
    ends = Counter(f"{row[1]} {row[3] or ''}".strip() for row in rows.values())
    calls = Counter(len(people.network.of(usager.dialled)) for usager in promised)
    talks = sum(line.talked for line in people.network.lines)
    # Pressed 1 in the instant of a kill, and left before another informateur was there.
    ends["done, unheard"] = sum(row[1] == "done" for row in rows.values()) - talks
    print(
        f"killed: {dict(Counter(map(str, victims)))}; tickets: {len(promised)}; "
        f"calls: {len(people.network.lines)}, by ticket {dict(sorted(calls.items()))}; "
        f"conversations: {talks}; ends: {dict(sorted(ends.items()))}"
    )
    assert not wrong, "\n".join(f"{number}: {what}" for number, what in wrong.items())
    assert rows.keys() == {usager.ticket for usager in promised}
    assert {line.number for line in people.network.lines} <= {one.dialled for one in promised}
    assert people.network.faults == []
    assert promised
    assert talks


async def nothing_left(cast: Cast) -> None:
    for kind in ("channels", "bridges"):
        await cast.until(lambda kind=kind: cast.ari(kind), lambda held: held == [])
    await cast.until(cast.calls, lambda calls: calls == {})
    phones = len(cast.stage.phones)
    await cast.until(cast.agents, lambda agents: agents["ready"] == phones)
    assert numbers_kept(cast.stage) == []
    for phone in cast.stage.phones:
        await phone.leave()
