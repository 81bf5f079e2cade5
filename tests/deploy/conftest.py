"""What others run beside the service: this machine's, or Debian's, fetched once into a folder of
ours."""

import fcntl
import shutil
import tempfile
from pathlib import Path

import pytest

from router import places
from router.asterisk.debian import machine_architecture, unpack_packages
from router.asterisk.toolbox import private_command


def fetched(package: str) -> Path:
    """Return the folder with Debian's `package` and what it needs."""
    tree = places.HOME / package
    places.HOME.mkdir(parents=True, exist_ok=True)
    with (places.HOME / f"{package}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            with tempfile.TemporaryDirectory(dir=places.HOME) as work:
                unpacked = Path(work) / "tree"
                unpack_packages([package], machine_architecture(), unpacked, Path(work), print)
                unpacked.rename(tree)
    return tree


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Return promtool (Debian: the package prometheus)."""
    ours = shutil.which("promtool")
    return Path(ours) if ours else fetched("prometheus") / "usr" / "bin" / "promtool"


@pytest.fixture(scope="session")
def nginx() -> list[str]:
    """Return the words that start nginx."""
    if ours := shutil.which("nginx"):
        return [ours]
    words = private_command(fetched("nginx"), "nginx")
    assert words is not None
    return words


@pytest.fixture(scope="session")
def analyze() -> list[str]:
    """Return the words that start systemd-analyze."""
    if ours := shutil.which("systemd-analyze"):
        return [ours]
    words = private_command(fetched("systemd"), "systemd-analyze")
    assert words is not None
    # Its own library is in a folder of its own.
    libraries = words[2].partition(":")[0]
    return [*words[:2], f"{words[2]}:{libraries}/systemd", *words[3:]]
