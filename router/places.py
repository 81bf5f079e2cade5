"""Where files are, and what is said when they cannot be written or read.

A checkout that this user may write to has everything that is generated in its `.allo/`. In another
user's checkout, what is there already is used as it is, and new files go to this user's own state
folder (XDG Base Directory Specification). `./allo` decides the same way.
Installed as a package, allo carries what it needs inside (`shipped`), and all new files go to the
state folder. Laid in the system by `allo install`, it also has Asterisk and the voice beside it
(`PROGRAMS`), and its settings in /etc/allo.
"""

import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from router.errors import DiskError

PACKAGE = Path(__file__).resolve().parent
TOP = PACKAGE.parent
#: Where an installed package has what a checkout has at its top.
_INSIDE = PACKAGE / "shipped"


def shipped(name: str) -> Path:
    """Return a folder that comes with allo: at the top of a checkout, or in the package."""
    return _INSIDE / name if _INSIDE.is_dir() else TOP / name


#: Whether this is laid in the system (`router/deploy/`): no checkout, and no Python environment.
INSTALLED = (TOP / "VERSION").is_file()
#: What everyone who starts this checkout may use.
SHARED = TOP / ".allo"
#: The tree of Asterisk, voice and sound that `allo install` lays.
PROGRAMS = TOP / "asterisk"


def home(top: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder for generated files: the checkout's if it can be written, or the user's."""
    shared = top / ".allo"
    if os.access(shared if shared.exists() else top, os.W_OK):
        return shared
    return state_home(environ)


def state_home(environ: Mapping[str, str]) -> Path:
    """Return this user's own folder for generated files."""
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():  # the specification: a relative one is ignored
        state = Path(environ.get("HOME") or "/") / ".local" / "state"
    return state / "allo"


HOME = state_home(os.environ) if _INSIDE.is_dir() else home(TOP, os.environ)
CATALOGUE = shipped("prompts") / "catalogue.toml"
PLAN = PACKAGE / "plans" / "3939.toml"


def prompts(shared: Path, own: Path, *sources: Path) -> Path:
    """Return the default folder of prompts: `shared`, unless it is older than their texts."""
    if shared == own:
        return own
    try:
        newest = max(source.stat().st_mtime for source in sources)
        is_recent = (shared / "manifest.json").stat().st_mtime >= newest
    except OSError:
        is_recent = False
    return shared if is_recent else own


PROMPTS = prompts(SHARED / "prompts", HOME / "prompts", CATALOGUE, PLAN)
#: The state of a service whose settings name none, and of the demo.
STATE = HOME / "state"


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn any OSError inside into a sentence: `place`, or something below it, cannot be written.

    Raises:
        DiskError: For any OSError inside.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(error, place) from error


def put(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file as a whole: whoever reads it, and a full disk, finds the old one or the new.

    Nobody who may not read it ever can, not even while it is written.

    Raises:
        OSError: If it cannot be written; a file that was there before is untouched.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 600
    beside = Path(name)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        beside.chmod(mode)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def unwritable(error: OSError, place: Path | None = None) -> DiskError:
    """Return the error as a sentence about the file that it names, or otherwise about `place`."""
    named = error.filename if isinstance(error.filename, str) else place
    return DiskError(
        str(named or "the output"),
        f"cannot be written ({error.strerror or error})",
        REMEDIES.get(error.errno or 0, "Name another folder or file."),
    )


_ROOM = "Make room on that disk."
_RIGHTS = "Give this user the right to write there, or name another folder."
#: What to do about each error of a disk.
REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EROFS: "Mount that file system for writing, or name a folder on another one.",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
}


#: What to do about a file that cannot be read, by error.
_READ_REMEDIES = {
    errno.ENOENT: "write it, or name another",
    errno.ENOTDIR: "correct its folder",
    errno.EISDIR: "name a file, not a folder",
    errno.EACCES: "give it to the user that runs allo (chown), or run as its owner",
    errno.ENAMETOOLONG: "give it a shorter name",
}


def unreadable(error: OSError) -> str:
    """Return why a file cannot be read, and what to do about it."""
    remedy = _READ_REMEDIES.get(error.errno or 0, "see to its disk, or name another file")
    return f"cannot be read ({error.strerror}): {remedy}"


def why_not(folder: Path, room_mb: int = 0) -> str | None:
    """Return why this user could not create or fill `folder`; None if that would work.

    Nothing is written. `room_mb` megabytes must be free there.
    """
    there = folder
    try:
        while not there.exists():
            there = there.parent
    except OSError as error:
        return f"cannot be reached: {there} ({error.strerror})"
    if not there.is_dir():
        return f"cannot be a folder: {there} is a file"
    disk = os.statvfs(there)
    if disk.f_flag & os.ST_RDONLY:
        return f"cannot be written: {there} is on a read-only file system"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"cannot be written: this user has no right to write in {there}"
    free_mb = disk.f_bavail * disk.f_frsize // 1_000_000
    if free_mb < room_mb:
        return f"has {free_mb} MB left on its disk: {room_mb} MB are needed"
    return None
