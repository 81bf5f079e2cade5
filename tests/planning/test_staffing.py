"""How many are needed: by formula, corrected by simulation, and confirmed by the check."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from router.cli import provision
from router.core.hours import Hours
from router.core.plan import CallbackPolicy
from router.planning.paid import hours
from router.planning.staffing import Answer, Staffing
from router.planning.staffing_json import as_json
from router.planning.staffing_text import as_text
from router.planning.targets import aims
from router.simulation.workload import SHIPPED, WEEKDAYS
from tests.simulation.scene import NO_SPEECH, crew, pure_plan, workload

#: Two mornings a week, the middle half-hour twice as busy as the others.
MORNINGS = Hours(zone="UTC", week=dict.fromkeys((1, 2), ((time(9), time(10, 30)),)))
CLOCKS = {"09:00": 1.0, "09:30": 2.0, "10:00": 1.0}
BUSIEST = (0, 19)


def staffing(
    *targets: str, calls: int = 17_000, callbacks: int = 0, live_target_s: int = 20, **changes: Any
) -> Staffing:
    """One team of a small service: 1.5 to 3 erlangs of live calls, of 100 s each."""
    plan = pure_plan(crew(2, travail=1), live_target_s=live_target_s)
    plan = replace(plan, hours=MORNINGS, callbacks=CallbackPolicy(offer_after_s=0, promise_s=600))
    people = workload(
        year={"direct_calls": calls, "callback_requests": callbacks},
        shape={
            "weekdays": dict.fromkeys(WEEKDAYS, 1.0),
            "half_hours": CLOCKS,
            "months": (*(1.0,) * 8, 1.2, *(1.0,) * 3),
        },
        **changes,
    )
    return Staffing(plan, people, 2025, 1, aims(targets), NO_SPEECH)


@lru_cache
def simple() -> tuple[Staffing, Answer]:
    of = staffing("live=80")
    return of, of.answer()


def test_the_staffing_reaches_the_target_in_the_check() -> None:
    _, answer = simple()
    (aim,) = answer.aims
    assert answer.reached
    assert answer.check.team(aim, 0).share >= 0.8
    assert answer.short(aim) == []
    busiest = max(answer.needs, key=lambda cell: answer.needs[cell])
    assert busiest[0][1] == BUSIEST[1]


def test_one_fewer_in_the_busiest_half_hour_misses_it() -> None:
    of, answer = simple()
    (aim,) = answer.aims
    cell = (BUSIEST, 0)

    def share(change: int) -> float:
        needs = {**answer.needs, cell: answer.needs[cell] + change}
        return of.simulate(needs, 12, 500).cell(aim, 0, BUSIEST).share

    assert share(-1) < 0.8 <= share(0) < share(1)


def test_what_the_formula_cannot_know_is_learnt_by_simulating() -> None:
    of = staffing("live=80", live_target_s=60, informateurs={"misses": 0.3})
    answer = of.answer()
    assert hours(answer.needs, of.week) > hours(answer.first, of.week)
    assert answer.reached
    assert answer.rounds > 1


def test_what_the_formula_exaggerates_is_taken_away() -> None:
    # Conversations that are all equally long make for shorter waits than exponential ones.
    of = staffing("live=90", live_target_s=60, talk={"mean_s": 300, "kind": "fixed"})
    answer = of.answer()
    assert answer.reached
    assert hours(answer.needs, of.week) <= hours(answer.first, of.week)


def test_callbacks_need_people_too() -> None:
    alone = staffing("live=80").answer()
    of = staffing("live=80", "promise=95", "accepted=95", callbacks=9_000)
    answer = of.answer()
    assert answer.reached
    assert sum(answer.needs.values()) > sum(alone.needs.values())
    assert {aim.kind.name: answer.check.team(aim, 0).all > 100 for aim in answer.aims} == {
        "live": True,
        "promise": True,
        "accepted": True,
    }


def test_a_target_beyond_reach_is_told_honestly() -> None:
    # Every phone rings for half a minute, and callers wait at least as long.
    of = staffing(
        "abandon=1",
        calls=4_000,
        callers={"patience": {"mean_s": 20}},
        informateurs={"picks_up": {"mean_s": 12, "kind": "fixed"}},
    )
    answer = of.answer()
    (aim,) = answer.aims
    assert not answer.reached
    assert answer.doubled is not None
    assert answer.doubled.team(aim, None).share < aim.wanted
    assert "même avec deux fois plus d’informateurs" in as_text(answer, of).replace("\n", " ")


def test_peaks_outages_and_absences_are_left_out() -> None:
    plain = staffing("live=80")
    peak = {"day": plain.week.days[0].day, "begins": time(9), "ends": time(10), "factor": 50.0}
    with_peak = staffing("live=80", peaks=({**peak, "reason": "Journal de 20 h"},))
    assert with_peak.week == plain.week


# What is reported.


def test_the_same_seed_gives_the_same_bytes() -> None:
    of, answer = simple()
    again = staffing("live=80")
    assert as_json(again.answer(), again) == as_json(answer, of)
    other = replace_seed(again, 2)
    assert as_json(other.answer(), other) != as_json(answer, of)


def replace_seed(of: Staffing, seed: int) -> Staffing:
    return Staffing(of.plan, of.workload, of.year, seed, of.aims, of.speech)


def test_progress_tells_how_far_it_is() -> None:
    told: list[tuple[str, int, int]] = []
    of = replace(staffing("live=80"), progress=lambda *one: told.append(one))
    answer = of.answer()
    assert [run for _, run, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][1] <= told[-1][2]
    assert told[0][0] == "answer 1"
    assert told[-1][0] == "check"
    assert answer.events == of.events > 0


def allo(*words: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "router.cli", "staff", *words],
        cwd=provision.TOP,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_command_line_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    quiet = (SHIPPED / "2025.toml").read_text()
    for volume, few in (("direct_calls", 4000), ("callback_requests", 2000), ("closed_calls", 0)):
        quiet, found = re.subn(rf"(?m)^{volume} = .*$", f"{volume} = {few}", quiet)
        assert found == 1
    file = tmp_path / "quiet.toml"
    file.write_text(quiet)
    one, two = (
        allo("--workload", str(file), "--target", "live=70", "--json", hash_seed=seed)
        for seed in ("1", "2")
    )
    assert one.returncode == two.returncode == 0, one.stderr
    assert one.stdout == two.stdout
    answer = json.loads(one.stdout)
    assert answer["reached"] is True
    assert len(answer["half_hours"]) == 66
    assert answer["total"]["hours"] == pytest.approx(
        sum(sum(half["needed"]) * half["open_s"] / 3600 for half in answer["half_hours"]), abs=0.01
    )
    assert all(
        sum(half["by_sector"].values()) == sum(half["needed"]) for half in answer["half_hours"]
    )
    assert " s  done: " in one.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--target", "live=120"), "--target live=120: must be above 0 and below 100"),
        (("--target", "abandon=0"), "--target abandon=0: cannot be reached"),
        (("--target", "wait=3"), "--target wait=3: no target is called 'wait'"),
        (("--workload", "none.toml"), "none.toml is neither a file"),
        (("--year", "1900"), "--year"),
    ],
)
def test_bad_words_are_exit_2(words: tuple[str, ...], sentence: str) -> None:
    shown = allo(*words)
    assert shown.returncode == 2
    assert sentence in shown.stderr
    assert "Traceback" not in shown.stderr
    assert shown.stdout == ""
