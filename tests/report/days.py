"""Invented days: random facts from a seed."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from router.core.facts import (
    PERIOD_S,
    CallFact,
    Door,
    DutyFact,
    Fact,
    Outcome,
    SubjectFact,
    VoteFact,
)
from router.core.ids import AgentId, EntryId, FicheId, SectorId
from router.core.plan import Plan
from router.core.requests import Result

_T = TypeVar("_T")


def realistic(
    plan: Plan, first: date, last: date, *, seed: int, calls_per_hour: float, agents: int = 45
) -> Iterator[Fact]:
    """Yield the facts that a service like that of 2025 might count from `first` to `last`."""
    chance = Random(seed)
    zone = ZoneInfo(plan.hours.zone)
    weights = {sector: chance.paretovariate(1.3) for sector in plan.sectors}
    fiches = {fiche: chance.paretovariate(1.1) for fiche in plan.fiches}
    entries = list(plan.directory)
    day = first
    while day <= last:
        for opens, closes in plan.hours.day(day):
            begun = datetime.combine(day, opens, zone).timestamp()
            ended = datetime.combine(day, closes, zone).timestamp()
            for agent in chance.sample(range(101, 101 + agents), k=agents * 2 // 3):
                yield DutyFact(day, AgentId(str(agent)))
            for period_at in range(int(begun) // PERIOD_S * PERIOD_S, int(ended), PERIOD_S):
                hour = datetime.fromtimestamp(period_at, zone).hour
                rush = {9: 1.5, 10: 1.7, 11: 1.4, 12: 0.7, 14: 1.3}.get(hour, 1.0)
                season = 1.25 if day.month in (1, 9) else 0.7 if day.month in (7, 8) else 1.0
                expected = calls_per_hour / 2 * rush * season
                for _ in range(max(0, round(chance.gauss(expected, expected**0.5)))):
                    yield from _call(chance, plan, day, period_at, weights, fiches, entries)
        evening = int(datetime.combine(day, time(19), zone).timestamp())
        for _ in range(chance.randrange(int(calls_per_hour / 8) + 1)):
            yield CallFact(evening, Door.NONE, None, Outcome.CLOSED, None, None, 0, None)
        day += timedelta(days=1)


def _call(
    chance: Random,
    plan: Plan,
    day: date,
    period_at: int,
    weights: dict[SectorId, float],
    fiches: dict[FicheId, float],
    entries: list[EntryId],
) -> Iterator[Fact]:
    if chance.random() < 0.12:
        outcome = chance.choice((Outcome.INFORMED, Outcome.LEFT, Outcome.SILENT))
        yield CallFact(period_at, Door.NONE, None, outcome, None, None, 0, None)
        return
    door = chance.choices((Door.CODE, Door.MENU, Door.CALLBACK), (20, 40, 40))[0]
    fiche = None
    if door is Door.MENU:
        sector = chance.choices(list(weights), list(weights.values()))[0]
    else:
        fiche = chance.choices(list(fiches), list(fiches.values()))[0]
        sector = plan.fiches[fiche].sector
    waited = int(chance.expovariate(1 / 75))
    roll = chance.random()
    if door is not Door.CALLBACK and roll < 0.09:
        waited = int(chance.expovariate(1 / 60))
        kept = None if waited <= 180 else False
        yield CallFact(
            period_at, door, sector, Outcome.ABANDONED, waited, None, chance.randrange(2), kept
        )
        return
    if door is not Door.CALLBACK and roll < 0.115:
        outcome = chance.choice(
            (Outcome.REFUSED_FULL, Outcome.REFUSED_NO_AGENT, Outcome.CALLED_BACK)
        )
        yield CallFact(period_at, door, sector, outcome, None, None, 0, None)
        return
    if door is Door.CALLBACK:
        waited = int(chance.uniform(300, 2750))
    kept = waited <= (2700 if door is Door.CALLBACK else 180)
    referral = chance.choice(entries) if entries and chance.random() < 0.06 else None
    outcome = Outcome.LOST if chance.random() < 0.002 else Outcome.ANSWERED
    yield CallFact(
        period_at,
        door,
        sector,
        outcome,
        waited,
        int(chance.lognormvariate(5.6, 0.7)),
        chance.choices((1, 2, 3), (90, 8, 2))[0],
        kept,
        transfers=int(chance.random() < 0.04),
        referral=referral,
    )
    if chance.random() < 0.7:
        advised = referral or (
            chance.choice(entries) if entries and chance.random() < 0.05 else None
        )
        result = Result.REFERRED if advised else chance.choices(list(Result), (80, 12, 0, 5))[0]
        improve = fiche is not None and chance.random() < 0.03
        yield SubjectFact(day, sector, fiche or sector, result, advised, improve)
    if chance.random() < 0.5:
        for question in plan.questions:
            answered = chance.random() < 0.6
            scores = sorted(set(question.scores.values()))
            weight = [1 + 6 * (score in question.satisfied) for score in scores]
            yield VoteFact(
                day, question.id, chance.choices(scores, weight)[0] if answered else None
            )


#: Sectors of tests/service_plan.py, one that the plan no longer has, and none.
SECTORS = (SectorId("logement"), SectorId("travail"), SectorId("ancien"), None)
#: Half-hours of a Sunday, a Monday and a Tuesday: 8:30, 9:00 and 10:00 in Paris.
PERIODS = tuple(
    1_795_424_400 + day * 86_400 + half_hour * PERIOD_S
    for day in (-1, 0, 1)
    for half_hour in (-3, -2, 0)
)
_SECONDS = st.none() | st.integers(0, 4000)


@st.composite
def call_facts(draw: st.DrawFn) -> CallFact:
    """Any call at all, likely or not."""
    return CallFact(
        period_at=draw(st.sampled_from(PERIODS)),
        door=draw(st.sampled_from(Door)),
        sector=draw(st.sampled_from(SECTORS)),
        outcome=draw(st.sampled_from(Outcome)),
        waited_s=draw(_SECONDS),
        talked_s=draw(_SECONDS),
        attempts=draw(st.integers(0, 3)),
        kept=draw(st.none() | st.booleans()),
        transfers=draw(st.integers(0, 1)),
        referral=draw(st.none() | st.sampled_from((EntryId("prefecture"), EntryId("caf")))),
    )


@st.composite
def subject_facts(draw: st.DrawFn) -> SubjectFact:
    return SubjectFact(
        day=date(2026, 11, 23),
        sector=SectorId("logement"),
        subject=draw(st.sampled_from([FicheId(f"F{n}") for n in range(1234, 1240)])),
        result=draw(st.sampled_from(Result)),
        referral=draw(st.none() | st.sampled_from((EntryId("prefecture"), EntryId("caf")))),
        improve=draw(st.booleans()),
    )


def repeated(facts: st.SearchStrategy[_T]) -> st.SearchStrategy[list[_T]]:
    """Some facts, each once or many times: cells small and large."""
    groups = st.tuples(facts, st.integers(1, 14)).map(lambda one: [one[0]] * one[1])
    return st.lists(groups, max_size=25).map(lambda many: list(chain.from_iterable(many)))
