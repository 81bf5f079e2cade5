"""The units: valid, tightly sandboxed, and starting what the program lays."""

import re
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from router import places
from router.demo.keeping import FALLBACK_S, ROUTER_S
from router.deploy.program import COMMAND, UNIT_NAMES

UNITS = places.TOP / "deploy" / "systemd"
SERVICES = [name for name in UNIT_NAMES if name.endswith(".service")]
SOON = {"allo-fallback.service": FALLBACK_S, "allo-router.service": ROUTER_S}
#: The most that `systemd-analyze security` may say of a service: 0 is shut in, 10 exposed.
MOST_EXPOSED = 2.0


class Unit(RawConfigParser):
    """A unit file; of a key that is given twice, the last line counts here."""

    def __init__(self, name: str) -> None:
        super().__init__(strict=False, comment_prefixes=("#",))
        self.optionxform = str  # type: ignore[assignment,method-assign]
        self.read_string((UNITS / name).read_text(encoding="utf-8"))


@pytest.fixture
def laid(tmp_path: Path) -> Path:
    """The units as they are laid, except that what they start is anywhere."""
    for name in UNIT_NAMES:
        text = (UNITS / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(re.sub(rf"ExecStart={COMMAND}", "ExecStart=/bin/true", text))
    return tmp_path


@pytest.mark.parametrize("name", UNIT_NAMES)
def test_systemd_finds_nothing_wrong(analyze: list[str], laid: Path, name: str) -> None:
    done = subprocess.run(
        [*analyze, "verify", "--man=no", laid / name],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "allo" in line]
    assert ours == []
    assert done.returncode == 0


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_shut_in(analyze: list[str], laid: Path, name: str) -> None:
    done = subprocess.run(
        [*analyze, "security", "--offline=yes", "--no-pager", laid / name],
        capture_output=True,
        text=True,
        check=False,
    )
    [exposure] = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert float(exposure) <= MOST_EXPOSED


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_tells_how_it_fares_and_comes_back(name: str) -> None:
    service = Unit(name)["Service"]
    assert service["Type"] == "notify"
    assert service["NotifyAccess"] == "main"
    if name in SOON:  # callers wait for them: one that hangs is replaced at once
        assert int(service["WatchdogSec"]) == SOON[name]
        assert service["WatchdogSignal"] == "SIGKILL"
    else:
        assert int(service["WatchdogSec"]) >= 30
    assert service["Restart"] == "always"
    assert service["RestartPreventExitStatus"] == "2"
    assert Unit(name)["Unit"]["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_of_a_call_reaches_a_disk(name: str) -> None:
    service = Unit(name)["Service"]
    assert service["LimitCORE"] == "0"
    assert service["MemorySwapMax"] == "0"
    assert service["User"] == service["Group"] == "allo"


def test_the_vault_outlives_the_router_and_is_the_router_s_alone() -> None:
    router, asterisk = (Unit(f"allo-{name}.service")["Service"] for name in ("router", "asterisk"))
    assert router["RuntimeDirectory"] == "allo"
    assert router["RuntimeDirectoryPreserve"] == "yes"
    assert router["RuntimeDirectoryMode"] == "0700"
    assert asterisk["InaccessiblePaths"] == "-/run/allo"


def test_the_commands_are_those_of_the_command_line() -> None:
    for name in SERVICES:
        words = Unit(name)["Service"]["ExecStart"].split()
        assert words[0] == str(COMMAND)
        assert words[-2:] == ["--config", "/etc/allo/allo.toml"]
    assert "run" in Unit("allo-router.service")["Service"]["ExecStart"].split()


def test_they_start_what_an_empty_debian_has() -> None:
    """Ours, and the shell: even kill(1) is in a package that may be missing."""
    for name in SERVICES:
        for key, line in Unit(name)["Service"].items():
            if key.startswith("Exec"):
                assert line.split()[0] in (str(COMMAND), "/bin/sh")


def test_keys_of_a_later_systemd_are_kept_apart() -> None:
    """Debian 12's would complain of them at every start."""
    later = set(Unit("backoff.conf")["Service"])
    assert later == {"RestartSteps", "RestartMaxDelaySec"}
    for name in SERVICES:
        assert not later & set(Unit(name)["Service"])
