"""`./allo` in a checkout of its own, to be started with few programs in its path."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]

CLI = """
import os, sys
print(sys.argv[1:], os.getcwd(), sys.prefix == os.environ["EXPECTED_PREFIX"])
sys.exit(7)
"""


def start(top: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [top / "allo", *words],
        cwd=top.parent,
        env=os.environ | {"EXPECTED_PREFIX": str(top / ".allo/venv")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def path_of(folder: Path, *tools: str) -> str:
    """Return a PATH that holds `tools` and nothing else."""
    folder.mkdir()
    for tool in (*tools, "dirname", "readlink", "sha256sum", "cat", "grep", "mkdir", "rm", "flock"):
        (folder / tool).symlink_to(shutil.which(tool) or pytest.skip(f"needs {tool}"))
    return str(folder)
