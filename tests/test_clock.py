"""The service's clock never jumps, and all processes of a service have the same."""

import time
from pathlib import Path

import pytest

from router.clock import FILE_NAME, Clock


class Machine:
    """The machine's clocks, to be set."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_795_424_400.0, 500.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(time, "time", lambda: machine.wall)
    monkeypatch.setattr(time, "monotonic", lambda: machine.monotonic)
    return machine


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_moves_no_instant_and_says_by_how_much(
    machine: Machine, by_s: float
) -> None:
    clock = Clock()
    before = clock.now()
    machine.passes(10)
    machine.wall += by_s
    assert clock.now() == before + 10
    assert clock.ahead_s() == by_s
    machine.wall += 0.4 - by_s  # kept in step, not set
    assert clock.ahead_s() == 0.0


def test_whoever_starts_later_has_the_same_clock(machine: Machine, tmp_path: Path) -> None:
    first = Clock.of(tmp_path / "state")
    noted = first.now()
    machine.passes(60)
    machine.wall += 3600
    second = Clock.of(tmp_path / "state")
    assert second.now() == noted + 60
    assert (first.ahead_s(), second.ahead_s()) == (3600.0, 3600.0)
    assert Clock().ahead_s() == 0.0


def test_a_rehearsal_s_shift_is_its_own(machine: Machine, tmp_path: Path) -> None:
    Clock.of(tmp_path)
    shifted = Clock.of(tmp_path, 7200.0)
    assert shifted.now() == machine.wall + 7200
    assert shifted.ahead_s() == 0.0


@pytest.mark.parametrize("left", ["", "another-boot 1.5\n", "no clock at all", "\0"])
def test_a_machine_that_started_anew_has_a_new_clock(
    machine: Machine, tmp_path: Path, left: str
) -> None:
    (tmp_path / FILE_NAME).write_text(left)
    clock = Clock.of(tmp_path)
    assert clock.now() == machine.wall
    machine.wall += 3600
    assert Clock.of(tmp_path).now() == clock.now()


def test_without_a_folder_it_has_a_clock_of_its_own(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Clock.of(tmp_path / "file" / "state").now() == machine.wall
