"""A file that is removed again and again takes no descriptors with it."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from router.core.facts import CallFact
from router.errors import StoreError
from router.store.database import Store
from router.store.tickets import TicketStore
from tests.store.test_store import CALL

Write = Callable[[], None]


def tickets(path: Path) -> Write:
    store = TicketStore(path)
    return lambda: store.write({}, trial=True)


def facts(path: Path) -> Write:
    store = Store(path)

    def write(fact: CallFact = CALL) -> None:
        store.record(fact)
        store.flush(date(2026, 11, 23))

    return write


def held(path: Path) -> int:
    """Return how many descriptors of this process are of the file, or were."""
    links = [Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    return sum(str(path) in os.readlink(link) for link in links if link.is_symlink())


@pytest.mark.parametrize("open_", [tickets, facts])
def test_a_file_begun_anew_leaves_no_descriptor_behind(
    tmp_path: Path, open_: Callable[[Path], Write]
) -> None:
    path = tmp_path / "kept.sqlite3"
    write = open_(path)
    write()
    counted = []
    for _ in range(5):
        for one in tmp_path.glob("kept.sqlite3*"):
            one.unlink()
        with pytest.raises(StoreError, match="removed or replaced"):
            write()
        write()
        counted.append(held(path))
    assert counted[0] > 0
    assert counted == counted[:1] * 5
