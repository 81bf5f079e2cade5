"""The benchmark of restarts counts rightly; how fast things are is not a test's business."""

import pytest

from tests.load import restart
from tests.load.report import as_text
from tests.load.restart import Back, Scale, pause_s, report


def test_the_bar_is_on_the_worst_kill() -> None:
    held = as_text(report([Back(4.9, 3.0, 1.5)] * 3, Scale()))
    assert held.count("< 5: held") + held.count("< 5 s: held") == 2
    missed = as_text(report([Back(4.0, 3.0, 1.5), Back(5.1, 3.0, 1.5)], Scale()))
    assert "Killed to ready, worst" in missed
    assert "MISSED" in missed


def test_systemds_own_pause_is_in_it() -> None:
    assert 0 < pause_s() < 5


@pytest.mark.load
def test_every_kill_is_measured_and_no_call_is_lost() -> None:
    tiny = Scale(calls=6, kills=2, waves=1)
    backs = restart.run(tiny, 5700, lambda _: None)
    assert len(backs) == 2
    for back in backs:
        assert pause_s() < back.taken_up_s
        assert pause_s() < back.ready_s
        assert back.processor_s > 0
