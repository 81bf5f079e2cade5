"""What is kept: anonymous facts, and who is logged in where. One SQLite file.

Facts are counted on the event loop, in memory only, and written in batches by a worker thread. No
table of callers has a row id: rows are ordered by their content (`WITHOUT ROWID`), so the file does
not say in which order calls came. Votes are not rows at all but numbers of votes, which only grow
once enough of them wait: whoever compares the file before and after a call learns nothing about
that caller's vote. How many were asked to vote is written at once, so that the report can say how
many votes are late.

The rest of the house knows `Store`'s public methods alone; PostgreSQL can stand behind the same.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from router.core.commands import DeskChanged
from router.core.facts import (
    BallotFact,
    CallFact,
    DirectiveFact,
    DutyFact,
    Fact,
    SubjectFact,
    VoteFact,
    WatchFact,
)
from router.core.ids import AgentId, PhoneId, QuestionId, ReasonId
from router.core.requests import Watching
from router.core.today import Today
from router.errors import StoreError
from router.store import rows
from router.store.database_file import LOCK_WAIT_S, DatabaseFile, FileToRead, transaction
from router.store.schema import check_version, prepare
from router.store.standing import Keeping

FILE_NAME = "facts.sqlite3"
#: How many answers to each question must wait together before a day's votes are written.
VOTES_TOGETHER = 5
#: How many facts wait at most while the file cannot be written: two months' worth of the service
#: of 2025.
WAITING_MAX = 100_000


class Store:
    """The file, opened when it is first used.

    `record`, `desk_changed` and `today_changed` are for the event loop, and never wait for the
    file. Everything else may, for another process `lock_wait_s` seconds at most, and is for a
    worker thread, or for start and stop.
    """

    def __init__(self, path: Path, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        """Write the file, which is created if missing, for its owner's eyes only."""
        self.path = path
        #: Facts given up because more than WAITING_MAX waited.
        self.dropped = 0
        self._file: DatabaseFile | FileToRead = DatabaseFile(path, prepare, lock_wait_s=lock_wait_s)
        #: In which of the files that have been there every session is.
        self._sessions_in = 0
        #: Held only while what waits is exchanged.
        self._exchanging = threading.Lock()
        #: Held while the file is used.
        self._using = threading.Lock()
        self._facts: list[Fact] = []
        self._desks: dict[AgentId, DeskChanged] = {}
        self._votes: Counter[VoteFact] = Counter()
        #: Every session, in case a new file has to be begun.
        self._sessions: dict[AgentId, DeskChanged] = {}
        #: What supervisors have changed for the day, as last told, and whether it waits.
        self._today: Today | None = None
        self._today_waits = False
        self._failures = 0
        self._trouble = ""

    @classmethod
    def open_to_read(cls, path: Path) -> "Store":
        """Open a file that exists, beside a service that may be writing it.

        Raises:
            StoreError: If it is missing, is no database of ours, or of another version.
        """
        if not path.exists():
            raise StoreError(
                str(path),
                "does not exist: nothing has been counted yet",
                "Start the service (./allo demo, ./allo run), or name its settings by --config.",
            )
        store = cls(path)
        store._file = FileToRead(path, check_version)
        return store

    def close(self) -> None:
        """Close the file. Flush first: whatever still waits is lost."""
        with self._using:
            self._file.close()

    # Counting: on the event loop.

    def record(self, fact: Fact) -> None:
        """Keep a fact in memory until the next flush."""
        with self._exchanging:
            if len(self._facts) < WAITING_MAX:
                self._facts.append(fact)
            else:
                self.dropped += 1

    def desk_changed(self, change: DeskChanged) -> None:
        """Keep where an informateur is logged in until the next flush."""
        with self._exchanging:
            self._desks[change.agent] = self._sessions[change.agent] = change

    def today_changed(self, today: Today) -> None:
        """Keep what supervisors have changed for the day until the next flush."""
        with self._exchanging:
            self._today, self._today_waits = today, True

    @property
    def standing(self) -> Keeping:
        """How the file fares. Votes that wait for other votes do not count as waiting."""
        with self._exchanging:
            pending = len(self._facts) + len(self._desks) + self._today_waits
        aside = len(self._file.set_aside)
        return Keeping(pending, self._failures, self.dropped, self._trouble, aside)

    # Writing: in a worker thread.

    def flush(self, today: date, *, final: bool = False) -> None:
        """Write what waits. Votes of `today` wait on until there are enough, unless it is `final`.

        Raises:
            StoreError: If it cannot be written. All of it then waits for the next flush.
        """
        with self._using:
            with self._exchanging:
                facts, self._facts = self._facts, []
                desks, self._desks = self._desks, {}
                changes, self._today_waits = self._today if self._today_waits else None, False
            self._votes.update(fact for fact in facts if isinstance(fact, VoteFact))
            facts = [fact for fact in facts if not isinstance(fact, VoteFact)]
            votes = self._ripe_votes(today, final)
            if not (facts or desks or votes or changes):
                return
            try:
                with self._file.opened() as database:
                    if anew := self._sessions_in != self._file.generation:
                        with self._exchanging:
                            desks = self._sessions | self._desks
                            changes = self._today
                    with transaction(database):
                        if anew:
                            database.execute(rows.DROP_SESSIONS)
                        _write(database, facts, desks.values(), votes)
                        if changes is not None:
                            _write_today(database, changes)
                    self._sessions_in = self._file.generation
                    # The log of changes would show what came together in one batch. While a reader
                    # holds it open it cannot be emptied; the next flush does.
                    with suppress(sqlite3.Error):
                        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except StoreError as error:
                self._failures += 1
                self._trouble = str(error)
                self._take_back(facts, desks)
                with self._exchanging:
                    self._today_waits |= changes is not None
                raise
            self._trouble = ""
            for vote in votes:
                del self._votes[vote]

    def forget(self, duty_before: date, watches_before: float) -> None:
        """Remove who was ready on earlier days, and which supervisor did what earlier.

        Then the file is examined.

        Raises:
            StoreError: If it cannot be written.
        """
        with self._using:
            self._forget(duty_before, watches_before)
            if isinstance(self._file, DatabaseFile):
                self._file.examine()

    def _forget(self, duty_before: date, watches_before: float) -> None:
        with self._file.opened() as database, transaction(database):
            database.execute(rows.DROP_DUTY, (duty_before.isoformat(),))
            database.execute(rows.DROP_WATCHES, (watches_before,))
            database.execute(rows.DROP_DIRECTIVES, (watches_before,))

    def _ripe_votes(self, today: date, final: bool) -> dict[VoteFact, int]:
        """Return those that may be written: all of a day's or none, whatever the question.

        Otherwise the number of those asked a question would show who answered the one before.
        """
        answers: Counter[tuple[date, QuestionId]] = Counter()
        for vote, alike in self._votes.items():
            if vote.score is not None:
                answers[vote.day, vote.question] += alike
        few = {day for (day, _), given in answers.items() if given < VOTES_TOGETHER}
        many = {day for (day, _), given in answers.items() if given >= VOTES_TOGETHER} - few
        return {
            vote: alike
            for vote, alike in self._votes.items()
            if final or vote.day < today or vote.day in many
        }

    def _take_back(self, facts: list[Fact], desks: dict[AgentId, DeskChanged]) -> None:
        with self._exchanging:
            facts.extend(self._facts)
            self.dropped += max(0, len(facts) - WAITING_MAX)
            self._facts = facts[:WAITING_MAX]
            self._desks = {**desks, **self._desks}

    # Reading what was flushed; `first` and `last` are days of the service, both included.

    def sessions(self) -> tuple[DeskChanged, ...]:
        """Return who is logged in where, as last flushed. Raises StoreError."""
        sessions = tuple(
            DeskChanged(AgentId(agent), PhoneId(phone), reason and ReasonId(reason), until_at)
            for agent, phone, reason, until_at in self._read(
                "SELECT agent, phone, reason, until_at FROM sessions ORDER BY agent"
            )
        )
        with self._exchanging:
            self._sessions = {one.agent: one for one in sessions} | self._sessions
        self._sessions_in = self._file.generation
        return sessions

    def today(self) -> Today | None:
        """Return what supervisors had last changed, of whatever day. Raises StoreError."""
        found = self._read("SELECT * FROM today")
        with _known_values(self.path):
            today = rows.today(found[0]) if found else None
        with self._exchanging:
            self._today = self._today or today
        return today

    def calls(self, first: date, last: date, zone: str) -> list[CallFact]:
        """Return calls that arrived from `first` to `last`, days in `zone`. Raises StoreError."""
        found = self._read(
            "SELECT * FROM calls WHERE period_at >= ? AND period_at < ?",
            (_midnight(first, zone), _midnight(last + timedelta(days=1), zone)),
        )
        with _known_values(self.path):
            return [fact for row in found for fact in [rows.call(row)] * row[-1]]

    def subjects(self, first: date, last: date) -> Counter[SubjectFact]:
        """Return what informateurs noted, and how often. Raises StoreError."""
        found = self._read("SELECT * FROM subjects WHERE day BETWEEN ? AND ?", _days(first, last))
        with _known_values(self.path):
            return Counter({rows.subject(row): row[-1] for row in found})

    def votes(self, first: date, last: date) -> Counter[VoteFact]:
        """Return the votes, and how often each was given. Raises StoreError."""
        found = self._read("SELECT * FROM votes WHERE day BETWEEN ? AND ?", _days(first, last))
        with _known_values(self.path):
            return Counter(
                {
                    VoteFact(
                        date.fromisoformat(day), QuestionId(question), int(score) if score else None
                    ): alike
                    for day, question, score, alike in found
                }
            )

    def ballots(self, first: date, last: date) -> Counter[BallotFact]:
        """Return how many were asked to vote, whether their votes are written yet or not.

        Raises:
            StoreError: If the file cannot be read.
        """
        found = self._read("SELECT * FROM ballots WHERE day BETWEEN ? AND ?", _days(first, last))
        return Counter(
            {
                BallotFact(date.fromisoformat(day), QuestionId(question)): alike
                for day, question, alike in found
            }
        )

    def duty(self, first: date, last: date) -> list[DutyFact]:
        """Return which informateurs were ready for calls on which day. Raises StoreError."""
        found = self._read("SELECT * FROM duty WHERE day BETWEEN ? AND ?", _days(first, last))
        return [DutyFact(date.fromisoformat(day), AgentId(agent)) for day, agent in found]

    def watches(self, first: date, last: date, zone: str) -> list[WatchFact]:
        """Return supervisors' part in calls, oldest first: the audit. Raises StoreError."""
        found = self._read(
            "SELECT * FROM watches WHERE at >= ? AND at < ? ORDER BY at",
            (_midnight(first, zone), _midnight(last + timedelta(days=1), zone)),
        )
        return [WatchFact(at, who, AgentId(agent), Watching(how)) for at, who, agent, how in found]

    def directives(self, first: date, last: date, zone: str) -> list[DirectiveFact]:
        """Return what supervisors directed, oldest first: the audit. Raises StoreError."""
        found = self._read(
            "SELECT * FROM directives WHERE at >= ? AND at < ? ORDER BY at",
            (_midnight(first, zone), _midnight(last + timedelta(days=1), zone)),
        )
        return [rows.directive(row) for row in found]

    def last_day(self, zone: str) -> date | None:
        """Return the latest day on which anything was counted; None: nothing has been yet.

        Raises:
            StoreError: If the file cannot be read.
        """
        [(period_at, day)] = self._read(
            "SELECT (SELECT max(period_at) FROM calls), (SELECT max(day) FROM duty)"
        )
        days = [date.fromisoformat(day)] if day else []
        if period_at is not None:
            days.append(datetime.fromtimestamp(period_at, ZoneInfo(zone)).date())
        return max(days, default=None)

    def _read(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._using, self._file.opened() as database:
            return database.execute(query, values).fetchall()


def _write(
    database: sqlite3.Connection,
    facts: list[Fact],
    desks: Iterable[DeskChanged],
    votes: Mapping[VoteFact, int],
) -> None:
    write = database.executemany
    write(
        rows.ADD_CALL,
        rows.alike(rows.call_row(one) for one in facts if isinstance(one, CallFact)),
    )
    write(
        rows.ADD_SUBJECT,
        rows.alike(rows.subject_row(one) for one in facts if isinstance(one, SubjectFact)),
    )
    write(rows.ADD_VOTE, sorted((*rows.vote_row(vote), alike) for vote, alike in votes.items()))
    write(
        rows.ADD_BALLOT,
        rows.alike(
            (one.day.isoformat(), one.question) for one in facts if isinstance(one, BallotFact)
        ),
    )
    write(
        rows.ADD_DUTY,
        sorted({(one.day.isoformat(), one.agent) for one in facts if isinstance(one, DutyFact)}),
    )
    write(
        rows.ADD_WATCH,
        [
            (one.at, one.supervisor, one.agent, one.watching.value)
            for one in facts
            if isinstance(one, WatchFact)
        ],
    )
    write(
        rows.ADD_DIRECTIVE,
        [rows.directive_row(one) for one in facts if isinstance(one, DirectiveFact)],
    )
    for desk in desks:
        if desk.phone is None:
            database.execute(rows.DROP_SESSION, (desk.agent,))
        else:
            row = (desk.agent, desk.phone, desk.reason, desk.until_at)
            database.execute(rows.PUT_SESSION, row)


def _write_today(database: sqlite3.Connection, today: Today) -> None:
    database.execute(rows.DROP_TODAY)
    if today != Today(today.day):
        database.execute(rows.PUT_TODAY, rows.today_row(today))


@contextmanager
def _known_values(path: Path) -> Iterator[None]:
    """Turn a value that this version does not know into StoreError."""
    try:
        yield
    except ValueError as error:
        raise StoreError(
            str(path),
            f"holds what this version does not know: {error}",
            "Read it with the allo that wrote it.",
        ) from None


def _midnight(day: date, zone: str) -> float:
    return datetime.combine(day, time.min, ZoneInfo(zone)).timestamp()


def _days(first: date, last: date) -> tuple[str, str]:
    return first.isoformat(), last.isoformat()
