"""./allo secrets as a sysadmin types it; graces are tested in tests/config/test_rotation.py."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.staff import allo, allo_on_a_terminal, lay


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return lay(tmp_path)


def test_a_new_key_and_how_long_the_old_one_opens(settings: Path) -> None:
    file = settings.with_name("secrets.toml")
    old = tomllib.loads(file.read_text())["api_key"]

    code, seen = allo_on_a_terminal(settings, "secrets", "rotate", "api_key", "--grace", "7d")

    new = tomllib.loads(file.read_text())["api_key"]
    assert code == 0, seen
    assert seen.count(new) == 1
    assert old not in seen
    assert "api_key is new; the old one opens too until " in seen
    assert file.stat().st_mode & 0o777 == 0o600
    code, out, err = allo(settings, "secrets", "list")
    assert (code, err) == (0, "")
    assert "api_key                          0 min      with grace; the one before opens" in out
    assert old not in out
    assert new not in out


def test_what_asterisk_must_restart_for_is_said(settings: Path) -> None:
    code, out, _ = allo(settings, "secrets", "rotate", "ari_password")
    assert code == 0
    assert "when Asterisk and the router restart, together" in out
    file = settings.with_name("secrets.toml")
    assert tomllib.loads(file.read_text())["ari_password"] not in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("rotate", "api_kay"), "secrets.toml: api_kay: no such secret; did you mean `api_key`?"),
        (("rotate", "api_key", "--grace", "tomorrow"), "write it as 30m, 24h, 7d or 0"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(
    settings: Path, words: tuple[str, ...], told: str
) -> None:
    before = settings.with_name("secrets.toml").read_text()
    code, out, err = allo(settings, "secrets", *words)
    assert (code, out) == (2, "")
    assert told in err
    assert settings.with_name("secrets.toml").read_text() == before


def test_the_list_as_json(settings: Path) -> None:
    code, out, _ = allo(settings, "secrets", "list", "--json")
    assert code == 0
    first = json.loads(out)["secrets"][0]
    assert first == {
        "name": "code_secret",
        "since": None,
        "grace_until": None,
        "rotation": "by hand",
    }
