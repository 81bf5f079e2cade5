"""What is laid in the system: files, folders and links, each compared before it is changed.

Paths are those of the system; `Ground` places them below a root folder, where images are made. A
file is replaced as a whole (written beside, then renamed), so that nobody reads half of one, and a
full disk leaves the old one.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ACCOUNT = "allo"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a file is, by name."""

    user: str = "root"
    group: str = "root"


ROOTS = Owner()
#: Readable for the service, changed by root alone.
SHOWN = Owner("root", ACCOUNT)
#: Written by the service.
OWN = Owner(ACCOUNT, ACCOUNT)


@dataclass(frozen=True, slots=True)
class Ground:
    """The system that is laid out: `/`, or a folder that becomes one."""

    root: Path = Path("/")

    def at(self, path: Path) -> Path:
        """Return where a path of the system is."""
        return self.root / path.relative_to("/")

    def account(self) -> tuple[int, int] | None:
        """Return user and group id of our account there; None if there is none yet."""
        users = self._named("passwd").get(ACCOUNT)
        groups = self._named("group").get(ACCOUNT)
        if users is None or groups is None:
            return None
        return int(users[2]), int(groups[2])

    def _named(self, table: str) -> dict[str, list[str]]:
        try:
            lines = self.at(Path("/etc") / table).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        return {line.split(":")[0]: line.split(":") for line in lines if ":" in line}

    def ids(self, owner: Owner) -> tuple[int, int] | None:
        """Return user and group id of an owner; None where our account is not there (yet)."""
        if owner == ROOTS:
            return 0, 0
        ours = self.account()
        if ours is None:
            return None
        return (ours[0] if owner.user == ACCOUNT else 0), ours[1]


@dataclass(frozen=True, slots=True)
class Thing:
    """Something at `path`. A mode of a link means nothing."""

    path: Path
    mode: int = 0o644
    owner: Owner = ROOTS

    def differs(self, ground: Ground) -> str:
        """Say what differs there: "" if nothing does."""
        there = ground.at(self.path)
        try:
            found = there.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return "new"
        if not self._is_kind(found):
            return "of another kind"
        if self._content_differs(there, found):
            return "changed"
        if stat.S_ISLNK(found.st_mode):
            return ""
        ids = ground.ids(self.owner) if os.geteuid() == 0 else None
        if ids is not None and ids != (found.st_uid, found.st_gid):
            return "of another owner"
        return "" if stat.S_IMODE(found.st_mode) == self.mode else "of another mode"

    def lay(self, ground: Ground) -> None:
        """Make it so.

        Raises:
            OSError: If it cannot be written.
        """
        there = ground.at(self.path)
        there.parent.mkdir(parents=True, exist_ok=True)
        self._write(there)
        if not there.is_symlink():
            self._entrust(there, ground)

    def size(self) -> int:
        """Return how many bytes it takes."""
        return 0

    def _is_kind(self, found: os.stat_result) -> bool:
        raise NotImplementedError

    def _content_differs(self, there: Path, found: os.stat_result) -> bool:
        return False

    def _write(self, there: Path) -> None:
        raise NotImplementedError

    def _entrust(self, there: Path, ground: Ground) -> None:
        ids = ground.ids(self.owner)
        if ids is not None and os.geteuid() == 0:
            os.chown(there, *ids, follow_symlinks=False)
        there.chmod(self.mode)


@dataclass(frozen=True, slots=True)
class Folder(Thing):
    """A folder. What is in it is left alone."""

    mode: int = 0o755

    def _is_kind(self, found: os.stat_result) -> bool:
        return stat.S_ISDIR(found.st_mode)

    def _write(self, there: Path) -> None:
        there.mkdir(exist_ok=True)


@dataclass(frozen=True, slots=True)
class Text(Thing):
    """A file of ours, by its content."""

    #: Not shown: it may hold secrets.
    content: str = field(default="", repr=False)

    def size(self) -> int:
        """Return how many bytes it takes."""
        return len(self.content.encode())

    def _is_kind(self, found: os.stat_result) -> bool:
        return stat.S_ISREG(found.st_mode)

    def _content_differs(self, there: Path, found: os.stat_result) -> bool:
        return there.read_bytes() != self.content.encode()

    def lay(self, ground: Ground) -> None:
        """Make it so; whoever may not read it never can, not even while it is written."""
        there = ground.at(self.path)
        there.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{there.name}.", dir=there.parent)  # mode 600
        beside = Path(name)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(self.content)
            self._entrust(beside, ground)
            beside.rename(there)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


@dataclass(frozen=True, slots=True)
class Copy(Thing):
    """A file or link of the program, copied from `source` with its time."""

    source: Path = Path()

    def size(self) -> int:
        """Return how many bytes it takes."""
        return self.source.lstat().st_size

    def _is_kind(self, found: os.stat_result) -> bool:
        return stat.S_ISLNK(found.st_mode) == self.source.is_symlink() and not stat.S_ISDIR(
            found.st_mode
        )

    def _content_differs(self, there: Path, found: os.stat_result) -> bool:
        if self.source.is_symlink():
            return there.readlink() != self.source.readlink()
        ours = self.source.stat()
        if ours.st_size != found.st_size:
            return True
        return int(ours.st_mtime) != int(found.st_mtime) and (
            there.read_bytes() != self.source.read_bytes()
        )

    def _write(self, there: Path) -> None:
        beside = there.with_name(f".{there.name}.allo-new")
        beside.unlink(missing_ok=True)
        try:
            shutil.copy2(self.source, beside, follow_symlinks=False)
            beside.rename(there)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise


@dataclass(frozen=True, slots=True)
class Link(Thing):
    """A symbolic link to `target`."""

    target: Path = Path()

    def _is_kind(self, found: os.stat_result) -> bool:
        return stat.S_ISLNK(found.st_mode)

    def _content_differs(self, there: Path, found: os.stat_result) -> bool:
        return there.readlink() != self.target

    def _write(self, there: Path) -> None:
        there.unlink(missing_ok=True)
        there.symlink_to(self.target)


def tree(source: Path, target: Path) -> Iterator[Thing]:
    """Yield all that is below `source`, laid below `target`, except compiled modules."""
    yield Folder(target)
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        here, there = Path(folder), target / Path(folder).relative_to(source)
        for name in list(folders):
            if (here / name).is_symlink():
                folders.remove(name)
                names.append(name)
            else:
                yield Folder(there / name)
        for name in sorted(names):
            one = here / name
            mode = 0o755 if not one.is_symlink() and os.access(one, os.X_OK) else 0o644
            yield Copy(there / name, mode=mode, source=one)
