import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from router.intake.vault import TmpfsVault
from tests.intake.scene import IntakeScene, scene
from tests.intake.vaults import CAPACITY, MEMORY


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


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """A folder in memory."""
    path = Path(tempfile.mkdtemp(dir=MEMORY, prefix="allo-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def tmpfs(memory_folder: Path) -> Iterator[TmpfsVault]:
    opened = TmpfsVault(memory_folder / "vault", capacity=CAPACITY)
    yield opened
    opened.close()
