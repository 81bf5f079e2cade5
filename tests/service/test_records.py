"""What is written down of what the engine tells, and what is said when it cannot be."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from router.clock import Clock
from router.config import Retention
from router.core.commands import Counted, DeskChanged, Noted, Step, TodayChanged
from router.core.events import CalledEnd
from router.core.facts import CallFact, DirectiveFact, Door, DutyFact, Outcome, WatchFact
from router.core.ids import AgentId, CallId, PhoneId
from router.core.requests import Watching
from router.core.today import Today
from router.errors import StoreError
from router.replay import Tape
from router.report.running import RunningDay
from router.service import records
from router.service.records import Records
from router.store import Store
from router.web.metrics import Metrics
from tests.patience import PATIENCE_S
from tests.service_plan import MONDAY_10H, WORK, small_plan

PLAN = small_plan()
CALL = CallId("c1")
FACT = CallFact(int(MONDAY_10H), Door.MENU, WORK, Outcome.ANSWERED, 12, 240, 1, True)
SESSION = DeskChanged(AgentId("101"), PhoneId("101"))


class Books:
    """Records, and what they are written in."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "facts.sqlite3"
        self.store = Store(self.path)
        self.tape = Tape(folder / "recording")
        self.metrics = Metrics(PLAN.sectors)
        clock = Clock(MONDAY_10H - time.time())
        self.records = Records(
            self.store,
            self.metrics,
            self.tape,
            RunningDay(PLAN.hours, PLAN.targets.live_target_s, MONDAY_10H),
            lambda: PLAN.hours,
            Retention(duty_days=30, watches_days=10),
            clock,
            structlog.get_logger(),
        )


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


async def test_a_step_is_logged_with_what_is_known_of_it_and_counted(
    books: Books, lines: list[Any]
) -> None:
    step = Noted(CALL, Step.TALKING, sector=WORK, agent=AgentId("101"), seconds=12.3456)
    books.records.take(step, MONDAY_10H + 0.12345)
    await books.records.close()
    assert lines == [
        {
            "event": "step",
            "log_level": "info",
            "service_time": MONDAY_10H + 0.123,
            "call": CALL,
            "step": Step.TALKING,
            "sector": WORK,
            "agent": "101",
            "seconds": 12.346,
        }
    ]
    assert b'allo_steps_total{step="talking"} 1.0' in generate_latest(books.metrics.registry)


@pytest.mark.parametrize(
    ("step", "event", "level"),
    [
        (
            Noted(CALL, Step.NOT_REACHED, detail=CalledEnd.SILENT),
            "the carrier did not take a call",
            "warning",
        ),
        (Noted(CALL, Step.NUMBER_LOST), "a callback's number is lost", "error"),
    ],
)
async def test_some_steps_are_told_loudly(
    books: Books, lines: list[Any], step: Noted, event: str, level: str
) -> None:
    books.records.take(step, MONDAY_10H)
    await books.records.close()
    assert [(line["event"], line["log_level"]) for line in lines] == [
        (event, level),
        ("step", "info"),
    ]


async def test_facts_and_sessions_are_written_at_the_end_at_the_latest(books: Books) -> None:
    books.records.take(Counted(FACT), MONDAY_10H)
    books.records.take(SESSION, MONDAY_10H)
    await books.records.close()
    written = Store.open_to_read(books.path)
    day = PLAN.hours.local(MONDAY_10H).date()
    assert written.calls(day, day, "Europe/Paris") == [FACT]
    assert written.sessions() == (SESSION,)
    written.close()


async def test_facts_that_cannot_be_written_are_told_as_lost(
    books: Books, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise StoreError(str(books.path), "cannot be used: disk full", "Make room.")

    monkeypatch.setattr(books.store, "flush", fail)
    books.records.take(Counted(FACT), MONDAY_10H)
    await books.records.close()
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("facts cannot be written", "error"),
        ("facts lost", "error"),
    ]


async def test_sessions_that_cannot_be_read_are_told_and_calls_go_on(
    books: Books, lines: list[Any]
) -> None:
    books.path.mkdir()
    assert books.records.take_up() == ((), None)
    [line] = lines
    assert line["event"] == "facts and sessions cannot be read"
    assert line["reason"].startswith(f"{books.path} cannot be used: Is a directory. ")
    await books.records.close()


async def test_what_names_an_informateur_is_forgotten_in_time(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "FLUSH_S", 0.001)
    agent, today = AgentId("101"), PLAN.hours.local(MONDAY_10H).date()
    days = [today - timedelta(days=ago) for ago in (31, 30, 0)]
    for day in days:
        books.records.take(Counted(DutyFact(day, agent)), MONDAY_10H)
        at = MONDAY_10H - 86_400.0 * (today - day).days / 3.05
        books.records.take(Counted(WatchFact(at, "sup", agent, Watching.LISTEN)), MONDAY_10H)
    keeping = asyncio.create_task(books.records.keep_facts())
    zone = "Europe/Paris"
    async with asyncio.timeout(PATIENCE_S):
        while books.store.duty(days[0], today) != [DutyFact(day, agent) for day in days[1:]]:
            await asyncio.sleep(0.001)
        assert len(books.store.watches(days[0], today, zone)) == 2
        books.records.change(Retention(duty_days=1, watches_days=1))
        while len(books.store.duty(days[0], today)) > 1:
            await asyncio.sleep(0.001)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    assert len(books.store.watches(days[0], today, zone)) == 1
    await books.records.close()


async def test_what_a_supervisor_directs_is_written_at_once(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "FLUSH_S", 100 * PATIENCE_S)
    keeping = asyncio.create_task(books.records.keep_facts())
    today = PLAN.hours.day_of(MONDAY_10H)
    changes = Today(today, closes_at=MONDAY_10H + 60)
    directed = DirectiveFact(MONDAY_10H, "sup", "close early", None, "10:01", "why")
    await asyncio.sleep(0)
    books.records.take(TodayChanged(changes), MONDAY_10H)
    books.records.take(Counted(directed), MONDAY_10H)
    async with asyncio.timeout(PATIENCE_S):
        while not books.store.directives(today, today, "Europe/Paris"):
            await asyncio.sleep(0.01)
    assert books.store.today() == changes
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    await books.records.close()


async def test_the_end_of_a_recording_is_told_once(
    books: Books, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "RECORD_S", 0.001)
    books.tape.stop("what a caller types could be a telephone number")
    keeping = asyncio.create_task(books.records.keep_tape())
    async with asyncio.timeout(PATIENCE_S):
        while not lines:
            await asyncio.sleep(0.001)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    await books.records.close()
    [line] = lines
    assert (line["event"], line["log_level"]) == ("recording stopped", "error")
    assert line["reason"] == "what a caller types could be a telephone number"
