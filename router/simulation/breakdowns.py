"""Tables of a run: by door, sector, half-hour, month and day, and of the week."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, time

from router.core.facts import Door
from router.french import WEEKDAYS, clock_text
from router.report.calls import NO_SECTOR, NO_SECTOR_NAME
from router.report.columns import DOOR_NAMES, Column, Counts, Mode
from router.report.counting import classify, merged, promise
from router.report.figures import OFFERED_IDS, Figure, figure
from router.report.tables import Line, Table, modes_table, total_line
from router.report.words import NO_BREAK, long_day, month_text
from router.simulation.counted import Counted, is_live, merged_waits, ratio, waits_in
from router.simulation.definitions import DEFINITIONS
from router.simulation.tally import Ends, Slot

#: How many of the days with the most broken promises are listed.
DAYS_LISTED = 10

_CLASSES = (*OFFERED_IDS, "pickup/2")
_PROMISES = ("promised/1", "promise-broken/1", "promise-kept/2")
_SECTOR = (*_CLASSES, "service-level/1", "asa/1", *_PROMISES)
_MONTH = (*_CLASSES, "answered-callback/1", *_PROMISES)
_DAY = ("offered/2", "answered/1", "pickup/2", *_PROMISES)


def tables_of(counted: Counted, needed: Mapping[Slot, int]) -> dict[str, Table]:
    """Return every table, by id; `needed` as in `figures.figures_of`."""
    clock = counted.clock()
    *_, occupancy = counted.staff(lambda slot, home: True)
    tables = (
        modes_table({mode: counted.of_mode(mode) for mode in Mode}),
        _table(
            "doors",
            "Par accès",
            [Line(door.value, name, _door(counted, door)) for door, name in DOOR_NAMES.items()],
            _door(counted, *Door),
        ),
        _table("sectors", "Par domaine", _sectors(counted), _sector(counted.whole, occupancy)),
        _table(
            "half-hours",
            "Par demi-heure de la journée",
            [_line(at, _half_hour(counted, {at})) for at in clock],
            _half_hour(counted, clock),
        ),
        _table(
            "staffing",
            "Informateurs, par demi-heure de la journée",
            [_line(at, _staffing(counted, {at})) for at in clock],
            _staffing(counted, clock),
        ),
        _table(
            "months",
            "Au fil de l’année",
            _months(counted),
            tuple(figure(id_, counted.whole) for id_ in _MONTH),
        ),
        _table(
            "days",
            "Jours où le plus de promesses n’ont pas été tenues",
            _hardest_days(counted),
            None,  # some days
        ),
        *_weeks(counted, needed),
    )
    return {table.id: table for table in tables}


def _door(counted: Counted, *doors: Door) -> tuple[Figure, ...]:
    counts = counted.sum(lambda key: key[2] in doors)
    return (
        *(figure(id_, counts) for id_ in _CLASSES),
        *waits_in(counted.waits_of(doors)),
        *(figure(id_, counts) for id_ in _PROMISES),
        counted.to_promise(*doors),
    )


def _sectors(counted: Counted) -> list[Line]:
    counts = counted.grouped(lambda key: key[1])
    lines = []
    for id_, sector in counted.plan.sectors.items():
        *_, occupancy = counted.staff(lambda _, home, id_=id_: home == id_)  # type: ignore[misc]
        lines.append(Line(id_, sector.name, _sector(counts.get(id_, Counter()), occupancy)))
    if None in counts:
        nobodys = ratio("occupancy/1", 0, 0)
        lines.append(Line(NO_SECTOR, NO_SECTOR_NAME, _sector(counts[None], nobodys)))
    return lines


def _sector(counts: Counts, occupancy: Figure) -> tuple[Figure, ...]:
    return (*(figure(one, counts) for one in _SECTOR), occupancy)


def _half_hour(counted: Counted, ats: Collection[int]) -> tuple[Figure, ...]:
    """Return the figures of one half-hour of the day, or of several together."""
    counts = counted.sum(lambda key: key[0][1] in ats)
    calling, called = (
        merged_waits(counted.tally.waits_at[at, one] for at in ats) for one in (True, False)
    )
    _, *of_callers = waits_in(calling, "live-")
    _, *of_called = waits_in(called, "callback-")
    return (
        counted.load(lambda slot: slot[1] in ats),
        figure("abandonment/2", counts),
        figure("asa/1", counts),
        *of_callers,
        *of_called,
        *(figure(id_, counts) for id_ in _PROMISES),
    )


def _staffing(counted: Counted, ats: Collection[int]) -> tuple[Figure, ...]:
    return counted.staff(lambda slot, _: slot[1] in ats)


def _staff_at(counted: Counted, slot: Slot) -> tuple[Figure, ...]:
    return counted.staff(lambda one, _: one == slot)


def _months(counted: Counted) -> list[Line]:
    months: defaultdict[date, list[Counts]] = defaultdict(list)
    for day, ends in counted.tally.days.items():
        months[day.replace(day=1)].append(_counts(ends))
    return [
        Line(
            f"{first:%Y-%m}",
            month_text(first),
            tuple(figure(id_, counts) for id_ in _MONTH),
        )
        for first, counts in ((first, merged(parts)) for first, parts in months.items())
    ]


def _hardest_days(counted: Counted) -> list[Line]:
    days = {day: _counts(ends) for day, ends in counted.tally.days.items()}
    broken = {day: counts[Column.LATER] for day, counts in days.items()}
    hardest = sorted((day for day in days if broken[day]), key=lambda day: (-broken[day], day))
    return [
        Line(
            day.isoformat(),
            f"{WEEKDAYS[day.weekday()]}{NO_BREAK}{long_day(day)}",
            tuple(figure(id_, days[day]) for id_ in _DAY),
        )
        for day in hardest[:DAYS_LISTED]
    ]


def _weeks(counted: Counted, needed: Mapping[Slot, int]) -> Iterable[Table]:
    """Yield tables of the week: a line for each day, a column for each half-hour, if open."""
    live = counted.grouped(lambda key: key[0], lambda key: is_live(key[2]))
    every = counted.grouped(lambda key: key[0])
    asked = counted.tally.requests
    staff = {slot: _staff_at(counted, slot) for slot in counted.openings}
    measures: tuple[tuple[str, str, str, Callable[[Slot], Figure]], ...] = (
        ("load", "load/1", "Demandes", lambda slot: counted.load(lambda one: one == slot)),
        ("wait", "asa/1", "Attente moyenne", lambda slot: figure("asa/1", live.get(slot, {}))),
        (
            "kept",
            "promise-kept/2",
            "Promesses tenues",
            lambda slot: figure("promise-kept/2", every.get(slot, {})),
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
        (
            "needed",
            "needed/1",
            "Informateurs nécessaires",
            lambda slot: Figure("needed/1", needed.get(slot)),
        ),
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
            None,  # means
        )


def _counts(ends: Ends) -> Counts:
    """Return the counts that follow from how calls ended; not their waits."""
    counts: Counts = Counter()
    outcomes, kept = ends
    for (door, outcome), alike in outcomes.items():
        classify(door, outcome, alike, counts)
    for (door, was_kept), alike in kept.items():
        promise(door, was_kept, alike, counts)
    return counts


def _table(id_: str, title: str, lines: Sequence[Line], total: tuple[Figure, ...] | None) -> Table:
    heads = tuple(DEFINITIONS[one.id].short for one in lines[0].figures) if lines else ()
    together = total_line(total) if total is not None and lines else None
    return Table(id_, title, heads, tuple(lines), together)


def _line(at: int, figures: tuple[Figure, ...]) -> Line:
    return Line(f"{at // 2:02}:{at % 2 * 30:02}", _clock_name(at), figures)


def _clock_name(at: int) -> str:
    return clock_text(time(at // 2, at % 2 * 30))
