"""What a check may look at. Whatever cannot be seen raises `Unseen`, and nothing else.

Behind the protocols stand Asterisk, the router and the machine (ari.py, ami.py, web.py, host.py);
in tests, others.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Protocol

from router.asterisk.settings import AsteriskSettings
from router.config import Config
from router.errors import Problem

#: The file that ./allo demo writes begins so (demo/configuration.py).
_DEMO_MARK = "# Written by ./allo demo"


class Ari(Protocol):
    """Asterisk's REST interface, read only."""

    async def get(self, path: str, **query: str) -> Any:
        """Return the answer to a GET; None for what is not there."""

    def listening(self, source: str) -> AbstractAsyncContextManager[list[str]]:
        """Return the events of `source`, as they come, each as its text."""


class Ami(Protocol):
    """Asterisk's Manager Interface, with the rights of the doctor's user."""

    async def ask(self, action: str, **fields: str) -> list[Mapping[str, str]]:
        """Return the messages that answer `action`."""

    def listening(self) -> AbstractAsyncContextManager[list[str]]:
        """Return the events that its user may hear, as they come, each as its text."""


@dataclass(frozen=True, slots=True)
class Page:
    """What HTTP answers."""

    status: int
    text: str
    headers: Mapping[str, str]


class Web(Protocol):
    """The service's HTTP interface."""

    async def public(self, path: str) -> Page:
        """Return what callers of the public address get: the intake's answer."""

    async def router(self, path: str) -> Page:
        """Return what the router itself answers, on its own socket."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process as the kernel shows it."""

    pid: int
    #: UTC epoch seconds.
    started_at: float
    #: The user id that it runs as.
    user: int
    command: tuple[str, ...]
    #: Its soft limits, by the kernel's names: "Max open files"; None: unlimited.
    limits: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class UdpSocket:
    """A UDP socket of this machine."""

    host: IPv4Address
    port: int
    inode: str


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system of a folder."""

    free_mb: int
    #: The share of its inodes that is free, 0 to 1; 1 where they are not counted.
    free_inodes: float
    is_memory: bool
    #: Whether the kernel promises never to swap it.
    is_noswap: bool
    is_read_only: bool = False


class Host(Protocol):
    """The machine: files, processes, sockets and clock."""

    def now(self) -> float:
        """Return the machine's time, UTC epoch seconds."""

    def text(self, path: Path) -> str:
        """Return a file's text."""

    def changed_at(self, path: Path) -> float:
        """Return when a file was last written, UTC epoch seconds."""

    def owner_and_mode(self, path: Path) -> tuple[int, int] | None:
        """Return the owner's id and the permission bits; None if it is not there."""

    def names(self, folder: Path) -> frozenset[str]:
        """Return the names in a folder; files of no length are left out."""

    def target(self, link: Path) -> Path | None:
        """Return where a symbolic link leads; None if it is none."""

    def disk(self, folder: Path) -> Disk:
        """Return the file system of a folder, or of the nearest that exists above it."""

    def process(self, pid: int) -> Process | None:
        """Return a process; None if there is none."""

    def asterisk(self) -> Process | None:
        """Return the Asterisk that runs in the folders of these settings; None if none does."""

    def router_process(self) -> Process | None:
        """Return the router that holds the state folder; None if none does."""

    def open_sockets(self, pid: int) -> frozenset[str]:
        """Return the inodes of a process's sockets."""

    def udp_sockets(self) -> Sequence[UdpSocket]:
        """Return every UDP socket of this machine (IPv4)."""

    def address_towards(self, host: str) -> str:
        """Return our own address on the way to `host`."""

    def damage(self, database: Path) -> str:
        """Return what SQLite finds wrong with a database; "" if nothing is, or it is not there."""

    def swaps(self) -> Sequence[str]:
        """Return the swap areas in use."""

    def clock_is_synchronised(self) -> bool:
        """Return whether the kernel's clock follows another (adjtimex)."""

    def time_zones(self) -> str:
        """Return the release of the time zones that are used: "2026b"; "" if it is not said."""

    def python(self) -> tuple[int, int]:
        """Return the version of the interpreter."""

    def lacks(self, package: str) -> bool:
        """Return whether a Python package is not installed."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One deployment, and ways to look at it."""

    config: Config
    asterisk: AsteriskSettings
    ari: Ari
    ami: Ami
    web: Web
    host: Host
    #: Returns what is wrong with the prompts' audio (missing, stale, damaged).
    stale_prompts: Callable[[], list[Problem]]
    #: Returns the configuration that these settings make, given Asterisk's folder of modules:
    #: name of the file -> its text.
    rendered: Callable[[Path], Mapping[str, str]]

    @property
    def name(self) -> str:
        """The settings file, as findings name it."""
        file = self.config.settings.file
        return file.name if file else "settings"

    @property
    def is_demo(self) -> bool:
        """Whether this is a demo: its settings were written by one, and its trunk is loopback.

        So a demo's file that is taken into service counts as a demo no more.
        """
        file = self.config.settings.file
        if file is None or not self.host.text(file).startswith(_DEMO_MARK):
            return False
        hosts = (self.asterisk.trunk_bind, *self.asterisk.carrier_hosts)
        return all(host.startswith("127.") for host in hosts)

    def configuration(self, name: str) -> str:
        """Return a file of Asterisk's configuration as it is on disk; "" if it is not there."""
        folder = self.asterisk.config_dir
        return self.host.text(folder / name) if name in self.host.names(folder) else ""
