"""The service is broken for real, and loses nothing: with the seeds that have found something."""

from pathlib import Path

import pytest

from tests.faults import run
from tests.faults.report import report
from tests.load.report import as_text

OFFSET = 6300


def seeds() -> list[tuple[int, float]]:
    """Return the seeds that are kept, and for how many minutes each."""
    text = Path(__file__).with_name("seeds.txt").read_text(encoding="utf-8")
    rows = [line.split(maxsplit=2) for line in text.splitlines() if not line.startswith("#")]
    assert all(len(row) == 3 for row in rows), "each says what it has found"
    return [(int(seed), float(minutes)) for seed, minutes, _ in rows]


def test_each_seed_is_kept_once() -> None:
    kept = [seed for seed, _ in seeds()]
    assert len(kept) == len(set(kept))


@pytest.mark.load
@pytest.mark.parametrize(("seed", "minutes"), seeds())
def test_what_was_lost_once_is_lost_no_more(seed: int, minutes: float) -> None:
    told = run.run(seed, minutes, OFFSET, lambda _: None)
    assert not told.broken, as_text(report([told]))
    assert told.talks
