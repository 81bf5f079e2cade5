"""What is kept, what is not, and what happens when it cannot be."""

import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from random import Random
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.commands import DeskChanged
from router.core.facts import (
    BallotFact,
    CallFact,
    Door,
    DutyFact,
    Outcome,
    SubjectFact,
    VoteFact,
    WatchFact,
)
from router.core.ids import AgentId, EntryId, FicheId, PhoneId, QuestionId, ReasonId, SectorId
from router.core.requests import Result, Watching
from router.errors import StoreError
from router.store import FILE_NAME, Store, database, rows, schema
from router.store.database_file import files_aside
from router.store.schema import MIGRATIONS
from router.store.standing import Keeping
from tests.report.days import call_facts
from tests.service_plan import MONDAY_10H, WORK

ZONE = "Europe/Paris"
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
SATISFIED = QuestionId("satisfaction")
WATCH = WatchFact(MONDAY_10H, "superviseur", AgentId("101"), Watching.WHISPER)
CALL = CallFact(int(MONDAY_10H), Door.MENU, WORK, Outcome.ANSWERED, 12, 240, 1, True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state" / FILE_NAME)
    assert opened.sessions() == ()
    yield opened
    opened.close()


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Store]:
    """A store that does not wait for a file that somebody else keeps locked."""
    opened = Store(tmp_path / "state" / FILE_NAME, lock_wait_s=0.0)
    assert opened.sessions() == ()
    yield opened
    opened.close()


@contextmanager
def looked_into(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program at the same file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        yield other


def vote(score: int | None, day: date = MONDAY, question: QuestionId = SATISFIED) -> VoteFact:
    return VoteFact(day, question, score)


def written_votes(store: Store) -> Counter[VoteFact]:
    return store.votes(MONDAY, TUESDAY)


# Facts come back as they were


@settings(max_examples=40)  # each opens two files
@given(facts=st.lists(call_facts(), max_size=30), order=st.randoms())
def test_calls_come_back_as_they_were_and_tell_no_order(
    tmp_path_factory: pytest.TempPathFactory, facts: list[CallFact], order: Random
) -> None:
    """The same calls in any order, in any batches, make the same table."""
    tables = []
    for _ in range(2):
        one = Store(tmp_path_factory.mktemp("store") / FILE_NAME)
        for fact in facts:
            one.record(fact)
            if order.random() < 0.2:
                one.flush(MONDAY)
        one.flush(MONDAY)
        assert Counter(one.calls(date(2026, 1, 1), date(2027, 1, 1), ZONE)) == Counter(facts)
        with looked_into(one.path) as file:
            tables.append(file.execute("SELECT * FROM calls").fetchall())
        one.close()
        order.shuffle(facts)
    assert tables[0] == tables[1]


def test_no_table_of_callers_has_a_row_id(store: Store) -> None:
    with looked_into(store.path) as file:
        for table in ("calls", "subjects", "votes", "ballots", "duty"):
            with pytest.raises(sqlite3.OperationalError, match="no such column: rowid"):
                file.execute(f"SELECT rowid FROM {table}")


def test_the_log_of_changes_is_emptied_with_each_batch(store: Store) -> None:
    store.record(CALL)
    store.flush(MONDAY)
    assert store.path.with_name(f"{FILE_NAME}-wal").stat().st_size == 0


def test_days_are_those_of_the_services_zone(store: Store) -> None:
    midnight = 1_795_474_800  # Tuesday 2026-11-24 00:00 in Paris, still Monday in UTC
    for period_at in (midnight - 1800, midnight):
        store.record(CallFact(period_at, Door.NONE, None, Outcome.CLOSED, None, None, 0, None))
    store.flush(TUESDAY)
    assert [one.period_at for one in store.calls(MONDAY, MONDAY, ZONE)] == [midnight - 1800]
    assert [one.period_at for one in store.calls(TUESDAY, TUESDAY, ZONE)] == [midnight]
    assert store.last_day(ZONE) == TUESDAY


def test_the_other_facts_come_back(store: Store) -> None:
    note = SubjectFact(
        MONDAY, WORK, FicheId("F1234"), Result.REFERRED, EntryId("prefecture"), improve=True
    )
    plain = SubjectFact(MONDAY, WORK, SectorId("travail"), Result.ANSWERED, None, improve=False)
    duty = DutyFact(MONDAY, AgentId("101"))
    for fact in (note, note, plain, WATCH, duty, duty):
        store.record(fact)
    store.flush(MONDAY)
    store.record(note)
    store.record(duty)
    store.flush(MONDAY)

    assert store.subjects(MONDAY, MONDAY) == {note: 3, plain: 1}
    assert store.subjects(TUESDAY, TUESDAY) == {}
    assert store.watches(MONDAY, MONDAY, ZONE) == [WATCH]
    assert store.watches(TUESDAY, TUESDAY, ZONE) == []
    assert store.duty(MONDAY, MONDAY) == [duty]


def test_an_empty_store_has_nothing(store: Store) -> None:
    assert store.last_day(ZONE) is None
    assert store.calls(date(1, 1, 1), date(9998, 12, 31), ZONE) == []
    assert store.sessions() == ()


# Votes


def test_votes_wait_until_five_answers_are_there(store: Store) -> None:
    """What a call adds to the file never shows its vote."""
    for score in (4, None, 1, None, 4, 3):
        store.record(vote(score))
        store.flush(MONDAY)
        assert written_votes(store) == {}
    store.record(vote(2))
    store.flush(MONDAY)
    assert written_votes(store) == {
        vote(1): 1,
        vote(2): 1,
        vote(3): 1,
        vote(4): 2,
        vote(None): 2,
    }
    store.record(vote(2))
    store.flush(MONDAY)
    assert written_votes(store)[vote(2)] == 1


def test_the_votes_on_one_question_do_not_hide_those_on_another(store: Store) -> None:
    for _ in range(4):
        store.record(vote(4))
        store.record(vote(1, question=QuestionId("reponse")))
    store.flush(MONDAY)
    assert written_votes(store) == {}


def test_the_votes_of_a_day_are_written_together_or_not_at_all(store: Store) -> None:
    """The second question is put to who has answered the first: its number would tell."""
    second = QuestionId("reponse")
    for score in (4, 4, 3, 2, 1):
        store.record(vote(score))
    for answer in (1, 1, 0, 0, None):
        store.record(vote(answer, question=second))
    store.flush(MONDAY)
    assert written_votes(store) == {}
    store.record(vote(1, question=second))
    store.flush(MONDAY)
    assert sum(written_votes(store).values()) == 11


def test_a_question_that_nobody_answers_holds_up_no_other(store: Store) -> None:
    for _ in range(5):
        store.record(vote(4))
        store.record(vote(None, question=QuestionId("reponse")))
    store.flush(MONDAY)
    assert sum(written_votes(store).values()) == 10


def test_who_was_asked_is_written_before_the_vote_is(store: Store) -> None:
    for score in (4, None):
        store.record(BallotFact(MONDAY, SATISFIED))
        store.record(vote(score))
    store.flush(MONDAY)
    assert written_votes(store) == {}
    assert store.ballots(MONDAY, TUESDAY) == {BallotFact(MONDAY, SATISFIED): 2}
    assert store.ballots(TUESDAY, TUESDAY) == {}
    store.record(BallotFact(MONDAY, SATISFIED))
    store.flush(TUESDAY)
    assert sum(written_votes(store).values()) == 2
    assert store.ballots(MONDAY, MONDAY) == {BallotFact(MONDAY, SATISFIED): 3}


SCORES = st.none() | st.integers(1, 4)


@settings(max_examples=30)  # each opens two files
@given(cast=st.lists(st.tuples(SCORES, SCORES), max_size=4))
def test_while_votes_wait_the_file_is_the_same_whatever_was_answered(
    tmp_path_factory: pytest.TempPathFactory, cast: list[tuple[int | None, int | None]]
) -> None:
    """After each of four calls: how one voted, whether at all, and whether on the next question."""
    files = []
    for chosen in (0, 1):
        one = Store(tmp_path_factory.mktemp("store") / FILE_NAME)
        seen = []
        for scores in cast:
            score = scores[chosen]
            one.record(BallotFact(MONDAY, SATISFIED))
            one.record(vote(score))
            if score is not None:
                one.record(vote(score, question=QuestionId("reponse")))
            one.flush(MONDAY)
            with looked_into(one.path) as file:
                seen.append("\n".join(file.iterdump()))
        one.close()
        files.append(seen)
    assert files[0] == files[1]


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_file_of_before_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    path = tmp_path / FILE_NAME
    with monkeypatch.context() as before:
        before.setattr(schema, "MIGRATIONS", MIGRATIONS[:version])
        before.setattr(rows, "ADD_BALLOT", "DELETE FROM watches WHERE ? = ? AND ?")
        before.setattr(rows, "ADD_DIRECTIVE", "DELETE FROM watches WHERE ? = ? AND ? = ? AND ? = ?")
        old = Store(path)
        for _ in range(5):
            old.record(vote(4))
        old.flush(MONDAY)
        old.close()
    with pytest.raises(StoreError, match="Start the service once"):
        Store.open_to_read(path)
    present = Store(path)
    assert written_votes(present) == {vote(4): 5}
    assert present.ballots(MONDAY, MONDAY) == {}
    assert present.directives(MONDAY, MONDAY, ZONE) == []
    assert present.today() is None
    present.close()


def test_votes_of_a_day_that_is_over_are_written(store: Store) -> None:
    store.record(vote(4))
    store.record(vote(2, TUESDAY))
    store.flush(TUESDAY)
    assert written_votes(store) == {vote(4): 1}


def test_votes_are_written_when_the_service_stops(store: Store) -> None:
    store.record(vote(4))
    store.record(vote(None))
    store.flush(MONDAY, final=True)
    assert written_votes(store) == {vote(4): 1, vote(None): 1}
    store.flush(MONDAY, final=True)
    assert written_votes(store) == {vote(4): 1, vote(None): 1}


def test_votes_survive_a_flush_that_failed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        store.record(vote(4))
    with monkeypatch.context() as broken:
        broken.setattr(rows, "ADD_VOTE", "INSERT INTO nowhere VALUES (?, ?, ?, ?)")
        with pytest.raises(StoreError):
            store.flush(MONDAY)
    store.flush(MONDAY)
    assert written_votes(store) == {vote(4): 5}


# Sessions


def test_sessions_come_back_after_a_restart(tmp_path: Path) -> None:
    first = Store(tmp_path / FILE_NAME)
    agent, other = AgentId("101"), AgentId("102")
    paused = DeskChanged(agent, PhoneId("103"), ReasonId("pause"), MONDAY_10H + 600)
    first.desk_changed(DeskChanged(agent, PhoneId("101")))
    first.desk_changed(DeskChanged(other, PhoneId("102")))
    first.desk_changed(paused)
    first.flush(MONDAY)
    first.desk_changed(DeskChanged(other, None))
    first.flush(MONDAY)
    first.close()

    second = Store(tmp_path / FILE_NAME)
    assert second.sessions() == (paused,)
    second.close()


# Failures


def hold(path: Path) -> sqlite3.Connection:
    """Another process that keeps the file locked."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_a_failed_flush_keeps_everything(impatient: Store) -> None:
    impatient.record(CALL)
    impatient.desk_changed(DeskChanged(AgentId("101"), PhoneId("101")))
    other = hold(impatient.path)
    with pytest.raises(StoreError, match="database is locked"):
        impatient.flush(MONDAY)
    impatient.desk_changed(DeskChanged(AgentId("101"), PhoneId("102")))
    other.execute("ROLLBACK")
    other.close()
    impatient.flush(MONDAY)
    assert impatient.calls(MONDAY, MONDAY, ZONE) == [CALL]
    assert impatient.sessions() == (DeskChanged(AgentId("101"), PhoneId("102")),)
    assert impatient.dropped == 0


def test_how_the_file_fares_is_told(impatient: Store) -> None:
    impatient.record(CALL)
    other = hold(impatient.path)
    with pytest.raises(StoreError):
        impatient.flush(MONDAY)
    trouble = (
        f"{impatient.path} cannot be used: database is locked. "
        f"See what holds it, by fuser {impatient.path}, and end that."
    )
    assert impatient.standing == Keeping(1, 1, 0, trouble)
    other.execute("ROLLBACK")
    other.close()
    impatient.flush(MONDAY)
    assert impatient.standing == Keeping(0, 1, 0, "")


def test_a_file_that_was_removed_is_begun_anew_with_every_session(store: Store) -> None:
    session = DeskChanged(AgentId("101"), PhoneId("101"))
    store.desk_changed(session)
    store.flush(MONDAY)
    for one in store.path.parent.glob(store.path.name + "*"):
        one.unlink()
    store.record(CALL)
    store.record(WATCH)
    with pytest.raises(StoreError, match="was removed or replaced"):
        store.flush(MONDAY)
    store.flush(MONDAY)
    assert store.sessions() == (session,)
    assert store.calls(MONDAY, MONDAY, ZONE) == [CALL]
    assert store.watches(MONDAY, MONDAY, ZONE) == [WATCH]
    assert store.path.stat().st_mode & 0o077 == 0


def test_what_comes_during_a_flush_that_fails_is_the_newer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = DeskChanged(AgentId("101"), PhoneId("102"))

    def fail(call: CallFact) -> NoReturn:
        store.record(CALL)
        store.desk_changed(later)
        raise sqlite3.OperationalError("disk full")

    store.record(CALL)
    store.desk_changed(DeskChanged(AgentId("101"), PhoneId("101")))
    with monkeypatch.context() as broken:
        broken.setattr(rows, "call_row", fail)
        with pytest.raises(StoreError, match="disk full"):
            store.flush(MONDAY)
    store.flush(MONDAY)
    assert store.calls(MONDAY, MONDAY, ZONE) == [CALL] * 2
    assert store.sessions() == (later,)


def test_what_waits_is_bounded_and_what_is_dropped_is_counted(
    impatient: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAITING_MAX", 3)
    other = hold(impatient.path)
    for _ in range(4):
        impatient.record(CALL)
    assert impatient.dropped == 1
    with pytest.raises(StoreError):
        impatient.flush(MONDAY)
    impatient.record(CALL)
    assert impatient.dropped == 2
    other.execute("ROLLBACK")
    other.close()
    impatient.flush(MONDAY)
    assert impatient.calls(MONDAY, MONDAY, ZONE) == [CALL] * 3


def test_a_batch_is_written_whole_or_not_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.record(CALL)
    store.record(DutyFact(MONDAY, AgentId("101")))
    with monkeypatch.context() as broken:
        broken.setattr(rows, "ADD_DUTY", "INSERT INTO nowhere VALUES (?, ?)")
        with pytest.raises(StoreError):
            store.flush(MONDAY)
    assert store.calls(MONDAY, MONDAY, ZONE) == []
    store.flush(MONDAY)
    assert store.calls(MONDAY, MONDAY, ZONE) == [CALL]


def test_counting_goes_on_beside_flushing(store: Store) -> None:
    """Threads change places as often as they can."""
    done = threading.Event()

    def flush_on_and_on() -> None:
        while not done.is_set():
            store.flush(MONDAY)

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    worker = threading.Thread(target=flush_on_and_on)
    worker.start()
    try:
        for _ in range(30_000):
            store.record(CALL)
    finally:
        sys.setswitchinterval(usual)
        done.set()
        worker.join()
    store.flush(MONDAY)
    assert len(store.calls(MONDAY, MONDAY, ZONE)) == 30_000


# The file


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.touch(mode=0o644)
    store = Store(path)
    store.record(CALL)
    store.flush(MONDAY)
    modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
    store.close()
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3  # the -wal and -shm files too


def test_what_is_deleted_is_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE_NAME)
    agent, phone = AgentId("of-deleted-agent"), PhoneId("of-deleted-phone")
    store.desk_changed(DeskChanged(agent, phone))
    store.flush(MONDAY)
    store.desk_changed(DeskChanged(agent, None))
    store.flush(MONDAY)
    with looked_into(store.path) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()
    assert b"of-deleted" not in store.path.read_bytes()


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text("this is a letter, not a database; it is long enough to be looked at" * 20)
    store = Store(path)
    with pytest.raises(
        StoreError, match=r"facts\.sqlite3 is damaged .*set aside as facts\.sqlite3"
    ):
        store.sessions()
    store.close()
    [aside] = files_aside(path)
    assert aside.read_text().startswith("this is a letter")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE songs (title TEXT)")
    other.commit()
    other.close()
    with pytest.raises(StoreError, match="database of another program"):
        Store(path).sessions()


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    store = Store(path)
    store.sessions()
    store.close()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    for opening in (Store, Store.open_to_read):
        with pytest.raises(StoreError, match="newer allo"):
            opening(path).sessions()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/facts\.sqlite3 cannot be used: .*Give this user"):
        Store(tmp_path / "file" / FILE_NAME).sessions()
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StoreError, match="cannot be used: Is a directory"):
        Store(tmp_path / FILE_NAME).sessions()


def test_a_reader_finds_what_the_service_flushed_and_changes_nothing(store: Store) -> None:
    store.record(CALL)
    store.flush(MONDAY)
    reader = Store.open_to_read(store.path)
    assert reader.calls(MONDAY, MONDAY, ZONE) == [CALL]
    reader.record(CALL)
    with pytest.raises(StoreError, match="readonly"):
        reader.flush(MONDAY)
    reader.close()


def test_a_reader_needs_a_file_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing has been counted yet"):
        Store.open_to_read(tmp_path / FILE_NAME)
    (tmp_path / FILE_NAME).touch()
    with pytest.raises(StoreError, match="Start the service once"):
        Store.open_to_read(tmp_path / FILE_NAME)


def test_a_value_of_another_time_is_an_error_of_ours(store: Store) -> None:
    store.record(CALL)
    store.flush(MONDAY)
    with looked_into(store.path) as file:
        file.execute("UPDATE calls SET outcome = 'abducted'")
    with pytest.raises(StoreError, match="abducted"):
        store.calls(MONDAY, MONDAY, ZONE)
