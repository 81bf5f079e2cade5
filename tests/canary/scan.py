"""Looks for numbers in files, databases, memory of processes and swap, in every form at once.

Half a million needles, each known by eight of its bytes (by four, if it is shorter): at every
position of what is scanned, so many bytes are looked up in a table; the few that are in it are
compared in full. numpy does some 15 MB/s so, however many needles there are.
"""

import os
import re
import sqlite3
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.canary.expanded import expanded
from tests.canary.forms import Needle

Buffer = bytes | memoryview

#: The size of a piece: its words fit into the processor's cache.
_BLOCK = 1 << 18
_PAGE = 4096
#: Needles are recognised by eight of their bytes, or by four.
_WORDS = (np.dtype("<u8"), np.dtype("<u4"))
#: Odd and without a pattern: Knuth, The Art of Computer Programming 3, section 6.4.
_SPREAD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
#: Bytes from a ticket within which a number's last six digits count as beside it.
_NEAR = 256


@dataclass(frozen=True, slots=True)
class Hit:
    """A number where there must be none."""

    place: str
    offset: int
    canary: str
    form: str
    around: bytes

    def __str__(self) -> str:
        return f"{self.canary} as {self.form} in {self.place} at {self.offset}: {self.around!r}"


@dataclass(slots=True)
class Scanned:
    """What was scanned, what was found, and what could not be scanned, with the reason."""

    hits: list[Hit] = field(default_factory=list)
    places: int = 0
    size: int = 0
    left_out: dict[str, str] = field(default_factory=dict)

    def __iadd__(self, other: "Scanned") -> "Scanned":
        self.hits += other.hits
        self.places += other.places
        self.size += other.size
        self.left_out |= other.left_out
        return self

    def __str__(self) -> str:
        told = f"{self.places} places, {self.size / 1e6:.1f} MB, {len(self.hits)} hits"
        kinds = Counter(f"{hit.place.rpartition(' ')[2]}: {hit.form}" for hit in self.hits)
        listed = [f"{count} of {kind}" for kind, count in kinds.most_common(40)]
        return "\n  ".join([told, *listed, *map(str, self.hits[:20])])


class _Anchors:
    """The needles that are recognised by their last bytes, as many as `kind` has."""

    def __init__(self, kind: np.dtype[np.unsignedinteger], known: list[Needle]) -> None:
        self._kind = kind
        self._width = kind.itemsize
        self._needles: dict[int, list[Needle]] = {}
        for needle in known:
            value = int.from_bytes(needle.pattern[-self._width :], "little")
            self._needles.setdefault(value, []).append(needle)
        values = np.array(list(self._needles), dtype=kind)
        # One in ten of all other words is in a table as well, and one in a hundred in both;
        # larger tables would be slower: they must fit in the processor's cache.
        bits = max(12, (len(values) * 10).bit_length())
        self._tables = [(spread, np.uint64(64 - bits)) for spread in _SPREAD]
        self._held = [np.zeros(1 << bits, dtype=bool) for _ in self._tables]
        for table in (0, 1):
            self._held[table][self._spread(values, table)] = True

    def find(self, data: Buffer) -> Iterator[tuple[int, Needle]]:
        """Yield every needle and where it begins."""
        for shift in range(min(self._width, len(data) - self._width + 1)):
            count = (len(data) - shift) // self._width
            words = np.frombuffer(data, self._kind, count, shift)
            some = np.flatnonzero(self._held[0][self._spread(words, 0)])
            some = some[self._held[1][self._spread(words[some], 1)]]
            for word in some.tolist():
                end = shift + (word + 1) * self._width
                for needle in self._needles.get(int(words[word]), ()):
                    start = end - len(needle.pattern)
                    if start >= 0 and data[start:end] == needle.pattern:
                        yield start, needle

    def _spread(self, words: npt.NDArray[np.unsignedinteger], table: int) -> npt.NDArray[np.int64]:
        factor, shift = self._tables[table]
        spread = words.astype(np.uint64)
        spread *= factor
        spread >>= shift
        return spread.view(np.int64)


class Scanner:
    """Knows the needles, and the tickets: `beside` is ticket -> the canary it was given for,
    whose last six digits must not stand near it.
    """

    def __init__(self, needles: Iterable[Needle], beside: Mapping[str, str] | None = None) -> None:
        all_ = list(needles)
        self._beside = dict(beside or {})
        all_ += [Needle(ticket.encode(), "", ticket) for ticket in self._beside]
        self._longest = max(len(needle.pattern) for needle in all_) + 2 * _NEAR
        self._anchors = []
        for kind in _WORDS:
            if fit := [one for one in all_ if len(one.pattern) >= kind.itemsize]:
                self._anchors.append(_Anchors(kind, fit))
            all_ = [one for one in all_ if len(one.pattern) < kind.itemsize]
        if all_:
            raise ValueError(f"too short to be told from chance: {all_[0].form}")

    # --- bytes -----------------------------------------------------------------------------

    def in_bytes(self, data: Buffer, place: str) -> Scanned:
        """Scan what was read from `place`, and everything packed in it."""
        scanned = Scanned()
        for what, content in expanded(data, place, scanned.left_out):
            name = f"{place}{what}"
            scanned.places += 1
            scanned.size += len(content)
            scanned.hits += self._in_one(content, name)
        return scanned

    def _in_one(self, data: Buffer, place: str) -> Iterator[Hit]:
        view = memoryview(data)
        seen: set[tuple[int, str, str]] = set()
        for start in range(0, max(1, len(view)), _BLOCK):
            block = view[start : start + _BLOCK + self._longest]
            if not np.frombuffer(block, np.uint8).any():
                continue  # memory that was never used
            for anchors in self._anchors:
                for at, needle in anchors.find(block):
                    key = (start + at, needle.canary, needle.form)
                    if key not in seen:
                        seen.add(key)
                        yield from self._told(block, start, at, needle, place)

    def _told(
        self, block: memoryview, start: int, at: int, needle: Needle, place: str
    ) -> Iterator[Hit]:
        canary, form = needle.canary, needle.form
        near = bytes(block[max(0, at - _NEAR) : at + len(needle.pattern) + _NEAR])
        if not canary:  # a ticket
            canary, form = self._beside[needle.form], "last six digits beside its ticket"
            ending = canary[-6:].encode()
            if not re.search(rb"(?<!\d)" + ending + rb"(?!\d)", near):
                return
        around = bytes(block[max(0, at - 48) : at + len(needle.pattern) + 48])
        yield Hit(place, start + at, canary, form, around)

    # --- files -----------------------------------------------------------------------------

    def in_file(self, path: Path) -> Scanned:
        """Scan a file: content, name, times, attributes, and the target of a link."""
        scanned = self.in_bytes(str(path).encode(errors="surrogateescape"), f"name of {path}")
        scanned.places, scanned.size = 0, 0
        try:
            told = path.lstat()
            times = f"{told.st_atime_ns} {told.st_mtime_ns}".encode()  # as the vault keeps them
            scanned += self.in_bytes(times, f"times of {path}")
            scanned.places, scanned.size = 0, 0
            if path.is_symlink():
                target = os.readlink(path).encode(errors="surrogateescape")
                scanned += self.in_bytes(target, f"target of {path}")
                return scanned
            for name in os.listxattr(path):
                scanned += self.in_bytes(os.getxattr(path, name), f"attribute of {path}")
            if not stat.S_ISREG(told.st_mode):
                return scanned
            content = path.read_bytes()
        except FileNotFoundError:
            return scanned  # it has gone
        except OSError as error:
            scanned.left_out[str(path)] = error.strerror or "cannot be read"
            return scanned
        scanned += self.in_bytes(content, str(path))
        if content.startswith(b"SQLite format 3\0"):
            scanned += self.in_bytes(_rows(path), f"rows of {path}")
        return scanned

    def in_folder(
        self, folder: Path, *, unless: Callable[[Path], bool] = lambda _: False
    ) -> Scanned:
        """Scan everything below a folder, names included, unless `unless` holds for it."""
        scanned = Scanned()
        if os.path.islink(folder) or not os.path.isdir(folder):  # these two never fail
            return self.in_file(folder) if not unless(folder) else scanned
        scanned += self.in_bytes(str(folder).encode(errors="surrogateescape"), f"name of {folder}")
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            scanned.left_out[str(folder)] = error.strerror or "cannot be read"
            return scanned
        for entry in entries:
            if not unless(entry):
                scanned += self.in_folder(entry, unless=unless)
        return scanned

    # --- processes -------------------------------------------------------------------------

    def in_process(self, pid: int) -> Scanned:
        """Scan the memory of a process of ours, and the files that it holds open without a
        name.
        """
        return self.in_image(image(pid))

    def in_image(self, image: "Image") -> Scanned:
        """Scan what a process had in memory."""
        scanned = Scanned(left_out=dict(image.left_out))
        for name, content in image.memory:
            scanned.places += 1
            scanned.size += len(content)
            scanned.hits += self._in_one(content, f"memory of {name}")
        for name, content in image.files:
            scanned += self.in_bytes(content, f"file of {name}")
        return scanned

    def in_swap(self) -> Scanned:
        """Scan this machine's swap; `left_out` says if there is none, or why it was not scanned."""
        scanned = Scanned()
        devices = [line.split()[0] for line in Path("/proc/swaps").read_text().splitlines()[1:]]
        if not devices:
            scanned.left_out["swap"] = "this machine has none"
        for device in devices:
            try:
                with open(device, "rb", buffering=0) as file:
                    at, rest = 0, b""
                    while block := file.read(16 * _BLOCK):
                        scanned.hits += self._in_one(rest + block, f"swap {device}, {at}")
                        rest = block[-self._longest :]
                        at += len(block)
                    scanned.places += 1
                    scanned.size += at
            except OSError as error:
                scanned.left_out[f"swap {device}"] = error.strerror or "cannot be read"
        return scanned


@dataclass(frozen=True, slots=True)
class Image:
    """What processes had in memory at some moment."""

    memory: list[tuple[str, bytes]] = field(repr=False)
    #: Files that they held open and that are in no folder.
    files: list[tuple[str, bytes]] = field(repr=False)
    left_out: dict[str, str]

    def holds(self, content: bytes) -> bool:
        """Return whether these bytes are in memory, to check the reading itself."""
        return any(content in part for _, part in self.memory)


def image(*pids: int) -> Image:
    """Read the memory of our processes, to be scanned later."""
    left_out: dict[str, str] = {}
    memory = [part for pid in pids for part in _memory(pid, left_out)]
    files = [file for pid in pids for file in _nameless_files(pid, left_out)]
    return Image(memory, files, left_out)


def _rows(path: Path) -> bytes:
    """Return every value of a database as text, what is in its WAL included.

    It is copied first: who opens a database may write to it.
    """
    values: list[bytes] = []
    with tempfile.TemporaryDirectory(prefix="canary-") as folder:
        copy = Path(folder) / "copy.sqlite3"
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                copy.with_name(copy.name + suffix).write_bytes(source.read_bytes())
        database = sqlite3.connect(copy)
        database.text_factory = bytes
        try:
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (name,) in names.fetchall():
                quoted = name.decode().replace('"', '""')
                for row in database.execute(f'SELECT * FROM "{quoted}"'):
                    values += [one if isinstance(one, bytes) else str(one).encode() for one in row]
        finally:
            database.close()
    return b"\x1f".join(values)


def _memory(pid: int, left_out: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield what a process has in memory, except unchanged parts of programs."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    except OSError as error:
        left_out[f"memory of {pid}"] = error.strerror or "cannot be read"
        return
    try:
        for line in maps:
            span, rights, _, _, inode, *name = line.split(maxsplit=5)
            what = name[0] if name else "anonymous"
            if rights[0] != "r" or what in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                continue
            if inode != "0" and "w" not in rights:
                continue  # as on disk
            first, last = (int(text, 16) for text in span.split("-"))
            yield f"{pid}, {what} {span}", _read(memory, first, last)
    finally:
        os.close(memory)


def _read(memory: int, first: int, last: int) -> bytes:
    pieces = []
    at = first
    while at < last:
        want = min(_BLOCK, last - at)
        try:
            piece = os.pread(memory, want, at)
        except OSError:
            piece = b""
        if not piece:  # a page that cannot be read, or has gone
            piece = bytes(_PAGE) if want > _PAGE else bytes(want)
            with suppress(OSError):
                piece = os.pread(memory, len(piece), at) or piece
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _nameless_files(pid: int, left_out: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield the open files of a process that are in no folder: removed, or in memory only."""
    folder = Path(f"/proc/{pid}/fd")
    try:
        files = list(folder.iterdir())
    except OSError as error:
        left_out[f"files of {pid}"] = error.strerror or "cannot be read"
        return
    for file in files:
        try:
            target = os.readlink(file)
            if not target.endswith(" (deleted)") or not stat.S_ISREG(file.stat().st_mode):
                continue
            yield f"{pid}, {target}", file.read_bytes()
        except OSError as error:
            left_out[f"file {file.name} of {pid}"] = error.strerror or "cannot be read"
