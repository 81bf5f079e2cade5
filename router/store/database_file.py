"""A SQLite file of ours, in use while calls go on, whatever happens to it meanwhile.

    locked, full, read-only, away   is told, and tried again by whoever writes next
    removed or replaced             is told once; from then on what is at its place is used, or a
                                    new file, if nothing is
    damaged                         is told once, and set aside under a name that says when; then a
                                    new file is begun

What is told names the place, what is wrong there, and what to do.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from router import places
from router.errors import StoreError

#: How long one process waits for another's lock.
LOCK_WAIT_S = 5.0
#: What SQLite keeps beside a file.
BESIDE = ("-wal", "-shm", "-journal")
_ASIDE = ".damaged-"
#: So many files set aside are kept, the newest: a disk that fails again and again must not fill.
MOST_ASIDE = 5

#: What SQLite says of a file that is damaged.
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
#: After these the file is opened anew: it may have been opened for reading alone, or is gone.
_REOPENED = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
)
_RIGHTS = "Give this user the right to write the file and its folder, on a disk that is writable."
#: What to do, by SQLite's primary result code.
_REMEDIES = {
    sqlite3.SQLITE_BUSY: "See what holds it, by fuser {path}, and end that.",
    sqlite3.SQLITE_LOCKED: "See what holds it, by fuser {path}, and end that.",
    sqlite3.SQLITE_FULL: "Make room on its disk: it is tried again.",
    sqlite3.SQLITE_READONLY: _RIGHTS,
    sqlite3.SQLITE_CANTOPEN: _RIGHTS,
    sqlite3.SQLITE_PERM: _RIGHTS,
    sqlite3.SQLITE_IOERR: "See what dmesg says of its disk, and that it has room.",
}
_OTHERWISE = "See that the disk has room, and that this user may read and write file and folder."


class DatabaseFile:
    """One file, to be written; opened when it is first used. One thread at a time may use it.

    `prepare` makes an open file ready, whether it is new or not.
    """

    def __init__(
        self,
        path: Path,
        prepare: Callable[[sqlite3.Connection, Path], None],
        *,
        lock_wait_s: float = LOCK_WAIT_S,
    ) -> None:
        self.path = path
        #: Counts the files that have been at this place: what was written is in the last one alone.
        self.generation = 0
        #: Where the damaged ones are since the start, the latest last.
        self.set_aside: list[Path] = []
        self._prepare = prepare
        self._lock_wait_s = lock_wait_s
        self._database: sqlite3.Connection | None = None
        #: Device and inode of the file that was last used.
        self._identity: tuple[int, int] | None = None

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Use the file.

        Raises:
            StoreError: If it cannot be used, or not inside either. What is begun inside, and not
                finished, is undone.
        """
        try:
            yield self._connected()
        except sqlite3.Error as error:
            raise self._told(error) from None
        except OSError as error:
            self.close()
            raise StoreError(
                str(self.path),
                f"cannot be used: {error.strerror}",
                places.REMEDIES.get(error.errno or 0, _RIGHTS),
            ) from None

    def examine(self) -> None:
        """Look at all of the file, as another program would find it on the disk.

        We ourselves may go on for long with what we have of it in memory.

        Raises:
            StoreError: If it cannot be used, or is damaged; it is set aside then.
        """
        with self.opened():
            pass  # it is there, and ours
        try:
            with closing(connection(self.path, "ro", _as_it_is, self._lock_wait_s)) as other:
                ((found, *_), *_) = other.execute("PRAGMA quick_check(1)").fetchall()
        except sqlite3.Error as error:
            raise self._told(error) from None
        if found != "ok":
            raise self._damaged(str(found))

    def close(self) -> None:
        """Let go of the file; it is opened again when it is used again."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()

    def _connected(self) -> sqlite3.Connection:
        if self._database is not None and self._at_its_place() != self._identity:
            self.close()
            self._identity = None
            raise StoreError(
                str(self.path),
                "was removed or replaced; what is at its place is used from now on, or a new one",
                "Put the old one back while the service is stopped, if it is still there.",
            )
        if self._database is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite gives its companion files (-wal, -shm) the mode of the first one.
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.fchmod(file, 0o600)
                is_new = not os.fstat(file).st_size
            finally:
                os.close(file)
            self._database = connection(self.path, "rw", self._prepare, self._lock_wait_s)
            identity = self._at_its_place()
            if is_new or identity != self._identity:
                self._identity = identity
                self.generation += 1
        return self._database

    def _at_its_place(self) -> tuple[int, int] | None:
        """Return which file is there: SQLite writes on to one that is removed."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _told(self, error: sqlite3.Error) -> StoreError:
        code = primary_code(error)
        if code not in DAMAGED:
            if code in _REOPENED:
                self.close()
            remedy = _REMEDIES.get(code, _OTHERWISE).format(path=self.path)
            return StoreError(str(self.path), f"cannot be used: {error}", remedy)
        return self._damaged(str(error))

    def _damaged(self, how: str) -> StoreError:
        self.close()
        try:
            aside = _put_aside(self.path)
        except OSError as failed:
            return StoreError(
                str(self.path),
                f"is damaged ({how}), and cannot be set aside: {failed.strerror}",
                places.REMEDIES.get(failed.errno or 0, "Move it away."),
            )
        self.set_aside.append(aside)
        return StoreError(
            str(self.path),
            f"is damaged ({how}); it is set aside as {aside.name}, and a new one begun",
            f"See what can be saved: sqlite3 {aside} .recover. Then remove it.",
        )


class FileToRead:
    """One file, beside a service that may be writing it. `check` sees that it is of our version."""

    def __init__(self, path: Path, check: Callable[[sqlite3.Connection, Path], None]) -> None:
        self.path = path
        self.generation = 0
        self.set_aside: list[Path] = []
        with _readable(path):
            self._database = connection(path, "ro", check)

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Read the file.

        Raises:
            StoreError: If it cannot be read.
        """
        with _readable(self.path):
            yield self._database

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = primary_code(error)
        if code in DAMAGED:
            raise StoreError(
                str(path),
                f"is damaged or not a database of allo: {error}",
                "A service that runs sets it aside when it next writes, and begins a new one.",
            ) from None
        remedy = _REMEDIES.get(code, _OTHERWISE).format(path=path)
        raise StoreError(str(path), f"cannot be used: {error}", remedy) from None


def connection(
    path: Path,
    mode: str,
    then: Callable[[sqlite3.Connection, Path], None],
    lock_wait_s: float = LOCK_WAIT_S,
) -> sqlite3.Connection:
    """Open a file in a `mode` of SQLite's URIs, and make it ready.

    Raises:
        sqlite3.Error: If it cannot be used.
    """
    database = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=lock_wait_s,
        isolation_level=None,  # transactions are begun and ended explicitly
        check_same_thread=False,
    )
    try:
        then(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _as_it_is(database: sqlite3.Connection, path: Path) -> None:
    """Change nothing."""


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; 0: it is Python's own error."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def files_aside(path: Path) -> list[Path]:
    """Return the damaged files of this name that were set aside, oldest first.

    Raises:
        OSError: If the folder cannot be read.
    """
    names = [one.name for one in path.parent.iterdir()]
    return sorted(path.with_name(name) for name in asides(path.name, names))


def asides(name: str, names: Iterable[str]) -> list[str]:
    """Return those of `names` that a damaged file of this `name` was given."""
    return [one for one in names if one.startswith(name + _ASIDE) and not one.endswith(BESIDE)]


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Write all of what is inside, or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _put_aside(path: Path) -> Path:
    """Rename a file, with what SQLite keeps beside it; remove the oldest of those set aside.

    One that was set aside in this very second was a new one, and is replaced.
    """
    now = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.name}{_ASIDE}{now}")
    for beside in BESIDE:
        aside.with_name(aside.name + beside).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            path.with_name(path.name + beside).rename(aside.with_name(aside.name + beside))
    path.rename(aside)
    for old in files_aside(path)[:-MOST_ASIDE]:
        for beside in ("", *BESIDE):
            old.with_name(old.name + beside).unlink(missing_ok=True)
    return aside
