"""The informateurs: each fault of their file, and the queue that all of them serve."""

import pytest

from router.config import load_plan
from router.core.ids import SectorId
from tests.config.scene import PROMPTS, Service

AGENT_FAULTS = [
    ("logement = 3", "logment = 3", "101.logment: unknown sector `logment`; "
     "did you mean `logement`?"),
    ("logement = 3", "logement = 4", "101.logement: the level must be 1 to 3 "
     "(targets.widening_s), got 4"),
    ("logement = 3", "logement = 0", "101.logement: the level must be 1 to 3 "
     "(targets.widening_s), got 0"),
    ("logement = 3", 'logement = "x"', '101.logement: must be a whole number, got "x"'),
    ("102 = { logement = 1 }", "102 = {}", "102: has no sector"),
    ("102 = { logement = 1 }", "102 = 1", "102: must be a table, got 1"),
    ("102 =", "lea =", "lea: an informateur's id is digits, as in 101"),
]  # fmt: skip

GENERAL = """
[sectors.general]
name = "Sans domaine"
ministry = "tous"
for_all = true
prompt = "main"
"""


@pytest.mark.parametrize(("old", "new", "problem"), AGENT_FAULTS)
def test_each_fault_of_the_informateurs_is_reported(
    service: Service, old: str, new: str, problem: str
) -> None:
    service.change("agents.toml", old, new)
    assert service.plan_problems() == [f"agents.toml: {problem}"]


def test_an_informateur_given_twice_is_reported_with_the_line(service: Service) -> None:
    service.change("agents.toml", "102 =", "101 =")
    (problem,) = service.plan_problems()
    assert problem.startswith("agents.toml: is not valid TOML: a key is given twice (at line 2")


def test_no_informateur_at_all(service: Service) -> None:
    service.write("agents.toml", "")
    assert service.plan_problems() == ["agents.toml: names no informateur"]


def test_a_sector_without_informateur(service: Service) -> None:
    service.write("agents.toml", "101 = { logement = 1 }")
    assert service.plan_problems() == [
        "plan.toml: sectors.travail: no informateur has this sector (agents.toml)"
    ]


def test_every_informateur_serves_the_queue_of_callers_who_press_no_key(service: Service) -> None:
    """Whatever agents.toml says about it. It needs no code, no key and no page."""
    service.change(
        "plan.toml", 'first_menu = "main"', 'first_menu = "main"\nno_key = "queue:general"'
    )
    service.write("plan.toml", service.text("plan.toml") + GENERAL)
    service.change("agents.toml", "102 = { logement = 1 }", "102 = { logement = 1, general = 3 }")
    plan = load_plan(service.folder / "plan.toml", service.folder / "agents.toml", PROMPTS)

    assert plan.no_key == "general"
    assert [agent.skills[SectorId("general")] for agent in plan.agents.values()] == [1, 1]
    assert set(plan.domains) == {"travail", "logement"}


def test_a_caller_who_is_asked_only_once_cannot_be_listened_to(service: Service) -> None:
    first, wraps_up = 'first_menu = "main"', "wrap_up_s = 0"
    service.change("plan.toml", first, f'{first}\nno_key = "queue:general"')
    service.change("plan.toml", wraps_up, f"{wraps_up}\ntries = 1")
    service.write("plan.toml", service.text("plan.toml") + GENERAL)
    [told] = service.plan_problems()
    assert told.startswith("plan.toml: targets.tries: must be 2 or more where unheard_max limits")

    service.change("plan.toml", "tries = 1", "tries = 1\nunheard_max = 0")
    assert service.plan().targets.unheard_max == 0


def test_a_queue_for_all_to_which_nothing_leads_is_a_fault(service: Service) -> None:
    service.write("plan.toml", service.text("plan.toml") + GENERAL)

    assert service.plan_problems() == [
        'plan.toml: sectors.general: nothing leads here: write no_key = "queue:general"'
    ]
