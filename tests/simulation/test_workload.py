"""A workload from TOML: the shipped one is right, and mistakes are reported with their place."""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pytest

from router.config import load
from router.core.plan import Plan
from router.errors import ConfigError
from router.simulation.workload import SHIPPED, Duration, Workload, load_workload

YEAR = SHIPPED / "2025.toml"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(None).plan


@pytest.fixture
def faults(tmp_path: Path, plan: Plan) -> Callable[..., list[str]]:
    """Return the faults reported for the shipped workload with one text replaced by another."""

    def of(old: str, new: str) -> list[str]:
        text = YEAR.read_text()
        assert text.count(old) == 1, old
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(old, new))
        try:
            load_workload(path, plan)
        except ConfigError as error:
            return [f"{problem.place}: {problem.reason}" for problem in error.problems]
        return []

    return of


def test_what_ships_is_right(plan: Plan) -> None:
    workload = load_workload(YEAR, plan)

    assert set(workload.callers.sectors) == set(plan.domains)
    assert workload.year.direct_calls > 122_820  # those who are served, and those who are not
    assert workload.year.callback_requests > 84_354


SLIPS = [
    # Values that are not a number, a share, a time.
    ("direct_calls = 136_500", "direct_calls = -1", "year.direct_calls: must be >= 0, got -1"),
    ("mistypes = 0.06", "mistypes = 1.2", "callers.mistypes: must be <= 1, got 1.2"),
    ("gives_up = 0.05", "gives_up = -0.1", "callers.gives_up: must be >= 0, got -0.1"),
    ("key_s = 0.6", 'key_s = "fast"', 'callers.key_s: must be a number, got "fast"'),
    ("dial_s = 3", "dial_s = -3", "called.dial_s: must be >= 0, got -3"),
    (
        "patience = { mean_s = 540 }",
        "patience = { mean_s = 0 }",
        "callers.patience.mean_s: must be > 0, got 0",
    ),
    (
        "patience = { mean_s = 540 }",
        'patience = { mean_s = 540, kind = "normal" }',
        "callers.patience.kind: must be 'exponential', 'lognormal' or 'fixed', got \"normal\"",
    ),
    ("monday = 1.2", "monday = -1.2", "shape.weekdays.monday: must be >= 0, got -1.2"),
    ("votes = 0.4", "votes = nan", "callers.votes: must be a finite number, got nan"),
    # Unknown words.
    (
        "votes = 0.4",
        "votes = 0.4\nvote = 0.4",
        "callers.vote: unknown key; did you mean `votes`?",
    ),
    (
        "justice-famille = 8",
        "justice-famile = 8",
        "callers.sectors.justice-famile: "
        "unknown sector `justice-famile`; did you mean `justice-famille`?",
    ),
    (
        "interieur-elections = 210",
        "elections = 210",
        "talk.sectors.elections: unknown sector `elections`; did you mean `interieur-elections`?",
    ),
    ('"08:30" = 0.8', '"8:30" = 0.8', 'shape.half_hours.8:30: must be a half-hour, as "08:30"'),
    (
        '"08:30" = 0.8',
        '"08:15" = 0.8',
        'shape.half_hours.08:15: must be a half-hour, as "08:30"',
    ),
    (
        '"08:30" = 0.8',
        '"24:00" = 0.8',
        'shape.half_hours.24:00: must be a half-hour, as "08:30"',
    ),
    # Values that contradict each other.
    (
        "silent = 0.03",
        "silent = 0.97",
        "callers: information + silent must not exceed 1, got 1.01",
    ),
    (
        "no_answer = 0.09",
        "no_answer = 0.9",
        "called: busy + no_answer + voicemail + unreachable must not exceed 1, got 1.013",
    ),
    (
        "rejects = 0.003",
        "rejects = 0.99",
        "informateurs: misses + rejects must not exceed 1, got 1.002",
    ),
    (
        '["friday"]',
        '["friday", "monday"]',
        "informateurs.shifts: the shares of monday must not exceed 1, got 2",
    ),
    (
        "begins = 13:00:00, ends = 17:00:00",
        "begins = 13:00:00, ends = 12:00:00",
        "informateurs.shifts.3.ends: must be after begins (13:00:00)",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), SLIPS, ids=[said for _, _, said in SLIPS])
def test_a_slip_is_named(
    old: str, new: str, said: str, faults: Callable[[str, str], list[str]]
) -> None:
    place, reason = said.split(": ", 1)
    (told,) = faults(old, new)

    assert told.startswith(f"mine.toml: {place}: ")
    assert reason in told


PEAK = """
[[peaks]]
day = 2025-03-03
begins = {}
ends = {}
factor = {}
reason = "passage à la télévision"
"""
ABSENCE = """
[[{}]]
begins = {}
ends = {}
share = {}
reason = "grippe"
"""
ENTRIES = [
    (PEAK.format("10:00:00", "09:00:00", 3), "peaks.1.ends: must be after begins (10:00:00)"),
    (PEAK.format("10:10:00", "11:00:00", 3), "peaks.1.begins: must be a half-hour, as 08:30:00"),
    (PEAK.format("10:00:00", "10:30:10", 3), "peaks.1.ends: must be a half-hour, as 08:30:00"),
    (PEAK.format("10:00:00", "11:00:00", -3), "peaks.1.factor: must be >= 0, got -3"),
    (
        ABSENCE.format("absences", "2025-02-10", "2025-02-03", 0.3),
        "absences.1.ends: must be after begins (2025-02-10)",
    ),
    (
        ABSENCE.format("absences", "2025-02-03", "2025-02-10", 30),
        "absences.1.share: must be <= 1, got 30",
    ),
    (ABSENCE.format("absence", "2025-02-03", "2025-02-10", 0.3), "absence: unknown key; did you"),
    (ABSENCE.format("outages", "10:00:00", "11:00:00", 0.3), "outages.1.day: is missing"),
]


@pytest.mark.parametrize(("entry", "said"), ENTRIES, ids=[said for _, said in ENTRIES])
def test_a_slip_in_what_happens_on_some_days_is_named(
    entry: str, said: str, faults: Callable[[str, str], list[str]]
) -> None:
    last = "[informateurs]\n"
    # Tables in lists come at the end of a file: this one is put before another table.
    (told,) = faults(last, f"{entry}\n{last}")

    assert told.startswith(f"mine.toml: {said}")


def test_what_happens_on_some_days_is_read(tmp_path: Path, plan: Plan) -> None:
    path = tmp_path / "mine.toml"
    more = [
        PEAK.format("10:00:00", "11:30:00", 3),
        ABSENCE.format("absences", "2025-02-03", "2025-02-10", 0.3),
        ABSENCE.format("outages", "10:00:00", "10:20:00", 1) + "day = 2025-05-05\n",
    ]
    path.write_text(YEAR.read_text() + "".join(more))
    workload = load_workload(path, plan)

    assert [len(one) for one in (workload.peaks, workload.absences, workload.outages)] == [1, 1, 1]


def test_every_fault_is_told_at_once(tmp_path: Path, plan: Plan) -> None:
    path = tmp_path / "mine.toml"
    text = YEAR.read_text().replace("votes = 0.4", "votes = 4").replace("cancels = 0.015", "")
    path.write_text(text.replace("logement-location = 11", "logement = 11"))

    with pytest.raises(ConfigError) as raised:
        load_workload(path, plan)
    places = [problem.place.removeprefix("mine.toml: ") for problem in raised.value.problems]
    assert places == ["callers.votes", "called.cancels", "callers.sectors.logement"]


def test_nobody_calls_for_any_sector(
    tmp_path: Path, plan: Plan, faults: Callable[[str, str], list[str]]
) -> None:
    lines = YEAR.read_text().splitlines()
    first = lines.index("[callers.sectors]")
    zeros = [
        f"{line.partition('=')[0]}= 0" if first < place <= first + 15 else line
        for place, line in enumerate(lines)
    ]
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(zeros))

    with pytest.raises(ConfigError, match=r"callers\.sectors: at least one sector must have a"):
        load_workload(path, plan)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, plan: Plan) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot be read \(No such file"):
        load_workload(tmp_path / "gone.toml", plan)


@pytest.mark.parametrize("kind", ["exponential", "lognormal", "fixed"])
def test_durations_have_the_mean_they_say(kind: str) -> None:
    duration = Duration.model_validate({"mean_s": 200.0, "kind": kind, "cv": 0.8})
    drawn = [duration.at((place + 0.5) / 100_000) for place in range(100_000)]

    assert fmean(drawn) == pytest.approx(200, rel=0.002)
    assert drawn == sorted(drawn)
    assert duration.at(0.0) >= 0


def test_a_workload_cannot_be_changed(plan: Plan) -> None:
    workload = load_workload(YEAR, plan)
    with pytest.raises(ValueError, match="frozen"):
        workload.name = "other"
    assert isinstance(workload, Workload)
