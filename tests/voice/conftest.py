"""What the tests of the voice share."""

from pathlib import Path

import pytest

from router.asterisk.install import ensure_toolbox
from router.asterisk.toolbox import Toolbox
from tests.voice.studio import ROOT, SOX, StandInTools, Studio


@pytest.fixture
def tools(tmp_path: Path) -> StandInTools:
    folder = tmp_path / "programs"
    folder.mkdir()
    tools = StandInTools(folder)
    tools.add("sox", SOX)
    return tools


@pytest.fixture
def studio(tmp_path: Path, tools: StandInTools) -> Studio:
    return Studio(tmp_path, tools)


@pytest.fixture(scope="session")
def toolbox() -> Toolbox:
    return ensure_toolbox(ROOT / ".allo", print)
