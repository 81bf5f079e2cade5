"""The Python packages for Debian's own python3."""

import sys
import zipfile
from pathlib import Path

import pytest

from router import places
from router.deploy.packages import closure, lay_installed, needed, unpack
from router.errors import SetupError


def wheel(folder: Path, tag: str, **files: str) -> Path:
    path = folder / f"one-1.0-{tag}-{tag}-linux_x86_64.whl"
    with zipfile.ZipFile(path, "w") as content:
        for name, text in files.items():
            content.writestr(name.replace("__", "/"), text)
    return path


def test_wheels_for_two_pythons_share_a_folder(tmp_path: Path) -> None:
    target = tmp_path / "packages"
    for tag in ("cp311", "cp313"):
        files = {
            f"one__fast.{tag}.so": tag,
            "one__init.py": "same",
            "one-1.0.dist-info__WHEEL": tag,
        }
        unpack(wheel(tmp_path, tag, **files), target)
    assert {path.name for path in (target / "one").iterdir()} == {
        "fast.cp311.so",
        "fast.cp313.so",
        "init.py",
    }
    assert (target / "one-1.0.dist-info" / "WHEEL").read_text() == "cp311"


def test_wheels_that_differ_elsewhere_do_not(tmp_path: Path) -> None:
    target = tmp_path / "packages"
    unpack(wheel(tmp_path, "cp311", one__init="for 3.11"), target)
    with pytest.raises(SetupError, match=r"differ in one/init"):
        unpack(wheel(tmp_path, "cp313", one__init="for 3.13"), target)


def test_all_that_the_service_needs_and_no_more() -> None:
    names = closure(needed(places.TOP / "pyproject.toml"))
    assert {"aiohttp", "yarl", "pydantic-core", "uvloop", "tzdata"} <= set(names)
    assert {"pytest", "mypy", "ruff", "hypothesis", "pip"}.isdisjoint(names)


def test_they_are_laid_as_they_are_installed(tmp_path: Path) -> None:
    lay_installed(["typer==0", "structlog==0"], tmp_path)
    assert (tmp_path / "typer" / "main.py").is_file()
    assert (tmp_path / "rich").is_dir()
    assert not [path for path in tmp_path.rglob("__pycache__")]
    assert not (tmp_path / "bin").exists()


def test_one_that_is_missing_is_named() -> None:
    with pytest.raises(SetupError, match=f"no-such-package is not in {sys.prefix}"):
        closure(["no-such-package==1"])
