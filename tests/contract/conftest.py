"""One suite, two Asterisks: every test of this folder runs on the fake and on the real one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.asterisk.install import ensure_toolbox
from tests.contract.bench import Bench
from tests.contract.exchanges import Exchange, RealExchange, fake_exchange, real_asterisk

_HOME = Path(__file__).resolve().parents[2] / ".allo"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealExchange]:
    toolbox = ensure_toolbox(_HOME, print)
    async with real_asterisk(toolbox, tmp_path_factory.mktemp("asterisk")) as exchange:
        yield exchange


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def real(request: pytest.FixtureRequest) -> RealExchange | None:
    """The real Asterisk in its turn, started for the first test that wants it; else None."""
    return request.getfixturevalue("asterisk") if request.param == "real" else None


@pytest_asyncio.fixture(loop_scope="session")
async def exchange(real: RealExchange | None) -> AsyncIterator[Exchange]:
    if real is None:
        async with fake_exchange() as fake:
            yield fake
    else:
        yield real
        await real.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def bench(exchange: Exchange) -> AsyncIterator[Bench]:
    async with Bench(exchange) as bench:
        yield bench
