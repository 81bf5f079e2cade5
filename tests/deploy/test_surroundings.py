"""What is found out about a machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.deploy.layout import Ground
from router.deploy.surroundings import (
    addresses,
    facing,
    other_range,
    routers_of_checkouts,
    sound_ports,
    systemd_release,
)


def test_the_address_that_faces_a_host() -> None:
    assert facing("127.0.0.1") == "127.0.0.1"
    assert addresses("127.0.0.1") == ("127.0.0.1",)
    assert addresses("nowhere.invalid") == ()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("[general]\nrtpstart=10000\nrtpend=20000\n", (10000, 20000)),
        ("rtpstart => 16384 ; low\nrtpend => 32767\n", (16384, 32767)),
        ("[general]\n", (5000, 31000)),
    ],
)
def test_the_sound_ports_of_another_asterisk(
    tmp_path: Path, written: str, found: tuple[int, int]
) -> None:
    ground = Ground(tmp_path)
    assert other_range(ground) is None
    (tmp_path / "etc" / "asterisk").mkdir(parents=True)
    assert other_range(ground) == (5000, 31000)
    (tmp_path / "etc" / "asterisk" / "rtp.conf").write_text(written)
    assert other_range(ground) == found


@pytest.mark.parametrize(
    ("other", "ours"),
    [
        (None, (10000, 11999)),
        ((20000, 30000), (10000, 11999)),
        ((10000, 20000), (20002, 22001)),
        ((5000, 65000), (3000, 4999)),
        ((1024, 65535), (10000, 11999)),
    ],
)
def test_ours_lie_outside(other: tuple[int, int] | None, ours: tuple[int, int]) -> None:
    first, last = sound_ports(other, 10000, 11999)
    assert (first, last) == ours
    assert first % 2 == 0


def test_systemd_is_known_by_its_library(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    assert systemd_release(ground) is None
    folder = tmp_path / "usr" / "lib" / "x86_64-linux-gnu" / "systemd"
    folder.mkdir(parents=True)
    (folder / "libsystemd-shared-257.so").touch()
    assert systemd_release(ground) == 257


def test_a_router_of_a_checkout_is_found() -> None:
    words = [sys.executable, "-c", "input()", "router.cli", "run", "--config", "theirs.toml"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "/srv/checkout"}
    ) as router:
        assert router.stdin is not None
        told = [one for one in routers_of_checkouts(Path("/usr/lib/allo")) if "theirs" in one]
        ours = [one for one in routers_of_checkouts(Path("/srv/checkout")) if "theirs" in one]
        router.stdin.close()
    assert len(told) == 1
    assert told[0].startswith(f"process {router.pid} (")
    assert ours == []
