"""Tickets on disk: opaque names, times and outcome; never a number.

Written at once, before anything that must not happen twice. A file of its own, so that no
batch of facts ever holds a promise up.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from router.core.ids import FicheId, SectorId, TicketId
from router.core.tickets import ENDS, Failure, TicketRecord, TicketState
from router.errors import StoreError

FILE_NAME = "tickets.sqlite3"
#: Ended tickets are shown to who holds them for a day, then forgotten.
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


class TicketStore:
    """All tickets of the last day. Every method uses the file at once and raises StoreError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
            self._database = sqlite3.connect(path, isolation_level=None, timeout=2.0)
            for setting in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
                self._database.execute(f"PRAGMA {setting}").fetchall()
            self._database.execute(_SCHEMA)

    def put(self, record: TicketRecord) -> None:
        """Write the ticket's present state; on return it survives the router's death."""
        row = (
            *(record.ticket, record.sector, record.fiche, record.asked_at, record.due_at),
            *(record.state.value, record.attempts, record.failure and record.failure.value),
            *(record.retry_at, record.ended_at),
        )
        with self._told():
            places = ", ".join("?" * len(row))
            self._database.execute(
                f"INSERT OR REPLACE INTO tickets ({_COLUMNS}) VALUES ({places})", row
            )

    def get(self, ticket: TicketId) -> TicketRecord | None:
        """Return a ticket, open or ended."""
        with self._told():
            rows = self._database.execute(
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
        """Remove what ended longer than a day ago."""
        with self._told():
            self._database.execute("DELETE FROM tickets WHERE ended_at < ?", (now - KEPT_S,))

    def close(self) -> None:
        self._database.close()

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
