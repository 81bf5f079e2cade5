"""One suite, two Asterisks: every test of this folder runs on the fake and on the real one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.asterisk.install import ensure_toolbox
from tests.contract.bench import Bench
from tests.contract.faces import AsteriskFace, RealFace, fake_asterisk, real_asterisk

_HOME = Path(__file__).resolve().parents[2] / ".allo"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealFace]:
    toolbox = ensure_toolbox(_HOME, print)
    async with real_asterisk(toolbox, tmp_path_factory.mktemp("asterisk")) as asterisk:
        yield asterisk


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def real(request: pytest.FixtureRequest) -> RealFace | None:
    """The real Asterisk in its turn, started for the first test that wants it; else None."""
    return request.getfixturevalue("running") if request.param == "real" else None


@pytest_asyncio.fixture(loop_scope="session")
async def asterisk(real: RealFace | None) -> AsyncIterator[AsteriskFace]:
    if real is None:
        async with fake_asterisk() as fake:
            yield fake
    else:
        yield real
        await real.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def bench(asterisk: AsteriskFace) -> AsyncIterator[Bench]:
    async with Bench(asterisk) as bench:
        yield bench
