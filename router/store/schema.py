"""The facts' file: its tables and their version."""

import sqlite3
from pathlib import Path

from router.errors import StoreError
from router.store.database_file import transaction

#: "allo" in ASCII (PRAGMA application_id): distinguishes our file from another program's.
APPLICATION_ID = 0x616C6C6F

#: Each script takes the file from one version to the next; after the last one it is of ours. ''
#: and -1 stand for None: the columns of a key cannot be empty.
MIGRATIONS = (
    """
    CREATE TABLE calls (
        period_at INTEGER NOT NULL,
        door TEXT NOT NULL,
        sector TEXT NOT NULL,
        outcome TEXT NOT NULL,
        waited_s INTEGER NOT NULL,
        talked_s INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        kept INTEGER NOT NULL,
        transfers INTEGER NOT NULL,
        referral TEXT NOT NULL,
        alike INTEGER NOT NULL,
        PRIMARY KEY (period_at, door, sector, outcome, waited_s, talked_s, attempts, kept,
                     transfers, referral)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE subjects (
        day TEXT NOT NULL,
        sector TEXT NOT NULL,
        subject TEXT NOT NULL,
        result TEXT NOT NULL,
        referral TEXT NOT NULL,
        improve INTEGER NOT NULL,
        alike INTEGER NOT NULL,
        PRIMARY KEY (day, sector, subject, result, referral, improve)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE votes (
        day TEXT NOT NULL,
        question TEXT NOT NULL,
        score TEXT NOT NULL,
        alike INTEGER NOT NULL,
        PRIMARY KEY (day, question, score)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE duty (
        day TEXT NOT NULL,
        agent TEXT NOT NULL,
        PRIMARY KEY (day, agent)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE watches (
        at REAL NOT NULL,
        supervisor TEXT NOT NULL,
        agent TEXT NOT NULL,
        watching TEXT NOT NULL
    ) STRICT;
    CREATE TABLE sessions (
        agent TEXT NOT NULL PRIMARY KEY,
        phone TEXT NOT NULL,
        reason TEXT,
        until_at REAL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE ballots (
        day TEXT NOT NULL,
        question TEXT NOT NULL,
        alike INTEGER NOT NULL,
        PRIMARY KEY (day, question)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE directives (
        at REAL NOT NULL,
        supervisor TEXT NOT NULL,
        what TEXT NOT NULL,
        agent TEXT NOT NULL,
        detail TEXT NOT NULL,
        why TEXT NOT NULL
    ) STRICT;
    CREATE TABLE today (
        day TEXT NOT NULL PRIMARY KEY,
        changes TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)


def prepare(database: sqlite3.Connection, path: Path) -> None:
    """Bring the file to our version. What is deleted from it is overwritten (secure_delete).

    Raises:
        StoreError: If it is another program's, or of a newer version.
        sqlite3.Error: If it cannot be used.
    """
    version = _version(database, path)
    for setting in ("secure_delete = ON", "journal_mode = WAL", "synchronous = NORMAL"):
        database.execute(f"PRAGMA {setting}").fetchall()
    while version < len(MIGRATIONS):
        with transaction(database):
            version = _version(database, path)  # another process may have been faster
            if version < len(MIGRATIONS):
                for statement in MIGRATIONS[version].split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                database.execute(f"PRAGMA user_version = {version + 1}")
        version += 1


def check_version(database: sqlite3.Connection, path: Path) -> None:
    """See that the file is of our version, for one who only reads.

    Raises:
        StoreError: If it is of another, or another program's.
    """
    version = _version(database, path)
    if version < len(MIGRATIONS):
        raise StoreError(
            str(path),
            f"is of version {version}, older than the present {len(MIGRATIONS)}",
            "Start the service once: it brings the file up to date.",
        )


def _version(database: sqlite3.Connection, path: Path) -> int:
    """Return the file's version, 0 for an empty file."""
    ((application,),) = database.execute("PRAGMA application_id").fetchall()
    ((version,),) = database.execute("PRAGMA user_version").fetchall()
    ((tables,),) = database.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreError(
            str(path), "is a database of another program", "Move it away, or change state_dir."
        )
    if version > len(MIGRATIONS):
        raise StoreError(
            str(path),
            f"was written by a newer allo (version {version}; this one knows {len(MIGRATIONS)})",
            "Start that newer allo, or move the file away.",
        )
    assert isinstance(version, int)
    return version
