"""Which process holds a port that we need: from /proc, as far as this user may look."""

import errno
import os
import pwd
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from router.errors import SetupError

_PROTOCOLS = {socket.SOCK_DGRAM: "udp", socket.SOCK_STREAM: "tcp"}
#: proc_net_tcp: a socket that listens. A connection is not in the way of one.
_LISTENS = "0A"
_ANY = {"0.0.0.0", "::"}
_LONGEST_COMMAND = 200
#: What to do where nobody is in the way.
_REMEDIES = {
    errno.EADDRNOTAVAIL: "Name one of this machine's addresses in the settings (`ip address`).",
    errno.EACCES: "Name a port of 1024 or more in the settings: lower ones are root's.",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is to listen, and what for."""

    #: SOCK_DGRAM for UDP, SOCK_STREAM for TCP.
    kind: socket.SocketKind
    #: A literal IPv4 or IPv6 address.
    host: str
    port: int
    #: What it is needed for, as part of a sentence.
    purpose: str

    def __str__(self) -> str:
        protocol = _PROTOCOLS[self.kind].upper()
        return f"{protocol} port {self.port} on {self.host}, needed for {self.purpose}"


def check_free(address: Address, remedy: str) -> None:
    """Try whether the address can be bound.

    Raises:
        SetupError: If it is taken, with the process that holds it, or not an address of this
            machine; and with the `remedy`.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, address.kind) as probe:
        if address.kind == socket.SOCK_STREAM:
            # A connection of an earlier run in TIME_WAIT is not in the way either.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise taken(address, error, remedy) from None


def taken(address: Address, error: OSError, remedy: str) -> SetupError:
    """Return the error for an address that could not be bound; `remedy` is for one in use."""
    held = holder(address)
    by = f", by {held}" if held else ""
    why = os.strerror(error.errno) if error.errno else str(error)
    return SetupError(f"{address}: {why}{by}", _REMEDIES.get(error.errno or 0, remedy))


def holder(address: Address) -> str | None:
    """Return who has the socket at this address, in words; None if there is none."""
    sockets = dict(_bound(address))
    if not sockets:
        return None
    if (pid := _process_with(sockets)) is not None:
        return f"process {pid} ({_command(pid)})"
    return f"a process of {_user(next(iter(sockets.values())))} that this user cannot see"


def _bound(address: Address) -> Iterator[tuple[str, int]]:
    """Yield inode and user id of each socket that is in the way there."""
    for family, table in ((socket.AF_INET, ""), (socket.AF_INET6, "6")):
        file = Path(f"/proc/net/{_PROTOCOLS[address.kind]}{table}")
        with suppress(OSError):
            for line in file.read_text().splitlines()[1:]:
                _, local, _, state, *more = line.split()
                host, _, port = local.rpartition(":")
                if int(port, 16) != address.port:
                    continue
                if address.kind == socket.SOCK_STREAM and state != _LISTENS:
                    continue
                there = _address(family, host)
                if there == address.host or _ANY & {there, address.host}:
                    yield more[5], int(more[3])


def _address(family: socket.AddressFamily, words: str) -> str:
    """Return the address that the kernel prints as words in this machine's byte order."""
    raw = bytes.fromhex(words)
    swapped = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return socket.inet_ntop(family, swapped if sys.byteorder == "little" else raw)


def _process_with(inodes: dict[str, int]) -> int | None:
    """Return the process that has one of these sockets open; the first, if several share it."""
    links = {f"socket:[{inode}]" for inode in inodes}
    for pid in sorted(int(name) for name in os.listdir("/proc") if re.fullmatch("[0-9]+", name)):
        with suppress(OSError):  # it has ended meanwhile, or is another user's
            if any(_leads_to(file) in links for file in Path(f"/proc/{pid}/fd").iterdir()):
                return pid
    return None


def _leads_to(file: Path) -> str:
    try:
        return os.readlink(file)
    except OSError:
        return ""  # closed meanwhile


def _command(pid: int) -> str:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        line = b" ".join(words).decode(errors="replace").strip()
        return line if len(line) <= _LONGEST_COMMAND else line[: _LONGEST_COMMAND - 1] + "…"
    return "which has just ended"


def _user(uid: int) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user id {uid}"
