"""When the service is open: the week, public holidays, exceptional days.

An opening runs from one local wall time to another. Local times become instants by one rule,
which also settles the two days a year on which the clocks change: *a local time is reached at the
first instant at which the clock shows it, or a later time.* So a time that occurs twice counts the
first time, and one that the clock skips is reached at the jump; an opening that lies wholly inside
the jump does not take place.

`now` and all instants returned are UTC epoch seconds by the service's clock, which never jumps.
Openings follow the machine's clock, which may be set while the service runs: `ahead_s` says by how
much that is ahead.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum
from itertools import chain
from math import floor
from zoneinfo import ZoneInfo

#: Opening and closing time, local. A closing time of 00:00 is the end of the day (24:00).
Opening = tuple[time, time]

#: How far ahead the next opening or closing is looked for, in days.
HORIZON_DAYS = 400

#: The end of the day, as a closing time.
MIDNIGHT = time.min


class Closed(Enum):
    """Why the service is closed."""

    HOURS = "hours"
    HOLIDAY = "holiday"
    EXCEPTIONAL = "exceptional"


@dataclass(frozen=True, slots=True)
class DayException:
    """One day that does not follow the week: closed, or open at other hours.

    It takes precedence over a public holiday.
    """

    #: Empty: closed all day.
    open: tuple[Opening, ...] = ()
    #: In French, for pages and logs.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Moment:
    """What is true from `since` until `until`, both on one local day."""

    day: date
    since: float
    until: float
    open: bool
    closes_at: float | None
    next_opening: float | None


def no_holidays(day: date) -> str | None:
    """Return None: a calendar without public holidays."""
    return None


@dataclass(frozen=True, slots=True)
class Hours:
    """The opening hours of a service."""

    #: The time zone of every local time, by its IANA name.
    zone: str = "Europe/Paris"
    #: The openings of each ISO weekday (1 is Monday); a weekday without any is closed.
    week: Mapping[int, tuple[Opening, ...]] = field(default_factory=dict)
    #: These take precedence over the week and over holidays.
    exceptions: Mapping[date, DayException] = field(default_factory=dict)
    #: Names a public holiday, on which the service is closed; None on any other day.
    holiday_name: Callable[[date], str | None] = no_holidays
    #: How far the machine's clock is ahead of the service's, in seconds.
    ahead_s: float = 0.0
    #: The last moment looked up: an engine asks about the same one thousands of times.
    _last: list[_Moment] = field(default_factory=list, init=False, repr=False, compare=False)

    def is_open(self, now: float) -> bool:
        """Return whether callers are admitted; the closing instant itself is closed."""
        return self._moment(now).open

    def closes_at(self, now: float) -> float | None:
        """Return when the present opening ends; None if closed, or open beyond the horizon."""
        return self._by_service(self._moment(now).closes_at)

    def next_opening(self, now: float) -> float | None:
        """Return when the next opening after `now` begins; None if none does within 400 days."""
        return self._by_service(self._moment(now).next_opening)

    def next_change(self, now: float) -> float | None:
        """Return when the service next closes (if open) or opens (if closed), or None."""
        moment = self._moment(now)
        return self._by_service(moment.closes_at if moment.open else moment.next_opening)

    def why_closed(self, now: float) -> Closed:
        """Return the reason to give a caller; meaningful only while closed."""
        local = self.local(now)
        exception = self.exceptions.get(local.date())
        if exception is None:
            return Closed.HOLIDAY if self.holiday_name(local.date()) else Closed.HOURS
        usual = self.week.get(local.isoweekday(), ())
        if not exception.open or any(_covers(opening, local.time()) for opening in usual):
            return Closed.EXCEPTIONAL
        return Closed.HOURS

    def local(self, now: float) -> datetime:
        """Return what the clock shows in the zone, rounded down: up could be another day."""
        return datetime.fromtimestamp(floor(self.wall(now)), ZoneInfo(self.zone))

    def wall(self, now: float) -> float:
        """Return what the machine's clock shows at `now`: what people, and files, are told."""
        return now + self.ahead_s

    def day_of(self, now: float) -> date:
        """Return the date that the clock shows at `now`."""
        return self._moment(now).day

    def begins_at(self, day: date) -> float:
        """Return the day's first instant."""
        return self.instant(day, time.min)

    def instant(self, day: date, clock: time) -> float:
        """Return the first instant at which the machine's clock shows this time, or a later one."""
        return _instant(day, clock, ZoneInfo(self.zone)) - self.ahead_s

    def ends_at(self, day: date) -> float:
        """Return the day's end, which is the next one's first instant."""
        return self.begins_at(day + timedelta(days=1))

    def day(self, day: date) -> tuple[Opening, ...]:
        """Return the openings of one day, earliest first."""
        exception = self.exceptions.get(day)
        if exception is not None:
            return tuple(sorted(exception.open))
        if self.holiday_name(day):
            return ()
        return tuple(sorted(self.week.get(day.isoweekday(), ())))

    def instants(self, day: date) -> list[tuple[float, float]]:
        """Return the openings of one day as instants, earliest first."""
        ahead_s, zone = self.ahead_s, ZoneInfo(self.zone)
        return [(start - ahead_s, end - ahead_s) for start, end in self._instants(day, zone)]

    def _by_service(self, wall: float | None) -> float | None:
        return None if wall is None else wall - self.ahead_s

    # From here on all instants are by the machine's clock.

    def _moment(self, now: float) -> _Moment:
        wall = self.wall(now)
        if self._last and self._last[0].since <= wall < self._last[0].until:
            return self._last[0]
        moment = self._look_up(wall)
        self._last[:] = [moment]
        return moment

    def _look_up(self, now: float) -> _Moment:
        zone = ZoneInfo(self.zone)
        today = datetime.fromtimestamp(floor(now), zone).date()
        # A moment ends with its day at the latest, so that the horizon depends on the date and not
        # on what was asked before.
        since = _instant(today, time.min, zone)
        until = _instant(today + timedelta(days=1), time.min, zone)
        horizon = _instant(today + timedelta(days=HORIZON_DAYS), time.min, zone)
        openings = self._openings(today, zone)
        for start, end in openings:
            if end <= now:
                since = max(since, end)
            elif start <= now:
                return _Moment(
                    day=today,
                    since=max(since, start),
                    until=min(until, end),
                    open=True,
                    closes_at=end if end < horizon else None,
                    next_opening=next((later for later, _ in openings), None),
                )
            else:
                return _Moment(today, since, min(until, start), False, None, start)
        return _Moment(today, since, until, False, None, None)

    def _openings(self, today: date, zone: tzinfo) -> Iterator[tuple[float, float]]:
        """Yield the openings from today to the horizon, joining those that touch (24:00, 00:00)."""
        days = (today + timedelta(days=ahead) for ahead in range(HORIZON_DAYS))
        pairs = chain.from_iterable(self._instants(day, zone) for day in days)
        joined = next(pairs, None)
        for start, end in pairs:
            assert joined is not None
            if start <= joined[1]:
                joined = joined[0], max(joined[1], end)
            else:
                yield joined
                joined = start, end
        if joined is not None:
            yield joined

    def _instants(self, day: date, zone: tzinfo) -> Iterator[tuple[float, float]]:
        for opens, closes in self.day(day):
            start = _instant(day, opens, zone)
            last_day = day + timedelta(days=1) if closes == MIDNIGHT else day
            end = _instant(last_day, closes, zone)
            if start < end:
                yield start, end


def _covers(opening: Opening, clock: time) -> bool:
    opens, closes = opening
    return opens <= clock and (clock < closes or closes == MIDNIGHT)


def _instant(day: date, clock: time, zone: tzinfo) -> float:
    """Return the first instant at which the clock in `zone` shows `clock` on `day`, or later."""
    local = datetime.combine(day, clock, zone)
    at = local.timestamp()
    # PEP 495: of a time that occurs twice the first is taken (fold=0); one that the clock skips is
    # read with the offset before the jump (fold=0) or after it (fold=1), and the jump lies between
    # the two.
    if datetime.fromtimestamp(at, zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return at
    before = int(local.replace(fold=1).timestamp())
    seconds = range(before, int(at) + 1)
    offset = _offset(before, zone)
    jump = bisect_left(seconds, True, key=lambda second: _offset(second, zone) != offset)
    return float(seconds[jump])


def _offset(at: int, zone: tzinfo) -> timedelta | None:
    return datetime.fromtimestamp(at, zone).utcoffset()
