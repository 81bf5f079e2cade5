"""What the verbs answer: the very core's decisions, as channel variables."""

import pytest

from router.core.codes import CodeBook
from router.core.ids import FicheId
from router.core.plan import Plan
from router.fallback.decisions import Decisions
from tests.service_plan import FICHE, GENERAL, HOUSING, MONDAY_10H, WORK, general_plan, small_plan

NIGHT = MONDAY_10H + 12 * 3600.0
SECRET = b"secret"


def code_of(plan: Plan, fiche: FicheId = FICHE, now: float = MONDAY_10H) -> str:
    return CodeBook.of(plan, SECRET).code(fiche, now)


def decisions(plan: Plan) -> Decisions:
    return Decisions(plan, CodeBook.of(plan, SECRET))


def test_hours() -> None:
    plan = small_plan()
    assert decisions(plan).hours(MONDAY_10H).variables == {
        "ALLO_OPEN": "1",
        "ALLO_CLOSED_BECAUSE": "",
        "ALLO_CHANGES_AT": str(int(plan.hours.closes_at(MONDAY_10H) or 0)),
    }
    assert decisions(plan).hours(NIGHT).variables == {
        "ALLO_OPEN": "0",
        "ALLO_CLOSED_BECAUSE": "hours",
        "ALLO_CHANGES_AT": str(int(plan.hours.next_opening(NIGHT) or 0)),
    }


@pytest.mark.parametrize("end", ["", "#"])
def test_a_code(end: str) -> None:
    plan = small_plan()
    assert decisions(plan).code(code_of(plan) + end, MONDAY_10H).variables == {
        "ALLO_CODE": "valid",
        "ALLO_FICHE": FICHE,
        "ALLO_SECTOR": HOUSING,
    }


@pytest.mark.parametrize("digits", ["", "1", "00000000", "١٢٣٤٥٦٧٨", "9" * 500, "12ab5678"])
def test_whatever_else_is_typed_is_a_wrong_code(digits: str) -> None:
    answer = decisions(small_plan()).code(digits, MONDAY_10H)
    assert answer.variables == {"ALLO_CODE": "wrong", "ALLO_FICHE": "", "ALLO_SECTOR": ""}


def test_guessing_is_slowed_down_for_right_codes_too() -> None:
    plan = small_plan()
    asked = decisions(plan)
    for place in range(plan.code.failures_per_minute + 1):
        verb = asked.code if place % 2 else asked.route
        assert verb("99999999", MONDAY_10H).after_s == 0.0
    assert asked.code(code_of(plan), MONDAY_10H).after_s == plan.code.delay_s
    assert asked.route(code_of(plan), MONDAY_10H).after_s == plan.code.delay_s
    assert asked.code(code_of(plan), MONDAY_10H + 61).after_s == 0.0


@pytest.mark.parametrize(
    ("keys", "route", "sector", "fiche"),
    [
        ("2", "queue", HOUSING, ""),
        ("111", "queue", WORK, ""),
        ("", "queue", GENERAL, ""),
        ("1", "unfinished", "", ""),
        ("#", "unfinished", "", ""),
        ("9999", "unfinished", "", ""),
        ("99999999", "wrong", "", ""),
        ("abc \\n", "queue", GENERAL, ""),
    ],
)
def test_keys_lead_where_they_lead_in_the_service(
    keys: str, route: str, sector: str, fiche: str
) -> None:
    assert decisions(general_plan()).route(keys, MONDAY_10H).variables == {
        "ALLO_ROUTE": route,
        "ALLO_SECTOR": sector,
        "ALLO_FICHE": fiche,
    }


def test_a_code_leads_to_its_sector() -> None:
    plan = general_plan()
    assert decisions(plan).route(code_of(plan), MONDAY_10H).variables == {
        "ALLO_ROUTE": "queue",
        "ALLO_SECTOR": HOUSING,
        "ALLO_FICHE": FICHE,
    }


@pytest.mark.parametrize("keys", ["", "2", "11"])
def test_at_night_everything_is_closed(keys: str) -> None:
    assert decisions(general_plan()).route(keys, NIGHT).variables["ALLO_ROUTE"] == "closed"


def test_one_question_leaves_nothing_for_the_next() -> None:
    plan = general_plan()
    asked = decisions(plan)
    for _ in range(3):
        assert asked.route("1", MONDAY_10H).variables["ALLO_ROUTE"] == "unfinished"
        assert asked.route("2", MONDAY_10H).variables["ALLO_SECTOR"] == HOUSING
