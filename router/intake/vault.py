"""The vault: phone numbers of open tickets, in memory that outlives the router but no reboot.

Each ticket has a file on a tmpfs, mode 600, gone when the ticket ends. A router that is killed
finds its numbers again. After a reboot there are none, and the tickets that they belonged to
are lost (`fresh` says that nothing was there). No exception, repr or log line of this module
holds a number, nor a ticket, which is the secret of its bearer.

The file is empty: the number is its modification time, +33 6… being 33.6… seconds after 1970,
to the nanosecond. Content would take a page of 4 kB for each ticket, five times the file itself,
and pages are swapped. The time is kept in the inode, which the kernel never swaps; it is
overwritten there before the file is removed, rather than left in freed memory. The target of a
link would be as small, but cannot be overwritten, and is a path: shown by ls, and looked up by
whatever follows it.

Under systemd, set `RuntimeDirectory=allo` and `RuntimeDirectoryPreserve=yes`, or systemd removes
the numbers whenever the router stops, crashes included. /dev/shm is for demos: when people log
out, logind removes what they leave behind there (`RemoveIPC`).

`Vault` is all that the rest of the house knows, so that Valkey without persistence can be the
vault of several machines.
"""

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
from router.intake.tmpfs import has_noswap, is_tmpfs

#: Numbers held at once. Admission's limit lies far below, so that reaching this is a defect.
CAPACITY = 10_000

#: 22 characters of base64url are 128 bits, the least that cannot be guessed.
_TICKET = re.compile(r"[A-Za-z0-9_-]{22,64}")
#: Too short to be taken for a ticket.
_BOOT_ID_FILE = "boot-id"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Vault(Protocol):
    """Where numbers are kept. Every method may raise VaultError."""

    def put(self, ticket: str, number: PhoneNumber) -> None:
        """Keep the number under the ticket; doing so again changes nothing.

        Another number under the same ticket is refused ("taken"), as is one too many ("full").
        """

    def get(self, ticket: str) -> PhoneNumber | None:
        """Return the number; None if there is none (any more)."""

    def drop(self, ticket: str) -> None:
        """Forget the number, if there is one."""

    def tickets(self) -> tuple[str, ...]:
        """Return the tickets that have a number, sorted."""


def place_of(chosen: Path | None, state_dir: Path, environ: Mapping[str, str]) -> Path:
    """Return where the numbers of a router with this state directory belong.

    That is `chosen`, if given. Otherwise it follows from the state directory, so that two
    services of one user have two vaults and a service always has the same one: in systemd's
    runtime directory, else in /run/allo if that is memory that we may write, else in /dev/shm.
    """
    if chosen is not None:
        return chosen
    mark = hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]
    if runtime := environ.get("RUNTIME_DIRECTORY"):
        # systemd.exec(5): there may be several, separated by colons.
        return Path(runtime.partition(":")[0]) / f"vault-{mark}"
    for folder in (Path("/run/allo"), Path("/run")):
        if folder.is_dir():
            if os.access(folder, os.W_OK) and is_tmpfs(folder):
                return Path(f"/run/allo/vault-{mark}")
            break
    return Path(f"/dev/shm/allo-{os.geteuid()}-{mark}")


class TmpfsVault:
    """A folder of our own on a tmpfs, open. Only the router that holds its lock uses it."""

    def __init__(
        self,
        path: Path,
        *,
        capacity: int = CAPACITY,
        allow_disk: bool = False,
        boot_id: Path = _BOOT_ID,
    ) -> None:
        """Open the folder, created if it is missing.

        `capacity` numbers are held at most; `allow_disk` is for tests without a tmpfs; `boot_id`
        is the file in which the kernel names this boot.

        Raises:
            VaultError: If it is not memory, not ours, or cannot be written.
        """
        self.path = path
        self.capacity = capacity
        with self._without_names():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            self._check(allow_disk)
            with self._without_names():
                os.fchmod(self._folder, 0o700)
                #: Whether the kernel promises never to swap it (Linux 6.4, mount -o noswap).
                self.noswap = has_noswap(os.fstat(self._folder).st_dev)
                self.boot_id = boot_id.read_text().strip()
                #: Whether there was no vault here since the boot: no number survived.
                self.fresh = self._read(_BOOT_ID_FILE) != self.boot_id.encode()
                if self.fresh:
                    self._begin()
                #: An upper bound of the numbers held: counted again when it reaches the capacity.
                self._at_most = len(self.tickets())
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<the vault at {self.path}>"

    def is_same(self, other: "TmpfsVault") -> bool:
        """Return whether both are open on the same folder."""
        return os.path.samestat(os.fstat(self._folder), os.fstat(other._folder))

    def close(self) -> None:
        """Close the folder; the numbers stay."""
        os.close(self._folder)

    def put(self, ticket: str, number: PhoneNumber) -> None:
        """Keep the number under the ticket: all of it, or nothing if we die meanwhile."""
        held = self.get(ticket)
        if held == number:
            return
        if held is not None:
            raise taken(str(self.path))
        if self._at_most >= self.capacity:
            self._at_most = len(self.tickets())
        if self._at_most >= self.capacity:
            raise full(str(self.path), self.capacity)
        with self._without_names():
            self._see_that_it_is_there()
            # The file has no name until it is complete, and without one it dies with us.
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
        """Raise VaultError if no number could be kept: removed, read-only, no room for a file."""
        with self._without_names():
            # As `put` does.
            self._see_that_it_is_there()
            os.close(os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600, dir_fd=self._folder))

    def _see_that_it_is_there(self) -> None:
        """Raise OSError if the name leads to another folder now: the next intake goes by that.

        A folder that was removed, or whose memory was unmounted, would take files all the same.
        """
        if not os.path.samestat(os.stat(self.path), os.fstat(self._folder)):
            raise OSError(errno.ESTALE, "another folder took its place")

    def get(self, ticket: str) -> PhoneNumber | None:
        """Return the number; None if there is none (any more)."""
        check_ticket(ticket, str(self.path))
        with self._without_names(), suppress(ValueError):
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
        """Forget the number, if there is one. It is overwritten first, as freed memory is not."""
        check_ticket(ticket, str(self.path))
        with self._without_names(), suppress(FileNotFoundError):
            os.utime(ticket, ns=(0, 0), dir_fd=self._folder, follow_symlinks=False)
            os.unlink(ticket, dir_fd=self._folder)

    def tickets(self) -> tuple[str, ...]:
        """Return the tickets that have a number, sorted."""
        with self._without_names():
            return tuple(sorted(filter(_TICKET.fullmatch, os.listdir(self._folder))))

    def _check(self, allow_disk: bool) -> None:
        if os.fstat(self._folder).st_uid != os.geteuid():
            raise VaultError(
                "not_ours",
                str(self.path),
                "belongs to another user, who could read the numbers",
                "Remove it, or set the vault to a folder of the router's own user.",
            )
        if not allow_disk and not is_tmpfs(self._folder):
            raise VaultError(
                "not_memory",
                str(self.path),
                "is not a tmpfs: numbers would reach a disk",
                "Mount a tmpfs there (-o size=64m,mode=700,noswap), or set the vault to a "
                "folder on one, such as systemd's RuntimeDirectory or /dev/shm.",
            )

    def _begin(self) -> None:
        """Forget an earlier boot, which a tmpfs already has, and write down which one this is."""
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

    @contextmanager
    def _without_names(self) -> Iterator[None]:
        """Turn a failure of the system into one that names the folder alone: files are tickets."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(str(self.path), None) from None
            raise VaultError(
                "missing" if error.errno == errno.ENOENT else "unusable",
                str(self.path),
                f"cannot be used: {error.strerror}",
                "Make it a folder that this user may write, or set the vault to another.",
            ) from None


def _number_of(file: os.stat_result) -> PhoneNumber | None:
    """Return the number that a file keeps; None after a drop that was cut short.

    Raises:
        ValueError: If it is not a file of ours.
    """
    if not stat.S_ISREG(file.st_mode) or file.st_size:
        raise ValueError("not an empty file")
    return PhoneNumber(f"+{file.st_mtime_ns}") if file.st_mtime_ns else None


def full(place: str, capacity: int | None) -> VaultError:
    """Return the error of a vault that holds `capacity` numbers; None: of one without memory."""
    held = "no memory left" if capacity is None else f"all the {capacity} numbers it may"
    return VaultError("full", place, f"holds {held}", "Wait for tickets to end, or enlarge it.")


def taken(place: str) -> VaultError:
    """Return the error of a ticket that has another number already."""
    return VaultError(
        "taken", place, "holds another number under this ticket", "Give each request its ticket."
    )


def check_ticket(ticket: str, place: str) -> None:
    """Raise VaultError for what is no ticket, without repeating it."""
    if not _TICKET.fullmatch(ticket):
        raise VaultError(
            "bad_ticket",
            place,
            "was asked for what is no ticket",
            "Use 22 to 64 of A-Z a-z 0-9 _ -.",
        )
