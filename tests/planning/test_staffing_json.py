"""What programs read of the staffing."""

import json

from router.planning.paid import hours
from router.planning.staffing_json import FORM, as_json
from tests.planning.test_staffing import simple


def test_programs_get_the_same_and_more() -> None:
    of, answer = simple()
    told = json.loads(as_json(answer, of))
    assert told["form"] == FORM
    assert told["targets"] == [{"name": "live", "percent": 80.0, "at_most": False}]
    assert told["total"]["hours"] == hours(answer.needs, of.week)
    assert [half["needed"] for half in told["half_hours"]] == [
        [answer.needs[slot, 0]] for slot in of.week.open_s
    ]
    service, team = told["check"]["scores"]
    assert service["team"] is None
    assert service["percent"] == team["percent"] >= 80
    assert service["interval"][0] < service["percent"] < service["interval"][1]
