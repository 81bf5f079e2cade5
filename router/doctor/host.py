"""The machine, as its kernel and files show it."""

import ctypes
import importlib.util
import os
import re
import socket
import sqlite3
import stat
import sys
import time
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from importlib import metadata
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar

from router import locks
from router.asterisk.console import process_of
from router.asterisk.settings import AsteriskSettings
from router.doctor.findings import Unseen, warning
from router.doctor.surroundings import Disk, Process, UdpSocket
from router.intake.tmpfs import has_noswap, is_tmpfs
from router.store.database_file import DAMAGED, connection, primary_code

T = TypeVar("T")

_HOLDER = re.compile(r"process ([0-9]+) on ")
_LIMIT = re.compile(r"^(Max [a-z ]+?)\s{2,}(\S+)", re.MULTILINE)
_UNLIMITED = "unlimited"
#: adjtimex(2): what it returns of a clock that follows none.
_TIME_ERROR = 5
_TIMEX_BYTES = 256


class Machine:
    """This machine, with the Asterisk and the router of these settings on it.

    `proc` is the kernel's view, and another folder in tests.
    """

    def __init__(self, settings: AsteriskSettings, proc: Path = Path("/proc")) -> None:
        self._settings = settings
        self._proc = proc

    def now(self) -> float:
        """Return the machine's time, UTC epoch seconds."""
        return time.time()

    # Files.

    def text(self, path: Path) -> str:
        """Return a file's text."""
        return _seen(path, lambda: path.read_text(encoding="utf-8", errors="replace"))

    def changed_at(self, path: Path) -> float:
        """Return when a file was last written."""
        return _seen(path, lambda: path.stat().st_mtime)

    def owner_and_mode(self, path: Path) -> tuple[int, int] | None:
        """Return the owner's id and the permission bits; None if it is not there."""
        found = _seen(path, lambda: path.stat() if path.exists() else None)
        return None if found is None else (found.st_uid, stat.S_IMODE(found.st_mode))

    def names(self, folder: Path) -> frozenset[str]:
        """Return the names in a folder, without empty files; none if there is no folder."""

        def listed() -> frozenset[str]:
            try:
                with os.scandir(folder) as entries:
                    return frozenset(one.name for one in entries if _holds_something(one))
            except FileNotFoundError:
                return frozenset()

        return _seen(folder, listed)

    def target(self, link: Path) -> Path | None:
        """Return where a symbolic link leads; None if it is none."""
        return _seen(link, lambda: link.readlink() if link.is_symlink() else None)

    def disk(self, folder: Path) -> Disk:
        """Return the file system of a folder, or of the nearest that exists above it."""

        def found() -> Disk:
            there = folder
            while not there.exists():
                there = there.parent
            of = os.statvfs(there)
            return Disk(
                of.f_bavail * of.f_frsize // 1_000_000,
                of.f_favail / of.f_files if of.f_files else 1.0,
                is_tmpfs(there),
                has_noswap(there.stat().st_dev),
                bool(of.f_flag & os.ST_RDONLY),
            )

        return _seen(folder, found)

    def damage(self, database: Path) -> str:
        """Return what SQLite finds wrong with a database; "" if nothing is, or it is not there."""
        if not _seen(database, database.exists):
            return ""
        try:
            with closing(connection(database, "ro", lambda found, path: None)) as opened:
                ((told, *_), *_) = opened.execute("PRAGMA quick_check(1)").fetchall()
        except sqlite3.Error as error:
            return str(error) if primary_code(error) in DAMAGED else ""
        return "" if told == "ok" else str(told)

    # Processes.

    def process(self, pid: int) -> Process | None:
        """Return a process; None if there is none."""
        folder = self._proc / str(pid)

        def found() -> Process | None:
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                # proc(5): what follows the name in brackets; the 20th of it is the start.
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
                limits = (folder / "limits").read_text()
            except FileNotFoundError:
                return None
            return Process(
                pid,
                self._booted_at + int(after_name[19]) / os.sysconf("SC_CLK_TCK"),
                folder.stat().st_uid,
                tuple(word.decode(errors="replace") for word in words if word),
                _limits(limits),
            )

        return _seen(folder, found)

    def asterisk(self) -> Process | None:
        """Return the Asterisk that runs in the folders of these settings; None if none does."""
        pid = _seen(self._settings.run_dir, lambda: process_of(self._settings))
        return None if pid is None else self.process(pid)

    def router_process(self) -> Process | None:
        """Return the router that holds the state folder; None if none does."""
        file = self._settings.state_dir / locks.FILE_NAME
        try:
            holder = _HOLDER.match(file.read_text(errors="replace"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unseen(file, error) from None
        if holder is None:
            return None
        found = self.process(int(holder[1]))
        return found if found is not None and self._has_open(found.pid, file) else None

    def _has_open(self, pid: int, file: Path) -> bool:
        folder = self._proc / str(pid) / "fd"
        return str(file) in _seen(folder, lambda: set(self._open_files(folder)))

    def open_sockets(self, pid: int) -> frozenset[str]:
        """Return the inodes of a process's sockets."""
        folder = self._proc / str(pid) / "fd"
        names = _seen(folder, lambda: self._open_files(folder))
        return frozenset(name[8:-1] for name in names if name.startswith("socket:["))

    def _open_files(self, folder: Path) -> list[str]:
        found = []
        for file in folder.iterdir():
            try:
                found.append(os.readlink(file))
            except FileNotFoundError:
                continue  # closed meanwhile
        return found

    @cached_property
    def _booted_at(self) -> float:
        told = (self._proc / "stat").read_text()
        found = re.search(r"^btime ([0-9]+)$", told, re.MULTILINE)
        return float(found[1]) if found else 0.0

    # The network.

    def udp_sockets(self) -> Sequence[UdpSocket]:
        """Return every UDP socket of this machine (IPv4)."""
        table = self._proc / "net" / "udp"
        return [_udp(line.split()) for line in self.text(table).splitlines()[1:]]

    def address_towards(self, host: str) -> str:
        """Return our own address on the way to `host`; nothing is sent."""

        def found() -> str:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.connect((host, 9))
                return str(asking.getsockname()[0])

        return _seen(Path(f"the route to {host}"), found)

    # Memory, time, interpreter.

    def swaps(self) -> Sequence[str]:
        """Return the swap areas in use."""
        return [line.split()[0] for line in self.text(self._proc / "swaps").splitlines()[1:]]

    def clock_is_synchronised(self) -> bool:
        """Return whether the kernel's clock follows another (adjtimex)."""
        asked = ctypes.create_string_buffer(_TIMEX_BYTES)  # struct timex, asking for nothing
        state: int = ctypes.CDLL(None, use_errno=True).adjtimex(asked)
        if state < 0:
            raise _unseen(Path("the kernel's clock"), OSError(ctypes.get_errno(), "not permitted"))
        return state != _TIME_ERROR

    def time_zones(self) -> str:
        """Return the release of the time zones that are used; "" if it is not said."""
        for folder in zoneinfo.TZPATH:
            file = Path(folder) / "tzdata.zi"
            if file.is_file():
                return self.text(file).partition("\n")[0].removeprefix("# version ").strip()
            if (Path(folder) / "Europe" / "Paris").is_file():
                return ""
        try:
            year, _, number = metadata.version("tzdata").partition(".")
        except metadata.PackageNotFoundError:
            return ""
        return f"{year}{chr(ord('a') + int(number.partition('.')[0]) - 1)}"

    def python(self) -> tuple[int, int]:
        """Return the version of the interpreter."""
        return sys.version_info[:2]

    def lacks(self, package: str) -> bool:
        """Return whether a Python package is not installed."""
        return importlib.util.find_spec(package) is None


def _holds_something(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.stat().st_size > 0
    except FileNotFoundError:
        return False  # gone meanwhile, or a link that leads nowhere


def _limits(table: str) -> Mapping[str, int | None]:
    """Return each soft limit of proc(5)'s table; None: unlimited."""
    return {
        match[1]: None if match[2] == _UNLIMITED else int(match[2])
        for match in _LIMIT.finditer(table)
    }


def _udp(words: list[str]) -> UdpSocket:
    """Return a line of proc(5)'s table: the address is a word in this machine's byte order."""
    host, _, port = words[1].partition(":")
    raw = bytes.fromhex(host)
    ordered = raw[::-1] if sys.byteorder == "little" else raw
    return UdpSocket(IPv4Address(ordered), int(port, 16), words[9])


def _seen(what: Path, look: Callable[[], T]) -> T:
    """Look; what cannot be seen is a finding."""
    try:
        return look()
    except OSError as error:
        raise _unseen(what, error) from None


def _unseen(what: Path, error: OSError) -> Unseen:
    return Unseen(
        warning(
            "unseen",
            str(what),
            f"it cannot be looked at ({error.strerror or type(error).__name__})",
            "Run ./allo doctor as root, or as the user that the service runs as.",
        )
    )
