from pathlib import Path

import pytest

from router.asterisk import programs
from tests.asterisk.host import Host


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host(tmp_path)
    monkeypatch.setenv("PATH", str(host.bin))
    monkeypatch.setattr(programs, "SBIN", "")
    for variable in ("ALLO_DEBIAN_MIRROR", "ALLO_DEBIAN_SUITE"):
        monkeypatch.delenv(variable, raising=False)
    return host
