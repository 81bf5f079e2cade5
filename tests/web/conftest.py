from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient

from tests.web.desk_scene import Client, Engine, Server


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def desks(engine: Engine) -> AsyncIterator[Client]:
    """A client of the service that `engine` stands behind."""
    async with TestClient(Server(engine.application())) as client:
        yield client
