"""Tickets: their values, and what is stored of them."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from router.core.callback.tickets import ENDS, Failure, TicketRecord, TicketState, channel_of
from router.core.ids import FicheId, SectorId, TicketId
from router.errors import StoreError
from router.store.tickets import KEPT_S, TicketStore

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
    store.put(RECORD)
    store.put(record)
    again = TicketStore(tmp_path / "tickets.sqlite3")  # the first one was killed
    assert again.get(RECORD.ticket) == record
    assert again.open() == ([] if state in ENDS else [record])
    store.close()
    again.close()


def test_ended_tickets_are_forgotten_after_a_day(tmp_path: Path) -> None:
    store = TicketStore(tmp_path / "tickets.sqlite3")
    store.put(replace(RECORD, state=TicketState.DONE, ended_at=10.0))
    store.forget(10.0 + KEPT_S)
    assert store.get(RECORD.ticket) is not None
    store.forget(11.0 + KEPT_S)
    assert store.get(RECORD.ticket) is None
    store.close()


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tickets.sqlite3"
    path.write_text("no database, and long enough to be seen as none" * 40)
    with pytest.raises(StoreError, match=r"tickets\.sqlite3 cannot be used"):
        TicketStore(path)


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    store = TicketStore(tmp_path / "tickets.sqlite3")
    store.put(RECORD)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
    store.close()
    assert sqlite3.connect(store.path).execute("SELECT count(*) FROM tickets").fetchone() == (1,)
