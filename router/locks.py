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
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        self._file = os.open(folder / FILE_NAME, flags, 0o600)
        try:
            _take(self._file, folder, remedy)
        except BaseException:
            self.release()
            raise
        with suppress(OSError):  # a full disk is reported by whoever needs room
            os.ftruncate(self._file, 0)
            holder = f"process {os.getpid()} on {socket.gethostname()} ({command})"
            os.pwrite(self._file, os.fsencode(holder), 0)

    def release(self) -> None:
        """Leave the folder to others."""
        os.close(self._file)

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
