"""The machine as the doctor sees it: the kernel's own files, and a made-up kernel's."""

import os
import socket
import time
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from router.asterisk.settings import AsteriskSettings
from router.config import Config
from router.doctor.findings import Unseen
from router.doctor.host import Machine
from router.locks import Lock


@pytest.fixture
def settings(deployment: Config, tmp_path: Path) -> AsteriskSettings:
    return replace(deployment.asterisk(), state_dir=tmp_path / "state")


@pytest.fixture
def machine(settings: AsteriskSettings) -> Machine:
    return Machine(settings)


def test_a_process_is_seen_with_its_limits(machine: Machine) -> None:
    us = machine.process(os.getpid())
    assert us is not None
    assert us.user == os.geteuid()
    assert us.started_at <= time.time() + 1
    assert "python" in us.command[0]
    assert {"Max open files", "Max core file size"} <= us.limits.keys()
    assert machine.process(2**22 + 1) is None


def test_the_router_is_whoever_holds_the_lock(machine: Machine, settings: AsteriskSettings) -> None:
    assert machine.router_process() is None
    with Lock(settings.state_dir, "./allo run", "Stop it."):
        router = machine.router_process()
        assert router is not None
        assert router.pid == os.getpid()
    assert machine.router_process() is None  # the file still names us
    (settings.state_dir / "lock").write_text("nobody")
    assert machine.router_process() is None


def test_no_asterisk_runs_in_a_new_folder(machine: Machine) -> None:
    assert machine.asterisk() is None


def test_udp_sockets_are_seen_with_their_holder(machine: Machine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        port = ours.getsockname()[1]
        [seen] = [one for one in machine.udp_sockets() if one.port == port]
        assert seen.host == IPv4Address("127.0.0.1")
        assert seen.inode in machine.open_sockets(os.getpid())
    assert machine.address_towards("127.0.0.1") == "127.0.0.1"


def test_files_are_seen(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    file = tmp_path / "file"
    file.write_text("text")
    file.chmod(0o640)
    (tmp_path / "link").symlink_to("/nowhere")
    assert machine.text(file) == "text"
    assert machine.owner_and_mode(file) == (os.geteuid(), 0o640)
    assert machine.target(tmp_path / "link") == Path("/nowhere")
    assert machine.target(file) is None
    assert machine.names(tmp_path / "nowhere") == frozenset()
    assert machine.names(tmp_path) == {"file"}  # neither what is empty nor what leads nowhere
    assert machine.owner_and_mode(tmp_path / "nowhere") is None
    assert machine.disk(tmp_path / "not" / "yet").free_mb >= 0
    assert machine.disk(Path("/dev/shm")).is_memory


@pytest.mark.parametrize("look", ["text", "changed_at"])
def test_what_cannot_be_seen_is_a_finding(machine: Machine, tmp_path: Path, look: str) -> None:
    with pytest.raises(Unseen) as unseen:
        getattr(machine, look)(tmp_path / "nowhere")
    assert unseen.value.finding.name == "unseen"
    assert "No such file" in unseen.value.finding.wrong


def test_another_kernel_is_read_too(settings: AsteriskSettings, tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    folder = proc / "7"
    folder.mkdir(parents=True)
    (proc / "stat").write_text("cpu 1 2\nbtime 1000\n")
    (proc / "swaps").write_text("Filename Type\n/dev/sda2 partition\n")
    (folder / "cmdline").write_bytes(b"asterisk\0-f\0")
    ticks = os.sysconf("SC_CLK_TCK")
    (folder / "stat").write_text(f"7 (a (strange) name) S {'0 ' * 18}{50 * ticks} 0")
    (folder / "limits").write_text(
        "Limit                     Soft Limit           Hard Limit           Units\n"
        "Max core file size        unlimited            unlimited            bytes\n"
        "Max open files            1024                 4096                 files\n"
    )
    machine = Machine(settings, proc)
    found = machine.process(7)
    assert found is not None
    assert found.started_at == 1050.0
    assert found.command == ("asterisk", "-f")
    assert found.limits == {"Max core file size": None, "Max open files": 1024}
    assert machine.swaps() == ["/dev/sda2"]


def test_time_is_known(machine: Machine) -> None:
    assert abs(machine.now() - time.time()) < 5
    assert machine.clock_is_synchronised() in (True, False)
    zones = machine.time_zones()
    assert zones == "" or zones[:2] == "20"
    assert machine.python() >= (3, 11)
