"""Targets as given on the command line, and how they are measured."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from router.core.callback.tickets import Refusal
from router.core.commands import Counted
from router.core.facts import CallFact, Door, Outcome
from router.errors import ConfigError
from router.planning.targets import DEFAULT, KINDS, Measured, Scores, aims
from router.simulation.demand import Person
from tests.service_plan import HOUSING, WORK
from tests.simulation.scene import crew, pure_plan

PLAN = pure_plan(crew(2, travail=1))
#: Monday 2025-06-02, 09:30 UTC.
AT = int(datetime(2025, 6, 2, 9, 30, tzinfo=UTC).timestamp())
SLOT = (0, 19)
CALL = CallFact(AT, Door.MENU, WORK, Outcome.ANSWERED, 20, 100, 1, True)


def scores(*facts: CallFact) -> Measured:
    run = Scores(PLAN, {WORK: 0})
    for fact in facts:
        run.counted(Counted(fact))
    return Measured([run], PLAN)


def test_what_users_write_is_what_is_aimed_at() -> None:
    live, abandon = aims(["live=80", " abandon = 5% "])
    assert (live.kind.name, live.wanted) == ("live", 0.8)
    assert (abandon.kind.name, abandon.wanted) == ("abandon", 0.95)
    assert abandon.figure(0.97) == pytest.approx(3)


def test_nothing_said_means_the_default() -> None:
    assert [f"{aim.kind.name}={aim.percent:g}" for aim in aims([])] == list(DEFAULT)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("live=100", "cannot be reached: some callers will always wait longer"),
        ("promise=100", "cannot be reached"),
        ("abandon=0", "cannot be reached: some callers hang up as soon as they wait"),
        ("abandon=100", "is no target"),
        ("live=0", "is no target"),
        ("live=120", "above 0 and below 100 per cent, got 120"),
        ("live=-3", "above 0 and below 100 per cent, got -3"),
        ("live=nan", "above 0 and below 100"),
        ("live=inf", "above 0 and below 100"),
        ("live=", "must be a number of per cent, as live=80"),
        ("live", "must be a number of per cent, as live=80"),
        ("abandon=few", "as abandon=5"),
        ("lve=80", "did you mean live?"),
        ("=80", "use one of live, promise, accepted, abandon"),
        ("asa=20", "no target is called 'asa'"),
    ],
)
def test_bad_targets_are_named_with_a_remedy(word: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        aims([word])
    assert str(caught.value).startswith(f"--target {word}: ")
    assert sentence in str(caught.value)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        aims(["live=80", "live=90", "promise=0", "x=1"])
    assert [one.place for one in caught.value.problems] == [
        "--target live=90",
        "--target promise=0",
        "--target x=1",
    ]


@pytest.mark.parametrize(
    ("name", "fact", "counts"),
    [
        ("live", CALL, (1, 1)),
        ("live", replace(CALL, kept=False), (0, 1)),
        # Left before the promise fell due: it was neither kept nor broken.
        ("live", replace(CALL, outcome=Outcome.ABANDONED, kept=None), (0, 0)),
        ("live", replace(CALL, outcome=Outcome.ABANDONED, kept=False), (0, 1)),
        ("live", replace(CALL, outcome=Outcome.REFUSED_FULL, waited_s=None, kept=None), (0, 1)),
        ("live", replace(CALL, outcome=Outcome.REFUSED_CLOSING, waited_s=None, kept=None), (0, 0)),
        ("live", replace(CALL, door=Door.CALLBACK), (0, 0)),
        ("abandon", CALL, (1, 1)),
        ("abandon", replace(CALL, outcome=Outcome.ABANDONED, kept=None), (0, 1)),
        ("abandon", replace(CALL, outcome=Outcome.REFUSED_FULL, waited_s=None), (0, 0)),
        ("promise", replace(CALL, door=Door.CALLBACK), (1, 1)),
        ("promise", replace(CALL, door=Door.CALLBACK, kept=False), (0, 1)),
        ("promise", replace(CALL, door=Door.CALLBACK, kept=None), (0, 0)),
        ("live", replace(CALL, sector=None), (0, 0)),
        ("live", replace(CALL, sector=HOUSING), (0, 0)),  # of no team
    ],
)
def test_what_counts_as_going_well(name: str, fact: CallFact, counts: tuple[int, int]) -> None:
    (aim,) = aims([f"{name}={5 if KINDS[name].at_most else 80}"])
    seen = scores(fact)
    for score in (seen.team(aim, 0), seen.team(aim, None), seen.cell(aim, 0, SLOT)):
        assert (score.good, score.all) == counts


def test_requests_refused_because_of_closing_are_nobodys_fault() -> None:
    run = Scores(PLAN, {WORK: 0})
    person = Person(AT + 7.0, WORK, 100.0, 100.0, [])
    for refusal in (None, Refusal.FULL, Refusal.NO_AGENT, Refusal.CLOSING, Refusal.CLOSED):
        run.admitted(person, refusal, by_phone=False)
    (aim,) = aims(["accepted=95"])
    score = Measured([run], PLAN).cell(aim, 0, SLOT)
    assert (score.good, score.all) == (1, 3)


def test_an_interval_is_wider_when_days_differ() -> None:
    (aim,) = aims(["live=80"])
    day_s = 86_400

    def interval(*days: int) -> float:
        facts = [
            replace(CALL, period_at=AT + day * day_s, kept=number < good)
            for day, good in enumerate(days)
            for number in range(20)
        ]
        score = scores(*facts).team(aim, 0)
        assert score.share == pytest.approx(sum(days) / 20 / len(days))
        assert 0 <= score.low <= score.share <= score.high <= 1
        return score.high - score.low

    assert interval(4, 20, 8, 20, 2, 20) > 2 * interval(12, 13, 12, 12, 13, 12)
    # Nothing went wrong in six days: still not certain.
    assert interval(20, 20, 20, 20, 20, 20) > 0.01


def test_of_nothing_nothing_is_known() -> None:
    (aim,) = aims(["live=80"])
    score = scores().team(aim, 0)
    assert (score.all, score.low, score.high) == (0, 0.0, 1.0)
