"""The workload: what people do in a year, from TOML. Shares are 0 to 1, durations in seconds.

Nothing here is known to the engine, and simulated people know nothing of the engine: they act
by their own habits, on what they hear.
"""

from collections.abc import Sequence
from datetime import date, time
from math import exp, log1p, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Literal

from pydantic import Field

from router.config.tables import Report, Table, Text, parse, raise_all, read_toml, unknown
from router.core.plan import Plan

#: What ships with allo; "2025" is the year that the service has published figures of.
SHIPPED = Path(__file__).parent / "workloads"

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: A volume that no service has: most likely a slip.
_MOST = 100_000_000
_NORMAL = NormalDist()
#: Of sums of shares that are written with a few digits.
_ROUNDING = 1e-9

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
Volume = Annotated[int, Field(ge=0, le=_MOST)]


class Duration(Table):
    """How long something takes. `cv`: standard deviation / mean, of lognormal ones."""

    mean_s: Annotated[float, Field(gt=0)]
    kind: Literal["exponential", "lognormal", "fixed"] = "exponential"
    cv: Annotated[float, Field(gt=0)] = 1.0

    def at(self, luck: float) -> float:
        """Return the length that a share `luck` (0 to 1) of all are shorter than."""
        if self.kind == "exponential":
            return -self.mean_s * log1p(-luck)
        if self.kind == "lognormal":
            # mean exp(mu + sigma^2 / 2), cv^2 = exp(sigma^2) - 1
            variance = log1p(self.cv * self.cv)
            normal = _NORMAL.inv_cdf(min(max(luck, 1e-9), 1 - 1e-9))
            return self.mean_s * exp(sqrt(variance) * normal - variance / 2)
        return self.mean_s


class Year(Table):
    """How many come in a year."""

    #: Calls to the line within opening hours.
    direct_calls: Volume
    #: Requests on web pages within opening hours.
    callback_requests: Volume
    #: Calls outside opening hours, besides.
    closed_calls: Volume = 0


class Shape(Table):
    """When they come: weights, multiplied."""

    #: By weekday, of each of its half-hours.
    weekdays: dict[Literal[WEEKDAYS], Weight]  # type: ignore[valid-type]
    #: By local half-hour, "08:30"; one that is not named has none.
    half_hours: dict[str, Weight]
    #: January to December.
    months: Annotated[tuple[Weight, ...], Field(min_length=12, max_length=12)]
    #: The first opening after a day on which the week would have opened, but was closed.
    after_closure: Weight = 1.0


class Peak(Table):
    """More, or less, than the shape says, for a while; on top of the year's volume."""

    day: date
    begins: time
    ends: time
    factor: Weight
    reason: Text


class Callers(Table):
    """Those who dial the number."""

    #: By sector: how often, for both doors.
    sectors: dict[str, Weight]
    #: Have an access code; mistype it at first.
    with_code: Share
    mistypes: Share
    #: Of those without: choose the recorded information; press a wrong key at first.
    information: Share
    wrong_key: Share
    #: Of all: never press any key.
    silent: Share
    #: Of these: are not heard to speak either.
    unheard: Share = 0.0
    #: Hang up before they have chosen.
    gives_up: Share
    #: Know the way and press during the prompts; the others hear half of each question.
    barges_in: Share
    key_s: Seconds
    #: How long they wait for an informateur, from joining the queue.
    patience: Duration
    #: Take the offer of a callback, once offered.
    takes_offer: Share
    #: To type one's number, hear it and confirm.
    types_number_s: Seconds
    #: Hang up before the informateur does.
    hangs_up_first: Share
    #: Of the others: vote; and of those who have, answer the next question too.
    votes: Share
    votes_on: Share
    #: Of those who answer: are satisfied (a question of scores); say yes (one of yes or no).
    satisfied: Share
    says_yes: Share


class Talk(Table):
    """How long conversations are, by sector where it is not the same everywhere."""

    mean_s: Annotated[float, Field(gt=0)]
    kind: Literal["exponential", "lognormal", "fixed"] = "lognormal"
    cv: Annotated[float, Field(gt=0)] = 1.0
    sectors: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)


class Called(Table):
    """Those who asked to be called back: each attempt on its own."""

    busy: Share
    no_answer: Share
    voicemail: Share
    unreachable: Share
    #: Cancel the request, at a time between request and promise.
    cancels: Share
    #: From dialling to ringing, to picking up, to the key.
    dial_s: Seconds
    picks_up: Duration
    presses_s: Seconds
    #: From ringing until a voicemail picks up.
    voicemail_s: Seconds = 20.0


class Shift(Table):
    """Who works from when to when, on these days. Together: those of a day's work."""

    weekdays: tuple[Literal[WEEKDAYS], ...]  # type: ignore[valid-type]
    begins: time
    ends: time
    #: Of all informateurs.
    share: Share


class Informateurs(Table):
    """Those who answer."""

    #: At work on a day on which they are due (the rest: leave, training, illness).
    present: Share
    shifts: tuple[Shift, ...]
    #: Come late by up to this.
    late_s: Seconds
    #: A break for each `break_every_s` of work, and lunch in shifts longer than lunch_after_s.
    break_every_s: Annotated[float, Field(gt=0)]
    break_s: Seconds
    lunch_after_s: Annotated[float, Field(gt=0)]
    lunch_s: Seconds
    lunch_begins: time
    lunch_ends: time
    picks_up: Duration
    #: Of the calls that ring: not noticed; rejected.
    misses: Share
    rejects: Share
    #: Comes back to the desk so long after a pause for calls missed.
    back_s: Seconds
    #: Of the calls: given on to another sector.
    transfers: Share
    #: End the wrap-up themselves, after so long, instead of using all of it.
    ends_wrap_up: Share
    wrap_up: Duration


class Outage(Table):
    """A time in which so many of the informateurs' phones are not registered."""

    day: date
    begins: time
    ends: time
    share: Share
    reason: Text


class Absence(Table):
    """Days on which so many of the informateurs who are due do not come, besides the usual."""

    begins: date
    ends: date
    share: Share
    reason: Text


class Workload(Table):
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
    """Read and check a workload for the service of `plan`.

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
