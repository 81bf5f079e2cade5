"""What figures are set beside: the service's goals, and the key figures it has published."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from router.config.tables import Report, Text, schema

Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0)]
_FIGURES = ("answered", "answered_callback", "mobilised", "satisfaction")


@dataclass(frozen=True, slots=True)
class Goals:
    """What the service aims at, as shares from 0 to 1; no target where it has named none."""

    #: The share of live calls offered that are answered within `targets.live_target_s`, at least.
    in_time: Share | None = None
    #: The share of promised callbacks that are begun within `callbacks.promise_s`, at least.
    callbacks_kept: Share | None = None
    #: The share of calls offered that are answered, at least.
    answered: Share | None = None
    #: The share of live calls offered that are abandoned, at most.
    abandoned_max: Share | None = None
    #: The share of scores given that count as satisfied, at least.
    satisfied: Share | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """Key figures that the service has published for a year, some of them or all."""

    #: The year.
    year: Annotated[int, Field(ge=1900, le=2100)]
    #: Where they were published, in French.
    source: Text
    #: Calls answered, callbacks included.
    answered: Number | None = None
    #: Of these, callbacks.
    answered_callback: Number | None = None
    #: Informateurs who worked for the service.
    mobilised: Number | None = None
    #: The share of satisfied callers, from 0 to 1.
    satisfaction: Share | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """What the director's page sets beside the figures of some days."""

    goals: Goals = field(default_factory=Goals)
    #: The earliest year first.
    published: tuple[Published, ...] = ()


GoalsTable: Any = schema(Goals)
PublishedTable: Any = schema(Published)


def read_published(tables: Iterable[Any], report: Report) -> tuple[Published, ...]:
    """Return what was published, the earliest year first; faults go to the report."""
    years: dict[int, Published] = {}
    for number, table in enumerate(tables, 1):
        place = f"published.{number}"
        if table.year in years:
            report.add(f"{place}.year", f"{table.year} is given twice")
        if all(getattr(table, name) is None for name in _FIGURES):
            *first, last = _FIGURES
            report.add(place, f"names no figure: {', '.join(first)} or {last}")
        callbacks, answered = table.answered_callback, table.answered
        if callbacks is not None and answered is not None and callbacks > answered:
            report.add(
                f"{place}.answered_callback",
                f"{callbacks} of {answered} answered calls cannot have been callbacks",
            )
        years[table.year] = Published(**table.model_dump())
    return tuple(years[year] for year in sorted(years))
