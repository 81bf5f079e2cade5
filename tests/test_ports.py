"""Who holds a port, by real sockets of real processes."""

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from router.errors import SetupError
from router.ports import Address, check_free, holder

KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
HOLDER = """
import socket, sys
kind, host = socket.SocketKind(int(sys.argv[1])), sys.argv[2]
taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
taken.bind((host, 0))
if kind == socket.SOCK_STREAM:
    taken.listen()
print(taken.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(kind: socket.SocketKind, host: str, *words: str) -> Iterator[tuple[int, int]]:
    """Yield the process's id and the port that it holds."""
    command = [sys.executable, "-c", HOLDER, str(int(kind)), host, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.communicate()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("held", "wanted"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")],
)
def test_names_process_and_command(kind: socket.SocketKind, held: str, wanted: str) -> None:
    with another_process(kind, held, "--the-holder") as (pid, port):
        address = Address(kind, wanted, port, "the test")
        with pytest.raises(SetupError) as refused:
            check_free(address, "Stop it.")
    protocol = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
    said = str(refused.value)
    assert said.startswith(
        f"{protocol} port {port} on {wanted}, needed for the test: Address already in use, "
        f"by process {pid} ({sys.executable} -c"
    )
    assert said.endswith("Stop it.")
    check_free(address, "Stop it.")  # it has ended


def test_ipv6_too() -> None:
    with another_process(socket.SOCK_STREAM, "::1") as (pid, port):
        told = holder(Address(socket.SOCK_STREAM, "::1", port, "the test"))
    assert told is not None
    assert told.startswith(f"process {pid} ")


def test_a_long_command_is_cut() -> None:
    with another_process(socket.SOCK_DGRAM, "127.0.0.1", "x" * 1000) as (_, port):
        told = holder(Address(socket.SOCK_DGRAM, "127.0.0.1", port, "the test"))
    assert told is not None
    assert told.endswith("…)")
    assert len(told) < 240


def test_another_address_or_protocol_is_not_in_the_way() -> None:
    with another_process(socket.SOCK_DGRAM, "127.0.0.1") as (_, port):
        for kind, host in ((socket.SOCK_DGRAM, "127.0.0.2"), (socket.SOCK_STREAM, "127.0.0.1")):
            assert holder(Address(kind, host, port, "the test")) is None


def test_names_the_user_if_the_process_cannot_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root can see the sockets of another user's processes."""

    def nobody(uid: int) -> NoReturn:
        raise KeyError(uid)

    with another_process(socket.SOCK_DGRAM, "127.0.0.1") as (_, port):
        address = Address(socket.SOCK_DGRAM, "127.0.0.1", port, "the test")
        monkeypatch.setattr(os, "listdir", lambda folder: [])
        monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name=f"name-of-{uid}"))
        named = holder(address)
        monkeypatch.setattr(pwd, "getpwuid", nobody)
        nameless = holder(address)
    assert named == f"a process of user name-of-{os.getuid()} that this user cannot see"
    assert nameless == f"a process of user id {os.getuid()} that this user cannot see"


def test_names_an_address_of_another_machine() -> None:
    address = Address(socket.SOCK_STREAM, "192.0.2.1", 8088, "ARI")
    with pytest.raises(SetupError, match=r"192\.0\.2\.1, needed for ARI: Cannot assign requested"):
        check_free(address, "Use another.")


def test_a_process_that_has_just_ended_has_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(path: Path) -> NoReturn:
        raise FileNotFoundError(path)

    with another_process(socket.SOCK_DGRAM, "127.0.0.1") as (pid, port):
        monkeypatch.setattr(Path, "read_bytes", ended)
        told = holder(Address(socket.SOCK_DGRAM, "127.0.0.1", port, "the test"))
    assert told == f"process {pid} (which has just ended)"
