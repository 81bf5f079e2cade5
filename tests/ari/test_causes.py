"""What the carrier's answer to a call out means: the person's, the number's, or its own trouble."""

import pytest

from router.ari.causes import STATUSES, called_end, leg_end
from router.core.events import OF_CARRIER, CalledEnd, LegEnd


@pytest.mark.parametrize(
    ("status", "cause", "rang", "reason"),
    [
        # As Asterisk 22.10 gives them for a carrier's answers (measured).
        (486, 17, False, CalledEnd.BUSY),
        (600, 17, False, CalledEnd.BUSY),
        (603, 21, False, CalledEnd.DECLINED),
        (607, 127, False, CalledEnd.DECLINED),
        (480, 19, False, CalledEnd.NO_ANSWER),
        (480, 19, True, CalledEnd.NO_ANSWER),
        (404, 1, False, CalledEnd.UNASSIGNED),
        (410, 22, False, CalledEnd.UNASSIGNED),
        (484, 28, False, CalledEnd.UNASSIGNED),
        (485, 1, False, CalledEnd.UNASSIGNED),
        (604, 1, False, CalledEnd.UNASSIGNED),
        (401, 21, False, CalledEnd.REFUSED),
        (403, 21, False, CalledEnd.REFUSED),
        (407, 21, False, CalledEnd.REFUSED),
        (488, 58, False, CalledEnd.REFUSED),
        (302, 23, False, CalledEnd.REFUSED),
        (606, 58, False, CalledEnd.REFUSED),
        (608, 127, False, CalledEnd.REFUSED),
        (500, 38, False, CalledEnd.FAILED),
        (502, 27, False, CalledEnd.FAILED),
        (503, 34, False, CalledEnd.FAILED),
        (504, 102, False, CalledEnd.FAILED),
        (408, 18, False, CalledEnd.SILENT),  # the carrier's own, or nothing at all
        # Whoever was rung is there: the carrier has done its part.
        (408, 18, True, CalledEnd.NO_ANSWER),
        (500, 38, True, CalledEnd.NO_ANSWER),
        (486, 17, True, CalledEnd.BUSY),
        (603, 21, True, CalledEnd.DECLINED),
        # We hung up; or the call did not leave Asterisk.
        (None, 16, True, CalledEnd.HUNG_UP),
        (None, 3, False, CalledEnd.FAILED),
        (None, 0, False, CalledEnd.FAILED),
    ],
)
def test_why_a_call_was_not_picked_up(
    status: int | None, cause: int, rang: bool, reason: CalledEnd
) -> None:
    assert called_end(status, cause, rang=rang) is reason


@pytest.mark.parametrize("status", range(300, 700))
def test_a_phone_that_rang_is_nobody_s_trouble(status: int) -> None:
    rung = called_end(status, 127, rang=True)
    assert rung in (CalledEnd.BUSY, CalledEnd.DECLINED, CalledEnd.NO_ANSWER)


@pytest.mark.parametrize("end", CalledEnd)
def test_every_end_is_a_leg_s_too(end: CalledEnd) -> None:
    assert leg_end(end) is not LegEnd.LOST
    if end in OF_CARRIER:
        assert leg_end(end) is LegEnd.UNREACHABLE


def test_the_table_holds_final_answers_that_are_no_success() -> None:
    assert all(300 <= status < 700 for status in STATUSES)
