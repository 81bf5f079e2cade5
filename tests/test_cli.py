"""The command line, as its user meets it: exit codes, and errors that are sentences."""

import subprocess
import sys
from pathlib import Path

import pytest

from router import provision


def allo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "router.cli", *words],
        cwd=provision.TOP,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_teaches() -> None:
    shown = allo("--help")
    assert shown.returncode == 0
    for command in (
        *("demo", "test", "run", "check", "prompts", "configure", "code", "bench", "replay"),
        *("report", "simulate", "staff", "policies"),
    ):
        assert f"  {command} " in shown.stdout
    assert "Usage: ./allo" in shown.stdout


def test_the_shipped_configuration_is_right() -> None:
    shown = allo("check")
    assert shown.stdout == "The configuration is right.\n"
    assert shown.returncode == 0


def test_faults_are_exit_2(tmp_path: Path) -> None:
    settings = tmp_path / "allo.toml"
    settings.write_text('[http]\nprot = 1\n[asterisk]\nari_port = "x"\n')
    shown = allo("check", "--config", str(settings))
    assert shown.returncode == 2
    assert "allo.toml: http.prot: unknown key; did you mean `port`?" in shown.stderr
    assert "allo.toml: asterisk.ari_port" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("demo", "--at", "demain"), 2, "write it as 2026-11-23T10:00"),
        (("demo", "--agents", "0"), 2, "--agents"),
        (("demo", "--desk", "104"), 2, "no informateur 104; there are 101 to 103"),
        (("demo", "--origin", "https://a.example.org/"), 2, "without a path"),
        (("run", "--config", "missing.toml"), 2, "missing.toml: cannot be read"),
        (("code", "F9"), 1, "no page F9"),
        (("bench", "nothing"), 2, "ivr"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_bad_words_get_a_sentence(words: tuple[str, ...], code: int, sentence: str) -> None:
    shown = allo(*words)
    assert shown.returncode == code
    assert sentence in shown.stderr
    assert "Traceback" not in shown.stderr
