"""From an empty Debian to an answered call, changed and upgraded during calls, and purged.

On request only (`./allo test -m package`): it builds the package, and for each release of Debian
lays out a system and boots it, which takes minutes, 3 GB of disk and root. What the doctor said of
each, and how long it all took, is left in `.allo/package-SUITE.txt`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from router import places
from tests.deploy.first_call import CARRIER
from tests.deploy.machine import Machine, check_tools

pytestmark = pytest.mark.package

#: The settings: what only a person knows. Callbacks show the service's own number.
ANSWERS = (
    f"--carrier {CARRIER} --phones-network 192.0.2.0/24 --presented 3939 "
    "--public-name www.example.org"
)
#: Whoever takes the calls, and what this informateur knows: the page F1234 is about it.
AGENT, SKILL = "146", "logement-location"
#: What a machine within a machine cannot mend: its clock is this one's.
OURS = {"clock-free"}
OPEN_TODAY = f"""
[[hours.exceptions]]
date = {datetime.now(ZoneInfo("Europe/Paris")).date()}
open = ["00:00-24:00"]
reason = "Essai"
"""
PLAN = "/etc/allo/3939.toml"
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
    """A machine that is on, with the package and what it needs at hand, and another Asterisk."""
    machine = Machine(request.param, tmp_path_factory.mktemp(request.param) / "root")
    try:
        machine.at("/etc/asterisk").mkdir()
        machine.at("/etc/asterisk/rtp.conf").write_text("[general]\nrtpstart=10000\nrtpend=20000\n")
        machine.fetch(package)
        machine.boot()
        yield machine
    finally:
        machine.off()


class Record:
    """What the doctor said, and when, in minutes since the first command."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._lines: list[str] = []
        self._begun = time.monotonic()

    def note(self, what: str) -> None:
        self._lines.append(f"{(time.monotonic() - self._begun) / 60:5.1f} min  {what}")

    def doctor(self, when: str) -> set[str]:
        """Return the names of the findings; the whole table is kept."""
        self._lines.append(f"--- allo doctor, {when} ---")
        self._lines.append(self._machine.run("allo doctor", check=False))
        findings = json.loads(self._machine.run("allo doctor --json", check=False))["findings"]
        return {one["name"] for one in findings}

    def write(self, path: Path) -> None:
        path.write_text("\n".join(self._lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def record(machine: Machine) -> Iterator[Record]:
    yield (record := Record(machine))
    record.write(places.HOME / f"package-{machine.suite}.txt")


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


def test_the_first_half_hour(machine: Machine, package: Path, record: Record) -> None:
    """As docs/install.md says: to a call that is answered, and a plan that changes meanwhile."""
    record.note("apt install")
    machine.install(package)
    record.note("installed; allo install")
    machine.run(f"allo install {ANSWERS}")
    with machine.at(PLAN).open("a", encoding="utf-8") as plan:
        plan.write(OPEN_TODAY)
    machine.run("systemctl start allo.target")
    machine.until_active(*UNITS)
    record.note("started")
    before = record.doctor("before there is a carrier or a phone")
    assert before - OURS == {"trunk-unreachable", "phones-none"}

    assert "has taken it" in machine.run(f"allo agents add {AGENT} --skills {SKILL}")
    with machine.talk(AGENT, "3939") as talk:
        record.note("a call from the carrier is answered, and both hear each other")
        assert record.doctor("during a call") <= OURS
        machine.change(PLAN, 'numbers = ["3939"]', 'numbers = ["3939", "0199003939"]')
        assert "plan: numbers" in machine.run("allo reload")
        talk.goes_on()
        machine.change(PLAN, "wrap_up_s = 30", "wrap_up_s = 40")
        machine.run("systemctl reload allo-router")
        machine.until(lambda: "plan: targets" in machine.log("allo-router"), "a reload")
        talk.goes_on()
        record.note("the plan has changed twice, and they still hear each other")


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


def test_a_call_to_a_new_number_outlives_an_upgrade(
    machine: Machine, package: Path, record: Record
) -> None:
    later = newer(package, "9.0")
    machine.at("/srv/later.deb").write_bytes(later.read_bytes())
    asterisk = machine.run("systemctl show allo-asterisk -p MainPID --value")
    with machine.talk(AGENT, "0199003939") as talk:
        said = machine.run("apt-get -q -y install /srv/later.deb")
        assert "The router has been restarted; calls have gone on." in said
        machine.until(
            lambda: "found again after a restart" in machine.log("allo-router"), "the call"
        )
        talk.goes_on()
        assert record.doctor("during a call, upgraded") <= OURS
    assert machine.run("systemctl show allo-asterisk -p MainPID --value") == asterisk
    assert "9.0" in machine.run("dpkg-query -W -f '${Version}' allo")


def test_settings_that_somebody_changed_are_kept_by_an_upgrade(machine: Machine) -> None:
    assert OPEN_TODAY in machine.at(PLAN).read_text()
    assert f'trunk_hosts = ["{CARRIER}"]' in machine.at("/etc/allo/allo.toml").read_text()
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
    machine.change(PLAN, "\nnumbers = ", "\nnumber = ")
    machine.run("systemctl restart allo-router", check=False)
    assert machine.run("systemctl is-active allo-router", check=False) == "failed\n"
    assert "3939.toml: number: unknown key" in machine.log("allo-router")
    machine.change(PLAN, "\nnumber = ", "\nnumbers = ")
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
