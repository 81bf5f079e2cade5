"""Facts as rows of the file's tables, and back. '' and -1 stand for None."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from router.core.facts import CallFact, Door, Outcome, SubjectFact, VoteFact
from router.core.ids import EntryId, FicheId, SectorId
from router.core.requests import Result

#: Facts that are alike share a row, which says how many they are.
ADD_CALL = """
    INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET alike = alike + excluded.alike
"""
ADD_SUBJECT = """
    INSERT INTO subjects VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET alike = alike + excluded.alike
"""
ADD_VOTE = """
    INSERT INTO votes VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET alike = alike + excluded.alike
"""
ADD_BALLOT = """
    INSERT INTO ballots VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET alike = alike + excluded.alike
"""
ADD_DUTY = "INSERT INTO duty VALUES (?, ?) ON CONFLICT DO NOTHING"
ADD_WATCH = "INSERT INTO watches VALUES (?, ?, ?, ?)"
PUT_SESSION = "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)"
DROP_SESSION = "DELETE FROM sessions WHERE agent = ?"


def alike(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return each different row once, in order of content, with how often it came."""
    return sorted((*row, alike) for row, alike in Counter(rows).items())


def call_row(fact: CallFact) -> tuple[int | str, ...]:
    return (
        fact.period_at,
        fact.door.value,
        fact.sector or "",
        fact.outcome.value,
        -1 if fact.waited_s is None else fact.waited_s,
        -1 if fact.talked_s is None else fact.talked_s,
        fact.attempts,
        -1 if fact.kept is None else int(fact.kept),
        fact.transfers,
        fact.referral or "",
    )


def call(row: tuple[Any, ...]) -> CallFact:
    period_at, door, sector, outcome, waited_s, talked_s, attempts, kept, transfers, to, _ = row
    return CallFact(
        period_at=period_at,
        door=Door(door),
        sector=SectorId(sector) if sector else None,
        outcome=Outcome(outcome),
        waited_s=None if waited_s < 0 else waited_s,
        talked_s=None if talked_s < 0 else talked_s,
        attempts=attempts,
        kept=None if kept < 0 else bool(kept),
        transfers=transfers,
        referral=EntryId(to) if to else None,
    )


def subject_row(fact: SubjectFact) -> tuple[int | str, ...]:
    return (
        fact.day.isoformat(),
        fact.sector,
        fact.subject,
        fact.result.value,
        fact.referral or "",
        int(fact.improve),
    )


def subject(row: tuple[Any, ...]) -> SubjectFact:
    day, sector, subject, result, referral, improve, _ = row
    return SubjectFact(
        day=date.fromisoformat(day),
        sector=SectorId(sector),
        subject=FicheId(subject),  # or a sector's: they are told apart by the plan
        result=Result(result),
        referral=EntryId(referral) if referral else None,
        improve=bool(improve),
    )


def vote_row(vote: VoteFact) -> tuple[str, str, str]:
    return vote.day.isoformat(), vote.question, "" if vote.score is None else str(vote.score)
