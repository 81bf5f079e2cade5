"""Find Asterisk, SIPp, espeak-ng and sox on this machine, or lay out a private copy of them.

No released Debian has Asterisk 22.10.1 yet. Where the system's own is older or absent, Debian's
packages are fetched and unpacked below `.allo/debian` (`debian.py`), and used from there.
"""

import fcntl
import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from router.asterisk.debian import PACKAGES, Say, machine_architecture, unpack_programs
from router.asterisk.programs import REQUIREMENTS, dotted, system_has, unfit
from router.asterisk.toolbox import RECEIPT, Toolbox, private_command, receipt, toolbox_of
from router.errors import SetupError

_NEEDED_MB = 550  # archives and unpacked files together, measured on amd64, with a margin


def ensure_toolbox(home: Path, say: Say, programs: Collection[str] = tuple(PACKAGES)) -> Toolbox:
    """Return a toolbox with `programs`, after installing what is missing below `home` (`.allo`).

    `say` gets a line at a time: what is about to be installed, and the progress. Once everything
    is there this returns at once. Two processes may call it at the same time: the second waits.
    ALLO_DEBIAN_MIRROR and ALLO_DEBIAN_SUITE override the host's mirror and the suite.

    Raises:
        SetupError: If something is missing and cannot be installed here.
    """
    home = home.absolute()  # apt and Asterisk are started in other folders than ours
    tree = home / "debian"
    if not _missing(tree, programs):
        return toolbox_of(tree)
    home.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(home / "debian.lock"):
        missing = _missing(tree, programs)  # again: another process may just have installed it
        if missing:
            for reason in filter(None, map(unfit, missing)):
                say(f"{reason}, so a private copy is laid out")
            wanted = {*missing, *receipt(tree)}
            _install(home, [name for name in PACKAGES if name in wanted], say)
    return toolbox_of(tree)


def laid_toolbox(tree: Path, programs: Collection[str]) -> Toolbox:
    """Return a toolbox of the tree that `allo install` has laid, or else of the system's programs.

    Raises:
        SetupError: If one of `programs` is in neither; nothing is fetched.
    """
    if missing := _missing(tree, programs):
        raise SetupError(
            f"{', '.join(missing)} cannot be found, neither in {tree} nor on the system",
            "Lay it out: allo install.",
        )
    return toolbox_of(tree)


def is_complete(home: Path, programs: Collection[str]) -> bool:
    """Return whether all of `programs` are in `home` or on the system: nothing to install."""
    return not _missing(home.absolute() / "debian", programs)


def _missing(tree: Path, programs: Collection[str]) -> list[str]:
    """Return which of `programs` are neither in the private tree nor on the system."""
    private = receipt(tree)
    return [name for name in programs if name not in private and not system_has(name)]


def _install(home: Path, programs: list[str], say: Say) -> None:
    """Lay out the private tree with `programs`; it appears whole or not at all."""
    architecture = machine_architecture()
    say(f"installing {', '.join(programs)} in {home / 'debian'}, the host's packages untouched")
    free_mb = shutil.disk_usage(home).free // 1_000_000
    if free_mb < _NEEDED_MB:
        raise SetupError(
            f"the disk of {home} has {free_mb} MB left", f"Make room: {_NEEDED_MB} MB are needed."
        )
    tree, work = home / "debian.new", home / "debian.apt"
    for leftover in (tree, work):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        unpack_programs(programs, architecture, tree, work, say)
    except OSError as error:
        raise SetupError(
            f"{home} cannot be written ({error.strerror})",
            "Make room, or give this user the right to write there.",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    (tree / RECEIPT).write_text(json.dumps(_versions(tree, programs)))
    shutil.rmtree(home / "debian", ignore_errors=True)
    tree.rename(home / "debian")
    say("installed")


def _versions(tree: Path, programs: list[str]) -> dict[str, str]:
    """Return program -> version, having started each of them.

    Raises:
        SetupError: If one does not start or is too old.
    """
    versions = {}
    for name in programs:
        required, command = REQUIREMENTS[name], private_command(tree, name)
        version = required.version_of(command) if command else None
        if version is None or version < required.oldest:
            found = f"is {dotted(version)}" if version else "does not start"
            raise SetupError(
                f"{name} {dotted(required.oldest)} or later is needed, and the mirror's {found}",
                "Name a newer suite in ALLO_DEBIAN_SUITE.",
            )
        versions[name] = dotted(version)
    return versions


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
