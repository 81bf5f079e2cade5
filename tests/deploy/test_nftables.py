"""The example for nftables, on the real kernel, in a network of its own: who gets through."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from router.asterisk.toolbox import private_command
from tests.deploy.conftest import fetched

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nftables" / "allo.nft"
CARRIER, PHONE, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.3"

#: What came, from where, to which port, and how many of it.
Arrived = Counter[tuple[str, str, int]]

#: Run in a network of its own: lays the rules, listens at every port, and sends from everywhere.
_SCRIPT = """
import socket, subprocess, sys

*nft, rules = sys.argv[1:]
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
for _ in range(2):
    subprocess.run([*nft, "-f", rules], check=True)


def datagrams(source, port, count, size=400):
    got = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    got.bind(("127.0.0.1", port))
    got.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    got.settimeout(0.2)
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sending.bind((source, 0))
    for _ in range(count):
        sending.sendto(bytes(size), ("127.0.0.1", port))
    arrived = 0
    try:
        while got.recv(9000):
            arrived += 1
    except TimeoutError:
        return arrived


def connections(source, port, count):
    listening = socket.create_server(("127.0.0.1", port), backlog=count)
    held = []
    for _ in range(count):
        one = socket.socket()
        one.settimeout(0.2)
        one.bind((source, 0))
        try:
            one.connect(("127.0.0.1", port))
        except TimeoutError:
            break
        held.append(one)
    return len(held)


def too_long(source, port, count):
    return datagrams(source, port, count, 5000)


for how, source, port, count in (
    (datagrams, "127.0.0.1", 5060, 2000),
    (datagrams, "127.0.0.2", 5060, 10),
    (datagrams, "127.0.0.3", 5060, 10),
    (datagrams, "127.0.0.1", 5062, 10),
    (datagrams, "127.0.0.2", 5062, 2000),
    (datagrams, "127.0.0.3", 5062, 10),
    (datagrams, "127.0.0.3", 10000, 10),
    (too_long, "127.0.0.1", 5060, 10),
    (too_long, "127.0.0.2", 5062, 10),
    (too_long, "127.0.0.3", 10000, 10),
    (connections, "127.0.0.1", 5061, 150),
    (connections, "127.0.0.3", 5061, 1),
    (connections, "127.0.0.2", 5063, 150),
    (connections, "127.0.0.3", 5063, 1),
):
    print(how.__name__, source, port, how(source, port, count), flush=True)
"""


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> Arrived:
    """What got through, by its source and port."""
    ours = shutil.which("nft")
    nft = [ours] if ours else private_command(fetched("nftables"), "nft")
    assert nft is not None
    rules = EXAMPLE.read_text()
    for theirs, here in (("198.51.100.0/28", CARRIER), ("192.0.2.0/24", PHONE)):
        assert theirs in rules
        rules = rules.replace(theirs, here)
    laid = tmp_path_factory.mktemp("nftables") / "allo.nft"
    laid.write_text(rules)
    apart = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    words = [*apart, sys.executable, "-c", _SCRIPT, *nft, str(laid)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = [line.split() for line in done.stdout.splitlines()]
    return Counter({(what, source, int(port)): int(count) for what, source, port, count in told})


def test_carriers_reach_the_trunk_as_fast_as_they_like(arrived: Arrived) -> None:
    assert arrived["datagrams", CARRIER, 5060] == 2000
    assert arrived["connections", CARRIER, 5061] == 150


def test_nobody_else_does(arrived: Arrived) -> None:
    for source in (PHONE, STRANGER):
        assert arrived["datagrams", source, 5060] == 0
    assert arrived["connections", STRANGER, 5061] == 0


def test_phones_reach_theirs_and_no_faster_than_an_office(
    arrived: Arrived,
) -> None:
    assert 400 <= arrived["datagrams", PHONE, 5062] < 1000
    assert 100 <= arrived["connections", PHONE, 5063] < 150
    for source in (CARRIER, STRANGER):
        assert arrived["datagrams", source, 5062] == 0
    assert arrived["connections", STRANGER, 5063] == 0


def test_nothing_is_too_long(arrived: Arrived) -> None:
    assert arrived["too_long", CARRIER, 5060] == 0
    assert arrived["too_long", PHONE, 5062] == 0
    assert arrived["too_long", STRANGER, 10000] == 10


def test_whatever_else_there_is_goes_on(arrived: Arrived) -> None:
    assert arrived["datagrams", STRANGER, 10000] == 10
