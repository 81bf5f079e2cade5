"""`./allo`: makes its environment, then starts the command line in it."""

import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.asterisk.host import write_program
from tests.door import CLI, TOP, path_of, start


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of `./allo` with an environment that is ready, and a command line that echoes."""
    top = tmp_path / "a checkout"
    (top / "router").mkdir(parents=True)
    for name in ("allo", "requirements.lock"):
        shutil.copy(TOP / name, top)
    (top / "router/__init__.py").touch()
    (top / "router/cli.py").write_text(CLI)
    venv = top / ".allo/venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pins = hashlib.sha256((top / "requirements.lock").read_bytes()).hexdigest()
    (venv / ".made-from").write_text(f"{pins}  - {(venv / 'bin/python').resolve()}")
    return top


def test_a_ready_checkout_starts_at_once(checkout: Path, tmp_path: Path) -> None:
    # Without python3 in the path: only the environment's own interpreter is started.
    done = start(checkout, "code", "a fiche", PATH=path_of(tmp_path / "bin"))

    assert done.stdout == f"['code', 'a fiche'] {checkout.parent} True\n"
    assert (done.returncode, done.stderr) == (7, "")


def test_the_callers_folder_cannot_replace_our_code(checkout: Path) -> None:
    (checkout.parent / "router.py").write_text("raise SystemExit('not ours')")

    assert start(checkout, PYTHONPATH=str(checkout.parent)).returncode == 7


def test_a_changed_lock_means_a_new_environment(checkout: Path, tmp_path: Path) -> None:
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("nonesuch==1\n")

    done = start(checkout, PATH=path_of(tmp_path / "bin"))

    assert done.returncode == 1
    assert done.stderr.startswith("allo: python3 is missing: install Python 3.11 or later")


def test_an_old_python_is_refused(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".allo")
    path = path_of(tmp_path / "bin")
    write_program(
        tmp_path / "bin/python3",
        '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\n'
        f'exec {sys.executable} -c "import sys; sys.version_info = (3, 9, 2); $2"\n',
    )

    done = start(checkout, PATH=path)

    assert done.returncode == 1
    assert done.stderr == "allo: Python 3.9.2 is too old: Python 3.11 or later is needed\n"


def test_neither_pip_nor_apt(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".allo")
    path = path_of(tmp_path / "bin")
    # A python3 that finds no bundled pip, as Debian's without python3-venv.
    write_program(
        tmp_path / "bin/python3",
        f'#!/bin/sh\ncase "$*" in *WHEEL_PKG_DIR*) exit 0 ;; esac\nexec {sys.executable} "$@"\n',
    )

    done = start(checkout, PATH=path)

    assert done.returncode == 1
    assert "python3-pip-whl is missing and there is no apt to fetch it" in done.stderr
    assert "router" not in done.stdout


def test_the_lock_pins_every_dependency() -> None:
    lines = (TOP / "requirements.lock").read_text().splitlines()
    pins = {line for line in lines if line and not line.startswith("#")}

    assert all(line.count("==") == 1 and "/" not in line for line in pins)
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    wanted = {*project["dependencies"], *project["optional-dependencies"]["dev"]}
    assert wanted <= pins
