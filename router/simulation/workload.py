"""The workload: what people do in a year, from TOML. Shares are from 0 to 1, times in seconds.

The engine knows none of this, and simulated people know nothing of the engine: they act by their
own habits, on what they hear. Keys without a default must be given.
"""

from collections.abc import Sequence
from datetime import date, time
from math import exp, log1p, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from router.config.tables import Report, Table, Text, parse, raise_all, read_toml, unknown
from router.core.plan import Plan

#: The workloads that ship with allo; of the year 2025 the service has published figures.
SHIPPED = Path(__file__).parent / "workloads"

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: A volume above this is most likely a slip.
_MOST = 100_000_000
_NORMAL = NormalDist()
#: The tolerance for sums of shares written with a few digits.
_ROUNDING = 1e-9

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
Volume = Annotated[int, Field(ge=0, le=_MOST)]


class Assumed(Table):
    """What is assumed of people. A billion seconds mean never, and the clock is a virtual one."""

    most: ClassVar[float] = 1e12


class Duration(Assumed):
    """How long something takes."""

    #: The mean, in seconds.
    mean_s: Annotated[float, Field(gt=0)]
    #: The distribution.
    kind: Literal["exponential", "lognormal", "fixed"] = "exponential"
    #: Standard deviation / mean, of a lognormal distribution.
    cv: Annotated[float, Field(gt=0)] = 1.0

    def at(self, luck: float) -> float:
        """Return the length, in seconds, that a share `luck` (0 to 1) of all do not reach.

        With a mean of 540 s, half are shorter than 374 s if they are exponential; with a mean of
        300 s and cv = 1, half are shorter than 212 s if they are lognormal:

        >>> round(Duration(mean_s=540.0).at(0.5))
        374
        >>> round(Duration(mean_s=300.0, kind="lognormal", cv=1.0).at(0.5))
        212
        """
        if self.kind == "exponential":
            return -self.mean_s * log1p(-luck)
        if self.kind == "lognormal":
            # mean exp(mu + sigma^2 / 2), cv^2 = exp(sigma^2) - 1
            variance = log1p(self.cv * self.cv)
            normal = _NORMAL.inv_cdf(min(max(luck, 1e-9), 1 - 1e-9))
            return self.mean_s * exp(sqrt(variance) * normal - variance / 2)
        return self.mean_s


class Year(Assumed):
    """How many come in a year."""

    #: Calls within opening hours.
    direct_calls: Volume
    #: Requests on web pages within opening hours.
    callback_requests: Volume
    #: Calls outside opening hours, in addition.
    closed_calls: Volume = 0


class Shape(Assumed):
    """When they come: weights, which are multiplied."""

    #: By weekday; of each of its half-hours.
    weekdays: dict[Literal[WEEKDAYS], Weight]  # type: ignore[valid-type]
    #: By half-hour, local time, as "08:30"; nobody comes in one that is not named.
    half_hours: dict[str, Weight]
    #: January to December.
    months: Annotated[tuple[Weight, ...], Field(min_length=12, max_length=12)]
    #: On the first day after one on which the service is open by its week, but was closed.
    after_closure: Weight = 1.0


class Peak(Assumed):
    """More or fewer people than the shape says, for a while; on top of the year's volume."""

    day: date
    #: Local times, on a half-hour.
    begins: time
    ends: time
    #: How many come, divided by how many usually do.
    factor: Weight
    reason: Text


class Callers(Assumed):
    """Those who dial the number."""

    #: How often each sector is asked for, by callers and by those called back: weights.
    sectors: dict[str, Weight]
    #: Have an access code.
    with_code: Share
    #: Of those: mistype it at first.
    mistypes: Share
    #: Of those without: choose the recorded information.
    information: Share
    #: Of those without: press a wrong key at first.
    wrong_key: Share
    #: Of all: never press any key.
    silent: Share
    #: Of those: are not heard to speak either.
    unheard: Share = 0.0
    #: Hang up before they have chosen.
    gives_up: Share
    #: Know the way and press keys during the prompts; the others listen to most of each question.
    barges_in: Share
    #: Between two keys.
    key_s: Seconds
    #: How long they are ready to wait for an informateur, from joining the queue.
    patience: Duration
    #: Accept a callback when it is offered.
    takes_offer: Share
    #: To type their number, hear it read back and confirm it.
    types_number_s: Seconds
    #: Hang up before the informateur does.
    hangs_up_first: Share
    #: Of the others: answer the first question of the vote.
    votes: Share
    #: Of those who have answered a question: answer the next one too.
    votes_on: Share
    #: Of those who answer a question of scores: are satisfied.
    satisfied: Share
    #: Of those who answer a yes-or-no question: say yes.
    says_yes: Share


class Talk(Assumed):
    """How long conversations are."""

    #: The mean, in seconds.
    mean_s: Annotated[float, Field(gt=0)]
    #: The distribution.
    kind: Literal["exponential", "lognormal", "fixed"] = "lognormal"
    #: Standard deviation / mean, of a lognormal distribution.
    cv: Annotated[float, Field(gt=0)] = 1.0
    #: The mean by sector, in seconds, where it is another one.
    sectors: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)


class Called(Assumed):
    """Those who asked to be called back; each attempt has an outcome of its own."""

    #: Of all attempts: what they meet; the rest are answered.
    busy: Share
    no_answer: Share
    voicemail: Share
    unreachable: Share
    #: Of all requests: are cancelled, at any time between request and promise.
    cancels: Share
    #: From dialling to ringing.
    dial_s: Seconds
    #: From ringing to picking up.
    picks_up: Duration
    #: From the end of the question to the key.
    presses_s: Seconds
    #: From ringing until a voicemail picks up.
    voicemail_s: Seconds = 20.0


class Shift(Assumed):
    """When some of the informateurs work, on these days; those in no shift have the day off."""

    weekdays: tuple[Literal[WEEKDAYS], ...]  # type: ignore[valid-type]
    #: Local times.
    begins: time
    ends: time
    #: Of all informateurs.
    share: Share


class Informateurs(Assumed):
    """Those who answer."""

    #: Of those due on a day: come (the others are on leave, in training or ill).
    present: Share
    shifts: tuple[Shift, ...]
    #: They come late by this at most.
    late_s: Seconds
    #: How long they work between two breaks.
    break_every_s: Annotated[float, Field(gt=0)]
    #: How long a break is.
    break_s: Seconds
    #: Shifts longer than this include lunch.
    lunch_after_s: Annotated[float, Field(gt=0)]
    #: How long lunch is.
    lunch_s: Seconds
    #: The local times between which lunch lies.
    lunch_begins: time
    lunch_ends: time
    #: From ringing to picking up.
    picks_up: Duration
    #: Of the calls that ring: are not noticed.
    misses: Share
    #: Of the calls that ring: are rejected.
    rejects: Share
    #: How long after a pause for missed calls an informateur is back.
    back_s: Seconds
    #: Of the calls: are transferred to another sector.
    transfers: Share
    #: Of the calls: the informateur ends the wrap-up early.
    ends_wrap_up: Share
    #: After how long, of those.
    wrap_up: Duration


class Outage(Assumed):
    """A time in which a share of the informateurs' phones is not registered."""

    day: date
    #: Local times.
    begins: time
    ends: time
    #: Of all informateurs.
    share: Share
    reason: Text


class Absence(Assumed):
    """Days on which more of the informateurs who are due do not come than usual."""

    #: The first and the last day.
    begins: date
    ends: date
    #: Of those who would have come.
    share: Share
    reason: Text


class Workload(Assumed):
    """A year's work."""

    name: Text
    year: Year
    shape: Shape
    callers: Callers
    talk: Talk
    called: Called
    informateurs: Informateurs
    #: From dialling an informateur's phone until it rings.
    ring_delay_s: Seconds = 0.3
    peaks: tuple[Peak, ...] = ()
    outages: tuple[Outage, ...] = ()
    absences: tuple[Absence, ...] = ()


def load_workload(path: Path, plan: Plan) -> Workload:
    """Return the workload in a file, checked for the service of `plan`.

    Raises:
        ConfigError: With every fault of the file.
    """
    report = Report(path.name)
    content = read_toml(path, report)
    workload = None if content is None else parse(Workload, content, report)
    if workload is not None:
        _check(workload, plan, report)
    raise_all(report)
    assert workload is not None
    return workload


def _check(workload: Workload, plan: Plan, report: Report) -> None:
    callers, called = workload.callers, workload.called
    for place, named in (("callers", callers.sectors), ("talk", workload.talk.sectors)):
        for sector in named:
            if sector not in plan.domains:
                reason = unknown("sector", sector, plan.domains)
                report.add(f"{place}.sectors.{sector}", reason)
    if not sum(callers.sectors.values()):
        report.add("callers.sectors", "at least one sector must have a weight above 0")
    _check_together(report, "callers", information=callers.information, silent=callers.silent)
    _check_together(
        report,
        "called",
        busy=called.busy,
        no_answer=called.no_answer,
        voicemail=called.voicemail,
        unreachable=called.unreachable,
    )
    rules = workload.informateurs
    _check_together(report, "informateurs", misses=rules.misses, rejects=rules.rejects)
    for weekday in WEEKDAYS:
        together = sum(shift.share for shift in rules.shifts if weekday in shift.weekdays)
        if together > 1 + _ROUNDING:
            reason = f"the shares of {weekday} must not exceed 1, got {together:g}"
            report.add("informateurs.shifts", reason)
    for number, peak in enumerate(workload.peaks, 1):
        for end, at in (("begins", peak.begins), ("ends", peak.ends)):
            if at.minute % 30 or at.second:
                report.add(f"peaks.{number}.{end}", f"must be a half-hour, as 08:30:00, got {at}")
    for clock in workload.shape.half_hours:
        if not _is_half_hour(clock):
            report.add(f"shape.half_hours.{clock}", 'must be a half-hour, as "08:30"')
    spans: list[tuple[str, Sequence[Shift | Peak | Outage | Absence]]] = [
        ("informateurs.shifts", workload.informateurs.shifts),
        ("peaks", workload.peaks),
        ("outages", workload.outages),
        ("absences", workload.absences),
    ]
    for kind, entries in spans:
        for number, entry in enumerate(entries, 1):
            # Two times of a day, or two days.
            if str(entry.ends) <= str(entry.begins):
                report.add(f"{kind}.{number}.ends", f"must be after begins ({entry.begins})")


def _check_together(report: Report, place: str, **shares: float) -> None:
    if sum(shares.values()) > 1 + _ROUNDING:
        report.add(place, f"{' + '.join(shares)} must not exceed 1, got {sum(shares.values()):g}")


def _is_half_hour(clock: str) -> bool:
    hour, colon, minute = clock.partition(":")
    return (
        bool(colon)
        and len(clock) == 5
        and hour.isascii()
        and hour.isdigit()
        and int(hour) < 24
        and minute in ("00", "30")
    )
