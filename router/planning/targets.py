"""What a staffing has to reach, such as `live=80`, and how that is measured in a run."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from math import sqrt

from router.core.callback.tickets import Refusal
from router.core.commands import Counted
from router.core.facts import CallFact, Door, Outcome
from router.core.ids import SectorId
from router.core.plan import Plan
from router.errors import ConfigError, Problem
from router.simulation.demand import Person
from router.simulation.tally import Slot, Tally

_HALF_HOUR_S = 1800
#: The 97.5th percentile of the normal distribution, for intervals of 95 %.
_Z = 1.96
#: For single half-hours, of which hundreds are examined: about 95 % for all of them together.
_Z_OF_MANY = 3.5
#: Calls of one half-hour share its luck: this many of them show as much as one independent call.
_ALIKE = 2.0
#: Outcomes of callers whom the service failed while it was open.
_TURNED_AWAY = frozenset(
    {Outcome.REFUSED_FULL, Outcome.REFUSED_NO_AGENT, Outcome.REFUSED_LONG, Outcome.LOST}
)
#: Refusals that no staffing could have prevented: the promise would end after closing.
_NOT_OURS = frozenset({Refusal.CLOSED, Refusal.CLOSING})


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be aimed at."""

    #: As in `--target`.
    name: str
    #: What the figure is, in French.
    means: str
    #: Why 100 % (or 0 %, with `at_most`) cannot be reached.
    impossible: str
    #: Whether the figure is to stay below the target, not above it.
    at_most: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "live",
            "appels directs pris dans le délai du plan",
            "some callers will always wait longer",
        ),
        Kind(
            "promise",
            "rappels acceptés et tenus dans le délai promis",
            "no finite number of informateurs can rule out one late callback",
        ),
        Kind(
            "accepted",
            "demandes de rappel acceptées, hors approche de la fermeture",
            "there are moments at which nothing more can be promised",
        ),
        Kind(
            "abandon",
            "appels abandonnés dans la file",
            "some callers hang up as soon as they wait",
            at_most=True,
        ),
    )
}
#: The targets if none are given: the usual 80 % of calls in time; and callbacks in the time
#: promised, though not at the price of refusing them.
DEFAULT = ("live=80", "promise=99.5", "accepted=95")


@dataclass(frozen=True, slots=True)
class Aim:
    """A target: at least (or at most, `Kind.at_most`) `percent` of `kind`."""

    kind: Kind
    #: Above 0 and below 100.
    percent: float

    @property
    def wanted(self) -> float:
        """The share (0 to 1) that has to go well: 0.8 for `live=80`, 0.95 for `abandon=5`."""
        return 1 - self.percent / 100 if self.kind.at_most else self.percent / 100

    def figure(self, good: float) -> float:
        """Return the aim's own figure, in per cent, for the share (0 to 1) that went well."""
        return 100 * (1 - good if self.kind.at_most else good)


def aims(words: Sequence[str]) -> tuple[Aim, ...]:
    """Return the targets that words such as `live=80` name, in per cent; the default ones if none.

    Raises:
        ConfigError: With every fault in any of them.
    """
    made: dict[str, Aim] = {}
    problems = []
    for word in words or DEFAULT:
        name, _, value = (part.strip() for part in word.partition("="))
        place = f"--target {word}"
        if name not in KINDS:
            near = get_close_matches(name, KINDS, 1)
            hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(KINDS)}"
            problems.append(Problem(place, f"no target is called {name!r}; {hint}"))
        elif name in made:
            problems.append(Problem(place, f"{name} is given twice; keep one of them"))
        elif (fault := _fault(KINDS[name], value)) is not None:
            problems.append(Problem(place, fault))
        else:
            made[name] = Aim(KINDS[name], float(value.removesuffix("%")))
    if problems:
        raise ConfigError(problems)
    return tuple(made.values())


def _fault(kind: Kind, value: str) -> str | None:
    """Return what is wrong with a target's value, and how to mend it; None: nothing."""
    example = f"{kind.name}={5 if kind.at_most else 80}"
    try:
        percent = float(value.removesuffix("%"))
    except ValueError:
        return f"must be a number of per cent, as {example}"
    if percent == (0 if kind.at_most else 100):
        return f"cannot be reached: {kind.impossible}; give a figure as {example}"
    if percent == (100 if kind.at_most else 0):
        return f"is no target: nobody at all reaches it; give a figure as {example}"
    if not 0 < percent < 100:
        return f"must be above 0 and below 100 per cent, got {percent:g}; as {example}"
    return None


@dataclass(frozen=True, slots=True)
class Score:
    """How many went well, and how far the true share may lie from that."""

    good: int = 0
    #: How many there were.
    all: int = 0
    #: The interval of 95 % confidence for the share that goes well, 0 to 1.
    low: float = 0.0
    high: float = 1.0

    @property
    def share(self) -> float:
        """The share that went well, 0 to 1; 1 if there was nothing."""
        return self.good / self.all if self.all else 1.0

    @property
    def cautious(self) -> float:
        """About one standard error below the share: a target was not reached by luck alone."""
        return (self.share + self.low) / 2 if self.all else 1.0


class Scores(Tally):
    """A tally that also counts what went well, by target, team and half-hour.

    `teams` gives each sector the number of its team.
    """

    def __init__(self, plan: Plan, teams: Mapping[SectorId, int]) -> None:
        super().__init__(plan)
        self._teams = teams
        #: By the target's name, the team and the beginning of the half-hour (UTC epoch seconds):
        #: what went well, and all.
        self.good: Counter[tuple[str, int, int]] = Counter()
        self.all: Counter[tuple[str, int, int]] = Counter()

    def counted(self, command: Counted) -> None:
        """Count a fact, and score the targets that it bears on."""
        super().counted(command)
        fact = command.fact
        if type(fact) is CallFact and fact.sector is not None:
            if fact.door is Door.CALLBACK:
                if fact.kept is not None:
                    self._score("promise", fact.sector, fact.period_at, fact.kept)
                return
            if fact.kept is not None or fact.outcome in _TURNED_AWAY:
                self._score("live", fact.sector, fact.period_at, bool(fact.kept))
            if fact.waited_s is not None:
                stayed = fact.outcome is not Outcome.ABANDONED
                self._score("abandon", fact.sector, fact.period_at, stayed)

    def admitted(self, person: Person, refusal: Refusal | None, *, by_phone: bool) -> None:
        """Count a callback request, and score whether it was accepted."""
        super().admitted(person, refusal, by_phone=by_phone)
        if refusal not in _NOT_OURS:
            at = int(person.at) // _HALF_HOUR_S * _HALF_HOUR_S
            self._score("accepted", person.sector, at, refusal is None)

    def _score(self, name: str, sector: SectorId, at: int, good: bool) -> None:
        team = self._teams.get(sector)
        if team is not None:
            self.all[name, team, at] += 1
            self.good[name, team, at] += good


class Measured:
    """What several runs gave together, and how certain that is."""

    def __init__(self, runs: Iterable[Scores], plan: Plan) -> None:
        self._cells: defaultdict[tuple[str, int, Slot], list[int]] = defaultdict(lambda: [0, 0])
        self._days: defaultdict[tuple[str, int | None], dict[tuple[int, date], list[int]]]
        self._days = defaultdict(dict)
        on_duty = busy = 0
        for number, run in enumerate(runs):
            on_duty += sum(one.on_duty for one in run.presence.values())
            busy += sum(one.busy for one in run.presence.values())
            for (name, team, at), whole in run.all.items():
                good = run.good[name, team, at]
                day = number, plan.hours.local(at).date()
                for sums in (
                    self._cells[name, team, run.slot(at)],
                    self._days[name, team].setdefault(day, [0, 0]),
                    self._days[name, None].setdefault(day, [0, 0]),
                ):
                    sums[0] += good
                    sums[1] += whole
        #: The share of the time at work that informateurs were rung, talking or noting.
        self.occupancy = busy / on_duty if on_duty else 0.0

    def cell(self, aim: Aim, team: int, slot: Slot) -> Score:
        """Return a team's score in a half-hour of the week, with Wilson's interval.

        E. B. Wilson, "Probable inference", JASA 22 (1927), 209-212.
        """
        good, whole = self._cells.get((aim.kind.name, team, slot), (0, 0))
        return Score(good, whole, *_wilson(good, whole, whole / _ALIKE, _Z_OF_MANY))

    def team(self, aim: Aim, team: int | None) -> Score:
        """Return a team's score over all half-hours, or (None) the whole service's.

        The interval takes each day as one observation of a ratio, since calls of a day are alike.
        W. G. Cochran, "Sampling Techniques" (1977), section 2.11.
        """
        days = self._days.get((aim.kind.name, team), {}).values()
        good, whole = (sum(day[which] for day in days) for which in (0, 1))
        low, high = _wilson(good, whole, whole, _Z)
        number = len(days)
        if number > 1:
            share = good / whole
            squares = sum((day[0] - share * day[1]) ** 2 for day in days)
            error = _Z * sqrt(squares * number / (number - 1)) / whole
            # If all days were the same, as when nothing ever goes wrong, it would be too narrow.
            low, high = max(0.0, min(low, share - error)), min(1.0, max(high, share + error))
        return Score(good, whole, low, high)


def _wilson(good: int, whole: int, count: float, z: float) -> tuple[float, float]:
    """Return Wilson's interval for a share, `good` of `whole`, seen in `count` independent trials.

    `z` is the percentile of the normal distribution, 1.96 for 95 %. 80 good of 100:

    >>> [round(one, 3) for one in _wilson(80, 100, 100.0, 1.96)]
    [0.711, 0.867]
    """
    if not whole:
        return 0.0, 1.0
    share = good / whole
    middle = share + z * z / (2 * count)
    spread = z * sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    scale = 1 + z * z / count
    return (middle - spread) / scale, (middle + spread) / scale
