"""The benchmark of the fallback counts rightly; how fast things are is not a test's business."""

import pytest

from tests.load import fallback
from tests.load.fallback import Phase, Scale, report
from tests.load.report import as_text

TINY = Scale(silent=20, questions=10, repeats=1)


def phase(beside_s: list[float], unanswered: int = 0) -> Phase:
    return Phase([0.001], beside_s, 20, unanswered, 0.1, 0.0)


def test_the_bars_are_on_p99_on_the_worst_and_on_answers() -> None:
    assert "MISSED" not in as_text(report([phase([0.010, 0.049])], TINY, 0.0))
    late = as_text(report([phase([0.010, 0.051])], TINY, 0.0))
    assert late.count("< 50 ms: MISSED") == 2
    assert "≤ 0: MISSED" in as_text(report([phase([0.010], unanswered=1)], TINY, 0.0))


@pytest.mark.load
def test_questions_are_answered_beside_connections_that_say_nothing() -> None:
    (measured,) = fallback.run(TINY, 5750, lambda _: None)
    assert measured.unanswered == 0
    assert len(measured.alone_s) == len(measured.beside_s) == TINY.questions
    assert 0 < measured.open_least <= TINY.silent
