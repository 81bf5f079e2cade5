"""When people call, or ask to be called back: what is expected of a year, and drawn for a day.

Each half-hour's number is drawn from a Poisson distribution around its expectation, the times
within it uniformly: a Poisson process whose rate is constant in each half-hour. Each person's
habits are drawn with the time, before anything happens: two policies that are compared meet the
same people.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

from router.core.hours import Hours
from router.core.ids import SectorId
from router.errors import ConfigError, Problem
from router.simulation.workload import WEEKDAYS, Duration, Peak, Talk, Workload

_HALF_HOUR_S = 1800.0
#: People who call while the service is closed do so between these local times.
_AWAKE = time(7, 0), time(21, 0)

#: Independent streams of chance, so that changing one assumption changes only what depends on it.
_DIRECT, _CALLBACKS, _CLOSED, STAFF = range(4)


def chance(seed: int, day: date, stream: int) -> Generator:
    """Return the random numbers of one day and stream; always the same for the same arguments."""
    return Generator(PCG64(SeedSequence([seed, day.toordinal(), stream])))


@dataclass(frozen=True, slots=True)
class HalfHour:
    """The open part of a half-hour, and how many people are expected in it."""

    #: When the half-hour begins by the local clock, as "08:30".
    clock: str
    #: When it is open, in UTC epoch seconds.
    begins_at: float
    ends_at: float
    #: How many calls are expected, and how many callback requests.
    direct: float
    callbacks: float


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the year: its openings, and their half-hours."""

    day: date
    #: (begin, end), in UTC epoch seconds.
    openings: tuple[tuple[float, float], ...]
    half_hours: tuple[HalfHour, ...]
    #: How many calls are expected while the service is closed.
    closed: float


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who calls or asks to be called back, with everything that chance decides."""

    #: When, in UTC epoch seconds.
    at: float
    #: What the call is about.
    sector: SectorId
    #: How long there is to talk, in seconds.
    talk_s: float
    #: How long a wait is bearable, in seconds.
    patience_s: float
    #: A number from 0 to 1, drawn uniformly, for each habit (`people`).
    luck: list[float]


#: How many habits each person has.
HABITS = 18


def year_of_days(workload: Workload, hours: Hours, year: int) -> list[Day]:
    """Return every day of the year with what is expected on it.

    Raises:
        ConfigError: If the service never opens in that year.
    """
    days = [date(year, 1, 1) + timedelta(days=ahead) for ahead in range(_length(year))]
    openings = {day: tuple(hours.instants(day)) for day in days}
    if not any(openings.values()):
        raise ConfigError([Problem("hours", f"the service does not open on any day of {year}")])
    weights = {day: _weights(workload, hours, day, openings[day]) for day in days}
    whole = sum(part[3] for parts in weights.values() for part in parts)
    if not whole:
        raise ConfigError(
            [Problem("shape", f"no half-hour in which the service opens in {year} has a weight")]
        )
    closed_s = {day: _awake_s(hours, day, openings[day]) for day in days}
    closed = workload.year.closed_calls / (sum(closed_s.values()) or 1.0)
    direct, callbacks = workload.year.direct_calls / whole, workload.year.callback_requests / whole
    return [
        Day(
            day,
            openings[day],
            tuple(
                HalfHour(clock, begins_at, ends_at, peak * direct, peak * callbacks)
                for clock, begins_at, ends_at, weight in weights[day]
                for peak in [weight * _peak(workload.peaks, day, clock)]
            ),
            closed * closed_s[day],
        )
        for day in days
    ]


def direct_calls(seed: int, day: Day, workload: Workload) -> list[Person]:
    """Return those who call on that day while the service is open, in order of time."""
    return _people(seed, day, workload, _DIRECT)


def callback_requests(seed: int, day: Day, workload: Workload) -> list[Person]:
    """Return those who ask on that day to be called back, in order of time."""
    return _people(seed, day, workload, _CALLBACKS)


def closed_calls(seed: int, day: Day, hours: Hours) -> list[float]:
    """Return when people call on that day while the service is closed, in UTC epoch seconds."""
    draw = chance(seed, day.day, _CLOSED)
    zone = ZoneInfo(hours.zone)
    first, last = (datetime.combine(day.day, clock, zone).timestamp() for clock in _AWAKE)
    closed_s = _awake_s(hours, day.day, day.openings)
    number = draw.poisson(day.closed * (last - first) / closed_s) if closed_s else 0
    times = np.sort(draw.uniform(first, last, number))
    return [at for at in times.tolist() if not hours.is_open(at)]


def _people(seed: int, day: Day, workload: Workload, stream: int) -> list[Person]:
    expected = [one.direct if stream == _DIRECT else one.callbacks for one in day.half_hours]
    draw = chance(seed, day.day, stream)
    counts = draw.poisson(expected)
    times = np.concatenate(
        [
            np.sort(draw.uniform(one.begins_at, one.ends_at, count))
            for one, count in zip(day.half_hours, counts, strict=True)
        ]
        or [np.empty(0)]
    )
    number = len(times)
    names = [SectorId(one) for one in workload.callers.sectors]
    weights = np.array(list(workload.callers.sectors.values()))
    which = draw.choice(len(names), number, p=weights / weights.sum()).tolist()
    patience = lengths(draw, workload.callers.patience, number).tolist()
    standard = _standard_talks(draw, workload.talk, number).tolist()
    luck = draw.random((number, HABITS)).tolist()
    means = {name: workload.talk.sectors.get(name, workload.talk.mean_s) for name in names}
    return [
        Person(at, sector, means[sector] * standard[n], patience[n], luck[n])
        for n, at in enumerate(times.tolist())
        for sector in [names[which[n]]]
    ]


def lengths(draw: Generator, duration: Duration, number: int) -> NDArray[np.float64]:
    """Return `number` draws of a duration, in seconds."""
    return duration.mean_s * _standard(draw, duration.kind, duration.cv, number)


def _standard_talks(draw: Generator, talk: Talk, number: int) -> NDArray[np.float64]:
    return _standard(draw, talk.kind, talk.cv, number)


def _standard(draw: Generator, kind: str, cv: float, number: int) -> NDArray[np.float64]:
    """Return `number` draws of a distribution with mean 1."""
    if kind == "exponential":
        return draw.standard_exponential(number)
    if kind == "lognormal":
        # mean exp(mu + sigma^2 / 2) = 1, cv^2 = exp(sigma^2) - 1
        variance = float(np.log1p(cv * cv))
        return draw.lognormal(-variance / 2, variance**0.5, number)
    return np.ones(number)


def _awake_s(hours: Hours, day: date, openings: Sequence[tuple[float, float]]) -> float:
    """Return how long the service is closed on that day while people are awake, in seconds."""
    zone = ZoneInfo(hours.zone)
    first, last = (datetime.combine(day, clock, zone).timestamp() for clock in _AWAKE)
    return (
        last - first - sum(max(0.0, min(end, last) - max(begin, first)) for begin, end in openings)
    )


def _length(year: int) -> int:
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def _weights(
    workload: Workload, hours: Hours, day: date, openings: Sequence[tuple[float, float]]
) -> list[tuple[str, float, float, float]]:
    """Return (clock, begin, end, weight) of each open half-hour of a day."""
    shape = workload.shape
    of_day = shape.weekdays.get(WEEKDAYS[day.weekday()], 0.0) * shape.months[day.month - 1]
    if _follows_a_closure(hours, day):
        of_day *= shape.after_closure
    return [
        (clock, begins_at, ends_at, weight)
        for opens_at, closes_at in openings
        for clock, begins_at, ends_at in _parts(hours, opens_at, closes_at)
        for weight in [of_day * _share(shape.half_hours, clock, ends_at - begins_at)]
    ]


def _share(half_hours: Mapping[str, float], clock: str, open_s: float) -> float:
    return half_hours.get(clock, 0.0) * open_s / _HALF_HOUR_S


def _follows_a_closure(hours: Hours, day: date) -> bool:
    """Whether the last day on which the service opens by its week was closed."""
    for back in range(1, 8):
        before = day - timedelta(days=back)
        if hours.day(before):
            return False
        if hours.week.get(before.isoweekday()):
            return True
    return False


def _parts(hours: Hours, opens_at: float, closes_at: float) -> Iterator[tuple[str, float, float]]:
    """Yield (clock, begin, end) of each half-hour of an opening, by the local clock."""
    at = opens_at
    while at < closes_at:
        local = hours.local(at)
        into_s = local.minute % 30 * 60 + local.second
        until = min(closes_at, at + _HALF_HOUR_S - into_s)
        yield f"{local.hour:02}:{local.minute // 30 * 30:02}", at, until
        at = until


def _peak(peaks: Sequence[Peak], day: date, clock: str) -> float:
    """Return by which factor more than usual come in that half-hour."""
    factor = 1.0
    for peak in peaks:
        if peak.day == day and f"{peak.begins:%H:%M}" <= clock < f"{peak.ends:%H:%M}":
            factor *= peak.factor
    return factor
