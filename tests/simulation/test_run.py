"""A run: the same facts from the same seed; days end at midnight; Little's law."""

import hashlib
import os
import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from router.cli import provision
from router.config import load
from router.core.commands import Counted
from router.core.facts import CallFact, Door, Outcome
from router.core.plan import Plan
from router.simulation.run import Simulation, speech_s
from router.simulation.tally import SAMPLE_S, Tally
from router.simulation.workload import SHIPPED, Workload, load_workload
from tests.simulation.scene import NO_SPEECH, crew, everybody_all_day, pure_plan, workload

TREE = Path(__file__).parents[2]


class Diary(Tally):
    """Return a digest of everything counted, in order, and how long live callers waited."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.facts = 0
        self.digest = hashlib.sha256()
        self.waits_s: list[int] = []

    def counted(self, command: Counted) -> None:
        super().counted(command)
        self.facts += 1
        self.digest.update(repr(command.fact).encode())
        fact = command.fact
        if isinstance(fact, CallFact) and fact.door is not Door.CALLBACK:
            self.waits_s.append(fact.waited_s or 0)


def shipped(seed: int, days: int, **callers: float) -> tuple[Simulation, Diary]:
    plan = load(None).plan
    of_year = load_workload(SHIPPED / "2025.toml", plan)
    if callers:
        content = of_year.model_dump()
        content["callers"] |= callers
        content["informateurs"] |= {"transfers": 0.0}
        of_year = Workload.model_validate(content)
    diary = Diary(plan)
    texts = provision.sentences(load(None)).texts
    simulation = Simulation(plan, of_year, 2025, seed, speech_s(texts), tally=diary)
    for day in simulation.days[1 : 1 + days]:
        simulation.run_day(day)
    return simulation, diary


@cache
def digest_of(seed: int) -> str:
    """What another process prints of the same run: see below."""
    simulation, diary = shipped(seed, 2)
    return f"{diary.digest.hexdigest()} {simulation.events} {diary.facts}"


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_same_seed_gives_the_same_facts_in_every_process(hash_seed: str) -> None:
    program = "from tests.simulation.test_run import digest_of; print(digest_of(1))"
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=TREE,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(TREE)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )

    assert said.stdout.strip() == digest_of(1)


def test_another_seed_gives_others() -> None:
    assert digest_of(1) != digest_of(2)


def test_littles_law_holds_on_the_shipped_days() -> None:
    """Callers only leave the queue by being served or giving up.

    The waits are those of the callers' facts, the queue is that observed every minute.
    """
    _, diary = shipped(1, 8, takes_offer=0.0)
    waited_s, seen_s = sum(diary.waits_s), diary.seen_waiting * SAMPLE_S

    assert waited_s > 20_000
    # Observing queues once a minute is accurate to a few per cent.
    assert seen_s == pytest.approx(waited_s, rel=0.06)


def test_a_day_ends_at_midnight_even_for_the_most_patient() -> None:
    """What a caller would have done much later does not move the clock once the caller has left."""
    plan = pure_plan(crew(2, travail=1))
    of_year = workload(year={"direct_calls": 365 * 20}, callers={"patience": {"mean_s": 1e9}})
    simulation = Simulation(plan, of_year, 2025, 1, NO_SPEECH, who_works=everybody_all_day)
    for day in simulation.days[:5]:
        simulation.run_day(day)

    outcomes = simulation.tally.outcomes
    assert set(outcomes) == {(Door.MENU, Outcome.ANSWERED)}
    assert simulation.engine.next_deadline() is None


def test_a_run_has_the_year_s_days_or_those_that_it_is_given() -> None:
    plan, people = pure_plan(crew(1, travail=1)), workload()
    year = Simulation(plan, people, 2025, 1, NO_SPEECH)
    assert len(year.days) == 365
    short = Simulation(plan, people, 2025, 1, NO_SPEECH, days=year.days[:3])

    assert list(short.run().days) == [date(2025, 1, day) for day in (1, 2, 3)]


def test_a_sentence_takes_as_long_as_it_is() -> None:
    times = speech_s({"short": "Bonjour.", "long": "Bonjour. " * 20})  # type: ignore[dict-item]
    said = list(times.values())

    assert 0.5 < said[0] < 1.5
    assert 10 < said[1] < 15
