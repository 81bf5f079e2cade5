"""Facts as rows of the file's tables, and back. The empty string and -1 stand for None."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import orjson

from router.core.facts import CallFact, DirectiveFact, Door, Outcome, SubjectFact, VoteFact
from router.core.ids import AgentId, EntryId, FicheId, SectorId
from router.core.requests import Result
from router.core.today import Message, Moved, Skill, Today

#: Facts that are alike share one row, which says how many there are.
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
ADD_DIRECTIVE = "INSERT INTO directives VALUES (?, ?, ?, ?, ?, ?)"
PUT_TODAY = "INSERT INTO today VALUES (?, ?)"
DROP_TODAY = "DELETE FROM today"
DROP_DIRECTIVES = "DELETE FROM directives WHERE at < ?"
PUT_SESSION = "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)"
DROP_SESSION = "DELETE FROM sessions WHERE agent = ?"
DROP_SESSIONS = "DELETE FROM sessions"
DROP_DUTY = "DELETE FROM duty WHERE day < ?"
DROP_WATCHES = "DELETE FROM watches WHERE at < ?"


def alike(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return each distinct row once, sorted by content, with how often it occurs."""
    return sorted((*row, alike) for row, alike in Counter(rows).items())


def call_row(fact: CallFact) -> tuple[int | str, ...]:
    """Return a call as a row of `calls`, without its count."""
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
    """Return the call that a row of `calls` stands for.

    Raises:
        ValueError: If the row holds a word that this version does not know.
    """
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
    """Return what an informateur noted as a row of `subjects`, without its count."""
    return (
        fact.day.isoformat(),
        fact.sector,
        fact.subject,
        fact.result.value,
        fact.referral or "",
        int(fact.improve),
    )


def subject(row: tuple[Any, ...]) -> SubjectFact:
    """Return what a row of `subjects` stands for.

    Raises:
        ValueError: If the row holds a word that this version does not know.
    """
    day, sector, subject, result, referral, improve, _ = row
    return SubjectFact(
        day=date.fromisoformat(day),
        sector=SectorId(sector),
        subject=FicheId(subject),  # or a sector's: the plan tells them apart
        result=Result(result),
        referral=EntryId(referral) if referral else None,
        improve=bool(improve),
    )


def directive_row(fact: DirectiveFact) -> tuple[float | str, ...]:
    """Return what a supervisor directed as a row of `directives`."""
    return fact.at, fact.supervisor, fact.what, fact.agent or "", fact.detail, fact.why


def directive(row: tuple[Any, ...]) -> DirectiveFact:
    """Return what a row of `directives` stands for."""
    at, supervisor, what, agent, detail, why = row
    return DirectiveFact(at, supervisor, what, AgentId(agent) if agent else None, detail, why)


def today_row(today: Today) -> tuple[str, str]:
    """Return what supervisors have changed for a day as a row of `today`."""
    message = today.message
    changes = {
        "closes_at": today.closes_at,
        "moved": [
            [one.agent, [[skill.sector, skill.level] for skill in one.skills]]
            for one in today.moved
        ],
        "message": message and [message.at, message.supervisor, message.text],
    }
    return today.day.isoformat(), orjson.dumps(changes).decode()


def today(row: tuple[Any, ...]) -> Today:
    """Return what a row of `today` stands for.

    Raises:
        ValueError: If it is none of ours.
    """
    day, text = row
    changes = orjson.loads(text)
    return Today(
        day=date.fromisoformat(day),
        closes_at=changes["closes_at"],
        moved=tuple(
            Moved(AgentId(agent), tuple(Skill(SectorId(sector), level) for sector, level in skills))
            for agent, skills in changes["moved"]
        ),
        message=changes["message"] and Message(*changes["message"]),
    )


def vote_row(vote: VoteFact) -> tuple[str, str, str]:
    """Return a vote as a row of `votes`, without its count."""
    return vote.day.isoformat(), vote.question, "" if vote.score is None else str(vote.score)
