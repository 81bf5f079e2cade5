"""Sectors and fiches in the plan, and the queue of callers who press no key."""

import re
from collections.abc import Mapping

from router.config.keys import check_codes
from router.config.tables import Report, Table, Text, default
from router.core.ids import FicheId, PromptId, SectorId
from router.core.plan import Fiche, Sector

_FICHE = re.compile(r"F[0-9]{1,6}")


class SectorTable(Table):
    """A domain of competence, under its id."""

    #: French, for pages and logs.
    name: Text
    #: The ministry that it belongs to, in French.
    ministry: Text
    #: 1 to 6 digits that an informateur types for it, to transfer a call or to note it; needed
    #: unless `for_all`. All sectors' codes have the same length.
    code: str = default(Sector, "code")
    #: Whether every informateur serves it, as level 1, whatever agents.toml says: for the queue of
    #: `no_key`, which is no domain of competence.
    for_all: bool = default(Sector, "for_all")
    #: The prompt that tells an informateur the sector. Without it: `sector-<id>`.
    prompt: str | None = None


class FicheTable(Table):
    """A page of the public site, under its number: F1234."""

    #: The id of the sector that the page's access code leads to.
    sector: str
    #: French; informateurs hear it before a call.
    title: Text


def read_sectors(tables: Mapping[str, SectorTable]) -> dict[SectorId, Sector]:
    """Return the sectors."""
    return {
        SectorId(id_): Sector(
            id=SectorId(id_),
            name=table.name,
            ministry=table.ministry,
            prompt=PromptId(table.prompt or f"sector-{id_}"),
            code=table.code,
            for_all=table.for_all,
        )
        for id_, table in tables.items()
    }


def read_fiches(
    tables: Mapping[str, FicheTable], sectors: Mapping[SectorId, Sector], report: Report
) -> dict[FicheId, Fiche]:
    """Return the fiches; faults go to the report."""
    for id_, table in tables.items():
        if not _FICHE.fullmatch(id_):
            report.add(f"fiches.{id_}", "a fiche is named F and its number, as in F1234")
        if table.sector not in sectors:
            report.add_unknown(f"fiches.{id_}.sector", "sector", table.sector, sectors)
    return {
        FicheId(id_): Fiche(FicheId(id_), table.title, SectorId(table.sector))
        for id_, table in tables.items()
    }


def read_general_queue(
    text: str, sectors: Mapping[SectorId, Sector], report: Report
) -> SectorId | None:
    """Return the sector in whose queue callers wait who press no key; faults go to the report.

    `text` is "queue:" and a sector that every informateur serves.
    """
    kind, _, id_ = text.partition(":")
    if kind != "queue" or not id_:
        report.add("no_key", f'must be "queue:" and a sector, as in "queue:general", got "{text}"')
    elif id_ not in sectors:
        report.add_unknown("no_key", "sector", id_, sectors)
    elif not sectors[SectorId(id_)].for_all:
        report.add("no_key", f"not every informateur serves {id_}: sectors.{id_}.for_all = true")
    return SectorId(id_)


def check_sector_codes(
    sectors: Mapping[SectorId, Sector], fiches: Mapping[FicheId, Fiche], report: Report
) -> None:
    """Check the codes of sectors: where a sector or a fiche may be typed, only they differ."""
    codes = {}
    for id_, sector in sectors.items():
        if sector.code:
            codes[f"sectors.{id_}.code"] = sector.code
        elif not sector.for_all:
            report.add(f"sectors.{id_}.code", "is missing")
    check_codes(codes, report)
    for place, code in codes.items():
        if f"F{code}" in fiches:
            report.add(place, f'"{code}" is also the number of fiche F{code}')
