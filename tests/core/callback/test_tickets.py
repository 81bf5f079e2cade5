"""Tickets: their values, and what is stored of them."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from router.core.callback.tickets import ENDS, Failure, TicketRecord, TicketState, channel_of
from router.core.ids import FicheId, SectorId, TicketId
from router.store.tickets import KEPT_S, TicketStore
from tests.tickets_on_disk import on_disk

RECORD = TicketRecord(TicketId("t" * 32), SectorId("travail"), FicheId("F1234"), 1.0, 2701.0)


def test_an_attempts_channel_never_changes_and_reveals_nothing() -> None:
    first, second = channel_of(RECORD.ticket, 1), channel_of(RECORD.ticket, 2)
    assert first == channel_of(RECORD.ticket, 1)
    assert first != second
    assert RECORD.ticket not in first


@pytest.mark.parametrize("state", TicketState)
def test_what_was_written_is_read_after_a_restart(tmp_path: Path, state: TicketState) -> None:
    ended_at = 9.5 if state in ENDS else None
    record = replace(
        RECORD, state=state, attempts=2, failure=Failure.BUSY, retry_at=5.0, ended_at=ended_at
    )
    store = TicketStore(tmp_path / "tickets.sqlite3")
    store.write({RECORD.ticket: RECORD})
    store.write({RECORD.ticket: record})
    assert on_disk(store.path) == {RECORD.ticket: record}  # the first one was killed
    store.close()


def test_ended_tickets_are_forgotten_after_a_day(tmp_path: Path) -> None:
    store = TicketStore(tmp_path / "tickets.sqlite3")
    store.write({RECORD.ticket: replace(RECORD, state=TicketState.DONE, ended_at=10.0)})
    store.forget(10.0 + KEPT_S)
    assert len(store.read()) == 1
    store.forget(11.0 + KEPT_S)
    assert store.read() == []
    store.close()


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    store = TicketStore(tmp_path / "tickets.sqlite3")
    store.write({RECORD.ticket: RECORD})
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
    store.close()
    assert sqlite3.connect(store.path).execute("SELECT count(*) FROM tickets").fetchone() == (1,)
