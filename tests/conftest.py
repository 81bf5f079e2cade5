"""Hypothesis profiles, and what runs side by side.

Profiles: `ci` by default, `--hypothesis-profile=long` for a thorough search.

With several workers (`./allo test` without words) each file is of one worker, as its fixtures
are. Calls on the stage that a session shares are of two workers, since nothing takes longer; every
other stage has ports of its own (tests/real/conftest.py).
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, configuration, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from router import places
from router.core.table import OUTSIDE, Row, Table, name_of

configuration.set_hypothesis_home_dir(places.HOME / "hypothesis")
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
settings.register_profile(
    "long", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")

TESTS = Path(__file__).parent
#: About half of what the calls on the shared stage take.
ON_ANOTHER_STAGE = ("test_talk_calls.py", "test_desk_calls.py", "test_supervision_calls.py")
_OUTSIDE = Table.outside
#: What takes longest begins first: nobody then waits for it alone.
LONGEST = (
    "the stage",
    "another stage",
    "real/test_callback_calls.py",
    "real/test_callback_kills.py",
    "real/test_callback_queue_calls.py",
    "real/test_router_restart.py",
    "demo/test_demo.py",
    "the contract",
    "planning/test_staffing.py",
)


@cache
def group(path: Path) -> str:
    """What the tests of a file must share a worker with."""
    if path.parent.name == "contract":
        return "the contract"  # one Asterisk for all of them
    if path.parent.name == "asterisk":
        return "a private Asterisk"  # several, all at the same ports
    if path.parent.name == "real" and "open_stage" not in path.read_text():
        return "another stage" if path.name in ON_ANOTHER_STAGE else "the stage"
    return str(path.relative_to(TESTS))


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker whole groups, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group(TESTS.parent / nodeid.split("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SideBySide:
    return SideBySide(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        its = group(item.path)
        return LONGEST.index(its) if its in LONGEST else len(LONGEST)

    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=place)


def _outside(table: Table[Any, Any], row: Row[Any, Any], after: str) -> None:
    raise AssertionError(f"{OUTSIDE}{name_of(row.what)} in {row.state} -> {after}")


@pytest.fixture(scope="session", autouse=True)
def strict_tables() -> Iterator[None]:
    """A life that leaves its table is counted in service; in tests it is an error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "outside", _outside)
        yield


@pytest.fixture
def lenient_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in service."""
    monkeypatch.setattr(Table, "outside", _OUTSIDE)
