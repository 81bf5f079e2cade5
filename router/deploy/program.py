"""The program in the system: from a checkout that is set up, or there already (Debian package)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from router import __version__, places
from router.asterisk.toolbox import Toolbox
from router.deploy import packages
from router.deploy.layout import Copy, Folder, Ground, Text, Thing, tree
from router.errors import SetupError

LIB = Path("/usr/lib/allo")
COMMAND = Path("/usr/bin/allo")
UNITS = Path("/usr/lib/systemd/system")
DOCS = Path("/usr/share/doc/allo")
#: For images that are laid out without an account: made when the image boots.
SYSUSERS = Path("/usr/lib/sysusers.d/allo.conf")
TMPFILES = Path("/usr/lib/tmpfiles.d/allo.conf")
LOGROTATE = Path("/etc/logrotate.d/allo")
UNIT_NAMES = (
    "allo.target",
    "allo-asterisk.service",
    "allo-router.service",
    "allo-fallback.service",
    "allo-refusals.service",
)
#: What starts with the machine: laid once, so that whoever disables it is obeyed.
WANTED = Path("/etc/systemd/system/multi-user.target.wants/allo.target")
#: Debian's own: the program is made for no other.
PYTHON = Path("/usr/bin/python3")

#: What is laid where it belongs; the rest of `deploy/` are examples for what runs beside.
_NOT_EXAMPLES = frozenset({"debian", "logrotate", "systemd", "sysusers", "tmpfiles"})

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A checkout, with what it has fetched and rendered."""

    #: Its folder.
    top: Path
    #: Programs that are not the system's.
    toolbox: Toolbox
    #: The shipped plan's prompts.
    audio: Path
    #: The Python packages (`python_packages`).
    packages: Path


def deploy_file(name: str) -> Path:
    """Return a file of `deploy/`, as it ships."""
    return places.shipped("deploy") / name


def program(source: Source) -> Iterator[Thing]:
    """Yield everything that belongs to the program: all that a Debian package owns."""
    top = source.top
    yield from tree(source.packages, LIB / "packages")
    if source.toolbox.root is not None:
        yield from tree(source.toolbox.root, LIB / "asterisk")
    yield from tree(top / "router", LIB / "router")
    for name in ("asterisk-conf", "prompts", "deploy"):
        yield from tree(top / name, LIB / "router" / "shipped" / name)
    yield from tree(source.audio, LIB / "audio")
    yield from tree(top / "docs", DOCS)
    for folder in sorted((top / "deploy").iterdir()):
        if folder.is_dir() and folder.name not in _NOT_EXAMPLES:
            yield from tree(folder, DOCS / "examples" / folder.name)
    yield Copy(DOCS / "copyright", source=top / "LICENSE")
    yield Text(LIB / "VERSION", content=f"{__version__}\n")
    yield Copy(COMMAND, mode=0o755, source=top / "deploy" / "allo.sh")
    for name in UNIT_NAMES:
        yield Copy(UNITS / name, source=top / "deploy" / "systemd" / name)
    for name, path in (("sysusers", SYSUSERS), ("tmpfiles", TMPFILES)):
        yield Copy(path, source=top / "deploy" / name / "allo.conf")


def backoff(release: int | None) -> Iterator[Thing]:
    """Yield the drop-ins that need systemd 254 or later; an earlier one would complain of them."""
    if release is not None and release >= 254:
        text = deploy_file("systemd/backoff.conf").read_text(encoding="utf-8")
        for name in UNIT_NAMES[1:]:
            folder = Path("/etc/systemd/system") / f"{name}.d"
            yield Folder(folder)
            yield Text(folder / "allo-backoff.conf", content=text)


def python_packages(top: Path, home: Path, minors: Collection[int], say: Say) -> Path:
    """Return a folder with the Python packages for each Python 3.<minor>, made if need be.

    Those of this very Python are copied from the checkout's environment, others are fetched. The
    folder is in `home` and made anew only when the pins change.

    Raises:
        SetupError: If they cannot be had.
        OSError: If they cannot be written.
    """
    lock = top / "requirements.lock"
    pins = packages.needed(top / "pyproject.toml")
    folder = home / "packages"
    wanted = f"{sorted(minors)} {lock.read_text(encoding='utf-8')}"
    note = home / "packages.made-from"
    if folder.is_dir() and note.is_file() and note.read_text(encoding="utf-8") == wanted:
        return folder
    note.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if set(minors) == {sys.version_info.minor}:
        packages.lay_installed(pins, folder)
    else:
        say(f"fetching {len(pins)} Python packages for 3.{' and 3.'.join(map(str, minors))}")
        packages.lay_fetched(pins, lock, minors, os.uname().machine, home / "wheels", folder)
    note.write_text(wanted, encoding="utf-8")
    return folder


def python_minor(ground: Ground) -> int:
    """Return the second number of the system's Python; of an image without any, this machine's.

    Raises:
        SetupError: If there is none, or if it is too old.
    """
    if ground.root != Path("/"):
        for folder in sorted(ground.at(Path("/usr/lib")).glob("python3.[0-9]*"), reverse=True):
            return int(folder.name.removeprefix("python3."))
    try:
        done = subprocess.run(
            [PYTHON, "-c", "import sys, sqlite3, ssl; print(sys.version_info.minor)"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        done = None
    if done is None or done.returncode or not done.stdout.strip().isdecimal():
        raise SetupError(
            f"{PYTHON} is missing, or has no standard library", "Install it: apt install python3."
        )
    minor = int(done.stdout)
    if minor < 11:
        raise SetupError(
            f"{PYTHON} is Python 3.{minor}, and 3.11 or later is needed", "Upgrade to Debian 12."
        )
    return minor
