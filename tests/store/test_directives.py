"""What supervisors directed: the audit, and what lasts until the day's end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from router.core.facts import DirectiveFact
from router.core.ids import AgentId
from router.core.today import Message, Moved, Skill, Today
from router.errors import StoreError
from router.store import FILE_NAME, Store
from tests.service_plan import HOUSING, MONDAY_10H, WORK

ZONE = "Europe/Paris"
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
DIRECTIVE = DirectiveFact(
    MONDAY_10H, "claire", "send on pause", AgentId("101"), "repas", "Le réseau de Metz est coupé."
)
CHANGES = Today(
    MONDAY,
    closes_at=MONDAY_10H + 3600.5,
    moved=(Moved(AgentId("101"), (Skill(WORK, 1), Skill(HOUSING, 3))), Moved(AgentId("102"), ())),
    message=Message(MONDAY_10H, "claire", "Réunion à 11 h."),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    assert opened.sessions() == ()
    assert opened.today() is None
    yield opened
    opened.close()


def test_each_is_kept_for_the_audit(store: Store) -> None:
    for_all = replace(DIRECTIVE, at=MONDAY_10H + 1, what="close early", agent=None)
    store.record(for_all)
    store.record(DIRECTIVE)
    store.flush(MONDAY)
    assert store.directives(MONDAY, MONDAY, ZONE) == [DIRECTIVE, for_all]
    assert store.directives(TUESDAY, TUESDAY, ZONE) == []


def test_the_audit_is_forgotten_as_other_parts_of_it_are(store: Store) -> None:
    later = replace(DIRECTIVE, at=MONDAY_10H + 10)
    store.record(DIRECTIVE)
    store.record(later)
    store.flush(MONDAY)
    store.forget(MONDAY, MONDAY_10H + 5)
    assert store.directives(MONDAY, MONDAY, ZONE) == [later]


@pytest.mark.parametrize("changes", [CHANGES, replace(CHANGES, moved=()), Today(MONDAY, 3.5)])
def test_what_was_changed_for_the_day_survives(store: Store, path: Path, changes: Today) -> None:
    store.today_changed(Today(MONDAY, MONDAY_10H))
    store.today_changed(changes)
    assert store.standing.pending == 1
    store.flush(MONDAY)
    assert store.standing.pending == 0
    again = Store(path)
    assert again.today() == changes
    again.today_changed(Today(TUESDAY))
    again.flush(TUESDAY)
    assert again.today() is None
    again.close()


def test_it_is_written_again_to_a_new_file(store: Store, path: Path) -> None:
    store.today_changed(CHANGES)
    store.flush(MONDAY)
    path.unlink()
    store.record(DIRECTIVE)
    with pytest.raises(StoreError, match="was removed"):
        store.flush(MONDAY)
    store.flush(MONDAY)
    fresh = Store(path)
    assert fresh.today() == CHANGES
    assert fresh.directives(MONDAY, MONDAY, ZONE) == [DIRECTIVE]
    fresh.close()
