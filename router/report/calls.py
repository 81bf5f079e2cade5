"""Tables of calls: by sector, by half-hour of the day, over time, and by sector and half-hour."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from typing import TypeVar

from router.core.plan import Plan
from router.french import clock_text
from router.report.columns import ANSWERED_CLASSES, OFFERED_CLASSES, Column, Counts
from router.report.counting import Place, merged
from router.report.figures import OFFERED_IDS, figure
from router.report.tables import Draft, Line, Table, heads, total_line
from router.report.words import day_text, month_text

BREAKDOWN_FIGURES = (
    *OFFERED_IDS,
    *("closed/1", "pickup/2", "service-level/1", "asa/1"),
)
#: The columns of a breakdown of calls with their ranks, the lowest being withheld first to cover
#: others: parts that only show in a rate before a row's total, and that before its parts.
_RANKS = {
    Column.WITHIN: 0,
    Column.LATE: 0,
    Column.UNTIMED: 0,
    Column.OFFERED: 1,
    **dict.fromkeys((*OFFERED_CLASSES, Column.CLOSED), 2),
}
#: Ranges of up to so many days are listed by day, of up to so many weeks by week.
DAYS_LISTED, WEEKS_LISTED = 31, 26

#: The keys of the lines for calls without a sector, and for calls outside working hours.
NO_SECTOR, OTHER_HOURS = "none", "other"
NO_SECTOR_NAME = "Avant le choix d’un domaine"

_K = TypeVar("_K", bound=Hashable)


def call_tables(
    plan: Plan, places: Mapping[Place, Counts], first: date, last: date
) -> Iterable[Table]:
    """Yield the tables of all calls from `first` to `last`, with small numbers withheld."""
    local = {at: plan.hours.local(at) for at in sorted({at for at, _ in places})}
    half_hours = _half_hours(places, {at: moment.time() for at, moment in local.items()})
    slot = {at: half_hours.get(moment.time(), OTHER_HOURS) for at, moment in local.items()}
    bucket_of, buckets = _buckets(first, last, [moment.date() for moment in local.values()])
    bucket = {at: bucket_of(moment.date()) for at, moment in local.items()}
    names: dict[str, dict[str, str]] = {
        "sectors": _sector_names(plan, places),
        "half-hours": {
            **{key: clock_text(at) for at, key in half_hours.items()},
            **({OTHER_HOURS: "Autres heures"} if OTHER_HOURS in slot.values() else {}),
        },
        "evolution": buckets,
    }
    keys: dict[str, Callable[[Place], str]] = {
        "sectors": lambda place: place[1] or NO_SECTOR,
        "half-hours": lambda place: slot[place[0]],
        "evolution": lambda place: bucket[place[0]],
    }
    titles = {
        "sectors": "Par domaine",
        "half-hours": "Par demi-heure de la journée",
        "evolution": "Évolution",
    }
    rows: dict[str, dict[Hashable, Counts]] = {}
    draft = Draft()
    for table, key in keys.items():
        grouped = _grouped(places, key)
        rows[table] = {row: grouped.get(row, Counter()) for row in names[table]}
        draft.breakdown(
            table,
            rows[table],
            _RANKS,
            {Column.OFFERED: OFFERED_CLASSES, Column.ANSWERED: ANSWERED_CLASSES},
        )
    crossed = _grouped(places, lambda place: (keys["sectors"](place), keys["half-hours"](place)))
    _cross(draft, crossed, names)
    draft.decide()
    whole = merged(places.values())
    for table in keys:
        yield Table(
            table,
            titles[table],
            heads(BREAKDOWN_FIGURES),
            tuple(
                Line(
                    str(row),
                    names[table][str(row)],
                    tuple(draft.figure(id_, table, row, counts) for id_ in BREAKDOWN_FIGURES),
                )
                for row, counts in rows[table].items()
            ),
            total_line(figure(id_, whole) for id_ in BREAKDOWN_FIGURES),
        )
    yield Table(
        "sectors-half-hours",
        "Appels présentés, par domaine et demi-heure",
        tuple(names["half-hours"].values()),
        tuple(
            Line(
                sector,
                name,
                tuple(
                    draft.figure(
                        "offered/2", "cross", (sector, at), crossed.get((sector, at), Counter())
                    )
                    for at in names["half-hours"]
                ),
            )
            for sector, name in names["sectors"].items()
        ),
        total_line(
            draft.figure("offered/2", "half-hours", at, rows["half-hours"][at])
            for at in names["half-hours"]
        ),
    )


def _cross(
    draft: Draft,
    crossed: Mapping[tuple[str, str], Counts],
    names: Mapping[str, Mapping[str, str]],
) -> None:
    """Add the calls offered by sector and half-hour; two of the other tables are its margins."""
    sectors, half_hours = names["sectors"], names["half-hours"]
    for sector in sectors:
        for at in half_hours:
            offered = crossed.get((sector, at), Counter())[Column.OFFERED]
            draft.cell("cross", (sector, at), Column.OFFERED, offered)
    for sector in sectors:
        draft.sum(
            ("sectors", sector, Column.OFFERED),
            [("cross", (sector, at), Column.OFFERED) for at in half_hours],
        )
    for at in half_hours:
        draft.sum(
            ("half-hours", at, Column.OFFERED),
            [("cross", (sector, at), Column.OFFERED) for sector in sectors],
        )


def _half_hours(places: Mapping[Place, Counts], local: Mapping[int, time]) -> dict[time, str]:
    """Return the working half-hours with their keys: from the first to the last with calls offered.

    Calls outside them are counted together.
    """
    at_work = {local[at] for (at, _), counts in places.items() if counts[Column.OFFERED]}
    if not at_work:
        return {}
    return {
        at: f"{at:%H:%M}"
        for at in sorted({*at_work, *(time(n // 2, n % 2 * 30) for n in range(48))})
        if min(at_work) <= at <= max(at_work)
    }


def _buckets(
    first: date, last: date, days: Sequence[date]
) -> tuple[Callable[[date], str], dict[str, str]]:
    """Return how days are grouped, by day, week or month, and the names of the groups.

    Of all groups from the first to the last one with a call.
    """
    length = (last - first).days + 1
    key: Callable[[date], str]
    name: Callable[[date], str]
    if length <= DAYS_LISTED:
        key, name = date.isoformat, day_text
    elif length <= 7 * WEEKS_LISTED:
        key, name = _week, _week_text
    else:
        key, name = _month, month_text
    if not days:
        return key, {}
    begun, ended = min(days), max(days)
    span = (begun + timedelta(days=ahead) for ahead in range((ended - begun).days + 1))
    names: dict[str, str] = {}
    for day in span:
        names.setdefault(key(day), name(day))
    return key, names


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _week_text(day: date) -> str:
    return f"Semaine {day.isocalendar().week}"


def _sector_names(plan: Plan, places: Iterable[Place]) -> dict[str, str]:
    """Return the names of the sectors: the plan's, those of earlier plans, and that of none."""
    met = sorted({sector for _, sector in places if sector and sector not in plan.sectors})
    names: dict[str, str] = {sector: one.name for sector, one in plan.sectors.items()}
    names.update({sector: sector for sector in met})
    if any(sector is None for _, sector in places):
        names[NO_SECTOR] = NO_SECTOR_NAME
    return names


def _grouped(places: Mapping[Place, Counts], by: Callable[[Place], _K]) -> dict[_K, Counts]:
    """Return the sums of the counts by what `by` makes of their places."""
    groups: defaultdict[_K, list[Counts]] = defaultdict(list)
    for place, counts in places.items():
        groups[by(place)].append(counts)
    return {key: merged(parts) for key, parts in groups.items()}
