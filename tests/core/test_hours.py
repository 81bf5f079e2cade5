import math
from dataclasses import replace
from datetime import date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.core.hours import Closed, DayException, Hours, Opening
from router.french import clock_text, next_opening

PARIS = ZoneInfo("Europe/Paris")
MORNING = (time(8, 30), time(13))
LONG_DAY = (time(8, 30), time(18, 15))
WEEK = {
    1: (LONG_DAY,),
    2: (MORNING,),
    3: (MORNING,),
    4: (LONG_DAY,),
    5: ((time(13), time(17)),),
}
HOLIDAYS = {date(2026, 12, 25): "Noël", date(2026, 12, 26): "Deuxième jour de Noël"}
HOURS = Hours(week=WEEK, holiday_name=HOLIDAYS.get)


def at(text: str, zone: ZoneInfo = PARIS, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def every_day(*openings: Opening) -> Hours:
    return Hours(week={weekday: openings for weekday in range(1, 8)})


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-23T08:29:59", False),
        ("2026-11-23T08:30", True),
        ("2026-11-23T18:14:59", True),
        ("2026-11-23T18:15", False),
        ("2026-11-24T13:00", False),
        ("2026-11-27T12:59", False),
        ("2026-11-27T13:00", True),
        ("2026-11-28T10:00", False),
        ("2026-12-25T14:00", False),
    ],
)
def test_the_week_as_the_service_states_it(when: str, expected: bool) -> None:
    assert HOURS.is_open(at(when)) is expected


def test_next_changes() -> None:
    monday = at("2026-11-23T10:00")
    assert HOURS.closes_at(monday) == at("2026-11-23T18:15")
    assert HOURS.next_change(monday) == at("2026-11-23T18:15")
    assert HOURS.next_opening(monday) == at("2026-11-24T08:30")
    tuesday_evening = at("2026-11-24T20:00")
    assert HOURS.closes_at(tuesday_evening) is None
    assert HOURS.next_opening(tuesday_evening) == at("2026-11-25T08:30")
    assert HOURS.next_change(tuesday_evening) == at("2026-11-25T08:30")


def test_the_next_opening_steps_over_holidays_and_the_weekend() -> None:
    # Thursday evening; Friday and Saturday are holidays in Moselle.
    assert HOURS.next_opening(at("2026-12-24T19:00")) == at("2026-12-28T08:30")


def test_never_open() -> None:
    never = Hours()
    now = at("2026-11-23T10:00")
    assert not never.is_open(now)
    assert never.next_opening(now) is None
    assert never.next_change(now) is None
    assert next_opening(never, now) == "à une date qui n’est pas encore fixée"


def test_an_opening_beyond_the_horizon_is_none() -> None:
    hours = Hours(exceptions={date(2028, 1, 10): DayException(open=(MORNING,))})
    assert hours.next_opening(at("2026-11-23T10:00")) is None
    assert hours.next_opening(at("2027-11-23T10:00")) == at("2028-01-10T08:30")


def test_exceptions_win_over_the_week_and_over_holidays() -> None:
    hours = Hours(
        week=WEEK,
        holiday_name=HOLIDAYS.get,
        exceptions={
            date(2026, 11, 23): DayException(reason="formation"),
            date(2026, 12, 25): DayException(open=(MORNING,), reason="permanence"),
        },
    )
    assert not hours.is_open(at("2026-11-23T10:00"))
    assert hours.is_open(at("2026-12-25T09:00"))
    assert not hours.is_open(at("2026-12-25T14:00"))
    assert hours.day(date(2026, 12, 25)) == (MORNING,)


def test_why_closed() -> None:
    hours = Hours(
        week=WEEK,
        holiday_name=HOLIDAYS.get,
        exceptions={
            date(2026, 11, 23): DayException(reason="formation"),
            date(2026, 11, 26): DayException(open=(MORNING,), reason="fermeture anticipée"),
        },
    )
    assert hours.why_closed(at("2026-11-24T18:00")) is Closed.HOURS
    assert hours.why_closed(at("2026-12-25T14:00")) is Closed.HOLIDAY
    assert hours.why_closed(at("2026-11-23T10:00")) is Closed.EXCEPTIONAL
    assert hours.why_closed(at("2026-11-26T15:00")) is Closed.EXCEPTIONAL
    assert hours.why_closed(at("2026-11-26T20:00")) is Closed.HOURS


def test_midnight_closes_the_day_and_joins_the_next_one() -> None:
    evening = Hours(week={1: ((time(20), time.min),)})
    assert evening.closes_at(at("2026-11-23T21:00")) == at("2026-11-24T00:00")
    assert not evening.is_open(at("2026-11-24T00:00"))
    night = Hours(week={1: ((time(20), time.min),), 2: ((time.min, time(6)),)})
    assert night.closes_at(at("2026-11-23T21:00")) == at("2026-11-24T06:00")
    assert night.is_open(at("2026-11-24T00:00"))
    assert night.next_opening(at("2026-11-23T21:00")) == at("2026-11-30T20:00")


def test_a_service_that_never_closes() -> None:
    always = every_day((time.min, time.min))
    now = at("2026-11-23T10:00")
    assert always.is_open(now)
    assert always.closes_at(now) is None
    assert always.next_opening(now) is None
    assert always.next_change(now) is None


def test_openings_that_touch_are_one() -> None:
    hours = every_day((time(13), time(17)), (time(8), time(13)))
    assert hours.closes_at(at("2026-11-23T09:00")) == at("2026-11-23T17:00")


class TestClockPutBack:
    """25 October 2026: 02:00-03:00 occurs twice."""

    def test_an_opening_across_it_is_an_hour_longer(self) -> None:
        hours = every_day((time(1), time(4)))
        opening = at("2026-10-25T01:00")
        assert hours.next_opening(opening - 1) == opening
        assert hours.closes_at(opening) == opening + 4 * 3600

    def test_a_time_that_comes_twice_counts_the_first_time(self) -> None:
        hours = every_day((time(2, 15), time(2, 45)))
        first, second = at("2026-10-25T02:30"), at("2026-10-25T02:30", fold=1)
        assert second == first + 3600
        assert hours.is_open(first)
        assert not hours.is_open(second)
        assert hours.next_opening(second) == at("2026-10-26T02:15")

    def test_the_day_before_is_not_moved(self) -> None:
        assert HOURS.next_opening(at("2026-10-23T18:00")) == at("2026-10-26T08:30")


class TestClockPutForward:
    """28 March 2027: the clock jumps from 02:00 to 03:00."""

    JUMP = at("2027-03-28T03:00")

    def test_an_opening_across_it_is_an_hour_shorter(self) -> None:
        hours = every_day((time(1), time(4)))
        opening = at("2027-03-28T01:00")
        assert hours.closes_at(opening) == opening + 2 * 3600

    def test_a_time_that_is_skipped_is_reached_at_the_jump(self) -> None:
        opens = every_day((time(2, 30), time(4)))
        assert opens.next_opening(self.JUMP - 60) == self.JUMP
        closes = every_day((time(1), time(2, 30)))
        assert closes.closes_at(self.JUMP - 60) == self.JUMP

    def test_an_opening_inside_the_jump_does_not_take_place(self) -> None:
        hours = every_day((time(2, 10), time(2, 50)))
        assert not hours.is_open(self.JUMP)
        assert hours.next_opening(self.JUMP - 3600) == at("2027-03-29T02:10")


@pytest.mark.parametrize(
    ("now", "text"),
    [
        ("2026-11-22T20:00", "demain, lundi 23 novembre, à 8 h 30"),
        ("2026-11-23T07:00", "aujourd’hui à 8 h 30"),
        ("2026-11-20T18:00", "lundi 23 novembre à 8 h 30"),
        ("2026-11-26T19:00", "demain, vendredi 27 novembre, à 13 h"),
        ("2027-06-29T19:00", "demain, mercredi 30 juin, à 8 h 30"),
    ],
)
def test_the_next_opening_in_words(now: str, text: str) -> None:
    assert next_opening(HOURS, at(now)).replace("\u00a0", " ") == text


def test_a_clock_in_words_keeps_together() -> None:
    assert clock_text(time(9, 5)) == "9\u00a0h\u00a005"
    assert clock_text(time(13)) == "13\u00a0h"


def test_equal_tables_are_equal_whatever_was_asked() -> None:
    ours = Hours(week=WEEK, holiday_name=HOLIDAYS.get)
    ours.is_open(at("2026-11-23T10:00"))
    assert ours == Hours(week=WEEK, holiday_name=HOLIDAYS.get)


def test_the_day_is_looked_up_once() -> None:
    days: list[date] = []

    def holiday_name(day: date) -> None:
        days.append(day)

    hours = Hours(week=WEEK, holiday_name=holiday_name)
    start = at("2026-11-23T10:00")
    for second in range(1000):
        assert hours.is_open(start + second)
    assert len(days) < 10


# Random tables: up to three openings a day, from quarter to quarter, disjoint.
ZONES = ("Europe/Paris", "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe", "UTC")


@st.composite
def openings(draw: st.DrawFn) -> tuple[Opening, ...]:
    quarters = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    clocks = [time(quarter // 4 % 24, quarter % 4 * 15) for quarter in quarters]
    return tuple(pairwise(clocks))[::2]


@st.composite
def tables(draw: st.DrawFn) -> Hours:
    near = st.dates(date(2026, 10, 20), date(2026, 11, 5))
    closed = draw(st.sets(near, max_size=5))
    return Hours(
        zone=draw(st.sampled_from(ZONES)),
        week=draw(st.dictionaries(st.integers(1, 7), openings())),
        exceptions={
            day: DayException(open=draw(openings())) for day in draw(st.sets(near, max_size=5))
        },
        holiday_name=lambda day: "fête" if day in closed else None,
    )


instants = st.floats(
    at("2026-10-20T00:00"), at("2027-04-05T00:00"), allow_nan=False, allow_infinity=False
)


def just_before(instant: float) -> float:
    return math.nextafter(instant, -math.inf)


@given(tables(), instants)
@example(every_day((time(0, 30), time.min)), math.nextafter(at("2026-12-30T00:00"), 0))
@settings(max_examples=150, deadline=None)
def test_openings_and_closings_are_where_they_are_announced(hours: Hours, now: float) -> None:
    opens, closes, change = hours.next_opening(now), hours.closes_at(now), hours.next_change(now)
    if opens is not None:
        assert opens > now
        assert hours.is_open(opens)
        assert not hours.is_open(just_before(opens))
    if closes is not None:
        assert hours.is_open(now)
        assert closes > now
        assert not hours.is_open(closes)
        assert hours.is_open(just_before(closes))
    assert change == (closes if hours.is_open(now) else opens)
    if change is not None:
        middle = now + (change - now) / 2
        assert middle == change or hours.is_open(middle) is hours.is_open(now)
    assert hours.why_closed(now) in Closed
    assert next_opening(hours, now)


@given(tables(), st.lists(instants, min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_answers_do_not_depend_on_what_was_asked_before(hours: Hours, asked: list[float]) -> None:
    for now in asked:
        fresh = Hours(hours.zone, hours.week, hours.exceptions, hours.holiday_name)
        assert hours.is_open(now) is fresh.is_open(now)
        assert hours.next_change(now) == fresh.next_change(now)
        assert hours.next_opening(now) == fresh.next_opening(now)


@given(tables(), instants)
@settings(max_examples=150, deadline=None)
def test_away_from_clock_changes_the_wall_clock_decides(hours: Hours, now: float) -> None:
    local = hours.local(now)
    near = {hours.local(now + hour * 3600).utcoffset() for hour in range(-26, 27)}
    shown = any(
        opens <= local.time() and (local.time() < closes or closes == time.min)
        for opens, closes in hours.day(local.date())
    )
    if len(near) == 1:
        assert hours.is_open(now) is shown


# A machine's clock that was set while the service runs.

INSTANTS = st.integers(int(at("2026-01-01T00:00")), int(at("2027-12-31T00:00")))


@given(now=INSTANTS, ahead_s=st.sampled_from([-3600.0, -1.5, 0.0, 3600.0, 86_400.0]))
def test_openings_follow_the_machines_clock_and_are_told_by_the_services(
    now: int, ahead_s: float
) -> None:
    """What is true then is what was true at the instant that the machine's clock shows."""
    set_ = replace(HOURS, ahead_s=ahead_s)
    shown = set_.wall(now)
    assert shown == now + ahead_s
    assert set_.is_open(now) is HOURS.is_open(shown)
    assert set_.local(now) == HOURS.local(shown)
    assert set_.day_of(now) == HOURS.day_of(shown)
    for name in ("closes_at", "next_opening", "next_change"):
        theirs, ours = getattr(HOURS, name)(shown), getattr(set_, name)(now)
        assert (ours is None) is (theirs is None)
        assert ours is None or set_.wall(ours) == theirs
    day = set_.day_of(now)
    assert set_.wall(set_.ends_at(day)) == HOURS.ends_at(day)
    assert [set_.wall(start) for start, _ in set_.instants(day)] == [
        start for start, _ in HOURS.instants(day)
    ]


def test_a_clock_put_forward_by_an_hour_closes_the_service_an_hour_sooner() -> None:
    now, closing = at("2026-11-23T17:00"), at("2026-11-23T18:15")
    assert replace(HOURS, ahead_s=3600.0).closes_at(now) == closing - 3600
    assert replace(HOURS, ahead_s=-3600.0).closes_at(now) == closing + 3600
