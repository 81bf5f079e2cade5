"""An empty Debian with its own systemd and a network of its own: as good as a machine.

It is laid out by mmdebstrap and booted by systemd-nspawn, in namespaces. Beyond its one wire are a
carrier and an office. All of it needs root.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from router import places
from router.asterisk import debian
from tests.deploy.first_call import CARRIER, HEARD, OFFICE, PHONES, STILL_HEARD

#: Settings of apt that say how to reach a mirror, and not what to fetch from it.
REACH = re.compile(r"Acquire::(http|https|ftp|Check-|Retries|ForceIPv|Max-|Proxy)", re.IGNORECASE)
#: The other end of the machine's wire, to which it sends all that is not its own.
GATEWAY = "192.0.2.1"
#: A machine under test is slow.
PATIENCE_S = 120.0


def check_tools() -> None:
    """Skip, saying why, where a machine cannot be laid out."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    tools = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container", "ip": "iproute2"}
    if missing := [package for tool, package in tools.items() if shutil.which(tool) is None]:
        pytest.skip(f"needs: apt install {' '.join(missing)}")


class Machine:
    """A Debian of release `suite` in `folder`; off until `boot`."""

    def __init__(self, suite: str, folder: Path) -> None:
        self.suite = suite
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
        self._world: subprocess.Popen[bytes] | None = None

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
            # A group of its own: `kill … 0`, of a unit that does not run, would else reach us.
            start_new_session=True,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout[-4000:]}"
        return done.stdout

    def fetch(self, package: Path) -> None:
        """Put a package into /srv, and what it needs into apt's cache, while there is a network."""
        shutil.copy(package, self.at("/srv"))
        self.run("apt-get -qq update")
        self.run(f"apt-get -q -y --download-only install /srv/{package.name}")

    def install(self, package: Path) -> str:
        """Install a package that was fetched."""
        return self.run(f"DEBIAN_FRONTEND=noninteractive apt-get -q -y install /srv/{package.name}")

    def boot(self) -> None:
        """Start it, joined to a network where only a carrier and phones are, and wait for it."""
        words = ["systemd-nspawn", "--quiet", "--directory", str(self.root), "--boot"]
        words += ["--private-network", "--register=no", "--keep-unit", "--console=read-only"]
        # A time zone of its own: this machine's, laid over it, would keep tzdata from its place.
        words.append("--timezone=off")
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
        self._join()
        self.until(lambda: self._state() in ("running", "degraded"), "systemd")

    def _join(self) -> None:
        """Lay a wire between the machine and a namespace for the rest of the world."""
        self._world = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        far = self._world.pid
        world, ours = (Path(f"/proc/{one}/ns/net") for one in (far, os.getpid()))
        self.until(lambda: world.readlink() != ours.readlink(), "a namespace")
        self._ip(
            self._leader,
            f"link add eth0 type veth peer name eth0 netns {far}",
            f"address add {PHONES[0]}/24 dev eth0",
            "link set eth0 up",
            f"route add default via {GATEWAY}",
        )
        self._ip(
            far,
            "link set lo up",
            *(f"address add {one} dev eth0" for one in (f"{GATEWAY}/24", f"{OFFICE}/24", CARRIER)),
            "link set eth0 up",
        )

    def _ip(self, pid: int, *commands: str) -> None:
        for command in commands:
            words = ["nsenter", "--target", str(pid), "--net", "ip", *command.split()]
            subprocess.run(words, check=True)

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

    @contextmanager
    def talk(self, agent: str, number: str) -> "Iterator[Talk]":
        """Have the carrier call `number`, and the agent's phone register and take the call.

        The talk must go on until the block ends.
        """
        assert self._world is not None, "boot() first"
        code = self.run("allo code F1234").strip().replace(" ", "")
        secrets = self.at("/etc/allo/secrets.toml")
        words = ["nsenter", "--target", str(self._world.pid), "--net", sys.executable, "-m"]
        words += ["tests.deploy.first_call", str(secrets), agent, number, code]
        with subprocess.Popen(
            words,
            cwd=places.TOP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            talk = Talk(process, lambda: self.log("allo-router")[-3000:])
            talk.begun()
            yield talk
            talk.over()

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
        if self._world is not None:
            self._world.kill()
            self._world.wait()


class Talk:
    """A caller and an informateur, who are asked whether they hear each other."""

    def __init__(self, process: "subprocess.Popen[str]", log: Callable[[], str]) -> None:
        self._process = process
        self._log = log

    def begun(self) -> None:
        """Wait until they hear each other."""
        self._expect(HEARD)

    def goes_on(self) -> None:
        """Wait until they have heard each other once more."""
        assert self._process.stdin is not None
        # One that has ended says so itself.
        with suppress(BrokenPipeError):
            self._process.stdin.write("?\n")
            self._process.stdin.flush()
        self._expect(STILL_HEARD)

    def over(self) -> None:
        """Have them hang up."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.stdout is not None
        said = self._process.stdout.read()
        assert self._process.wait() == 0, f"{said[-3000:]}\n{self._log()}"

    def _expect(self, wanted: str) -> None:
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if said != f"{wanted}\n":
            said += self._process.stdout.read()
            raise AssertionError(f"{said[-3000:]}\n{self._log()}")
