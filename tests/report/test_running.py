"""The day so far, beside the report's own counting of the same calls."""

from dataclasses import replace
from datetime import time

import pytest

from router.core.facts import CallFact, Door, Outcome
from router.core.hours import Hours
from router.report.columns import Column
from router.report.counting import tally
from router.report.figures import figure
from router.report.running import RunningDay
from tests.service_plan import HOUR, HOUSING, MONDAY_10H, WORK

HOURS = Hours(week={1: ((time(8, 30), time(18, 15)),)})
MIDNIGHT = MONDAY_10H - 10 * HOUR
CALL = CallFact(int(MONDAY_10H), Door.MENU, WORK, Outcome.ANSWERED, 12, 240, 1, True)
CALLS = [
    CALL,
    replace(CALL, waited_s=181, kept=False),
    replace(CALL, sector=HOUSING, outcome=Outcome.ABANDONED, waited_s=60, talked_s=None, kept=None),
    replace(CALL, sector=None, outcome=Outcome.LEFT, waited_s=None, talked_s=None, kept=None),
]


@pytest.fixture
def day() -> RunningDay:
    return RunningDay(HOURS, 180, MONDAY_10H)


def test_calls_count_as_in_the_report(day: RunningDay) -> None:
    for call in CALLS:
        day.count(call, MONDAY_10H)
    counted = tally(CALLS, 180)
    assert day.by_sector(MONDAY_10H) == {sector: one for (_, sector), one in counted.items()}
    assert figure("service-level/1", day.by_sector(MONDAY_10H)[WORK]).value == 0.5


def test_what_was_stored_before_a_restart_counts(day: RunningDay) -> None:
    day.take_up(CALLS)
    day.count(CALL, MONDAY_10H)
    assert day.by_sector(MONDAY_10H)[WORK][Column.ANSWERED] == 3


def test_it_begins_at_midnight(day: RunningDay) -> None:
    assert day.begins_at == MIDNIGHT
    day.count(CALL, MONDAY_10H)
    assert day.by_sector(MIDNIGHT + 24 * HOUR - 1)
    assert not day.by_sector(MIDNIGHT + 24 * HOUR)
    assert day.begins_at == MIDNIGHT + 24 * HOUR


@pytest.mark.parametrize("hours_before", [0.5, 24])
def test_a_call_of_yesterday_is_yesterday_s_whenever_it_ends(
    day: RunningDay, hours_before: float
) -> None:
    day.count(replace(CALL, period_at=int(MIDNIGHT - hours_before * HOUR)), MIDNIGHT + 60)
    assert not day.by_sector(MIDNIGHT + 60)


def test_a_new_plan_counts_from_then_on(day: RunningDay) -> None:
    day.count(CALL, MONDAY_10H)
    day.change_plan(HOURS, 10)
    day.count(CALL, MONDAY_10H)
    counts = day.by_sector(MONDAY_10H)[WORK]
    assert (counts[Column.WITHIN], counts[Column.LATE]) == (1, 1)
