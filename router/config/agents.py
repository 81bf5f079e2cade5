"""The informateurs and their skills (agents.toml)."""

import re
from collections.abc import Mapping
from typing import Any

from router.config.tables import Report, Text, parse, unknown
from router.core.ids import AgentId, SectorId
from router.core.plan import Agent, Sector

#: agents.toml: id -> sector -> level.
AgentsTable = dict[str, dict[str, int]]

#: The table of agents.toml that says who is who. Nothing but `./allo agents list` shows it.
NAMES = "names"

_NUMBER = re.compile(r"[0-9]{1,10}")


def is_number(text: str) -> bool:
    """Return whether an informateur may have this number."""
    return _NUMBER.fullmatch(text) is not None


def without_names(content: dict[str, Any], report: Report) -> dict[str, Any]:
    """Return what agents.toml holds but for the names, which are checked."""
    skills = dict(content)
    names = parse(dict[str, Text], skills.pop(NAMES, {}), report, within=NAMES) or {}
    for id_ in names:
        if id_ not in skills:
            report.add(f"{NAMES}.{id_}", unknown("informateur", id_, skills))
    return skills


def read_agents(
    skills: AgentsTable,
    sectors: Mapping[SectorId, Sector],
    levels: int | None,
    report: Report,
    agents_report: Report,
) -> dict[AgentId, Agent]:
    """Return the informateurs, whose skills have `levels` levels (None: unknown).

    A sector that nobody serves is a fault of the plan, and goes to `report`.
    """
    for_all = {id_: 1 for id_, sector in sectors.items() if sector.for_all}
    sectors_known = report.is_sound("sectors")
    if not skills:
        agents_report.add("", "names no informateur")
    for id_, levels_of in skills.items():
        if not is_number(id_):
            agents_report.add(id_, "an informateur's id is digits, as in 101")
        if not levels_of:
            agents_report.add(id_, "has no sector")
        for sector, level in levels_of.items():
            if sector not in sectors and sectors_known:
                agents_report.add(f"{id_}.{sector}", unknown("sector", sector, sectors))
            if levels is not None and not 1 <= level <= levels:
                agents_report.add(
                    f"{id_}.{sector}",
                    f"the level must be 1 to {levels} (targets.widening_s), got {level}",
                )
    if agents_report.is_sound() and sectors_known:
        served = {sector for levels_of in skills.values() for sector in levels_of}
        for sector in sectors:
            if sector not in served and sector not in for_all:
                report.add(
                    f"sectors.{sector}", f"no informateur has this sector ({agents_report.name})"
                )
    return {
        AgentId(id_): Agent(
            AgentId(id_), {SectorId(sector): n for sector, n in levels_of.items()} | for_all
        )
        for id_, levels_of in skills.items()
    }
