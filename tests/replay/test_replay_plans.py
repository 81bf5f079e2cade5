"""Plans as JSON, and back."""

from dataclasses import replace
from datetime import date, time

import orjson
import pytest

from router.config import load
from router.core.hours import DayException, Hours
from router.core.plan import Plan
from router.replay.plans import decode_plan, encode_plan
from router.replay.values import digests
from tests.core.quick_plan import other_plans, quick_plan
from tests.service_plan import MONDAY_10H, general_plan

QUICK = quick_plan(required=True)
PLANS = [load(None).plan, general_plan(), *other_plans(QUICK)]


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    written = orjson.loads(orjson.dumps(encode_plan(plan, MONDAY_10H)))
    back = decode_plan(written)
    assert digests(back, MONDAY_10H) == digests(plan, MONDAY_10H)
    calendar = plan.hours.holiday_name
    assert replace(back, hours=replace(back.hours, holiday_name=calendar)) == plan


def test_days_that_do_not_follow_the_week_and_holidays_come_back() -> None:
    exceptions = {date(2026, 12, 24): DayException(((time(9), time(12)),), "Réveillon")}
    hours = Hours(
        exceptions=exceptions, holiday_name=lambda day: "Noël" if day.month > 11 else None
    )
    plan = replace(QUICK, hours=hours)
    back = decode_plan(orjson.loads(orjson.dumps(encode_plan(plan, MONDAY_10H)))).hours
    assert back.exceptions == exceptions
    assert back.holiday_name(date(2029, 12, 31)) == "Noël"
    assert back.holiday_name(date(2026, 11, 30)) is None


@pytest.mark.parametrize("broken", [{}, {"plan": {}, "holidays": {}}, {"holidays": {"x": ""}}])
def test_what_is_no_plan_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        decode_plan(broken)
