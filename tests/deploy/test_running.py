"""What is restarted when the program has changed, and what is left to a person."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from router.deploy import running
from router.deploy.running import System


class Machine:
    """A system at work: what its commands answer, and what was asked of it."""

    def __init__(self) -> None:
        self.active = {"allo-asterisk.service", "allo-router.service"}
        self.channels = 0
        self.faults = ""
        self.did: list[str] = []

    def run(self, words: Sequence[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        match list(words):
            case ["systemctl", "is-active", "--quiet", unit]:
                return self._done(unit not in self.active)
            case ["/usr/bin/allo", "asterisk", "cli", *_]:
                return self._done(0, f"{self.channels} active channels\n")
            case ["/usr/bin/allo", "check"]:
                return self._done(bool(self.faults), "", self.faults)
            case _:
                self.did.append(" ".join(words))
                return self._done(0)

    def _done(self, code: int, out: str = "", err: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess([], int(code), out, err)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(running, "systemd_runs", lambda: True)
    monkeypatch.setattr("subprocess.run", machine.run)
    return machine


SYSTEM = System(Path("/"))


def test_an_idle_service_is_restarted(machine: Machine) -> None:
    said = [*SYSTEM.take_up(asterisk=True, router=True)]
    assert machine.did == [
        "systemctl restart allo-asterisk.service",
        "systemctl restart allo-router.service",
    ]
    assert len(said) == 2


def test_the_fallback_is_restarted_before_the_router_whose_callers_it_looks_after(
    machine: Machine,
) -> None:
    machine.active.add("allo-fallback.service")
    assert len([*SYSTEM.take_up(asterisk=False, router=True)]) == 1
    assert machine.did == [
        "systemctl restart allo-fallback.service",
        "systemctl restart allo-router.service",
    ]


def test_asterisk_with_calls_goes_on(machine: Machine) -> None:
    machine.channels = 4
    said = "\n".join(SYSTEM.take_up(asterisk=True, router=True))
    assert machine.did == ["systemctl restart allo-router.service"]
    assert "4 channels" in said
    assert "core stop when convenient" in said


def test_what_did_not_change_or_does_not_run_is_left_alone(machine: Machine) -> None:
    assert [*SYSTEM.take_up(asterisk=False, router=False)] == []
    machine.active.clear()
    assert [*SYSTEM.take_up(asterisk=True, router=True)] == []
    assert machine.did == []


def test_a_router_whose_files_are_wrong_now_goes_on(machine: Machine) -> None:
    machine.faults = "3939.toml: hours: unknown key\n"
    said = "\n".join(SYSTEM.take_up(asterisk=False, router=True))
    assert machine.did == []
    assert "3939.toml: hours: unknown key" in said
    assert "systemctl restart allo-router" in said


def test_an_image_has_nothing_that_runs(machine: Machine, tmp_path: Path) -> None:
    image = System(tmp_path)
    assert not image.is_active()
    assert [*image.take_up(asterisk=True, router=True)] == []
    image.reload_units()
    image.stop()
    assert machine.did == []


def test_what_is_asked_of_an_image_is_asked_inside_it(machine: Machine, tmp_path: Path) -> None:
    System(tmp_path).compile(Path("/usr/lib/allo"))
    assert all(one.startswith(f"chroot {tmp_path} env PYTHONPATH=") for one in machine.did)
    assert len(machine.did) == 2


def test_prompts_that_cannot_be_rendered_are_said(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert [*SYSTEM.render_prompts()] == []

    def refuse(words: Sequence[str], **_: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("subprocess.run", refuse)
    [said] = SYSTEM.render_prompts()
    assert "allo prompts" in said
