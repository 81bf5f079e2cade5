"""The command line as users see it: help, exit codes, and errors that are sentences."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from router import __version__
from router.cli import options, provision


def allo(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "router.cli", *words],
        cwd=provision.TOP,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_teaches() -> None:
    shown = allo("--help")
    assert shown.returncode == 0
    for command in (
        *(
            "demo",
            "test",
            "run",
            "check",
            "prompts",
            "configure",
            "code",
            "bench",
            "replay",
            "doctor",
            "refusals",
            "fallback",
            "agents",
            "secrets",
            "reload",
            "drain",
        ),
        *("install", "package"),
        *("report", "simulate", "staff", "policies"),
    ):
        assert f"  {command} " in shown.stdout
    assert "Usage: ./allo" in shown.stdout


COMMANDS = (
    *("demo", "test", "run", "check", "prompts", "configure", "code", "bench", "replay", "doctor"),
    "refusals",
    "fallback",
    "reload",
    "drain",
    *("install", "package"),
    *("report", "simulate", "staff", "policies", "asterisk"),
    *("asterisk start", "asterisk stop", "asterisk cli"),
    *("agents", "agents add", "agents list", "agents remove", "agents pin"),
    *("secrets", "secrets list", "secrets rotate", "secrets add", "secrets remove"),
)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_our_own_and_not_cut(command: str) -> None:
    shown = allo(*command.split(), "--help", COLUMNS="80")
    assert shown.returncode == 0
    assert shown.stdout.lower().startswith(f"usage: ./allo {command}".rstrip())
    assert "..." not in re.sub(r"(?:ARGS|COMMAND|PYTEST ARGUMENTS)\]\.\.\.", "", shown.stdout)
    assert "…" not in shown.stdout


def test_the_version() -> None:
    shown = allo("--version")
    assert (shown.returncode, shown.stdout) == (0, f"allo {__version__}\n")


#: Does what bash does when Tab is pressed after these words.
TAB = """
source <(./allo --show-completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
eval "$(complete -p allo | sed -n 's/.*-F \\([^ ]*\\) .*/\\1/p') ./allo"
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("./allo", "si"), {"simulate"}),
        (("./allo", "p"), {"package", "prompts", "policies"}),
        (("./allo", "asterisk", "s"), {"start", "stop"}),
        (("./allo", "report", "--ht"), {"--html"}),
    ],
)
def test_the_shell_completes(words: tuple[str, ...], offered: set[str]) -> None:
    done = subprocess.run(
        ["bash", "-c", TAB, "bash", *words],
        cwd=provision.TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (set(done.stdout.split()), done.stderr) == (offered, "")


def test_the_demo_s_settings_are_named_when_they_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(options, "DEMO_SETTINGS", tmp_path / "allo.toml")
    assert options.or_demo_settings(None) is None
    (tmp_path / "allo.toml").touch()
    assert options.or_demo_settings(None) == tmp_path / "allo.toml"
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"Using the demo's settings, {tmp_path}/allo.toml:\n")
    assert options.or_demo_settings(Path("other.toml")) == Path("other.toml")
    assert capsys.readouterr().err == ""


def test_the_shipped_configuration_is_right() -> None:
    shown = allo("check")
    assert shown.stdout == "The configuration is right.\n"
    assert shown.returncode == 0


def test_the_script_for_a_studio_is_printed_alone() -> None:
    printed = allo("prompts", "--script")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout.startswith("Texte à enregistrer\u00a0: ")
    assert "\n1. welcome.wav\n   Bonjour, Allô Service Public, le 3939.\n" in printed.stdout
    assert ". fiche-" in printed.stdout.splitlines()[-2]  # the plan's own titles too


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
        (("code", "F9"), 2, "has no page F9; see its [fiches]: F1001"),
        (("report", "--from", "31/01/2026", "--to", "2026-02-01"), 2, "write it as 2026-01-31"),
        (("replay", "missing"), 2, "missing"),
        (("bench", "nothing"), 2, "ivr"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_bad_words_get_a_sentence(words: tuple[str, ...], code: int, sentence: str) -> None:
    shown = allo(*words)
    assert shown.returncode == code
    assert sentence in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_router_loads_nothing_that_only_the_rendering_of_sound_needs() -> None:
    """Callers wait while it starts."""
    code = (
        "import sys, router.cli.app, router.cli.check, router.service.service\n"
        "print(*{'numpy', 'G722'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=provision.TOP, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "\n")
