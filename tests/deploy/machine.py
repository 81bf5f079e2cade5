"""An empty Debian with its own systemd and a loopback of its own: as good as a machine.

It is laid out by mmdebstrap and booted by systemd-nspawn, in namespaces. Both need root.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from router import places
from router.asterisk import debian

#: Settings of apt that say how to reach a mirror, and not what to fetch from it.
REACH = re.compile(r"Acquire::(http|https|ftp|Check-|Retries|ForceIPv|Max-|Proxy)", re.IGNORECASE)
#: What it has besides Debian's essentials.
_BESIDE = ("systemd", "systemd-sysv", "dbus", "logrotate")
#: A machine under test is slow.
PATIENCE_S = 120.0


def check_tools() -> None:
    """Skip, saying why, where a machine cannot be laid out."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    tools = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container"}
    if missing := [package for tool, package in tools.items() if shutil.which(tool) is None]:
        pytest.skip(f"needs: apt install {' '.join(missing)}")


class Machine:
    """A Debian of release `suite` in `folder`; off until `boot`."""

    def __init__(self, suite: str, folder: Path) -> None:
        self.root = folder
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
        reach = [line.rstrip(";") for line in dump.stdout.splitlines() if REACH.match(line)]
        options = [f"--aptopt={line}" for line in reach]
        command = [
            "mmdebstrap",
            "--quiet",
            "--variant=apt",
            "--include=systemd,systemd-sysv,dbus,logrotate",
        ]
        done = subprocess.run(
            [*command, *options, suite, folder, *debian.mirrors()[:1]],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def change(self, path: str, old: str, new: str) -> None:
        """Edit a file as a person would."""
        text = self.at(path).read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r}"
        self.at(path).write_text(text.replace(old, new), encoding="utf-8")

    # While it is off, and on.

    def inside(self, command: str) -> list[str]:
        """Return the words that have the machine's shell run the command."""
        if self._process is None:
            return ["chroot", str(self.root), "sh", "-c", command]
        return ["nsenter", "--target", str(self._leader), "--all", "sh", "-c", command]

    def run(self, command: str, *, check: bool = True) -> str:
        """Return what the command prints, on whichever stream."""
        done = subprocess.run(
            self.inside(command),
            env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout[-4000:]}"
        return done.stdout

    def install(self, package: Path) -> str:
        """Install a package with apt, which fetches what it needs."""
        shutil.copy(package, self.at("/srv"))
        self.run("apt-get -qq update")
        words = "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install"
        return self.run(f"{words} /srv/{package.name}")

    def boot(self) -> None:
        """Start it, with a loopback and nothing else, and wait for its systemd."""
        words = ["systemd-nspawn", "--quiet", "--directory", str(self.root), "--boot"]
        words += ["--private-network", "--register=no", "--keep-unit", "--console=read-only"]
        self._process = subprocess.Popen(
            words,
            # On a host with cgroup v1 as well.
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        self.until(lambda: bool(children.read_text().split()), "a first process")
        self._leader = int(children.read_text().split()[0])
        self.until(lambda: self._state() in ("running", "degraded"), "systemd")

    def _state(self) -> str:
        return self.run("systemctl is-system-running", check=False).strip()

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something."""
        by = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < by, f"{what} never came"
            time.sleep(0.2)

    def until_active(self, *units: str) -> None:
        """Wait until the units are active."""
        names = " ".join(units)
        wanted = ["active"] * len(units)
        self.until(
            lambda: self.run(f"systemctl is-active {names}", check=False).split() == wanted, names
        )

    def log(self, unit: str) -> str:
        return self.run(f"journalctl --no-pager -o cat -u {unit}")

    def call(self, *while_talking: str) -> str:
        """Make a call from the carrier to a registered phone; return what was said of it.

        The words `while_talking` are a command of this machine's host, run while the two talk.
        """
        code = self.run("allo code F1234").strip().replace(" ", "")
        secrets = self.at("/etc/allo/secrets.toml")
        call = [sys.executable, "-m", "tests.deploy.first_call", str(secrets), code, *while_talking]
        done = subprocess.run(
            ["nsenter", "--target", str(self._leader), "--net", *call],
            cwd=places.TOP,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{self.log('allo-router')[-3000:]}"
        return done.stdout

    def off(self) -> None:
        """Switch it off."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
