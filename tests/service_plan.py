"""A small service for unit tests: two sectors, one sub-menu, three informateurs."""

from dataclasses import replace
from datetime import time

from router.core.codes import CodeBook
from router.core.hours import Hours
from router.core.ids import (
    AgentId,
    EntryId,
    FicheId,
    MenuId,
    PageId,
    PhoneId,
    PromptId,
    QuestionId,
    ReasonId,
    SectorId,
)
from router.core.menus import Back, Choice, Menu, Page, Repeat, ToMenu, ToPage, ToSector
from router.core.plan import (
    Agent,
    CallbackPolicy,
    Desk,
    Entry,
    Fiche,
    PauseReason,
    Plan,
    Question,
    Sector,
    Targets,
    yes_or_no,
)

#: The queue of who presses nothing (`general_plan`).
GENERAL = SectorId("general")
HOUSING = SectorId("logement")
WORK = SectorId("travail")
MAIN, DOMAINS, INFORMATION = MenuId("menu-main"), MenuId("menu-travail"), MenuId("information-menu")
PAGE = PageId("horaires")
FICHE = FicheId("F1234")
#: Monday 2026-11-23, 10:00 in Paris.
MONDAY_10H = 1_795_424_400.0
HOUR = 3600.0
OFFICE_DAY = ((time(8, 30), time(18, 15)),)


def agent(name: str, **levels: int) -> Agent:
    return Agent(AgentId(name), {SectorId(sector): level for sector, level in levels.items()})


def small_plan(
    agents: tuple[Agent, ...] = (
        agent("101", logement=1),
        agent("102", logement=2, travail=1),
        agent("103", travail=1),
    ),
    targets: Targets | None = None,
    **changes: object,
) -> Plan:
    """Return a plan open on weekdays from 8:30 to 18:15; `changes` replace its fields."""
    always: dict[str, Choice] = {"0": Repeat(), "*": Back()}
    fields: dict[str, object] = {
        "name": "Service d'essai",
        "numbers": ("3939",),
        "hours": Hours(week=dict.fromkeys(range(1, 6), OFFICE_DAY)),
        "welcome": (PromptId("welcome"),),
        "sectors": {
            HOUSING: Sector(HOUSING, "Logement", "logement", PromptId("sector-logement"), "21"),
            WORK: Sector(WORK, "Travail", "travail", PromptId("sector-travail"), "11"),
        },
        "fiches": {FICHE: Fiche(FICHE, "Bail", HOUSING)},
        "menus": {
            MAIN: Menu(
                MAIN,
                (PromptId("menu-main"),),
                {**always, "1": ToMenu(DOMAINS), "2": ToSector(HOUSING), "#": ToMenu(INFORMATION)},
            ),
            DOMAINS: Menu(
                DOMAINS,
                (PromptId("menu-travail"),),
                {**always, "11": ToSector(WORK), "12": ToSector(HOUSING), "#": ToMenu(INFORMATION)},
            ),
            INFORMATION: Menu(
                INFORMATION, (PromptId("information-menu"),), {**always, "1": ToPage(PAGE)}
            ),
        },
        "pages": {PAGE: Page(PAGE, (PromptId("page-hours-intro"), PromptId("@hours")))},
        "first_menu": MAIN,
        "information_menu": INFORMATION,
        "agents": {one.id: one for one in agents},
        "targets": targets or Targets(widening_s=(0, 60, 120)),
    }
    return Plan(**{**fields, **changes})  # type: ignore[arg-type]


LUNCH, BREAK = ReasonId("dejeuner"), ReasonId("courte")
#: With and without a number to be dialled.
HEALTH, TOWN_HALL = EntryId("sante"), EntryId("mairie")
SATISFIED, ANSWERED = QuestionId("satisfaction"), QuestionId("reponse")
PINS = {AgentId("101"): "1111", AgentId("102"): "2222", AgentId("103"): "3333"}


def day_plan(desk: Desk | None = None, **changes: object) -> Plan:
    """Return `small_plan` with what informateurs work with: pauses, a directory, votes."""
    fields: dict[str, object] = {
        "desk": desk or working_desk(),
        # Short calls: a promise is kept by one informateur.
        "callbacks": CallbackPolicy(assumed_handling_s=60),
        "directory": {
            HEALTH: Entry(
                HEALTH, "Santé", "01", "3646", PromptId("dir-sante"), PromptId("dir-sante-hours")
            ),
            TOWN_HALL: Entry(
                TOWN_HALL, "Mairie", "02", None, PromptId("dir-mairie"), PromptId("dir-mairie-h")
            ),
        },
        "questions": (
            Question(
                SATISFIED,
                PromptId("vote-satisfaction"),
                {"1": 1, "2": 2, "3": 3, "4": 4},
                frozenset({3, 4}),
            ),
            yes_or_no(ANSWERED, PromptId("vote-reponse"), "1", "2"),
        ),
    }
    return small_plan(**{**fields, **changes})  # type: ignore[arg-type]


def working_desk(**changes: object) -> Desk:
    fields: dict[str, object] = {
        "reasons": {
            BREAK: PauseReason(BREAK, "Pause courte", "1", 600),
            LUNCH: PauseReason(LUNCH, "Déjeuner", "2", 3600),
        },
        "supervisor_phones": (PhoneId("190"),),
    }
    return Desk(**{**fields, **changes})  # type: ignore[arg-type]


def general_plan(plan: Plan | None = None) -> Plan:
    """Return `small_plan`, or `plan`, with a queue for who presses nothing, served by all."""
    plan = plan or small_plan()
    general = Sector(GENERAL, "Sans domaine", "tous", PromptId("sector-general"), for_all=True)
    agents = {
        one.id: replace(one, skills={**one.skills, GENERAL: 1}) for one in plan.agents.values()
    }
    sectors = {**plan.sectors, GENERAL: general}
    return replace(plan, no_key=GENERAL, sectors=sectors, agents=agents)


def code_book(plan: Plan) -> CodeBook:
    return CodeBook.of(plan, b"secret of the tests")
