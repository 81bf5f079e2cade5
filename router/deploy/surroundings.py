"""What is found out about the machine, so that nobody is asked: addresses, ports, neighbours.

Another Asterisk may live here with its /etc/asterisk. None of its files is read for more than its
range of RTP ports, and none is written.
"""

import re
import socket
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from router import ports
from router.deploy.layout import Ground
from router.errors import SetupError

#: The ports that are tried after one that is taken lie so far apart.
_STEP = 10
_TRIES = 20
#: What is shown of a command at most, in characters.
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """A port that was found free, and why the usual one was not taken ("": it was)."""

    port: int
    because: str = ""


def facing(host: str) -> str | None:
    """Return this machine's IPv4 address that packets to `host` leave from; None if none do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect((host, 9))  # sends nothing
        except OSError:
            return None
        address: str = way.getsockname()[0]
        return address


def addresses(host: str) -> tuple[str, ...]:
    """Return the IPv4 addresses of a name, sorted; none if it has none."""
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
    except OSError:
        return ()
    return tuple(sorted({str(one[4][0]) for one in found}))


def free_port(
    kind: socket.SocketKind, host: str, usual: int, purpose: str, taken: Collection[int] = ()
) -> Choice:
    """Return the first port from `usual` on that nothing holds, and that is not among `taken`.

    Raises:
        SetupError: If none of many is free, or `host` is not this machine's.
    """
    because = ""
    refused: SetupError | None = None
    for number in range(usual, usual + _TRIES * _STEP, _STEP):
        if number in taken:
            because = because or f"port {number} is another of ours"
            continue
        try:
            ports.check_free(ports.Address(kind, host, number, purpose), "Free one of them.")
        except SetupError as error:
            refused = refused or error
            because = because or error.what
            continue
        return Choice(number, because)
    assert refused is not None
    raise refused


def other_range(ground: Ground) -> tuple[int, int] | None:
    """Return the RTP ports of the Asterisk of /etc/asterisk; None if there is none."""
    folder = ground.at(Path("/etc/asterisk"))
    if not folder.is_dir():
        return None
    found = {"rtpstart": 5000, "rtpend": 31000}  # Asterisk's own defaults (res_rtp_asterisk.c)
    with suppress(OSError):
        text = (folder / "rtp.conf").read_text(encoding="utf-8", errors="replace")
        for name, port in re.findall(r"^\s*(rtpstart|rtpend)\s*=>?\s*(\d+)", text, re.MULTILINE):
            found[name] = int(port)
    return found["rtpstart"], found["rtpend"]


def sound_ports(other: tuple[int, int] | None, first: int, last: int) -> tuple[int, int]:
    """Return as many ports as from `first` to `last`, outside those of another Asterisk."""
    if other is None or last < other[0] or other[1] < first:
        return first, last
    length = last - first
    above = other[1] + 1 + (other[1] + 1) % 2
    if above + length <= 65535:
        return above, above + length
    below = other[0] - 1 - length
    return (below - below % 2, below - below % 2 + length) if below >= 1024 else (first, last)


def systemd_release(ground: Ground) -> int | None:
    """Return the release of the system's systemd, by its own library; None if it has none."""
    libraries = ground.at(Path("/usr/lib")).glob("**/systemd/libsystemd-shared-*.so")
    releases = (re.match(r"libsystemd-shared-(\d+)", one.name) for one in libraries)
    return max((int(one[1]) for one in releases if one), default=None)


def systemd_runs() -> bool:
    """Return whether this machine was booted with systemd (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def processes(words: str) -> Iterator[tuple[int, str]]:
    """Yield id and command of each process whose command holds `words`."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                raw = (folder / "cmdline").read_bytes()
                command = raw.replace(b"\0", b" ").decode(errors="replace").strip()
                if words in command:
                    yield int(folder.name), command


def routers_of_checkouts(installed: Path) -> list[str]:
    """Name each router that runs here, by its settings, and is not the one in `installed`."""
    found = []
    for pid, command in processes("router.cli run"):
        with suppress(OSError):
            environment = (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0")
            path = next((one[11:] for one in environment if one.startswith(b"PYTHONPATH=")), b"")
            if path.decode(errors="replace").split(":")[0] != str(installed):
                words = command.split()
                settings = words[words.index("--config") + 1 :][:1] if "--config" in words else []
                found.append(f"process {pid} ({' '.join(settings) or command[:_LONGEST]})")
    return found
