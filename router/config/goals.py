"""What the service aims at, and what it has published of itself."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from router.config.tables import Report, Table, Text
from router.core.plan import Published

Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0)]
_FIGURES = ("answered", "answered_callback", "mobilised", "satisfaction")


class GoalsTable(Table):
    """Keys of `Goals`."""

    in_time: Share | None = None
    callbacks_kept: Share | None = None
    answered: Share | None = None
    abandoned_max: Share | None = None
    satisfied: Share | None = None


class PublishedTable(Table):
    """Keys of `Published`."""

    year: Annotated[int, Field(ge=1900, le=2100)]
    source: Text
    answered: Number | None = None
    answered_callback: Number | None = None
    mobilised: Number | None = None
    satisfaction: Share | None = None


def read_published(tables: Iterable[PublishedTable], report: Report) -> tuple[Published, ...]:
    """What was published, the earliest year first; faults go to the report."""
    years: dict[int, Published] = {}
    for number, table in enumerate(tables, 1):
        place = f"published.{number}"
        if table.year in years:
            report.add(f"{place}.year", f"{table.year} is there twice")
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
