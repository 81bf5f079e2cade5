"""Tickets are written beside the event loop: when a file is locked, full or gone, it is told."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from structlog.testing import capture_logs

from router.core.callback.tickets import TicketRecord, TicketState
from router.core.ids import SectorId, TicketId
from router.errors import StoreError
from router.store.database_file import files_aside
from router.store.keeping import TicketKeeper, Turn
from router.store.tickets import TicketStore
from tests.tickets_on_disk import on_disk

RECORD = TicketRecord(TicketId("t" * 32), SectorId("travail"), None, 1.0, 2701.0)
ENDED = replace(RECORD, state=TicketState.DONE, ended_at=9.0)
OTHER = replace(RECORD, ticket=TicketId("u" * 32))


class Kept:
    """A keeper at work, and what it told."""

    def __init__(self, path: Path, lock_wait_s: float = 0.02) -> None:
        self.store = TicketStore(path, lock_wait_s=lock_wait_s)
        self.changes: asyncio.Queue[bool] = asyncio.Queue()
        self.turns: asyncio.Queue[Turn] = asyncio.Queue()
        self.keeper = TicketKeeper(self.store, structlog.get_logger(), retry_s=0.01, examine_s=0.05)
        self.keeper.take_up()
        self.task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        async for turn in self.keeper.changes():
            self.changes.put_nowait(turn.up)
            self.turns.put_nowait(turn)

    def promise(self, record: TicketRecord) -> asyncio.Future[bool]:
        """Keep a ticket; the future is whether it is on disk."""
        self.keeper.keep(record)
        return self.keeper.kept(record.ticket)

    async def close(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.keeper.close()

    def on_disk(self) -> TicketRecord | None:
        """What a router that starts now would find."""
        return on_disk(self.store.path).get(RECORD.ticket)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tickets.sqlite3"


@pytest_asyncio.fixture
async def kept(path: Path, connections: list[sqlite3.Connection]) -> AsyncIterator[Kept]:
    kept = Kept(path)
    yield kept
    await kept.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process that keeps the file to itself."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Another process that lets nobody read either."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def full(writing: sqlite3.Connection) -> Iterator[None]:
    """A file that cannot grow, and has no room left, for that connection."""
    [(pages,)] = writing.execute("PRAGMA page_count").fetchall()
    writing.execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        writing.execute("PRAGMA max_page_count = 1000000")


async def test_nothing_hangs_on_a_ticket_before_it_is_on_disk(kept: Kept) -> None:
    told = kept.promise(RECORD)
    assert not told.done()
    assert await told
    assert kept.on_disk() == RECORD
    assert kept.keeper.standing.pending == 0


async def test_while_the_file_is_locked_nothing_is_kept_and_then_all_is(kept: Kept) -> None:
    with locked(kept.store.path):
        assert not await kept.promise(RECORD)
        assert not await kept.changes.get()
        assert "tickets.sqlite3 cannot be used: database is locked. See" in (
            kept.keeper.standing.trouble
        )
        assert kept.keeper.standing.pending == 1
        kept.keeper.keep(ENDED)  # the later state is written
        assert kept.keeper.get(RECORD.ticket) == ENDED
    assert await kept.changes.get()
    assert kept.on_disk() == ENDED
    assert kept.keeper.standing.trouble == ""
    assert kept.keeper.standing.failures


async def test_the_loop_goes_on_while_another_process_has_the_lock(path: Path) -> None:
    kept = Kept(path, lock_wait_s=20.0)
    with locked(path):
        told = kept.promise(RECORD)
        for _ in range(100):  # turns of the loop, none of which waits for the file
            await asyncio.sleep(0)
            kept.keeper.get(TicketId("another"))
        assert not told.done()
    assert await told
    await kept.close()


async def test_a_promise_taken_back_is_not_on_disk(kept: Kept) -> None:
    with locked(kept.store.path):
        assert not await kept.promise(RECORD)
        kept.keeper.remove(RECORD.ticket)
        assert kept.keeper.get(RECORD.ticket) is None
    while not await kept.changes.get():
        pass
    assert kept.on_disk() is None


async def test_a_disk_without_room_is_seen_and_tried_by_writing(
    kept: Kept, connections: list[sqlite3.Connection]
) -> None:
    assert await kept.promise(RECORD)
    with full(connections[0]):
        number = 0
        while await kept.promise(replace(RECORD, ticket=TicketId(f"{number:032}"))):
            number += 1
        assert "full" in kept.keeper.standing.trouble
    while not await kept.changes.get():
        pass
    assert await kept.promise(RECORD)


async def test_a_file_that_is_removed_is_begun_anew_and_said(kept: Kept) -> None:
    assert await kept.promise(RECORD)
    for one in kept.store.path.parent.iterdir():
        one.unlink()
    assert not await kept.promise(ENDED)
    assert not await kept.changes.get()
    assert await kept.changes.get()
    assert kept.on_disk() == ENDED


async def test_a_thousand_at_once_are_few_commits(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    write = kept.store.write

    def counting(records, *, trial=False):  # type: ignore[no-untyped-def]
        batches.append(len(records))
        write(records, trial=trial)

    monkeypatch.setattr(kept.store, "write", counting)
    many = [replace(RECORD, ticket=TicketId(f"{number:032}")) for number in range(1000)]
    assert all(await asyncio.gather(*map(kept.promise, many)))
    assert sum(batches) == 1000
    assert len(batches) < 10


async def test_what_waits_at_the_end_is_written_or_told_as_lost(path: Path) -> None:
    kept = Kept(path)
    with capture_logs() as logs, locked(path):
        kept.keeper.keep(RECORD)
        await kept.close()
    [lost] = [line for line in logs if line["event"] == "tickets lost"]
    assert lost["count"] == 1
    kept = Kept(path)
    kept.keeper.keep(RECORD)
    await kept.close()
    assert kept.on_disk() == RECORD


async def test_whoever_waits_for_a_ticket_is_not_answered_by_a_service_that_stops(
    path: Path,
) -> None:
    kept = Kept(path)
    waiting = kept.promise(RECORD)
    await kept.close()
    assert waiting.cancelled()
    assert kept.on_disk() == RECORD  # the next one finds it


async def test_one_who_no_longer_waits_keeps_nobody_else_waiting(kept: Kept) -> None:
    gone, here = kept.promise(RECORD), kept.keeper.kept(RECORD.ticket)
    gone.cancel()
    assert await here


async def test_what_was_kept_long_ago_is_known_at_once(kept: Kept) -> None:
    assert await kept.promise(RECORD)
    assert kept.keeper.kept(RECORD.ticket).result()


_LIMITED = """
import resource, sys
from pathlib import Path
from router.core.ids import SectorId, TicketId
from router.core.callback.tickets import TicketRecord
from router.errors import StoreError
from router.store.tickets import TicketStore

store = TicketStore(Path(sys.argv[1]))
store.write({}, trial=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    record = TicketRecord(TicketId("t"), SectorId("travail"), None, 1.0, 2.0)
    store.write({record.ticket: record})
except StoreError as error:
    print(error)
"""


def test_a_write_that_the_system_refuses_is_told(path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    assert "tickets.sqlite3 cannot be used: " in told.stdout


def test_a_file_that_may_only_be_read_is_told(
    path: Path, connections: list[sqlite3.Connection]
) -> None:
    store = TicketStore(path)
    store.read()
    connections[0].execute("PRAGMA query_only = ON")  # as for users other than root
    with pytest.raises(StoreError, match="readonly"):
        store.write({RECORD.ticket: RECORD})
    store.close()


async def test_tickets_of_a_file_that_could_not_be_read_come_with_it(path: Path) -> None:
    with closing(TicketStore(path)) as before:
        before.write({RECORD.ticket: RECORD, OTHER.ticket: replace(ENDED, ticket=OTHER.ticket)})
    with exclusively(path):
        kept = Kept(path)
        assert not kept.keeper.complete
        assert kept.keeper.get(RECORD.ticket) is None
        assert kept.keeper.standing.trouble
    turn = await kept.turns.get()
    assert turn == Turn(up=True, found=(RECORD,))
    assert kept.keeper.complete
    assert kept.keeper.get(RECORD.ticket) == RECORD
    assert kept.keeper.get(OTHER.ticket) is not None
    await kept.close()


async def test_a_ticket_that_ended_is_not_found_again_in_an_older_file(
    kept: Kept, tmp_path: Path
) -> None:
    """A disk that was away comes back with what it held before."""
    path = kept.store.path
    assert await kept.promise(RECORD)
    assert await kept.promise(OTHER)
    older = [(one, one.read_bytes()) for one in path.parent.glob("tickets*")]
    assert await kept.promise(ENDED)
    for one, content in older:
        one.unlink()
        one.write_bytes(content)
    assert not await kept.promise(replace(OTHER, attempts=1))
    assert await kept.turns.get() == Turn(up=False)
    assert await kept.turns.get() == Turn(up=True)
    assert on_disk(path) == {RECORD.ticket: ENDED, OTHER.ticket: replace(OTHER, attempts=1)}


def spoil_a_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 8192 * 4096)
        file.write(b"\xff" * 4096)


async def test_what_can_be_read_of_a_damaged_file_is_found_and_kept(path: Path) -> None:
    many = [replace(RECORD, ticket=TicketId(f"{number:032}")) for number in range(500)]
    with closing(TicketStore(path)) as before:
        before.write({one.ticket: one for one in many})
    spoil_a_page(path)
    kept = Kept(path)
    turn = await kept.turns.get()
    assert turn.up
    assert 400 < len(turn.found) < 500
    assert await kept.keeper.kept(turn.found[-1].ticket)
    await kept.close()
    assert set(on_disk(path).values()) == set(turn.found)


async def test_damage_that_nothing_met_is_made_good_before_a_restart_would_meet_it(
    path: Path,
) -> None:
    """SQLite goes on with what it has in memory, and in its log of changes."""
    kept = Kept(path)
    many = [replace(RECORD, ticket=TicketId(f"{number:032}")) for number in range(200)]
    assert all(await asyncio.gather(*map(kept.promise, many)))
    spoil_header(path)
    assert not await kept.changes.get()
    assert "is damaged" in kept.keeper.standing.trouble
    assert await kept.changes.get()
    await kept.close()
    assert set(on_disk(path).values()) == set(many)
    assert len(files_aside(path)) == 1


async def test_damage_is_made_good_while_much_is_written(path: Path) -> None:
    kept = Kept(path)
    assert await kept.promise(RECORD)
    spoil_header(path)
    while kept.changes.empty():
        kept.promise(OTHER)
        await asyncio.sleep(0.01)
    assert not await kept.changes.get()
    assert await kept.changes.get()
    await kept.close()
    assert on_disk(path).keys() == {RECORD.ticket, OTHER.ticket}


def test_what_was_written_outlives_the_log_beside_the_file(path: Path, tmp_path: Path) -> None:
    """A router that is killed leaves both; of a log that is damaged nothing is read."""
    log = path.with_name(f"{path.name}-wal")
    with closing(TicketStore(path)) as store:
        store.write({RECORD.ticket: RECORD})
        log.write_bytes(b"\xff" * log.stat().st_size)
        store.write({OTHER.ticket: OTHER})
        log.write_bytes(b"\xff" * log.stat().st_size)
        killed = tmp_path / "killed"
        killed.mkdir()
        for file in (path, log):
            (killed / file.name).write_bytes(file.read_bytes())
    assert on_disk(killed / path.name).keys() == {RECORD.ticket, OTHER.ticket}


def spoil_header(path: Path) -> None:
    path.write_bytes(b"no database at all " * 1000)
