"""The service is broken for real, a few times, and loses nothing."""

import pytest

from tests.faults import run
from tests.faults.report import report
from tests.load.report import as_text


@pytest.mark.load
def test_a_minute_of_faults_loses_nothing() -> None:
    told = run.run(4, 1.0, 5700, lambda _: None)
    assert not told.broken, as_text(report(told))
    assert told.talks
