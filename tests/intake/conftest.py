from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.intake.scene import IntakeScene, scene


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[IntakeScene]:
    """One intake, shared by all tests that leave it as they found it."""
    async with scene(tmp_path_factory.mktemp("intake"), recycle_s=3600.0) as one:
        yield one


@pytest.fixture
def here(shared: IntakeScene) -> IntakeScene:
    """The shared intake, open for every sector, with service and Asterisk reset."""
    shared.reset()
    return shared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
async def alone(folder: Path) -> AsyncIterator[IntakeScene]:
    async with scene(folder) as one:
        yield one
