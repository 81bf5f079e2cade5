"""The work of each team in a typical week of the busiest month, half-hour by half-hour.

Callbacks can be put off: what is asked for in a half-hour is spread over the time promised.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from router.core.ids import SectorId
from router.core.plan import Plan
from router.planning.teams import Cell, Team, slot_of
from router.simulation.demand import Day, year_of_days
from router.simulation.tally import Slot
from router.simulation.workload import Workload


@dataclass(frozen=True, slots=True)
class Work:
    """What comes for one team in one half-hour."""

    #: Live calls, and callbacks to make, a second.
    live_per_s: float
    callbacks_per_s: float
    #: How long each keeps an informateur, notes included, in seconds.
    live_s: float
    callback_s: float

    @property
    def load(self) -> float:
        """The whole load, in erlangs: 97 calls an hour of 100 s each are 2.7."""
        return self.live_per_s * self.live_s + self.callbacks_per_s * self.callback_s

    def heavier(self, factor: float) -> "Work":
        """Return the same calls, each `factor` times as long."""
        return Work(
            self.live_per_s,
            self.callbacks_per_s,
            self.live_s * factor,
            self.callback_s * factor,
        )


@dataclass(frozen=True, slots=True)
class Week:
    """A typical week of the busiest month: the mean of its weeks."""

    #: 1 is January.
    month: int
    #: Every day of that month with an opening.
    days: tuple[Day, ...]
    #: How long the service is open in each half-hour of the week, in seconds.
    open_s: Mapping[Slot, float]
    #: What comes in each, by team.
    work: Mapping[Cell, Work]


def shares_of(workload: Workload) -> dict[SectorId, float]:
    """Return how often each sector is asked for, as a share of all calls and requests."""
    weights = workload.callers.sectors
    whole = sum(weights.values())
    return {SectorId(name): weight / whole for name, weight in weights.items()}


def typical_week(plan: Plan, workload: Workload, year: int, teams: Sequence[Team]) -> Week:
    """Return the mean week of the month in which most comes for each hour of opening."""
    months: defaultdict[int, list[Day]] = defaultdict(list)
    for day in year_of_days(workload, plan.hours, year):
        if day.half_hours:
            months[day.day.month].append(day)
    month = max(months, key=lambda one: _busyness(months[one]))
    days = months[month]
    seconds: defaultdict[Slot, list[float]] = defaultdict(list)
    live: defaultdict[Slot, float] = defaultdict(float)
    asked: defaultdict[Slot, float] = defaultdict(float)
    for day in days:
        later = _spread([half.callbacks for half in day.half_hours], plan)
        for half, callbacks in zip(day.half_hours, later, strict=True):
            slot = slot_of(day, half.clock)
            seconds[slot].append(half.ends_at - half.begins_at)
            live[slot] += half.direct
            asked[slot] += callbacks
    shares = shares_of(workload)
    open_s = {slot: sum(parts) / len(parts) for slot, parts in sorted(seconds.items())}
    work = {}
    for slot in open_s:
        whole_s = sum(seconds[slot])
        for number, team in enumerate(teams):
            share = sum(shares.get(sector, 0.0) for sector in team.sectors)
            live_s, callback_s = _lengths(workload, plan, team, shares)
            work[slot, number] = Work(
                live[slot] * _joining(workload, plan) * share / whole_s,
                asked[slot] * share / whole_s,
                live_s,
                callback_s,
            )
    return Week(month, tuple(days), open_s, work)


def _busyness(days: Sequence[Day]) -> float:
    """Return how many calls and requests come on these days for each second of opening."""
    halves = [half for day in days for half in day.half_hours]
    open_s = sum(half.ends_at - half.begins_at for half in halves)
    return sum(half.direct + half.callbacks for half in halves) / open_s


def _spread(callbacks: Sequence[float], plan: Plan) -> list[float]:
    """Return how many of a day's callbacks are made in each half-hour; `callbacks` are asked for.

    Asked for at any time within a half-hour, and made at any time within the promise, both
    equally likely; but none after the last half-hour of the day. With a promise of one half-hour,
    half of them are made in the half-hour in which they are asked for, half in the next.
    """
    promise = max(plan.callbacks.promise_s - plan.callbacks.dial_s, 1) / 1800

    def served_by(end: float) -> float:
        """Return the share of a half-hour's requests served `end` half-hours after its start."""

        def area(at: float) -> float:
            return max(at, 0.0) ** 2 / 2

        return (area(end) - area(end - 1) - area(end - promise) + area(end - 1 - promise)) / promise

    ahead = ceil(promise) + 1
    shares = [served_by(step + 1) - served_by(step) for step in range(ahead)]
    spread = [0.0] * len(callbacks)
    for place, asked in enumerate(callbacks):
        for step, share in enumerate(shares):
            spread[min(place + step, len(callbacks) - 1)] += asked * share
    return spread


def _joining(workload: Workload, plan: Plan) -> float:
    """Return which share of callers joins the queue.

    Those who press nothing are among them if the plan has a queue for them.
    """
    callers = workload.callers
    silent = callers.silent if plan.no_key is not None else 0.0
    choosing = 1 - callers.silent - (1 - callers.with_code) * callers.information
    return (1 - callers.gives_up) * (choosing + silent)


def _lengths(
    workload: Workload, plan: Plan, team: Team, shares: Mapping[SectorId, float]
) -> tuple[float, float]:
    """Return how long a live call and a callback keep an informateur, in seconds."""
    rules, called, talk = workload.informateurs, workload.called, workload.talk
    asked = {sector: shares.get(sector, 0.0) for sector in team.sectors}
    whole = sum(asked.values()) or 1.0
    talk_s = sum(
        share / whole * talk.sectors.get(sector, talk.mean_s) for sector, share in asked.items()
    )
    rung_s = workload.ring_delay_s + rules.picks_up.mean_s
    noting_s = plan.targets.wrap_up_s - rules.ends_wrap_up * max(
        0.0, plan.targets.wrap_up_s - rules.wrap_up.mean_s
    )
    served_s = (talk_s + rung_s + noting_s) * (1 + rules.transfers)
    ring_s = plan.callbacks.ring_s
    again = called.busy + called.no_answer + called.voicemail
    reached = max(0.0, 1 - again - called.unreachable)
    attempt_s = (
        rung_s * (1 - reached)
        + called.dial_s
        + (called.no_answer + called.voicemail) * ring_s
        + reached * (min(called.picks_up.mean_s, ring_s) + called.presses_s + served_s)
    )
    attempts = 1 + (again if plan.callbacks.attempts > 1 else 0.0)
    return served_s, attempt_s * attempts
