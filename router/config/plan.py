"""The service plan: the tables of its TOML file, checked and made into the frozen `Plan`."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from router.asterisk.faults import SHORTEST_LIMIT_S
from router.config.agents import AgentsTable, read_agents, without_names
from router.config.desk import DeskTable, read_desk
from router.config.directory import EntryTable, read_directory
from router.config.goals import (
    Goals,
    GoalsTable,
    Publication,
    PublishedTable,
    read_published,
)
from router.config.hours import HoursTable, read_hours
from router.config.menus import KeysTable, MenuTable, read_menus
from router.config.prompts import check_prompts, prompts_of_callers, prompts_of_desks
from router.config.questions import QuestionTable, read_questions
from router.config.reach import check_reach
from router.config.sectors import (
    FicheTable,
    SectorTable,
    check_sector_codes,
    read_fiches,
    read_general_queue,
    read_sectors,
)
from router.config.tables import (
    Report,
    Table,
    Text,
    check_id,
    default,
    parse,
    raise_all,
    read_toml,
    schema,
)
from router.core.ids import AgentId, MenuId, PageId, PromptId
from router.core.menus import Page
from router.core.plan import Agent, CallbackPolicy, CodePolicy, Plan, Relay, Targets

#: As the carrier delivers it: a short number, or a national or international one.
_NUMBER = re.compile(r"\+?[0-9]{2,15}")
_URL = re.compile(r"https?://[^\s\"'<>`\\]+")

CodeTable: Any = schema(CodePolicy, may_be_zero=("delay_s",))
TargetsTable: Any = schema(
    Targets,
    may_be_zero=(
        "miss_pause_s",
        "reject_pause_s",
        "busy_pause_s",
        "unreachable_pause_s",
        "wrap_up_s",
        "unheard_max",
    ),
)
PromiseTable: Any = schema(
    CallbackPolicy,
    may_be_zero=("slack_s", "grace_s", "offer_after_s"),
    assumed_occupancy=Annotated[float, Field(gt=0, le=1)],
)


class RelayTable(Table):
    """The service through which deaf people call, named on every page of ours."""

    #: How it is called, in French, as in "utilisez …".
    name: Text
    #: Its web page.
    url: str


class PlanTable(Table):
    """What does not belong to a table of its own."""

    #: The name of the service, in French.
    name: Text
    #: The numbers that callers dial, as the carrier delivers them. The first is shown to people.
    numbers: Annotated[tuple[str, ...], Field(min_length=1)]
    #: The prompts that greet a caller.
    welcome: tuple[str, ...] = ()
    #: The menu that is offered together with the question for the access code.
    first_menu: str
    #: The menu of recorded information.
    information_menu: str
    #: Where callers wait who press no key: "queue:" and a sector with `for_all`. Without it they
    #: hear the information, then goodbye.
    no_key: str | None = default(Plan, "no_key")
    hours: HoursTable
    code: CodeTable = CodeTable()
    targets: TargetsTable = TargetsTable()
    callbacks: PromiseTable = PromiseTable()
    sectors: dict[str, SectorTable]
    keys: KeysTable = KeysTable()
    menus: dict[str, MenuTable]
    #: Recorded information under its id: the prompts that are played, in order. "@hours" says the
    #: opening hours, "@next-opening" the next opening.
    pages: dict[str, tuple[str, ...]]
    fiches: dict[str, FicheTable]
    desk: DeskTable
    directory: dict[str, EntryTable] = Field(default_factory=dict)
    questions: tuple[QuestionTable, ...] = ()
    goals: GoalsTable = GoalsTable()
    published: tuple[PublishedTable, ...] = ()
    relay: RelayTable | None = None
    #: Where the public site has the pages of `fiches`, for informateurs to read what callers have
    #: read: an address in which {fiche} stands for the id. Without it they see the titles alone.
    fiche_url: str | None = None


def load_plan(
    plan_path: Path, agents_path: Path, known_prompts: Collection[str] | None = None
) -> Plan:
    """Read and check the plan and its informateurs.

    `known_prompts` are the ids of the catalogue; None skips that check.

    Raises:
        ConfigError: With every fault of both files.
    """
    plan_report, agents_report = Report(plan_path.name), Report(agents_path.name)
    read = read_plan(plan_path, agents_path, known_prompts, plan_report, agents_report)
    raise_all(plan_report, agents_report)
    assert read is not None
    return read[0]


def read_plan(
    plan_path: Path,
    agents_path: Path | None,
    known_prompts: Collection[str] | None,
    report: Report,
    agents_report: Report,
) -> tuple[Plan, Publication] | None:
    """Return the plan, and what figures are set beside; None if the file could not be parsed.

    They may be used only if both reports stay empty: faults go to the reports. `agents_path` None:
    nobody knows where it is.
    """
    content = read_toml(plan_path, report)
    staff = None if agents_path is None else read_toml(agents_path, agents_report)
    agents_report.is_read = staff is not None
    table = None if content is None else parse(PlanTable, content, report)
    skills = None
    if staff is not None:
        skills = parse(AgentsTable, without_names(staff, agents_report), agents_report)
    if table is None:
        return None
    _check_numbers(table.numbers, report)
    _check_targets(table.targets, report)
    hours = read_hours(table.hours, report)
    sectors = read_sectors(table.sectors)
    pages = {PageId(id_): Page(PageId(id_), _prompts(said)) for id_, said in table.pages.items()}
    fiches = read_fiches(table.fiches, sectors, report)
    menus = read_menus(table.menus, table.keys, table.information_menu, sectors, pages, report)
    _check_menus(table, report)
    no_key = None if table.no_key is None else read_general_queue(table.no_key, sectors, report)
    if no_key is not None:
        _check_listening(table.targets, report)
    _check_ids(table, report)
    check_sector_codes(sectors, fiches, report)
    desk = read_desk(table.desk, table.numbers, skills or (), report)
    directory = read_directory(table.directory, table.numbers, report)
    questions = read_questions(table.questions, report)
    places = prompts_of_callers(table.welcome, sectors.values(), table.menus, table.pages)
    places |= prompts_of_desks(desk, directory.values(), questions)
    check_prompts(places, known_prompts, report)
    first_menu, information_menu = MenuId(table.first_menu), MenuId(table.information_menu)
    if report.is_sound("first_menu", "information_menu", "menus", "sectors", "fiches", "pages"):
        first = (first_menu, information_menu)
        check_reach(first, no_key, menus, sectors, fiches, pages, report)
    agents: Mapping[AgentId, Agent] = {}
    if skills is not None:
        is_sound = report.is_sound("targets.widening_s")
        levels = len(table.targets.widening_s) if is_sound else None
        agents = read_agents(skills, sectors, levels, report, agents_report)
    plan = Plan(
        name=table.name,
        numbers=table.numbers,
        hours=hours,
        welcome=_prompts(table.welcome),
        sectors=sectors,
        fiches=fiches,
        menus=menus,
        pages=pages,
        first_menu=first_menu,
        information_menu=information_menu,
        agents=agents,
        code=CodePolicy(**table.code.model_dump()),
        targets=Targets(**table.targets.model_dump()),
        callbacks=CallbackPolicy(**table.callbacks.model_dump()),
        desk=desk,
        directory=directory,
        questions=questions,
        relay=_relay(table.relay, report),
        no_key=no_key,
        fiche_url=_fiche_url(table.fiche_url, report),
    )
    goals = Goals(**table.goals.model_dump())
    return plan, Publication(goals, read_published(table.published, report))


def _prompts(ids: Iterable[str]) -> tuple[PromptId, ...]:
    return tuple(PromptId(id_) for id_ in ids)


def _relay(table: RelayTable | None, report: Report) -> Relay | None:
    if table is None:
        return None
    if not _URL.fullmatch(table.url):
        report.add(
            "relay.url", f'must be a web page, "https://www.example.org/", got "{table.url}"'
        )
    return Relay(table.name, table.url)


def _fiche_url(url: str | None, report: Report) -> str | None:
    if url is not None and not (_URL.fullmatch(url) and "{fiche}" in url):
        report.add(
            "fiche_url",
            f'must be a web page with {{fiche}} in it, "https://www.example.org/{{fiche}}", '
            f'got "{url}"',
        )
    return url


def _check_numbers(numbers: tuple[str, ...], report: Report) -> None:
    for place, number in enumerate(numbers, 1):
        if not _NUMBER.fullmatch(number):
            report.add(
                f"numbers.{place}", f'must be 2 to 15 digits, with or without +, got "{number}"'
            )
        elif number in numbers[: place - 1]:
            report.add(f"numbers.{place}", f"{number} is given twice")


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
    elif targets.longest_call_s < SHORTEST_LIMIT_S:
        report.add(
            "targets.longest_call_s",
            f"must be at least {SHORTEST_LIMIT_S}, got {targets.longest_call_s}",
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


def _check_menus(table: PlanTable, report: Report) -> None:
    for role, menu in (
        ("first_menu", table.first_menu),
        ("information_menu", table.information_menu),
    ):
        if menu not in table.menus:
            report.add_unknown(role, "menu", menu, table.menus)
    if table.first_menu == table.information_menu:
        report.add("information_menu", "must be another menu than first_menu, which leads there")


def _check_listening(targets: Any, report: Report) -> None:
    """Check that a caller who presses no key is asked again, and so is listened to."""
    if targets.unheard_max and targets.tries < 2:
        report.add(
            "targets.tries",
            "must be 2 or more where unheard_max limits machines (no_key): whoever presses no key "
            "is listened to from the first silence on",
        )


def _check_ids(table: PlanTable, report: Report) -> None:
    for kind, ids in (("sectors", table.sectors), ("menus", table.menus), ("pages", table.pages)):
        for id_ in ids:
            check_id(f"{kind}.{id_}", id_, report)
        if not ids:
            report.add(kind, "must not be empty")
    for id_, said in table.pages.items():
        if not said:
            report.add(f"pages.{id_}", "must not be empty")
