"""A file that is damaged, locked, removed or without room: what is told, and what goes on."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from router.core.callback.tickets import TicketRecord
from router.core.commands import DeskChanged
from router.core.ids import AgentId, PhoneId, SectorId, TicketId
from router.errors import StoreError
from router.store import Store, TicketStore
from router.store.database_file import MOST_ASIDE, DatabaseFile, files_aside
from tests.store.test_store import CALL, MONDAY, ZONE

PAGE = 4096


def ticket(number: int) -> TicketRecord:
    return TicketRecord(TicketId(f"{number:032}"), SectorId("travail"), None, 1.0, 2701.0 + number)


def write_tickets(path: Path, count: int) -> None:
    with closing(TicketStore(path)) as store:
        store.write({one.ticket: one for one in map(ticket, range(count))})


def corrupt_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * 100)


def corrupt_table(path: Path) -> None:
    """Spoil one page in the middle of the table of tickets."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // PAGE // 2 * PAGE)
        file.write(b"\xff" * PAGE)


def cut_off(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("spoil", "saved_at_least"), [(corrupt_header, 0), (corrupt_table, 800), (cut_off, 0)]
)
def test_a_damaged_file_is_set_aside_named_and_begun_anew_and_what_is_legible_comes_along(
    tmp_path: Path, spoil: Callable[[Path], None], saved_at_least: int
) -> None:
    path = tmp_path / "tickets.sqlite3"
    write_tickets(path, 1000)
    spoil(path)
    with closing(TicketStore(path)) as store:
        with pytest.raises(StoreError) as told:
            store.read()
        [aside] = files_aside(path)
        assert re.fullmatch(r"tickets\.sqlite3\.damaged-\d{4}-\d\d-\d\dT\d{6}Z", aside.name), (
            "its name says when"
        )
        assert told.value.place == str(path)
        assert f"set aside as {aside.name}, and a new one begun" in told.value.reason
        assert f"sqlite3 {aside} .recover" in told.value.remedy
        assert store.set_aside == 1
        saved = store.read()
        assert saved_at_least <= len(saved) < 1000
        assert set(saved) <= set(map(ticket, range(1000)))
        store.write({one.ticket: one for one in saved})
        assert store.read() == saved


def test_damage_that_a_write_meets_is_seen_too(tmp_path: Path) -> None:
    path = tmp_path / "tickets.sqlite3"
    write_tickets(path, 1000)
    with closing(TicketStore(path)) as store:
        store.write({}, trial=True)
        corrupt_header(path)
        with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.DatabaseError):
            other.execute("SELECT * FROM tickets").fetchall()  # what others would find
        corrupt_table(path)
        with pytest.raises(StoreError, match="is damaged"):
            store.write({one.ticket: one for one in map(ticket, range(1000))})
        store.write({one.ticket: one for one in map(ticket, range(3))})
    with closing(TicketStore(path)) as store:
        assert len(store.read()) == 3


def test_only_the_newest_of_those_set_aside_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "tickets.sqlite3"
    path.write_text("no database, and long enough to be seen as none" * 40)
    days = [f"tickets.sqlite3.damaged-2026-11-{day:02}T120000Z" for day in range(1, 8)]
    for name in days:
        for beside in ("", "-wal", "-shm"):
            (tmp_path / f"{name}{beside}").touch()
    with closing(TicketStore(path)) as store, pytest.raises(StoreError):
        store.read()
    kept = [one.name for one in files_aside(path)]
    assert len(kept) == MOST_ASIDE
    assert kept[:-1] == days[-MOST_ASIDE + 1 :]
    left = {one.name for one in tmp_path.iterdir()} - set(kept)
    assert left == {f"{name}{end}" for name in kept[:-1] for end in ("-wal", "-shm")}


def test_a_damaged_file_of_facts_keeps_nobody_from_being_counted(tmp_path: Path) -> None:
    path = tmp_path / "facts.sqlite3"
    session = DeskChanged(AgentId("101"), PhoneId("101"))
    with closing(Store(path)) as store:
        store.desk_changed(session)
        store.record(CALL)
        store.flush(MONDAY)
        store.close()
        corrupt_header(path)
        store.record(CALL)
        with pytest.raises(StoreError, match="set aside"):
            store.flush(MONDAY)
        store.flush(MONDAY)
        assert store.calls(MONDAY, MONDAY, ZONE) == [CALL]
        assert store.sessions() == (session,), "the new file has who is logged in"
        assert store.standing.set_aside == 1
        assert store.standing.trouble == ""


def test_sessions_that_could_not_be_read_are_no_longer_believed(tmp_path: Path) -> None:
    """Whoever was logged in has had to log in again."""
    path = tmp_path / "facts.sqlite3"
    with closing(Store(path)) as store:
        store.desk_changed(DeskChanged(AgentId("101"), PhoneId("101")))
        store.flush(MONDAY)
    later = DeskChanged(AgentId("102"), PhoneId("102"))
    with closing(Store(path, lock_wait_s=0.0)) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match=r"locked.*fuser"):
                store.sessions()
        store.desk_changed(later)
        store.flush(MONDAY)
        assert store.sessions() == (later,)


def test_who_took_part_and_who_was_ready_is_forgotten_in_time(tmp_path: Path) -> None:
    from router.core.facts import DutyFact, WatchFact
    from router.core.requests import Watching

    path, agent = tmp_path / "facts.sqlite3", AgentId("101")
    days = [date(2026, 11, day) for day in (21, 22, 23)]
    with closing(Store(path)) as store:
        for number, day in enumerate(days):
            store.record(DutyFact(day, agent))
            store.record(WatchFact(1000.0 * number, "superviseur", agent, Watching.WHISPER))
        store.record(CALL)
        store.flush(MONDAY)
        store.forget(days[1], 1000.0)
        assert store.duty(days[0], days[2]) == [DutyFact(day, agent) for day in days[1:]]
        early = date(1970, 1, 1)
        assert [one.at for one in store.watches(early, early, ZONE)] == [1000.0, 2000.0]
        assert store.calls(MONDAY, MONDAY, ZONE) == [CALL]


def test_nothing_is_opened_for_long_after_it_failed(tmp_path: Path) -> None:
    """A file whose rights are mended is opened anew."""
    path = tmp_path / "file.sqlite3"
    path.mkdir()
    file = DatabaseFile(path, lambda database, place: None)
    with pytest.raises(StoreError, match="cannot be used: Is a directory"), file.opened():
        pass
    path.rmdir()
    with file.opened() as database:
        database.execute("CREATE TABLE things (one INTEGER)")
    assert file.generation == 1
    file.close()
    with file.opened():
        assert file.generation == 1, "the same file"
    file.close()
