"""Every command that writes says in a sentence that it cannot."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from router.cli import provision
from router.config import load, new_secrets

#: Mounts a disk of 64 kB at $1, read-only where $2 says so, and runs the other words.
SMALL = """
disk=$1 read_only=$2
shift 2
mount -t tmpfs -o size=64k none "$disk"
[ -z "$read_only" ] || mount -o remount,ro "$disk"
exec "$@"
"""
#: As the system says it, SQLite, and sox.
FULL = "No space left on device|disk is full|[Ii]s the disk full"


def space() -> list[str]:
    """Return the command that lets another one mount what it likes."""
    space = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*space, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk (user namespaces)")
    return space


def on_a_small_disk(
    disk: Path, *words: str, read_only: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run ./allo while `disk` is a disk of 64 kB, or one mounted read-only."""
    shell = [*space(), "sh", "-ec", SMALL, "sh", str(disk), "yes" if read_only else ""]
    return subprocess.run(
        [*shell, sys.executable, "-m", "router.cli", *words],
        cwd=provision.TOP,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


@pytest.fixture
def settings(tmp_path: Path, disk: Path) -> Path:
    """A service whose state and prompts are on the disk."""
    plan = load(None).plan
    secrets = tmp_path / "secrets.toml"
    secrets.touch(mode=0o600)
    secrets.write_text(new_secrets(plan.agents, plan.desk.supervisor_phones))
    path = tmp_path / "allo.toml"
    path.write_text(
        f'state_dir = "{disk}/state"\nprompts_dir = "{disk}/prompts"\n'
        f"[asterisk]\nari_port = {unused_port()}\n[http]\nport = {unused_port()}\n"
        f'[callbacks]\nvault_dir = "{disk}/vault"\n'
    )
    return path


def filled(words: tuple[str, ...], disk: Path, settings: Path) -> tuple[str, ...]:
    return tuple(
        word.replace("SETTINGS", str(settings)).replace("DISK", str(disk)) for word in words
    )


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    "words",
    [
        ("configure", "--config", "SETTINGS"),
        ("configure", "--config", "SETTINGS", "--output", "DISK/etc"),
        ("asterisk", "start", "--config", "SETTINGS"),
        ("prompts", "--config", "SETTINGS"),
        ("demo", "--once", "--state", "DISK/demo", "--port-offset", "20420"),
    ],
    ids=" ".join,
)
def test_a_full_or_read_only_disk_is_a_sentence(
    disk: Path, settings: Path, words: tuple[str, ...], read_only: bool
) -> None:
    done = on_a_small_disk(disk, *filled(words, disk, settings), read_only=read_only)
    assert "Traceback" not in done.stderr
    assert str(disk) in done.stderr
    assert re.search("Read-only file system" if read_only else FULL, done.stderr)
    assert done.stderr.strip().splitlines()[-1].startswith("allo: ")
    assert done.returncode == 1


def test_a_router_needs_a_folder_that_can_be_written(disk: Path, settings: Path) -> None:
    done = on_a_small_disk(disk, "run", "--config", str(settings), read_only=True)
    assert re.search(rf"allo: {disk}/state cannot be written \(Read-only", done.stderr)
    assert done.returncode == 1


#: Fills a disk at $1, and runs the other words; makes room when a line comes by standard input.
FILLED = """
disk=$1
shift
mount -t tmpfs -o size=1m none "$disk"
mkdir "$disk/state"
dd if=/dev/zero of="$disk/ballast" bs=4k status=none || true
{ read -r _ && rm "$disk/ballast"; } <&3 &
exec "$@" </dev/null
"""


def test_a_router_starts_on_a_full_disk_and_writes_once_there_is_room(
    disk: Path, settings: Path
) -> None:
    """It takes calls all the while: there is no Asterisk here, which is said as well."""
    run = [sys.executable, "-m", "router.cli", "run", "--config", str(settings)]
    shell = ["sh", "-ec", "exec 3<&0; " + FILLED, "sh", str(disk), *run]
    with subprocess.Popen(
        [*space(), *shell], cwd=provision.TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as router:
        assert router.stdin is not None
        assert router.stdout is not None
        lines = map(json.loads, router.stdout)
        cannot = {"facts and sessions cannot be read", "tickets cannot be written", "started"}
        while cannot:
            line = next(lines)
            cannot.discard(line["event"])
            assert "Make room" in line.get("reason", "") or "cannot be" not in line["event"]
        router.stdin.write(b"\n")
        router.stdin.flush()
        can = {"tickets can be written again"}
        while can:
            can.discard(next(lines)["event"])
        router.terminate()
        told = {line["event"] for line in lines}
    assert router.returncode == 0
    assert not {event for event in told if "lost" in event}


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--html", "DISK/x"),
        ("simulate", "--plot", "DISK/x.svg"),
        ("demo", "--record", "DISK/x", "--port-offset", "20420"),
        ("run", "--config", "SETTINGS", "--record", "DISK/x"),
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_written_is_told_by_its_option(
    disk: Path, settings: Path, words: tuple[str, ...]
) -> None:
    done = on_a_small_disk(disk, *filled(words, disk, settings), read_only=True)
    option = words[[word.startswith("DISK") for word in words].index(True) - 1]
    assert "Traceback" not in done.stderr
    assert f"Invalid value for {option}" in done.stderr
    assert "Read-only file system" in done.stderr
    assert done.returncode == 2


def test_a_full_output_is_a_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "router.cli", "check"],
            cwd=provision.TOP,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == (
        "allo: the output cannot be written (No space left on device). Make room on that disk.\n"
    )
    assert done.returncode == 1
