"""./allo asterisk: start, query and stop the Asterisk of the settings by hand."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from router.cli import provision
from router.config import load, new_secrets
from tests.systemd import Systemd

SETTINGS = """\
state_dir = "state"
[asterisk]
trunk_bind = "127.0.0.1:25370"
agents_bind = "127.0.0.1:25372"
ari_port = 28398
ami_port = 25378
probe_port = 25376
rtp_first = 30400
rtp_last = 30499
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    plan = load(None).plan
    secrets = tmp_path / "secrets.toml"
    secrets.touch(mode=0o600)
    secrets.write_text(new_secrets(plan.agents, plan.desk.supervisor_phones))
    path = tmp_path / "allo.toml"
    path.write_text(SETTINGS)
    return path


def allo(*words: str | Path, given: str = "", cwd: Path = provision.TOP) -> tuple[int, str, str]:
    done = subprocess.run(
        [provision.TOP / "allo", *words],
        cwd=cwd,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def runs(pid: str) -> bool:
    """Whether the process exists, and is not just a zombie that has not been reaped yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def test_none_runs(settings: Path) -> None:
    state = settings.parent / "state"
    assert allo("asterisk", "stop", "--config", settings) == (
        *(0, f"No Asterisk runs in {state}.\n", ""),
    )
    code, _, told = allo("asterisk", "cli", "--config", settings, "core", "show", "version")
    assert code == 1
    assert told.startswith(f"allo: no Asterisk runs in {state}. Start it (./allo asterisk start")


def test_without_settings_those_of_the_demo_are_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from router.cli import options, telephony

    monkeypatch.setattr(options, "DEMO_SETTINGS", tmp_path / "allo.toml")
    with pytest.raises(typer.BadParameter, match=r"start \./allo demo once"):
        telephony.stop()


@pytest.fixture
def stopped_at_the_end(settings: Path) -> Iterator[None]:
    yield
    allo("asterisk", "stop", "--now", "--config", settings)


@pytest.mark.real
@pytest.mark.usefixtures("stopped_at_the_end")
def test_the_command_that_configure_prints_starts_it(settings: Path, tmp_path: Path) -> None:
    """And it outlives the command, answers on its console, and stops."""
    code, told, _ = allo("configure", "--config", settings)
    assert code == 0
    command = shlex.split(told.partition("Start it with: ")[2])
    assert command[0] == "./allo"

    code, told, _ = allo(*command[1:])
    assert code == 0
    found = re.match(
        r"Asterisk 22\.\S+ takes calls at 127\.0\.0\.1:25370, with process (\d+)", told
    )
    assert found is not None
    assert runs(found[1])

    asked = allo("asterisk", "cli", "--config", settings, "core", "show", "settings")[1]
    assert f"{tmp_path}/state" in asked
    assert (
        "System uptime"
        in allo("asterisk", "cli", "--config", settings, given="core show uptime")[1]
    )

    code, _, told = allo("asterisk", "start", "--config", settings)
    assert code == 1
    assert f"already runs in {tmp_path}/state, with process {found[1]}" in told

    assert allo("asterisk", "stop", "--config", settings) == (0, "Asterisk has stopped.\n", "")
    assert not runs(found[1])


@pytest.mark.real
def test_a_configuration_that_is_put_elsewhere_starts_too(settings: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere/etc"
    _, told, _ = allo("configure", "--config", settings, "--output", target)
    command = shlex.split(told.partition("Start it with: ")[2])
    assert f"astetcdir = {target}" in (target / "asterisk.conf").read_text().replace("=>", "=")

    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as asterisk:
        try:
            until_it_answers(settings)
            assert str(asterisk.pid) in allo("asterisk", "start", "--config", settings)[2]
        finally:
            asterisk.terminate()


def until_it_answers(settings: Path) -> None:
    """Wait for the console of an Asterisk that somebody else has started."""
    until = time.monotonic() + 30
    while allo("asterisk", "cli", "--config", settings, "core waitfullybooted")[0] != 0:
        assert time.monotonic() < until, "Asterisk does not answer"


@pytest.mark.real
def test_in_the_foreground_it_ends_with_the_command(settings: Path) -> None:
    command = [sys.executable, "-m", "router.cli", "asterisk", "start", "--foreground"]
    with subprocess.Popen(
        [*command, "--config", settings], cwd=provision.TOP, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        line = next(line for line in started.stdout if "takes calls" in line)
        pid = re.search(r"process (\d+)", line)
        assert pid is not None
        started.send_signal(signal.SIGTERM)
        assert started.wait() == 0
    assert not runs(pid[1])


@pytest.mark.real
async def test_as_a_unit_it_tells_systemd_how_it_fares(settings: Path, tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    command = [sys.executable, "-m", "router.cli", "asterisk", "start", "--foreground"]
    with subprocess.Popen(  # noqa: ASYNC220
        [*command, "--config", settings],
        cwd=provision.TOP,
        env=os.environ | systemd.environ | {"PATH": os.environ["PATH"]},
    ) as started:
        heard = await systemd.hears("STATUS=0 active channels")
        assert heard == ["READY=1", "WATCHDOG=1", "STATUS=0 active channels"]
        started.send_signal(signal.SIGTERM)
        await systemd.hears("STOPPING=1")
    systemd.close()


@pytest.mark.real
def test_a_port_that_is_taken_is_named(settings: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 25370))
        code, _, told = allo("asterisk", "start", "--config", settings)
    assert code == 1
    assert "UDP port 25370 on 127.0.0.1, needed for the SIP trunk" in told
