"""The service plan: schema of the TOML file, checks across its tables, the frozen Plan."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from router.config.desk import (
    DeskTable,
    EntryTable,
    QuestionTable,
    check_codes,
    read_desk,
    read_directory,
    read_questions,
)
from router.config.goals import GoalsTable, PublishedTable, read_published
from router.config.hours import HoursTable, read_hours
from router.config.menus import KeysTable, MenuTable, reachable, read_menus
from router.config.tables import (
    Report,
    Table,
    Text,
    check_id,
    parse,
    raise_all,
    read_toml,
    schema,
    unknown,
)
from router.core import speech
from router.core.ids import AgentId, FicheId, MenuId, PageId, PromptId, SectorId
from router.core.plan import (
    SPOKEN_ON_THE_SPOT,
    Agent,
    CallbackPolicy,
    CodePolicy,
    Desk,
    Entry,
    Fiche,
    Goals,
    Page,
    Plan,
    Question,
    Relay,
    Sector,
    Targets,
    ToPage,
    ToSector,
)

_FICHE = re.compile(r"F[0-9]{1,6}")
_AGENT = re.compile(r"[0-9]{1,10}")
#: As the carrier delivers it: a short number, or a national or international one.
_NUMBER = re.compile(r"\+?[0-9]{2,15}")

_URL = re.compile(r"https?://[^\s\"'<>`\\]+")

#: Durations that may be none at all.
_MAY_BE_ZERO = frozenset(
    {
        "offer_after_s",
        "grace_s",
        "slack_s",
        "wrap_up_s",
        "miss_pause_s",
        "reject_pause_s",
        "busy_pause_s",
        "unreachable_pause_s",
        "unheard_max",
    }
    | {"delay_s"}
)

#: agents.toml: id -> sector -> level.
AgentsTable = dict[str, dict[str, int]]


_CodeTable: Any = schema(CodePolicy, _MAY_BE_ZERO)
_TargetsTable: Any = schema(Targets, _MAY_BE_ZERO)
_CallbacksTable: Any = schema(CallbackPolicy, _MAY_BE_ZERO)


class SectorTable(Table):
    name: Text
    ministry: Text
    code: str = ""
    for_all: bool = False
    prompt: str | None = None


class FicheTable(Table):
    sector: str
    title: Text


class RelayTable(Table):
    name: Text
    url: str


class PlanTable(Table):
    name: Text
    numbers: Annotated[tuple[str, ...], Field(min_length=1)]
    welcome: tuple[str, ...] = ()
    first_menu: str
    information_menu: str
    hours: HoursTable
    code: _CodeTable = _CodeTable()
    targets: _TargetsTable = _TargetsTable()
    callbacks: _CallbacksTable = _CallbacksTable()
    sectors: dict[str, SectorTable]
    keys: KeysTable = KeysTable()
    menus: dict[str, MenuTable]
    pages: dict[str, tuple[str, ...]]
    fiches: dict[str, FicheTable]
    desk: DeskTable
    directory: dict[str, EntryTable] = Field(default_factory=dict)
    questions: tuple[QuestionTable, ...] = ()
    goals: GoalsTable = GoalsTable()
    published: tuple[PublishedTable, ...] = ()
    relay: RelayTable | None = None
    no_key: str | None = None


def load_plan(
    plan_path: Path, agents_path: Path, known_prompts: Collection[str] | None = None
) -> Plan:
    """Read and check the plan and its informateurs.

    `known_prompts` are the ids of the catalogue; None skips that check.

    Raises:
        ConfigError: With every fault of both files.
    """
    plan_report, agents_report = Report(plan_path.name), Report(agents_path.name)
    plan = read_plan(plan_path, agents_path, known_prompts, plan_report, agents_report)
    raise_all(plan_report, agents_report)
    assert plan is not None
    return plan


def read_plan(
    plan_path: Path,
    agents_path: Path,
    known_prompts: Collection[str] | None,
    report: Report,
    agents_report: Report,
) -> Plan | None:
    """The plan, to be used only if both reports stay empty; faults go to the reports."""
    content, staff = read_toml(plan_path, report), read_toml(agents_path, agents_report)
    table = None if content is None else parse(PlanTable, content, report)
    skills = None if staff is None else parse(AgentsTable, staff, agents_report)
    if table is None:
        return None
    _check_numbers(table.numbers, report)
    _check_targets(table.targets, report)
    hours = read_hours(table.hours, report)
    sectors = _sectors(table)
    pages = {PageId(id_): Page(PageId(id_), _prompts(said)) for id_, said in table.pages.items()}
    fiches = _fiches(table, report)
    menus = read_menus(table.menus, table.keys, table.information_menu, sectors, pages, report)
    for role, menu in (
        ("first_menu", table.first_menu),
        ("information_menu", table.information_menu),
    ):
        if menu not in menus:
            report.add_unknown(role, "menu", menu, menus)
    if table.first_menu == table.information_menu:
        report.add("information_menu", "must be another menu than first_menu, which leads there")
    no_key = None if table.no_key is None else _general_queue(table.no_key, sectors, report)
    if no_key is not None and table.targets.unheard_max and table.targets.tries < 2:
        report.add(
            "targets.tries",
            "must be 2 or more where unheard_max limits machines (no_key): who presses nothing "
            "is listened to from the first silence on",
        )
    _check_ids(table, report)
    _check_sector_codes(table, report)
    desk = read_desk(table.desk, table.numbers, skills or (), report)
    directory = read_directory(table.directory, table.numbers, report)
    questions = read_questions(table.questions, report)
    if table.relay is not None and not _URL.fullmatch(table.relay.url):
        report.add(
            "relay.url", f'must be a web page, "https://www.example.org/", got "{table.relay.url}"'
        )
    places = _prompts_needed(table, sectors.values())
    places |= _desk_prompts_needed(desk, directory.values(), questions)
    _check_prompts(places, known_prompts, report)
    if report.is_sound("first_menu", "information_menu", "menus", "sectors", "fiches", "pages"):
        _check_reach(table, menus, fiches, report)
    agents: Mapping[AgentId, Agent] = {}
    if skills is not None:
        agents = _agents(skills, sectors, len(table.targets.widening_s), report, agents_report)
    return Plan(
        name=table.name,
        numbers=table.numbers,
        hours=hours,
        welcome=_prompts(table.welcome),
        sectors=sectors,
        fiches=fiches,
        menus=menus,
        pages=pages,
        first_menu=MenuId(table.first_menu),
        information_menu=MenuId(table.information_menu),
        agents=agents,
        code=CodePolicy(**table.code.model_dump()),
        targets=Targets(**table.targets.model_dump()),
        callbacks=CallbackPolicy(**table.callbacks.model_dump()),
        desk=desk,
        directory=directory,
        questions=questions,
        goals=Goals(**table.goals.model_dump()),
        published=read_published(table.published, report),
        relay=Relay(table.relay.name, table.relay.url) if table.relay else None,
        no_key=no_key,
    )


def _prompts(ids: Iterable[str]) -> tuple[PromptId, ...]:
    return tuple(PromptId(id_) for id_ in ids)


def _sectors(table: PlanTable) -> dict[SectorId, Sector]:
    return {
        SectorId(id_): Sector(
            id=SectorId(id_),
            name=sector.name,
            ministry=sector.ministry,
            prompt=PromptId(sector.prompt or f"sector-{id_}"),
            code=sector.code,
            for_all=sector.for_all,
        )
        for id_, sector in table.sectors.items()
    }


def _general_queue(
    text: str, sectors: Mapping[SectorId, Sector], report: Report
) -> SectorId | None:
    """Where callers wait who press nothing: "queue:" and a sector that everybody serves."""
    kind, _, id_ = text.partition(":")
    if kind != "queue" or not id_:
        report.add("no_key", f'must be "queue:" and a sector, as in "queue:general", got "{text}"')
    elif id_ not in sectors:
        report.add_unknown("no_key", "sector", id_, sectors)
    elif not sectors[SectorId(id_)].for_all:
        report.add("no_key", f"not every informateur serves {id_}: sectors.{id_}.for_all = true")
    return SectorId(id_)


def _fiches(table: PlanTable, report: Report) -> dict[FicheId, Fiche]:
    for id_, fiche in table.fiches.items():
        if not _FICHE.fullmatch(id_):
            report.add(f"fiches.{id_}", "a fiche is named F and its number, as in F1234")
        if fiche.sector not in table.sectors:
            report.add_unknown(f"fiches.{id_}.sector", "sector", fiche.sector, table.sectors)
    return {
        FicheId(id_): Fiche(FicheId(id_), fiche.title, SectorId(fiche.sector))
        for id_, fiche in table.fiches.items()
    }


def _check_numbers(numbers: tuple[str, ...], report: Report) -> None:
    for place, number in enumerate(numbers, 1):
        if not _NUMBER.fullmatch(number):
            report.add(
                f"numbers.{place}", f'must be 2 to 15 digits, with or without +, got "{number}"'
            )
        elif number in numbers[: place - 1]:
            report.add(f"numbers.{place}", f"{number} is there twice")


def _check_targets(targets: Any, report: Report) -> None:
    if targets.live_target_s > targets.longest_wait_s:
        report.add(
            "targets.live_target_s",
            f"must not exceed longest_wait_s ({targets.longest_wait_s}), "
            f"got {targets.live_target_s}",
        )
    if targets.longest_wait_s >= targets.longest_call_s:
        report.add(
            "targets.longest_call_s",
            f"must exceed longest_wait_s ({targets.longest_wait_s}), got {targets.longest_call_s}",
        )
    if targets.reserve_s >= targets.ring_s:
        report.add(
            "targets.reserve_s",
            f"must be less than ring_s ({targets.ring_s}), got {targets.reserve_s}",
        )
    widening = targets.widening_s
    if not widening or widening[0] != 0:
        report.add("targets.widening_s", "must begin with 0: level 1 is asked at once")
    elif list(widening) != sorted(set(widening)):
        report.add("targets.widening_s", "each level must be asked later than the one before")


def _check_ids(table: PlanTable, report: Report) -> None:
    for kind, ids in (("sectors", table.sectors), ("menus", table.menus), ("pages", table.pages)):
        for id_ in ids:
            check_id(f"{kind}.{id_}", id_, report)
        if not ids:
            report.add(kind, "must not be empty")
    for id_, said in table.pages.items():
        if not said:
            report.add(f"pages.{id_}", "must not be empty")


def _check_sector_codes(table: PlanTable, report: Report) -> None:
    """A sector is told from a fiche by its code alone where either may be typed."""
    codes = {}
    for id_, sector in table.sectors.items():
        if sector.code:
            codes[f"sectors.{id_}.code"] = sector.code
        elif not sector.for_all:
            report.add(f"sectors.{id_}.code", "is missing")
    check_codes(codes, report)
    for place, code in codes.items():
        if f"F{code}" in table.fiches:
            report.add(place, f'"{code}" is also the number of fiche F{code}')


def _prompts_needed(table: PlanTable, sectors: Iterable[Sector]) -> dict[str, str]:
    """Every prompt that callers' way needs, by the key that asks for it."""
    places = {f"welcome.{place}": said for place, said in enumerate(table.welcome, 1)}
    places |= {f"sectors.{sector.id}.prompt": sector.prompt for sector in sectors}
    for id_, menu in table.menus.items():
        if menu.prompts is None:
            places[f"menus.{id_}.prompts"] = id_
        else:
            places |= {f"menus.{id_}.prompts.{n}": said for n, said in enumerate(menu.prompts, 1)}
    for id_, page in table.pages.items():
        places |= {f"pages.{id_}.{n}": said for n, said in enumerate(page, 1)}
    return places


def _desk_prompts_needed(
    desk: Desk, directory: Iterable[Entry], questions: Iterable[Question]
) -> dict[str, str]:
    places: dict[str, str] = {f"desk.reasons.{id_}": speech.ask_reason(id_) for id_ in desk.reasons}
    for entry in directory:
        places[f"directory.{entry.id}.prompt"] = entry.prompt
        places[f"directory.{entry.id}.hours_prompt"] = entry.hours_prompt
    places |= {f"questions.{n}.prompt": one.prompt for n, one in enumerate(questions, 1)}
    return places


def _check_prompts(
    places: Mapping[str, str], known_prompts: Collection[str] | None, report: Report
) -> None:
    for place, prompt in places.items():
        if prompt.startswith("@"):
            if prompt not in SPOKEN_ON_THE_SPOT:
                report.add(place, unknown("prompt", prompt, SPOKEN_ON_THE_SPOT))
        elif known_prompts is not None and prompt not in known_prompts:
            report.add(place, f"{unknown('prompt', prompt, known_prompts)} (prompts/catalogue)")


def _check_reach(
    table: PlanTable, menus: Mapping[MenuId, Any], fiches: Mapping[FicheId, Fiche], report: Report
) -> None:
    reached = reachable(menus, (MenuId(table.first_menu), MenuId(table.information_menu)))
    choices = [choice for id_ in reached for choice in menus[id_].keys.values()]
    sectors = {choice.sector for choice in choices if isinstance(choice, ToSector)}
    sectors |= {fiche.sector for fiche in fiches.values()}
    pages = {choice.page for choice in choices if isinstance(choice, ToPage)}
    for menu in table.menus:
        if menu not in reached:
            report.add(f"menus.{menu}", "no key leads to this menu")
    for sector, its in table.sectors.items():
        if sector in sectors and its.for_all:
            report.add(
                f"sectors.{sector}.for_all",
                "a key or a fiche leads to this sector: only the queue of no_key is for all",
            )
        elif its.for_all and table.no_key is None:
            report.add(f"sectors.{sector}", f'nobody is led there: no_key = "queue:{sector}"')
        elif sector not in sectors and not its.for_all:
            report.add(f"sectors.{sector}", "neither a key nor a fiche leads to this sector")
    for page in table.pages:
        if page not in pages:
            report.add(f"pages.{page}", "no key leads to this page")


def _agents(
    skills: AgentsTable,
    sectors: Mapping[SectorId, Sector],
    levels: int,
    report: Report,
    agents_report: Report,
) -> dict[AgentId, Agent]:
    """The informateurs; a sector nobody has is a fault of the plan."""
    everybodys = {id_: 1 for id_, sector in sectors.items() if sector.for_all}
    sectors_known = report.is_sound("sectors")
    if not skills:
        agents_report.add("", "names no informateur")
    for id_, levels_of in skills.items():
        if not _AGENT.fullmatch(id_):
            agents_report.add(id_, "an informateur's id is digits, as in 101")
        if not levels_of:
            agents_report.add(id_, "has no sector")
        for sector, level in levels_of.items():
            if sector not in sectors and sectors_known:
                agents_report.add(f"{id_}.{sector}", unknown("sector", sector, sectors))
            if not 1 <= level <= levels:
                agents_report.add(
                    f"{id_}.{sector}",
                    f"the level must be 1 to {levels} (targets.widening_s), got {level}",
                )
    if agents_report.is_sound() and sectors_known:
        staffed = {sector for levels_of in skills.values() for sector in levels_of}
        for sector in (one for one in sectors if one not in everybodys):
            if sector not in staffed:
                report.add(
                    f"sectors.{sector}", f"no informateur has this sector ({agents_report.name})"
                )
    return {
        AgentId(id_): Agent(
            AgentId(id_),
            {SectorId(sector): n for sector, n in levels_of.items()} | everybodys,
        )
        for id_, levels_of in skills.items()
    }
