"""The audit of dependencies: what it says of weaknesses, and that silence is no good news."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from router import places

AUDIT = places.TOP / ".ci" / "audit"
CLEAN: dict[str, Any] = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
WEAK: dict[str, Any] = {
    "name": "yarl",
    "version": "1.0.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.0.1"], "aliases": [], "description": ""}],
}
UNHEARD: dict[str, Any] = {"name": "rich", "skip_reason": "Dependency not found on PyPI"}


def audited(folder: Path, told: str | None) -> tuple[int, str, str]:
    """Audit with a program that answers so; None: it finds nobody to ask."""
    program = folder / "pip-audit"
    lines = ["import pathlib, sys", "words = dict(w.split('=') for w in sys.argv[1:] if '=' in w)"]
    if told is None:
        lines.append("sys.exit('ConnectionError: no route to host')")
    else:
        lines.append(f"pathlib.Path(words['--output']).write_text({told!r})")
    program.write_text("\n".join([f"#!{sys.executable}", *lines]))
    program.chmod(0o755)
    done = subprocess.run(
        [sys.executable, AUDIT],
        env={"PIP_AUDIT": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_weaknesses_are_named_and_fail(tmp_path: Path) -> None:
    told = json.dumps({"dependencies": [CLEAN, WEAK, UNHEARD]})
    assert audited(tmp_path, told) == (
        1,
        "yarl 1.0.0: PYSEC-1, mended in 1.0.1\n"
        "audit: 1 of 2 packages audited have known weaknesses\n",
        "rich: not audited: Dependency not found on PyPI\n",
    )


def test_none_is_success(tmp_path: Path) -> None:
    told = json.dumps({"dependencies": [CLEAN]})
    assert audited(tmp_path, told) == (
        0,
        "audit: 0 of 1 packages audited have known weaknesses\n",
        "",
    )


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (None, "does not answer (ConnectionError: no route to host)"),
        ("<html>", "does not answer (no answer)"),
        (json.dumps({"dependencies": [UNHEARD]}), "knows no package"),
        (json.dumps({"dependencies": []}), "does not answer"),
    ],
)
def test_silence_is_told_aloud(tmp_path: Path, told: str | None, why: str) -> None:
    code, out, trouble = audited(tmp_path, told)
    assert (code, out) == (0, "")
    assert trouble.startswith("audit: SKIPPED, nothing was audited: ")
    assert why in trouble
