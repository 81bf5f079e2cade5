"""What hours at work cost."""

import pytest

from router.planning.paid import Paid
from tests.planning.test_staffing import staffing


def test_breaks_are_paid_and_some_are_away() -> None:
    rules = {"break_every_s": 6000.0, "break_s": 600.0, "present": 0.8}
    paid = Paid(staffing("live=80", informateurs=rules).workload)
    assert paid.full_time(252) == pytest.approx(10)
    assert paid.people(9) == 13  # 12.5
    nobody = Paid(staffing("live=80", informateurs={"present": 0.0}).workload)
    assert nobody.full_time(35) is None
    assert nobody.people(9) is None
