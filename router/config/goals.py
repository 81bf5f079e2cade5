"""What the service aims at, and the key figures that it has published."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from router.config.tables import Report, Text, schema
from router.core.plan import Goals, Published

Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0)]
_FIGURES = ("answered", "answered_callback", "mobilised", "satisfaction")


GoalsTable: Any = schema(
    Goals,
    in_time=Share | None,
    callbacks_kept=Share | None,
    answered=Share | None,
    abandoned_max=Share | None,
    satisfied=Share | None,
)
PublishedTable: Any = schema(
    Published,
    year=Annotated[int, Field(ge=1900, le=2100)],
    source=Text,
    answered=Number | None,
    answered_callback=Number | None,
    mobilised=Number | None,
    satisfaction=Share | None,
)


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
