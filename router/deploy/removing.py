"""`allo install --uninstall`: what was laid goes; what is the admin's stays, unless purged."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from router import places
from router.deploy.defaults import ETC, RECORD, STATE
from router.deploy.layout import ACCOUNT, Ground
from router.deploy.program import (
    COMMAND,
    DOCS,
    LIB,
    LOGROTATE,
    SYSUSERS,
    TMPFILES,
    UNIT_NAMES,
    UNITS,
    WANTED,
)
from router.deploy.running import System
from router.errors import SetupError

_DROP_INS = tuple(Path("/etc/systemd/system") / f"{name}.d" for name in UNIT_NAMES)
_BACKOFF = "allo-backoff.conf"
#: Laid by `systemctl enable allo-refusals`.
_SWITCHED_ON = Path("/etc/systemd/system/allo.target.wants/allo-refusals.service")
#: In memory: the numbers of open callbacks.
_VAULT = Path("/run/allo")


def laid(ground: Ground, *, purge: bool) -> Iterator[Path]:
    """Yield what is there and goes, by its path in the system."""
    paths = [WANTED, _SWITCHED_ON, *(UNITS / name for name in UNIT_NAMES)]
    paths += [folder / _BACKOFF for folder in _DROP_INS]
    paths += [SYSUSERS, TMPFILES, COMMAND, DOCS, LIB]
    if purge:
        paths += [ETC, STATE, _VAULT, LOGROTATE]
    elif ground.at(WANTED).is_symlink():
        # Installed again, it starts with the machine again, unless that was switched off.
        paths.append(RECORD)
    for path in paths:
        there = ground.at(path)
        if there.is_symlink() or there.exists():
            yield path


def remove(ground: Ground, say: Callable[[str], None], *, purge: bool) -> None:
    """Stop the service, and remove what was laid.

    Raises:
        SetupError: If a Debian package owns it, or if Asterisk carries calls.
        DiskError: If something cannot be removed.
    """
    if ground.at(Path("/var/lib/dpkg/info/allo.list")).exists():
        raise SetupError(
            f"{LIB} belongs to the Debian package allo", "Remove it: apt remove allo (or purge)."
        )
    system = System(ground.root)
    if system.is_active():
        if calls := system.channels():
            raise SetupError(
                f"Asterisk carries {calls} channels",
                "Stop it after its last call (allo asterisk stop) or at once (systemctl stop "
                "allo.target), then start this again.",
            )
        system.stop()
        say("stopped: allo.target")
    for path in list(laid(ground, purge=purge)):
        there = ground.at(path)
        with places.writing(there):
            if there.is_dir() and not there.is_symlink():
                shutil.rmtree(there)
            else:
                there.unlink()
        say(f"removed: {path}")
    for folder in _DROP_INS:  # unless somebody else's drop-ins are there too
        there = ground.at(folder)
        if there.is_dir() and not any(there.iterdir()):
            there.rmdir()
    system.reload_units()
    if not purge:
        say(f"kept: {ETC} and {STATE} (--purge removes them, and the user {ACCOUNT})")
    elif ground.account() is not None:
        _drop_account(ground)
        say(f"removed: user and group {ACCOUNT}")


def _drop_account(ground: Ground) -> None:
    where = [] if ground.root == Path("/") else ["--prefix", str(ground.root)]
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    done = subprocess.run(
        ["userdel", *where, ACCOUNT],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip()
        raise SetupError(f"the user {ACCOUNT} stays ({reason})", f"Remove it: userdel {ACCOUNT}.")
