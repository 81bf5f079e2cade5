"""Folders that one process at a time may use: the router's state, its vault, the demo's state.

The lock is flock(2) on a file in the folder. The kernel releases it when its holder ends, however
that happens, and no child inherits it (close-on-exec). The file itself stays; its content is for
people, and names whoever holds the lock or held it last.
"""

import fcntl
import os
import socket
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from router.errors import InUse

#: The name of the lock's file in the folder.
FILE_NAME = "lock"


class Lock(AbstractContextManager["Lock"]):
    """A folder that only this process may use, until `release` or its end."""

    def __init__(self, folder: Path, command: str, remedy: str) -> None:
        """Take the folder, which is created if missing. `command` tells others who we are.

        Raises:
            InUse: If another process has it, with the `remedy`; nothing has been changed then.
            OSError: If the folder cannot be used.
        """
        self._folder, self._command, self._remedy = folder, command, remedy
        self._file: int | None = None
        self.take()

    @classmethod
    def not_yet(cls, folder: Path, command: str, remedy: str) -> "Lock":
        """Return one that has to be taken yet."""
        lock = cls.__new__(cls)
        lock._folder, lock._command, lock._remedy = folder, command, remedy
        lock._file = None
        return lock

    @property
    def holds(self) -> bool:
        """Whether the folder that has this name now is the one that was taken."""
        try:
            there = (self._folder / FILE_NAME).stat()
        except OSError:
            return False
        return self._file is not None and os.path.samestat(there, os.fstat(self._file))

    def take(self) -> None:
        """Take the folder that has this name now, unless it is taken already.

        Raises:
            InUse: If another process has it; what was taken before still is.
            OSError: If the folder cannot be used.
        """
        if self.holds:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        file = os.open(self._folder / FILE_NAME, flags, 0o600)
        try:
            _take(file, self._folder, self._remedy)
        except BaseException:
            os.close(file)
            raise
        self.release()
        self._file = file
        with suppress(OSError):  # a full disk is reported by whoever needs room
            os.ftruncate(file, 0)
            holder = f"process {os.getpid()} on {socket.gethostname()} ({self._command})"
            os.pwrite(file, os.fsencode(holder), 0)

    def release(self) -> None:
        """Leave the folder to others."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def __exit__(self, *_: object) -> None:
        self.release()


def see_that_it_is_free(folder: Path, remedy: str) -> None:
    """Check that no other process has the folder; nothing is changed.

    Raises:
        InUse: If one has it, with the `remedy`.
    """
    with suppress(FileNotFoundError):
        file = os.open(folder / FILE_NAME, os.O_RDWR | os.O_NOFOLLOW)
        try:
            _take(file, folder, remedy)
        finally:
            os.close(file)


def _take(file: int, folder: Path, remedy: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.fsdecode(os.pread(file, 4096, 0)) or "another process"
        raise InUse(str(folder), holder, remedy) from None
