"""From an empty Debian to an answered call, upgraded during one, and purged.

On request only (`./allo test -m package`): it builds the package, and for each release of Debian
lays out a system and boots it, which takes minutes, 3 GB of disk and root.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from router import places
from tests.deploy.machine import Machine, check_tools

pytestmark = pytest.mark.package

#: What comes beside Asterisk and the router: the loopback's carrier, and phones that answer no
#: OPTIONS and register from another port than they are called at.
PHONES = (
    ("#agent_qualify_s = 30", "agent_qualify_s = 0"),
    ("#agents_behind_nat = true", "agents_behind_nat = false"),
)
OPEN_TODAY = f"""
[[hours.exceptions]]
date = {datetime.now(ZoneInfo("Europe/Paris")).date()}
open = ["00:00-24:00"]
reason = "Essai"
"""
UNITS = ("allo-asterisk", "allo-router")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    check_tools()
    folder = tmp_path_factory.mktemp("built")
    command = [str(places.TOP / "allo"), "package", "--output", str(folder)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    [built] = folder.glob("allo_*.deb")
    return built


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def machine(
    request: pytest.FixtureRequest, package: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """A machine with the package and three settings, on."""
    machine = Machine(request.param, tmp_path_factory.mktemp(request.param) / "root")
    try:
        machine.at("/etc/asterisk").mkdir()
        machine.at("/etc/asterisk/rtp.conf").write_text("[general]\nrtpstart=10000\nrtpend=20000\n")
        machine.install(package)
        machine.run("allo install --carrier 127.0.0.1:5070 --phones-network 127.0.0.0/8")
        for old, new in PHONES:
            machine.change("/etc/allo/allo.toml", old, new)
        with machine.at("/etc/allo/3939.toml").open("a", encoding="utf-8") as plan:
            plan.write(OPEN_TODAY)
        machine.boot()
        machine.until_active(*UNITS)
        yield machine
    finally:
        machine.off()


def newer(package: Path, version: str) -> Path:
    """Return the package as a later version."""
    folder, built = package.parent / version, package.parent / f"allo_{version}_test.deb"
    if not built.exists():
        subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
        control = folder / "DEBIAN" / "control"
        lines = control.read_text().splitlines()
        changed = [f"Version: {version}" if one.startswith("Version:") else one for one in lines]
        control.write_text("\n".join(changed) + "\n")
        (folder / "usr/lib/allo/VERSION").write_text(f"{version}\n")
        words = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build"]
        subprocess.run([*words, str(folder), str(built)], check=True, stdout=subprocess.DEVNULL)
    return built


def test_what_was_laid(machine: Machine) -> None:
    assert machine.run("allo check") == "The configuration is right.\n"
    stat = "stat -c '%U:%G %a' /etc/allo /etc/allo/allo.toml /etc/allo/secrets.toml /var/lib/allo"
    assert machine.run(stat).splitlines() == [
        "root:allo 750",
        "root:allo 640",
        "allo:allo 600",
        "allo:allo 750",
    ]
    # The other Asterisk's ports for sound are left to it.
    assert "rtp_first = 20002" in machine.at("/etc/allo/allo.toml").read_text()
    assert "Nothing differs" in machine.run("allo install </dev/null")


def test_both_run_as_nobody_and_shut_in(machine: Machine) -> None:
    for unit in UNITS:
        shown = machine.run(f"systemctl show {unit} -p User -p LimitCORE -p WatchdogUSec")
        assert {"User=allo", "LimitCORE=0"} <= set(shown.split())
    processes = machine.run("grep -h ^Uid: /proc/[0-9]*/status | sort | uniq -c")
    assert machine.run("id -u allo").strip() in processes
    vault = machine.run("stat -f -c %T /run/allo; stat -c %a /run/allo")
    assert vault.split() == ["tmpfs", "700"]


def test_a_call_reaches_a_phone_and_outlives_an_upgrade(machine: Machine, package: Path) -> None:
    later = newer(package, "9.0")
    machine.at("/srv/later.deb").write_bytes(later.read_bytes())
    asterisk = machine.run("systemctl show allo-asterisk -p MainPID --value")
    said = machine.call(*machine.inside("dpkg -i /srv/later.deb && sleep 10"))

    assert "they still hear each other" in said
    assert "The router has been restarted; calls have gone on." in said
    assert machine.run("systemctl show allo-asterisk -p MainPID --value") == asterisk
    assert "found again after a restart" in machine.log("allo-router")
    assert "9.0" in machine.run("dpkg-query -W -f '${Version}' allo")


def test_settings_that_somebody_changed_are_kept_by_an_upgrade(machine: Machine) -> None:
    assert OPEN_TODAY in machine.at("/etc/allo/3939.toml").read_text()
    assert "agent_qualify_s = 0\n" in machine.at("/etc/allo/allo.toml").read_text()
    assert not [*machine.at("/etc/allo").glob("*.new")]  # no default has changed


def test_a_router_that_hangs_is_started_again(machine: Machine) -> None:
    machine.until_active("allo-router")
    pid = machine.run("systemctl show allo-router -p MainPID --value").strip()
    machine.run(f"kill -STOP {pid}")
    machine.until(
        lambda: machine.run("systemctl show allo-router -p MainPID --value").strip() != pid,
        "the watchdog",
    )
    machine.until_active("allo-router")


def test_an_asterisk_that_crashes_is_started_again(machine: Machine) -> None:
    before = machine.run("systemctl show allo-asterisk -p NRestarts --value")
    machine.run("kill -KILL $(systemctl show allo-asterisk -p MainPID --value)")
    machine.until(
        lambda: machine.run("systemctl show allo-asterisk -p NRestarts --value") != before,
        "another start",
    )
    machine.until_active(*UNITS)


def test_a_wrong_plan_ends_the_trying_and_says_why(machine: Machine) -> None:
    machine.change("/etc/allo/3939.toml", "\nnumbers = ", "\nnumber = ")
    machine.run("systemctl restart allo-router", check=False)
    assert machine.run("systemctl is-active allo-router", check=False) == "failed\n"
    assert "3939.toml: number: unknown key" in machine.log("allo-router")
    machine.change("/etc/allo/3939.toml", "\nnumber = ", "\nnumbers = ")
    machine.run("systemctl start allo-router")


def test_asterisk_s_log_is_rotated(machine: Machine) -> None:
    log = machine.at("/var/lib/allo/log/asterisk.log")
    machine.run("logrotate --force /etc/logrotate.d/allo")
    assert log.with_name("asterisk.log.1").exists()


def test_purged_nothing_is_left(machine: Machine) -> None:
    machine.run("dpkg --purge allo")
    for path in ("/etc/allo", "/var/lib/allo", "/usr/lib/allo", "/usr/bin/allo", "/run/allo"):
        assert not machine.at(path).exists(), path
    assert machine.run("getent passwd allo", check=False) == ""
    assert "allo" not in machine.run("systemctl list-unit-files --no-pager")
    assert machine.at("/etc/asterisk/rtp.conf").exists()
