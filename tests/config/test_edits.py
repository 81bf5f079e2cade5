"""Both files are replaced as wholes, or neither; comments stay; one command at a time."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import tomlkit

from router.config import people
from router.config.edits import drop, editing, put, with_line
from router.errors import ConfigError, DiskError, InUse
from tests.config.scene import Service

NOW = datetime(2026, 11, 23, 10, 0, 0, 0, UTC)


def test_a_dry_run_says_what_would_change_and_changes_nothing(service: Service) -> None:
    files = {path: path.read_bytes() for path in service.folder.iterdir()}
    with editing(service.folder / "allo.toml") as edited:
        handed = people.add(edited, "146", {"travail": 1}, NOW, "Zoé")
        edited.save(service.read, dry_run=True)
        told = edited.changes()
    assert told == [
        "+ secrets.toml: agents.146",
        "+ secrets.toml: pins.146",
        "+ secrets.toml: since.agents.146",
        "+ secrets.toml: since.pins.146",
        "+ secrets.toml: since.tokens.146",
        "+ secrets.toml: tokens.146",
        "+ agents.toml: 146 = { travail = 1 }",
        '+ agents.toml: names.146 = "Zoé"',
    ]
    assert handed.password is not None
    assert handed.password not in "".join(told)
    assert {path: path.read_bytes() for path in service.folder.iterdir()} == files


def test_what_is_removed_and_what_is_changed_is_told(service: Service) -> None:
    service.write("agents.toml", service.text("agents.toml") + "103 = { travail = 1 }\n")
    with editing(service.folder / "allo.toml") as edited:
        people.new_pin(edited, "102", NOW)
        del edited.agents["103"]
        assert edited.changes() == [
            "~ secrets.toml: pins.102",
            "+ secrets.toml: since.pins.102",
            "- agents.toml: 103",
        ]


def test_the_second_file_s_fault_takes_back_the_first(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path: path.read_bytes() for path in service.folder.iterdir()}
    really = os.replace

    def full(source: Path, target: Path) -> None:
        if target.name == "agents.toml":
            raise OSError(errno.EROFS, "Read-only file system", str(target))
        really(source, target)

    monkeypatch.setattr(os, "replace", full)
    with editing(service.folder / "allo.toml") as edited:
        people.add(edited, "146", {"travail": 1}, NOW)
        with pytest.raises(DiskError, match="Read-only file system"):
            edited.save(service.read)
    assert {path: path.read_bytes() for path in service.folder.iterdir()} == files


def test_a_file_behind_a_link_stays_behind_it(service: Service, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (service.folder / "agents.toml").rename(elsewhere / "staff.toml")
    (service.folder / "agents.toml").symlink_to(elsewhere / "staff.toml")
    (elsewhere / "staff.toml").chmod(0o640)
    with editing(service.folder / "allo.toml") as edited:
        people.add(edited, "146", {"travail": 1}, NOW)
        edited.save(service.read)
    assert (service.folder / "agents.toml").is_symlink()
    assert "146 = " in (elsewhere / "staff.toml").read_text()
    assert (elsewhere / "staff.toml").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in elsewhere.iterdir()] == ["staff.toml"]


def test_one_command_at_a_time(service: Service) -> None:
    settings = service.folder / "allo.toml"
    told = r"in use by another \./allo command\. Wait"
    with editing(settings), pytest.raises(InUse, match=told):
        editing(settings).__enter__()
    with editing(settings):
        pass


def test_informateurs_that_come_with_the_program_are_not_changed(service: Service) -> None:
    service.write("allo.toml", 'plan = "plan.toml"\n')
    with pytest.raises(ConfigError) as raised:
        editing(service.folder / "allo.toml").__enter__()
    assert str(raised.value) == (
        "allo.toml: agents: is missing: informateurs that can be changed need a file of their own"
    )


@pytest.mark.parametrize("name", ["allo.toml", "agents.toml", "secrets.toml"])
def test_a_file_that_cannot_be_read_is_named(service: Service, name: str) -> None:
    service.write(name, "x = \n")
    with pytest.raises(ConfigError) as raised:
        editing(service.folder / "allo.toml").__enter__()
    assert str(raised.value).startswith(f"{name}: is not valid TOML")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("101 = {}\n", "101 = {}\nx = 1\n"),
        ("101 = {}\n\n# About names.\n[names]\n", "101 = {}\nx = 1\n\n# About names.\n[names]\n"),
        ("# Staff.\n101 = {}\n# The end.\n", "# Staff.\n101 = {}\nx = 1\n# The end.\n"),
        ("# Staff.\n", "# Staff.\nx = 1\n"),
        ("# Names.\n[names]\n", "# Names.\nx = 1\n[names]\n"),
        ("", "x = 1\n"),
        ("101 = {}", "101 = {}\nx = 1\n"),
    ],
)
def test_a_new_line_goes_below_the_last(before: str, after: str) -> None:
    assert tomlkit.dumps(with_line(tomlkit.parse(before), "x", 1)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '\n[pins]\n101 = "1"\n'),
        ("[pins]\n", '[pins]\n101 = "1"\n'),
        (
            '[pins]\n100 = "0"\n\n# Tokens.\n[tokens]\n',
            '[pins]\n100 = "0"\n101 = "1"\n\n# Tokens.\n[tokens]\n',
        ),
        ('[pins]\n101 = "0"  # mine\n', '[pins]\n101 = "1"  # mine\n'),
        ('pins = { 100 = "0" }\n', 'pins = { 100 = "0", 101 = "1"}\n'),
    ],
)
def test_a_key_goes_below_the_last_of_its_table(before: str, after: str) -> None:
    document = tomlkit.parse(before)
    put(document, "pins", "101", "1")
    assert tomlkit.dumps(document) == after


def test_a_table_goes_with_its_last_key() -> None:
    document = tomlkit.parse("a = 1\n[since]\nx = 1\ny = 2\n")
    drop(document, "since", "x")
    drop(document, "since", "nothing")
    drop(document, "nothing", "x")
    assert tomlkit.dumps(document) == "a = 1\n[since]\ny = 2\n"
    drop(document, "since", "y")
    assert tomlkit.dumps(document) == "a = 1\n"
