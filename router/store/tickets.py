"""Tickets on disk: opaque names, times and outcome; never a number.

Written before anything that must not happen twice (keeping.py says when). They have a file of
their own, so that no batch of facts ever delays a promise.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from router.core.callback.tickets import Failure, TicketRecord, TicketState
from router.core.ids import FicheId, SectorId, TicketId
from router.store.database_file import DatabaseFile, connection, transaction

FILE_NAME = "tickets.sqlite3"
#: Ended tickets are shown to their holders for a day, then forgotten.
KEPT_S = 86_400.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tickets (
    ticket TEXT PRIMARY KEY,
    sector TEXT NOT NULL,
    fiche TEXT,
    asked_at REAL NOT NULL,
    due_at REAL NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    failure TEXT,
    retry_at REAL,
    ended_at REAL
) STRICT, WITHOUT ROWID
"""
_COLUMNS = "ticket, sector, fiche, asked_at, due_at, state, attempts, failure, retry_at, ended_at"
_PUT = f"INSERT OR REPLACE INTO tickets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#: One row, rewritten to see whether anything can be written.
_TRIAL = "CREATE TABLE IF NOT EXISTS trials (one INTEGER PRIMARY KEY, count INTEGER) STRICT"
_TRY = (
    "INSERT INTO trials (one, count) VALUES (1, 1) "
    "ON CONFLICT (one) DO UPDATE SET count = count + 1"
)
#: How long another process may hold its lock before a write is given up. Whoever asks to be
#: called back waits meanwhile.
LOCK_WAIT_S = 1.0


class TicketStore:
    """All tickets of the last day. Its methods come one at a time, on whatever thread.

    Every method uses the file at once, opens it if need be, waits `lock_wait_s` seconds at most for
    another process, and raises StoreError if it cannot be used.
    """

    def __init__(self, path: Path, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.path = path
        self._file = DatabaseFile(path, _prepare, lock_wait_s=lock_wait_s)
        #: Of the files set aside, those that have been searched.
        self._searched = 0

    @property
    def set_aside(self) -> int:
        """How many damaged files were set aside."""
        return len(self._file.set_aside)

    def read(self) -> list[TicketRecord]:
        """Return every ticket, ended or not, by the instant promised.

        Of files that were set aside since the last reading, what can still be read comes with them.
        """
        with self._file.opened() as database:
            rows = database.execute(f"SELECT {_COLUMNS} FROM tickets").fetchall()
        records = {record.ticket: record for record in _records(rows)}
        for aside in self._file.set_aside[self._searched :]:
            records = {one.ticket: one for one in _records(_legible(aside))} | records
        self._searched = len(self._file.set_aside)
        return sorted(records.values(), key=lambda record: (record.due_at, record.ticket))

    def write(
        self, records: Mapping[TicketId, TicketRecord | None], *, trial: bool = False
    ) -> None:
        """Write the tickets' present states, all of them or none; those with None are removed.

        Once this returns they survive the death of router and machine. They are in the file itself:
        were the log beside it damaged, the next start would pass over that without a word. A
        `trial` writes something in any case, to see whether that can be done.
        """
        with self._file.opened() as database, transaction(database):
            for ticket, record in records.items():
                if record is None:
                    database.execute("DELETE FROM tickets WHERE ticket = ?", (ticket,))
                else:
                    database.execute(_PUT, _row(record))
            if trial:
                database.execute(_TRY)
        with self._file.opened() as database:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def examine(self) -> None:
        """See that what is on the disk is sound."""
        self._file.examine()

    def forget(self, now: float) -> None:
        """Remove what ended more than `KEPT_S` before `now`, UTC epoch seconds."""
        with self._file.opened() as database:
            database.execute("DELETE FROM tickets WHERE ended_at < ?", (now - KEPT_S,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        database.execute(f"PRAGMA {setting}").fetchall()
    database.execute(_SCHEMA)
    database.execute(_TRIAL)


def _legible(damaged: Path) -> list[tuple[object, ...]]:
    """Return the rows of a damaged file that can still be read, from both of its ends."""
    rows: dict[object, tuple[object, ...]] = {}
    for order in ("ASC", "DESC"):
        with (
            suppress(sqlite3.Error),
            closing(connection(damaged, "ro", lambda database, path: None)) as database,
        ):
            for row in database.execute(f"SELECT {_COLUMNS} FROM tickets ORDER BY ticket {order}"):
                rows[row[0]] = row
    return list(rows.values())


def _records(rows: list[tuple[object, ...]]) -> list[TicketRecord]:
    """Return the rows as records; what this version cannot read is left out."""
    records = []
    for row in rows:
        with suppress(ValueError, AssertionError):
            records.append(_record(row))
    return records


def _row(record: TicketRecord) -> tuple[object, ...]:
    return (
        *(record.ticket, record.sector, record.fiche, record.asked_at, record.due_at),
        *(record.state.value, record.attempts, record.failure and record.failure.value),
        *(record.retry_at, record.ended_at),
    )


def _record(row: tuple[object, ...]) -> TicketRecord:
    ticket, sector, fiche, asked_at, due_at, state, attempts, failure, retry_at, ended_at = row
    assert isinstance(asked_at, float)
    assert isinstance(due_at, float)
    assert isinstance(attempts, int)
    assert retry_at is None or isinstance(retry_at, float)
    assert ended_at is None or isinstance(ended_at, float)
    return TicketRecord(
        TicketId(str(ticket)),
        SectorId(str(sector)),
        None if fiche is None else FicheId(str(fiche)),
        asked_at,
        due_at,
        TicketState(str(state)),
        attempts,
        None if failure is None else Failure(str(failure)),
        retry_at,
        ended_at,
    )
