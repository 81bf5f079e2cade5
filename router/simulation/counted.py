"""What a run counted, added up by half-hour, sector or door, and figures of that."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from router.core.facts import Door
from router.core.ids import SectorId
from router.report.columns import DOOR_NAMES, MODE, Column, Counts, Mode
from router.report.counting import merged
from router.report.figures import Figure
from router.simulation.run import Simulation
from router.simulation.tally import Presence, Slot

#: As finely as calls are counted.
Key = tuple[Slot, SectorId | None, Door]

_K = TypeVar("_K", bound=Hashable)


def is_live(door: Door) -> bool:
    """Whether that is a door of callers, not of those who are called back."""
    return MODE[door] is Mode.LIVE


class Counted:
    """The tally of the days that have run so far, as figures are made of it."""

    def __init__(self, run: Simulation) -> None:
        self.run, self.plan, self.tally = run, run.plan, run.tally
        self.days = [day for day in run.days if day.day in self.tally.days]
        #: On how many days each half-hour of the week was open.
        self.openings: Counter[Slot] = Counter(
            (day.day.weekday(), _half_hour(part.clock))
            for day in self.days
            for part in day.half_hours
        )
        self.cells = self.tally.cells
        self.whole = merged(self.cells.values())
        self.presence = self.tally.presence
        self.promises_s = {
            door: self.plan.callbacks.promise_s
            if MODE[door] is Mode.CALLBACK
            else self.plan.targets.live_target_s
            for door in DOOR_NAMES
        }

    def clock(self) -> list[int]:
        """Return the half-hours of the day, from the first to the last that ever opened."""
        at = {half_hour for _, half_hour in self.openings}
        return list(range(min(at), max(at) + 1)) if at else []

    def grouped(
        self, by: Callable[[Key], _K], which: Callable[[Key], bool] = lambda key: True
    ) -> dict[_K, Counts]:
        """Return the sums of the cells whose keys `which` accepts, by what `by` makes of a key."""
        groups: defaultdict[_K, list[Counts]] = defaultdict(list)
        for key, counts in self.cells.items():
            if which(key):
                groups[by(key)].append(counts)
        return {key: merged(parts) for key, parts in groups.items()}

    def sum(self, which: Callable[[Key], bool]) -> Counts:
        """Return the sum of the cells whose keys `which` accepts."""
        return merged(counts for key, counts in self.cells.items() if which(key))

    def of_mode(self, mode: Mode) -> Counts:
        """Return the sum of live calls, or of callbacks."""
        return self.sum(lambda key: MODE[key[2]] is mode)

    def of_door(self, door: Door) -> Counts:
        """Return the sum of the calls that came by one door."""
        return self.sum(lambda key: key[2] is door)

    def waits_of(self, doors: Iterable[Door]) -> Counter[int]:
        """Return the waits, in seconds, of those served at any of these doors."""
        return merged_waits(self.tally.waits[door] for door in doors)

    def to_promise(self, *doors: Door) -> Figure:
        """Return the mean wait at these doors divided by what is promised there."""
        waits = [(self.promises_s[door], self.tally.waits[door]) for door in doors]
        return ratio(
            "wait-to-promise/1",
            sum(total(alike) for _, alike in waits),
            sum(sum(alike.values()) * promise_s for promise_s, alike in waits),
        )

    def load(self, which: Callable[[Slot], bool]) -> Figure:
        """Return how many ask for an informateur in an average half-hour of those accepted."""
        came = sum(
            counts[Column.OFFERED]
            for (slot, _, door), counts in self.cells.items()
            if MODE[door] is Mode.LIVE and which(slot)
        )
        asked = sum(alike for (slot, _), alike in self.tally.requests.items() if which(slot))
        return ratio(
            "load/1", came + asked, sum(days for slot, days in self.openings.items() if which(slot))
        )

    def staff(self, which: Callable[[Slot, SectorId], bool]) -> tuple[Figure, ...]:
        """Return how many are on duty, ready and busy on average, and their occupancy.

        Of the half-hours, and of the informateurs by the sector they belong to, that `which`
        accepts.
        """
        looks = {}
        whole = Presence()
        for (slot, sector), seen in self.presence.items():
            if which(slot, sector):
                looks[slot] = seen.looks
                whole.ready += seen.ready
                whole.busy += seen.busy
                whole.paused += seen.paused
        whole.looks = sum(looks.values())
        return (
            ratio("on-duty/1", whole.on_duty, whole.looks),
            ratio("ready/1", whole.ready, whole.looks),
            ratio("busy/1", whole.busy, whole.looks),
            ratio("occupancy/1", whole.busy, whole.busy + whole.ready),
        )


def waits_in(waits: Mapping[int, int], before: str = "") -> tuple[Figure, Figure, Figure]:
    """Return mean, median and 95th percentile of waits; `before` begins their definitions' ids."""
    return (
        mean(f"{before}wait/1", waits),
        Figure(f"{before}wait-median/1", quantile(waits, 0.5)),
        Figure(f"{before}wait-p95/1", quantile(waits, 0.95)),
    )


def merged_waits(parts: Iterable[Mapping[int, int]]) -> Counter[int]:
    """Return one histogram of all waits."""
    together: Counter[int] = Counter()
    for part in parts:
        together.update(part)
    return together


def mean(id_: str, waits: Mapping[int, int]) -> Figure:
    """Return the mean of a histogram as the figure `id_`."""
    return ratio(id_, total(waits), sum(waits.values()))


def total(waits: Mapping[int, int]) -> int:
    """Return the sum of all waits of a histogram, in seconds."""
    return sum(wait * alike for wait, alike in waits.items())


def ratio(id_: str, numerator: int, denominator: int) -> Figure:
    """Return the figure `id_` of two sums; without a value if the denominator is 0."""
    return Figure(id_, numerator / denominator if denominator else None, numerator, denominator)


def _half_hour(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 2 + int(minute) // 30


def quantile(waits: Mapping[int, int], share: float) -> int | None:
    """Return the shortest wait that at least this share did not exceed; None if nobody waited.

    Of six who waited 0, 0, 10, 20, 20 and 300 s, half waited 10 s at most:

    >>> waits = {0: 2, 10: 1, 20: 2, 300: 1}
    >>> quantile(waits, 0.5), quantile(waits, 0.95)
    (10, 300)
    """
    most, reached = share * sum(waits.values()), 0
    for wait, alike in sorted(waits.items()):
        reached += alike
        if reached >= most:
            return wait
    return None


def jain(values: Sequence[float]) -> float | None:
    """Return Jain's fairness index: 1 if all are alike, 1/n if one has everything.

    >>> jain([0.9, 0.9]), jain([1.0, 0.0, 0.0, 0.0]), round(jain([0.9, 0.6]) or 0, 3)
    (1.0, 0.25, 0.962)
    """
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else None
