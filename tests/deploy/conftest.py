"""Prometheus' own tool: this machine's, or Debian's, fetched once into a folder of ours."""

import fcntl
import shutil
import tempfile
from pathlib import Path

import pytest

from router import places
from router.asterisk.debian import machine_architecture, unpack_packages

_TREE = places.HOME / "prometheus"


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Return promtool (Debian: the package prometheus)."""
    ours = shutil.which("promtool")
    if ours is not None:
        return Path(ours)
    fetched = _TREE / "usr" / "bin" / "promtool"
    places.HOME.mkdir(parents=True, exist_ok=True)
    with (places.HOME / "prometheus.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not fetched.exists():
            shutil.rmtree(_TREE, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=places.HOME) as work:
                unpack_packages(["prometheus"], machine_architecture(), _TREE, Path(work), print)
    return fetched
