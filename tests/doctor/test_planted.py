"""Every fault that is planted is found, named, and nothing else is."""

import ast
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from router.asterisk.preflight import required_modules
from router.asterisk.settings import AsteriskOptions
from router.config import Config
from router.doctor import examination
from router.doctor.asterisk import UNWANTED
from router.doctor.examination import CHECKS, examine
from tests.doctor.conftest import healthy
from tests.doctor.planted import PLANTED, Planted
from tests.doctor.scene import Scene

ROOM = Path(examination.__file__).parent
#: What the doors find when nobody answers; tests of their own (test_doors.py).
OF_DOORS = {"unseen", "ami-away", "asterisk-password", "router-frozen", "check-broken"}

each = pytest.mark.parametrize("one", PLANTED, ids=[one.what for one in PLANTED])


@each
async def test_a_fault_is_found_and_named(scene: Scene, one: Planted) -> None:
    one.plant(scene)
    found = await examine(scene.around, one.checks)
    assert {finding.name for finding in found} == one.found
    for finding in found:
        assert finding.place
        assert finding.wrong[-1] not in ".!"
        assert finding.remedy


@each
async def test_before_it_is_planted_nothing_is_found(scene: Scene, one: Planted) -> None:
    assert await examine(scene.around, one.checks) == []


@pytest.mark.doctor
@each
async def test_the_whole_examination_finds_it_too(scene: Scene, one: Planted) -> None:
    one.plant(scene)
    assert one.found <= {finding.name for finding in await examine(scene.around, CHECKS)}


@pytest.mark.doctor
async def test_no_check_could_be_left_out(deployment: Config, tmp_path: Path) -> None:
    """Each finds something that is planted: without it, the test of that fault would fail."""
    idle = set(CHECKS)
    for number, one in enumerate(PLANTED):
        async with healthy(deployment, tmp_path / str(number)) as scene:
            one.plant(scene)
            for check in one.checks:
                if await examine(scene.around, [check]):
                    idle.discard(check)
    assert idle == set()


def test_nothing_that_is_needed_is_unwanted() -> None:
    needed = required_modules(AsteriskOptions())
    assert not [name for form in UNWANTED for name in needed if fnmatchcase(name, form)]


def test_every_finding_is_planted() -> None:
    assert len(PLANTED) > 30
    planted = {name for one in PLANTED for name in one.found}
    assert names_in_the_sources() - planted == OF_DOORS
    assert planted <= names_in_the_sources()


def names_in_the_sources() -> set[str]:
    """Return the name of every finding that the doctor's room can make."""
    names: set[str] = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
            if not is_call:
                continue
            assert isinstance(node, ast.Call)
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in ("fault", "warning", "how", "_away") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    names.add(first.value)
    return {name for name in names if " " not in name}
