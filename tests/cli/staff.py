"""A service of its own in a folder, whose informateurs and secrets commands change."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

from router.cli import provision
from router.config import load, new_secrets

Answer = tuple[int, str, str]


def lay(folder: Path) -> Path:
    """Write a whole service there; return its settings."""
    plan = load(None).plan
    shutil.copy(provision.TOP / "router/plans/agents.toml", folder / "agents.toml")
    secrets = folder / "secrets.toml"
    secrets.touch(mode=0o600)
    secrets.write_text(new_secrets(plan.agents, plan.desk.supervisor_phones))
    settings = folder / "allo.toml"
    settings.write_text('agents = "agents.toml"\nstate_dir = "state"\n')
    return settings


def words(*given: str) -> list[str]:
    return [sys.executable, "-P", "-m", "router.cli", *given]


def environment(settings: Path) -> dict[str, str]:
    return {**os.environ, "ALLO_CONFIG": str(settings), "PYTHONPATH": str(provision.TOP)}


def allo(settings: Path, *given: str) -> Answer:
    """Run ./allo with these settings; return exit code, output and errors."""
    done = subprocess.run(
        words(*given),
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def allo_on_a_terminal(settings: Path, *given: str) -> tuple[int, str]:
    """Run ./allo as somebody at a terminal does; return exit code and what is on it."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        words(*given), env=environment(settings), stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:
        pass  # EIO: nobody has the terminal any more
    finally:
        os.close(ours)
    return running.wait(timeout=120), seen.decode().replace("\r\n", "\n")
