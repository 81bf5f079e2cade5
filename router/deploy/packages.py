"""The Python packages that the program needs, at their pins, for Debian's own python3.

One folder serves every release of Python that it is made for: wheels of the same version differ
between releases in their extension modules alone, whose names carry the release
(`….cpython-311-x86_64-linux-gnu.so`), and in notes about the build. So a system that is upgraded
from Debian 12 (3.11) to 13 (3.13) finds what it needs, without a network.
"""

import calendar
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from router.errors import SetupError

#: Python's second number on Debian 12 and 13.
DEBIAN_MINORS = (11, 13)
#: What is newer than the oldest C library we run with: Debian 12 has 2.36.
_LIBRARIES = ("manylinux_2_28", "manylinux_2_17", "manylinux2014", "manylinux_2_5", "manylinux1")
#: Where wheels of one version may differ besides their extension modules, the first one wins.
_ABOUT_THE_BUILD = (".dist-info/", "numpy/__config__.py")


def needed(project: Path) -> list[str]:
    """Return the pins of the packages that the running service needs (pyproject.toml)."""
    content = tomllib.loads(project.read_text(encoding="utf-8"))
    return list(content["project"]["dependencies"])


def closure(pins: Iterable[str]) -> list[str]:
    """Return the names of the packages of `pins` and of all that they need, as installed here.

    Raises:
        SetupError: If one is not installed.
    """
    found: dict[str, None] = {}
    ahead = [_name(pin) for pin in pins]
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        found[name] = None
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            raise SetupError(
                f"the Python package {name} is not in {sys.prefix}",
                "Remove the folder venv of .allo/ and start ./allo again.",
            ) from None
        ahead += [_name(one) for one in required if _applies(one)]
    return sorted(found)


def lay_installed(pins: Iterable[str], target: Path) -> None:
    """Copy the packages of this very environment into the new folder `target`.

    Raises:
        SetupError: If one is missing.
        OSError: If it cannot be written.
    """
    for name in closure(pins):
        for file in metadata.files(name) or ():
            if ".." in file.parts or "__pycache__" in file.parts:
                continue  # a program, or a compiled module
            there = target / file
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(str(file.locate()), there)


def lay_fetched(
    pins: Iterable[str], lock: Path, minors: Iterable[int], machine: str, wheels: Path, target: Path
) -> None:
    """Fetch the packages' wheels for each Python 3.<minor>, and unpack them into `target`.

    `lock` pins what they need; `machine` is the kernel's name of the architecture; `wheels` keeps
    what has been fetched.

    Raises:
        SetupError: If one cannot be had, or if two wheels of a version differ where they must not.
    """
    for minor in minors:
        folder = wheels / f"3.{minor}"
        folder.mkdir(parents=True, exist_ok=True)
        platforms = [word for one in _LIBRARIES for word in ("--platform", f"{one}_{machine}")]
        words = ["download", "--quiet", "--no-input", "--dest", str(folder), *platforms]
        words += ["--only-binary", ":all:", "--implementation", "cp"]
        words += ["--python-version", f"3.{minor}", "--constraint", str(lock), *pins]
        done = subprocess.run(
            [sys.executable, "-m", "pip", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reasons = [one[7:] for one in done.stderr.splitlines() if one.startswith("ERROR: ")]
            reason = reasons[0] if reasons else "pip failed"
            raise SetupError(
                f"the Python packages for 3.{minor} cannot be had: {reason}",
                "Check the network and pip's configuration, then start again.",
            )
        wanted = _pinned(lock)
        for wheel in sorted(folder.glob("*.whl")):
            name, version = wheel.name.split("-")[:2]
            if wanted.get(name.replace("_", "-").lower()) == version:
                unpack(wheel, target)


def unpack(wheel: Path, target: Path) -> None:
    """Unpack a wheel over others of its version in `target`.

    Raises:
        SetupError: If a file is there already and says something else.
    """
    with zipfile.ZipFile(wheel) as content:
        for one in content.infolist():
            there = target / one.filename
            if one.is_dir() or not there.resolve().is_relative_to(target.resolve()):
                continue
            data = content.read(one)
            if there.exists():
                if there.read_bytes() != data and not any(
                    word in one.filename for word in _ABOUT_THE_BUILD
                ):
                    raise SetupError(
                        f"{wheel.name} and the wheel for another Python differ in {one.filename}",
                        "Build a package for one release of Debian at a time.",
                    )
                continue
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(data)
            there.chmod(0o644)
            # A zip keeps no zone: taken as UTC, so that all builds agree.
            moment = calendar.timegm((*one.date_time, 0, 0, 0))
            os.utime(there, (moment, moment))


def _pinned(lock: Path) -> dict[str, str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    pins = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {name.lower(): version.strip() for name, version in pins}


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return found[0].lower().replace("_", "-") if found else requirement


def _applies(requirement: str) -> bool:
    """Return whether a requirement counts here: its marker holds, and no extra is asked for."""
    from packaging.requirements import Requirement  # in a checkout alone, as is who calls this

    marker = Requirement(requirement).marker
    return marker is None or marker.evaluate({"extra": ""})
