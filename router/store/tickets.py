"""Tickets on disk: opaque names, times and outcome; never a number.

Written before anything that must not happen twice (keeping.py says when). They have a file of
their own, so that no batch of facts ever delays a promise.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from router.core.callback.tickets import ENDS, Failure, TicketRecord, TicketState
from router.core.ids import FicheId, SectorId, TicketId
from router.errors import StoreError
from router.store.schema import Identity, transaction

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
    """All tickets of the last day. Every method uses the file at once and raises StoreError.

    `get` may be called on another thread than the rest, which come one at a time. A write waits
    `lock_wait_s` seconds at most for another process.
    """

    def __init__(self, path: Path, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.path = path
        self._lock_wait_s = lock_wait_s
        #: Of the file before this one: another thread may just be reading it.
        self._old: tuple[sqlite3.Connection, ...] = ()
        self._open()

    def _open(self) -> None:
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self.path.chmod(0o600)
            with ExitStack() as opened:
                database = opened.enter_context(closing(self._connected(self._lock_wait_s)))
                for setting in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
                    database.execute(f"PRAGMA {setting}").fetchall()
                database.execute(_SCHEMA)
                database.execute(_TRIAL)
                # Apart from the writing one, which is busy for as long as another process has the
                # lock.
                reading = opened.enter_context(closing(self._connected(0.0)))
                opened.pop_all()
            self._database, self._reading = database, reading
            self._identity = Identity(self.path)

    def _connected(self, lock_wait_s: float) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, isolation_level=None, timeout=lock_wait_s, check_same_thread=False
        )

    def put(self, record: TicketRecord) -> None:
        """Write the ticket's present state; once this returns it survives the router's death."""
        self.write({record.ticket: record})

    def write(
        self, records: Mapping[TicketId, TicketRecord | None], *, trial: bool = False
    ) -> None:
        """Write the tickets' present states, all of them or none; those with None are removed.

        A `trial` writes something in any case, to see whether that can be done.
        """
        with self._told():
            self._see_that_it_is_there()
            with transaction(self._database):
                for ticket, record in records.items():
                    if record is None:
                        self._database.execute("DELETE FROM tickets WHERE ticket = ?", (ticket,))
                    else:
                        self._database.execute(_PUT, _row(record))
                if trial:
                    self._database.execute(_TRY)

    def _see_that_it_is_there(self) -> None:
        """Begin a new file, and say so, if this one was removed: what is written there is lost."""
        if not self._identity.holds():
            before = (self._reading, self._database)
            self._open()
            # Python would close them some day: they hold each other (measured, four descriptors).
            _close(self._old)
            self._old = before
            raise OSError("the file was removed or replaced; a new one is begun")

    def get(self, ticket: TicketId) -> TicketRecord | None:
        """Return a ticket, open or ended."""
        with self._told():
            rows = self._reading.execute(
                f"SELECT {_COLUMNS} FROM tickets WHERE ticket = ?", (ticket,)
            ).fetchall()
        return _record(rows[0]) if rows else None

    def open(self) -> list[TicketRecord]:
        """Return the tickets that have not ended, by the instant promised."""
        with self._told():
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM tickets WHERE ended_at IS NULL ORDER BY due_at, ticket"
            ).fetchall()
        return [record for record in map(_record, rows) if record.state not in ENDS]

    def forget(self, now: float) -> None:
        """Remove what ended more than `KEPT_S` before `now`, UTC epoch seconds."""
        with self._told():
            self._database.execute("DELETE FROM tickets WHERE ended_at < ?", (now - KEPT_S,))

    def close(self) -> None:
        """Close the file."""
        _close((*self._old, self._reading, self._database))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                str(self.path),
                f"cannot be used: {error}",
                "Make room on the disk and the file writable for this user.",
            ) from None


def _close(connections: Iterable[sqlite3.Connection]) -> None:
    for connection in connections:
        with suppress(sqlite3.Error):
            connection.close()


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
