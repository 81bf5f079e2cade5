"""Tables of a run: by door, sector, half-hour, month, day, and the week."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, time

from router.core.facts import Door
from router.core.french import WEEKDAYS
from router.core.hours import clock_text
from router.core.ids import SectorId
from router.figures import CLASS, Column, Counts, Figure, figure, merged
from router.report.tables import Line, Table
from router.report.words import NO_BREAK, long_day, month_text
from router.simulation.counted import DOORS, Counted, is_live, ratio, waits_in
from router.simulation.definitions import DEFINITIONS
from router.simulation.tally import Ends, Slot

DAYS_LISTED = 10

_C = Column
_SECTOR = (*("offered/1", "answered/1", "pickup/1", "service-level/1", "asa/1", "promise-kept/1"),)
_ENDED = (
    *("offered/1", "answered/1", "answered-callback/1", "abandoned/1", "refused/1"),
    *("pickup/1", "promise-kept/1"),
)


def tables_of(counted: Counted) -> dict[str, Table]:
    """Return every table, by id."""
    clock = counted.clock()
    tables = (
        _table("doors", "Par accès", [_door(counted, door) for door in DOORS]),
        _table("sectors", "Par domaine", _sectors(counted)),
        _table(
            "half-hours",
            "Par demi-heure de la journée",
            [_half_hour(counted, at) for at in clock],
        ),
        _table(
            "staffing",
            "Informateurs, par demi-heure de la journée",
            [_staffing(counted, at) for at in clock],
        ),
        _table("months", "Au fil de l’année", _months(counted)),
        _table(
            "days", "Jours où le plus de promesses n’ont pas été tenues", _hardest_days(counted)
        ),
        *_weeks(counted),
    )
    return {table.id: table for table in tables}


def _door(counted: Counted, door: Door) -> Line:
    counts = counted.of_door(door)
    return Line(
        door.value,
        DOORS[door],
        (
            *(figure(id_, counts) for id_ in ("offered/1", "answered/1", "pickup/1")),
            *waits_in(counted.tally.waits[door]),
            figure("promise-kept/1", counts),
            counted.to_promise(door),
        ),
    )


def _sectors(counted: Counted) -> list[Line]:
    counts = counted.grouped(lambda key: key[1])
    return [
        Line(
            id_,
            sector.name,
            (
                *(figure(one, counts.get(id_, Counter())) for one in _SECTOR),
                _occupancy(counted, id_),
            ),
        )
        for id_, sector in counted.plan.sectors.items()
    ]


def _occupancy(counted: Counted, sector: SectorId) -> Figure:
    *_, occupancy = counted.staff(lambda _, home: home == sector)
    return occupancy


def _half_hour(counted: Counted, at: int) -> Line:
    live = counted.sum(lambda key: key[0][1] == at and is_live(key))
    calling, called = (counted.tally.waits_at[at, one] for one in (True, False))
    _, *of_callers = waits_in(calling)
    _, *of_called = waits_in(called, "callback-")
    return _line(
        at,
        (
            counted.load(lambda slot: slot[1] == at),
            figure("abandonment/1", live, DEFINITIONS),
            figure("asa/1", live),
            *of_callers,
            *of_called,
            figure("promise-kept/1", counted.sum(lambda key: key[0][1] == at)),
        ),
    )


def _staffing(counted: Counted, at: int) -> Line:
    return _line(at, counted.staff(lambda slot, _: slot[1] == at))


def _staff_at(counted: Counted, slot: Slot) -> tuple[Figure, ...]:
    return counted.staff(lambda one, _: one == slot)


def _months(counted: Counted) -> list[Line]:
    months: defaultdict[date, list[Counts]] = defaultdict(list)
    for day, ends in counted.tally.days.items():
        months[day.replace(day=1)].append(_counts(ends))
    return [
        Line(f"{first:%Y-%m}", month_text(first), _ended(merged(parts)))
        for first, parts in months.items()
    ]


def _hardest_days(counted: Counted) -> list[Line]:
    days = {day: _counts(ends) for day, ends in counted.tally.days.items()}
    broken = {day: _broken(counts) for day, counts in days.items()}
    hardest = sorted((day for day in days if broken[day]), key=lambda day: (-broken[day], day))
    return [
        Line(
            day.isoformat(),
            f"{WEEKDAYS[day.weekday()]}{NO_BREAK}{long_day(day)}",
            _ended(days[day]),
        )
        for day in hardest[:DAYS_LISTED]
    ]


def _weeks(counted: Counted) -> Iterable[Table]:
    """The week, a line a day and a column a half-hour; where it is closed there is nothing."""
    live = counted.grouped(lambda key: key[0], is_live)
    every = counted.grouped(lambda key: key[0])
    asked = counted.tally.requests
    staff = {slot: _staff_at(counted, slot) for slot in counted.openings}
    measures: tuple[tuple[str, str, str, Callable[[Slot], Figure]], ...] = (
        ("load", "load/1", "Demandes", lambda slot: counted.load(lambda one: one == slot)),
        ("wait", "asa/1", "Attente moyenne", lambda slot: figure("asa/1", live.get(slot, {}))),
        (
            "kept",
            "promise-kept/1",
            "Promesses tenues",
            lambda slot: figure("promise-kept/1", every.get(slot, {})),
        ),
        (
            "accepted",
            "acceptance/1",
            "Demandes de rappel acceptées",
            lambda slot: ratio(
                "acceptance/1", asked[slot, True], asked[slot, True] + asked[slot, False]
            ),
        ),
        ("on-duty", "on-duty/1", "Informateurs en poste", lambda slot: staff[slot][0]),
        ("busy", "busy/1", "Informateurs occupés", lambda slot: staff[slot][2]),
        ("needed", "needed/1", "Informateurs nécessaires", counted.needed),
        ("occupancy", "occupancy/1", "Occupation des informateurs", lambda slot: staff[slot][3]),
    )
    clock = counted.clock()
    for key, id_, name, measure in measures:
        yield Table(
            f"week-{key}",
            f"{name}, selon le jour et la demi-heure",
            tuple(map(_clock_name, clock)),
            tuple(
                Line(
                    str(weekday + 1),
                    WEEKDAYS[weekday],
                    tuple(
                        measure((weekday, at))
                        if (weekday, at) in counted.openings
                        else Figure(id_, None)
                        for at in clock
                    ),
                )
                for weekday in sorted({weekday for weekday, _ in counted.openings})
            ),
        )


def _ended(counts: Counts) -> tuple[Figure, ...]:
    broken = Figure("promise-broken/1", _broken(counts))
    return (*(figure(id_, counts) for id_ in _ENDED), broken)


def _broken(counts: Counts) -> int:
    return counts[_C.PROMISED] - counts[_C.KEPT]


def _counts(ends: Ends) -> Counts:
    """Return what is counted of how calls ended, without their waits."""
    counts: Counts = Counter()
    outcomes, kept = ends
    for (door, outcome), alike in outcomes.items():
        kind = CLASS[outcome]
        counts[_C.TOTAL] += alike
        counts[kind] += alike
        counts[_C.OFFERED] += alike * (kind is not _C.SELF_SERVICE)
        counts[_C.ANSWERED_CALLBACK] += alike * (kind is _C.ANSWERED and door is Door.CALLBACK)
    for (_, was_kept), alike in kept.items():
        counts[_C.PROMISED] += alike
        counts[_C.KEPT] += alike * was_kept
    return counts


def _table(id_: str, title: str, lines: Sequence[Line]) -> Table:
    heads = tuple(DEFINITIONS[one.id].short for one in lines[0].figures) if lines else ()
    return Table(id_, title, heads, tuple(lines))


def _line(at: int, figures: tuple[Figure, ...]) -> Line:
    return Line(f"{at // 2:02}:{at % 2 * 30:02}", _clock_name(at), figures)


def _clock_name(at: int) -> str:
    return clock_text(time(at // 2, at % 2 * 30))
