"""The vault: phone numbers of open tickets, in memory that outlives the router but no reboot.

One file a ticket on a tmpfs, mode 600, gone when the ticket ends. A router that is killed
finds its numbers again; after a reboot there are none, and the tickets they belonged to are
lost (`fresh` says that nothing was there). No exception, no repr and no log line of this
module holds a number, nor a ticket, which is what its bearer shows.

The file is empty: the number is its modification time, +33 6… being 33.6… seconds after 1970,
to the nanosecond. Content would take a page of 4 kB a ticket, five times the file itself, and
pages are swapped. The time stands in the inode, which the kernel never swaps and where it is
overwritten, before the file is removed, rather than left in freed memory. A link's target would
be as small, but cannot be overwritten, and is a path: shown by ls, looked up by who follows it.

Under systemd: `RuntimeDirectory=allo` and `RuntimeDirectoryPreserve=yes`, or systemd removes
the numbers whenever the router stops, crashes included. /dev/shm is for demos: logind removes
there what people leave behind when they log out (`RemoveIPC`).

`Vault` is all that the house knows, so that Valkey without persistence can be the vault of
several machines.
"""

import ctypes
import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from router import locks
from router.errors import VaultError
from router.intake.numbers import PhoneNumber

#: Numbers held at once. The admission's cap lies far below: one that is reached is a defect.
CAPACITY = 10_000

#: What statfs(2) calls a tmpfs: linux/magic.h.
_TMPFS_MAGIC = 0x01021994
#: 22 characters of base64url are 128 bits, the least that cannot be guessed.
_TICKET = re.compile(r"[A-Za-z0-9_-]{22,64}")
#: No ticket is so short: it can never be taken for one.
_BOOT_ID_FILE = "boot-id"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MOUNTS = Path("/proc/self/mountinfo")


class Vault(Protocol):
    """Where numbers are. Every method may raise VaultError."""

    def put(self, ticket: str, number: PhoneNumber) -> None:
        """Keep the number under the ticket. The same once more is nothing new; another number
        under the same ticket is refused ("taken"), as is one too many ("full").
        """

    def get(self, ticket: str) -> PhoneNumber | None:
        """Return the number; None if there is none (any more)."""

    def drop(self, ticket: str) -> None:
        """Forget the number, if there is one."""

    def tickets(self) -> tuple[str, ...]:
        """Return the tickets that have a number, sorted."""


def place_of(chosen: Path | None, state_dir: Path, environ: Mapping[str, str]) -> Path:
    """Where the numbers of a router with this state belong: `chosen`, or what follows from it.

    Two services of one user have two vaults, and one service always the same:
        in systemd's runtime directory, else in /run/allo where that is memory and ours to
    write, else in /dev/shm.
    """
    if chosen is not None:
        return chosen
    mark = hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]
    if runtime := environ.get("RUNTIME_DIRECTORY"):
        return (
            Path(runtime.partition(":")[0]) / f"vault-{mark}"
        )  # systemd.exec(5): several, by colons
    for folder in (Path("/run/allo"), Path("/run")):
        if folder.is_dir():
            if os.access(folder, os.W_OK) and _is_tmpfs(folder):
                return Path(f"/run/allo/vault-{mark}")
            break
    return Path(f"/dev/shm/allo-{os.geteuid()}-{mark}")


class TmpfsVault:
    """A folder of our own on a tmpfs, open. One router at a time uses it, which holds its lock."""

    def __init__(self, path: Path, *, capacity: int = CAPACITY, allow_disk: bool = False) -> None:
        """Open the folder, created if missing. `allow_disk` is for tests without a tmpfs.

        Raises:
            VaultError: If it is not memory, not ours, or cannot be written.
        """
        self.path = path
        self.capacity = capacity
        with self._told():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            self._check(allow_disk)
            with self._told():
                os.fchmod(self._folder, 0o700)
                #: Whether the kernel promises never to swap it (Linux 6.4, mount -o noswap).
                self.noswap = _has_noswap(os.fstat(self._folder).st_dev)
                self.boot_id = _BOOT_ID.read_text().strip()
                #: Whether this boot had no vault here yet: then no number survived.
                self.fresh = self._read(_BOOT_ID_FILE) != self.boot_id.encode()
                if self.fresh:
                    self._begin()
                #: Numbers held at most: counted anew when it comes to the capacity.
                self._at_most = len(self.tickets())
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<the vault at {self.path}>"

    def close(self) -> None:
        """Let go of the folder; the numbers stay."""
        os.close(self._folder)

    def put(self, ticket: str, number: PhoneNumber) -> None:
        """Keep the number under the ticket: all of it or, if we die meanwhile, nothing."""
        held = self.get(ticket)
        if held == number:
            return
        if held is not None:
            raise _taken(str(self.path))
        if self._at_most >= self.capacity:
            self._at_most = len(self.tickets())
        if self._at_most >= self.capacity:
            raise _full(str(self.path), self.capacity)
        with self._told():
            # A file without a name until it is whole; what has no name dies with us.
            file = os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600, dir_fd=self._folder)
            try:
                os.fchmod(file, 0o600)
                os.utime(file, ns=(0, int(number.e164)))
                if _number_of(os.fstat(file)) != number:
                    raise OSError(errno.ENOTSUP, "it keeps no nanoseconds")
                os.link(f"/proc/self/fd/{file}", ticket, dst_dir_fd=self._folder)
            finally:
                os.close(file)
        self._at_most += 1

    def check(self) -> None:
        """Raise VaultError if no number could be put: removed, read-only, no room for a file."""
        with self._told():
            # As `put` begins. The intake opens the folder anew, so it must be this one still; one
            # that was removed takes a file all the same.
            os.close(os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600, dir_fd=self._folder))
            if not os.path.samestat(os.stat(self.path), os.fstat(self._folder)):
                raise OSError(errno.ESTALE, "another folder took its place")

    def get(self, ticket: str) -> PhoneNumber | None:
        """Return the number; None if there is none (any more)."""
        self._check_ticket(ticket)
        with self._told(), suppress(ValueError):
            try:
                return _number_of(os.stat(ticket, dir_fd=self._folder, follow_symlinks=False))
            except FileNotFoundError:
                return None
        raise VaultError(
            "unreadable",
            str(self.path),
            "holds a file that is no number of ours",
            "Find out who else writes there; the ticket counts as lost.",
        )

    def drop(self, ticket: str) -> None:
        """Forget the number, if there is one: overwritten first, as freed memory is not."""
        self._check_ticket(ticket)
        with self._told(), suppress(FileNotFoundError):
            os.utime(ticket, ns=(0, 0), dir_fd=self._folder, follow_symlinks=False)
            os.unlink(ticket, dir_fd=self._folder)

    def tickets(self) -> tuple[str, ...]:
        """Return the tickets that have a number, sorted."""
        with self._told():
            return tuple(sorted(filter(_TICKET.fullmatch, os.listdir(self._folder))))

    def _check(self, allow_disk: bool) -> None:
        if os.fstat(self._folder).st_uid != os.geteuid():
            raise VaultError(
                "not_ours",
                str(self.path),
                "belongs to another user, who could read the numbers",
                "Remove it, or set the vault to a folder of the router's own user.",
            )
        if not allow_disk and not _is_tmpfs(self._folder):
            raise VaultError(
                "not_memory",
                str(self.path),
                "is not a tmpfs: numbers would reach a disk",
                "Mount a tmpfs there (-o size=64m,mode=700,noswap), or set the vault to a "
                "folder on one, such as systemd's RuntimeDirectory or /dev/shm.",
            )

    def _begin(self) -> None:
        """Forget an earlier boot (a tmpfs already has) and say which one this is."""
        for name in set(os.listdir(self._folder)) - {locks.FILE_NAME}:
            os.unlink(name, dir_fd=self._folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        file = os.open(_BOOT_ID_FILE, flags, 0o600, dir_fd=self._folder)
        try:
            os.write(file, self.boot_id.encode())
        finally:
            os.close(file)

    def _read(self, name: str) -> bytes | None:
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._folder)
        except FileNotFoundError:
            return None
        try:
            return os.read(file, 64)
        finally:
            os.close(file)

    def _check_ticket(self, ticket: str) -> None:
        if not _TICKET.fullmatch(ticket):
            raise _bad_ticket(str(self.path))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell a failure of the system by the vault's place: file names are tickets."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _full(str(self.path), None) from None
            raise VaultError(
                "missing" if error.errno == errno.ENOENT else "unusable",
                str(self.path),
                f"cannot be used: {error.strerror}",
                "Make it a folder that this user may write, or set the vault to another.",
            ) from None


class InMemoryVault:
    """A vault for tests: nothing outlives the process."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self._numbers: dict[str, PhoneNumber] = {}

    def put(self, ticket: str, number: PhoneNumber) -> None:
        """Keep the number under the ticket."""
        held = self.get(ticket)
        if held == number:
            return
        if held is not None:
            raise _taken("memory")
        if len(self._numbers) >= self.capacity:
            raise _full("memory", self.capacity)
        self._numbers[ticket] = number

    def get(self, ticket: str) -> PhoneNumber | None:
        """Return the number; None if there is none (any more)."""
        self._check_ticket(ticket)
        return self._numbers.get(ticket)

    def drop(self, ticket: str) -> None:
        """Forget the number, if there is one."""
        self._check_ticket(ticket)
        self._numbers.pop(ticket, None)

    def tickets(self) -> tuple[str, ...]:
        """Return the tickets that have a number, sorted."""
        return tuple(sorted(self._numbers))

    def _check_ticket(self, ticket: str) -> None:
        if not _TICKET.fullmatch(ticket):
            raise _bad_ticket("memory")


def _number_of(file: os.stat_result) -> PhoneNumber | None:
    """Return the number that a file keeps; None after a drop that was cut short.

    Raises:
        ValueError: If it is no file of ours.
    """
    if not stat.S_ISREG(file.st_mode) or file.st_size:
        raise ValueError("not an empty file")
    return PhoneNumber(f"+{file.st_mtime_ns}") if file.st_mtime_ns else None


def _is_tmpfs(folder: int | Path) -> bool:
    """Ask the kernel for the file system's type, which os.statvfs leaves out."""
    if isinstance(folder, Path):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return _is_tmpfs(opened)
        finally:
            os.close(opened)
    answer = ctypes.create_string_buffer(256)  # struct statfs: 120 bytes, its type first
    if ctypes.CDLL(None, use_errno=True).fstatfs(folder, answer) != 0:
        return False
    return ctypes.c_long.from_buffer(answer).value == _TMPFS_MAGIC


def _has_noswap(device: int) -> bool:
    """Whether the file system of `device` is mounted noswap: proc(5), mountinfo."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in _MOUNTS.read_text().splitlines():
        mount, _, system = line.partition(" - ")
        if mount.split()[2] == number:
            return "noswap" in system.split()[-1].split(",")
    return False


def _full(place: str, capacity: int | None) -> VaultError:
    held = "no memory left" if capacity is None else f"all the {capacity} numbers it may"
    return VaultError("full", place, f"holds {held}", "Wait for tickets to end, or enlarge it.")


def _taken(place: str) -> VaultError:
    return VaultError(
        "taken", place, "holds another number under this ticket", "Give each request its ticket."
    )


def _bad_ticket(place: str) -> VaultError:
    return VaultError(
        "bad_ticket", place, "was asked for what is no ticket", "Use 22 to 64 of A-Z a-z 0-9 _ -."
    )
