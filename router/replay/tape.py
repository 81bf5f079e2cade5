"""The file of a recording: appended to in batches, for its owner's eyes only.

`write` only remembers; `flush`, on another thread, writes to the disk. Whatever goes wrong ends
the recording, which then says why (`ended`), and nothing else.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

from router.errors import StoreError

#: The first member of each recording's first record, with the version of what follows.
HEADER, VERSION = "allo recording", 1
#: How many records wait at most for a disk that is slow: more than a minute at 60 calls/s.
MOST_WAITING = 200_000


class Tape:
    """Opens `path`, a new file or a recording, which is then continued.

    Raises:
        StoreError: If the file cannot be written, or is something else.
    """

    def __init__(self, path: Path) -> None:
        self._lines: deque[bytes] = deque()  # filled and emptied by two threads
        self._lock = Lock()
        self._stopped = False
        #: Why the recording ended before it was closed; "" if it did not.
        self.ended = ""
        try:
            begins = _beginning(path)
            if begins and not begins.startswith(f'{{"{HEADER}":'.encode()):
                raise StoreError(str(path), "is no recording", "Name another file")
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.fchmod(opened, 0o600)
            self._file = os.fdopen(opened, "ab")
        except OSError as error:
            reason = f"cannot be written ({error.strerror})"
            remedy = "Name a file in a folder that exists and is writable"
            raise StoreError(str(path), reason, remedy) from None
        if begins and not _ends_with_a_line(path):
            self._lines.append(b"\n")

    @property
    def runs(self) -> bool:
        """Whether what is written is still kept."""
        return not self._stopped

    def write(self, record: Mapping[str, Any]) -> None:
        """Keep a record in memory until the next `flush`."""
        if self._stopped:
            return
        self._lines.append(orjson.dumps(record) + b"\n")
        if len(self._lines) > MOST_WAITING:
            self._lines.clear()
            self._end("the disk does not keep up")

    def stop(self, why: str) -> None:
        """End the recording; the reason is its last record."""
        self.write({"end": why})
        self._end(why)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Let a defect of the recorder end the recording, and nothing else."""
        try:
            yield
        except Exception as defect:
            self.stop(f"defect of the recorder: {type(defect).__name__}")

    def flush(self) -> None:
        """Write what waits. May block: not for the event loop."""
        with self._lock:
            lines = []
            while self._lines:
                lines.append(self._lines.popleft())
            if not lines or self._file.closed:
                return
            try:
                self._file.write(b"".join(lines))
                self._file.flush()
            except OSError as error:
                with suppress(OSError):
                    self._file.close()
                self._end(error.strerror or type(error).__name__)

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self.flush()
        self._stopped = True
        with suppress(OSError):
            self._file.close()

    def _end(self, why: str) -> None:
        if not self._stopped:
            self._stopped = True
            self.ended = why


def _beginning(path: Path) -> bytes:
    """Return the first bytes of a file, of a new one none."""
    try:
        with path.open("rb") as file:
            return file.read(64)
    except FileNotFoundError:
        return b""


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
