"""Recordings: decided again the same, whatever happened; and nobody in them.

Days at random (tests/core/days.py) are recorded and replayed; callers type numbers wherever keys
are heard.
"""

import os
import stat
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.cli import provision
from router.config import load, new_secrets
from router.core.callback.tickets import TicketState
from router.core.codes import CodeBook
from router.core.commands import Command, Step
from router.core.desk.pins import Pins
from router.core.engine import Engine
from router.core.events import (
    AgentAsked,
    CallArrived,
    CallbackCancelled,
    CalledEnd,
    CalledEnded,
    CallLeft,
    Directed,
    Event,
    KeyPressed,
    NumberTaken,
    PromptEnded,
    Resynced,
)
from router.core.ids import AgentId, CallId, PromptId, TicketId
from router.core.menus import Menu, ToPage
from router.core.plan import CodePolicy, Plan, Targets
from router.core.requests import (
    CloseEarly,
    Move,
    Note,
    Reopen,
    Reply,
    Result,
    SendOnPause,
    TellAll,
    Watching,
)
from router.core.today import Message, Moved, Skill, Today
from router.errors import StoreError
from router.replay import Difference, RecordingEngine, Replayed, Tape, replay
from router.replay.keys import APART_S, MOST_IN_A_ROW, stand_in
from router.replay.recording import OTHER_CODES, SPELLS_NUMBER
from router.replay.values import decode, digests, encode
from tests.core.days import Day
from tests.exchange import Exchange
from tests.service_plan import (
    FICHE,
    HOUSING,
    INFORMATION,
    LUNCH,
    MAIN,
    MONDAY_10H,
    PAGE,
    WORK,
    code_book,
    day_plan,
    small_plan,
)

#: Days at random choose often and fast: no end of the recording is wanted for that.
ANY_LENGTH = 10**9
#: What a supervisor writes in the audit.
WHY = "Le réseau de Metz est coupé."
Record = Callable[..., Exchange]


class Recorder:
    """Makes engines that record in `path`."""

    def __init__(self, path: Path, most_in_a_row: int = MOST_IN_A_ROW) -> None:
        self.path = path
        self.tape = Tape(path)
        self.most_in_a_row = most_in_a_row
        self.plan = small_plan()

    def __call__(self, plan: Plan, codes: CodeBook, run: str, pins: Pins) -> RecordingEngine:
        self.plan = plan
        return RecordingEngine(plan, codes, run, pins, self.tape, self.most_in_a_row)

    def replayed(self) -> Replayed:
        self.tape.close()
        return replay(self.path, self.plan)

    def records(self) -> list[dict[str, Any]]:
        self.tape.flush()
        return [orjson.loads(line) for line in self.path.read_bytes().splitlines()]


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path / "recording")
    with closing(recorder.tape):
        yield recorder


@pytest.fixture
def record(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Return an exchange, every word of which is recorded."""

    def recorded(plan: Plan | None = None, **changes: Any) -> Exchange:
        monkeypatch.setattr("tests.exchange.Engine", recorder)
        return Exchange(plan or day_plan(), **changes)

    return recorded


def told(recorder: Recorder) -> list[Any]:
    return [one["event"] for one in recorder.records() if "event" in one]


def keys_written(recorder: Recorder) -> dict[str, list[str]]:
    """Return what is written of each call's keys."""
    keys = defaultdict(list)
    for event in told(recorder):
        for name in ("KeyPressed", "LegKeyPressed"):
            if name in event:
                keys[event[name]["call"]].append(event[name]["key"])
    return keys


# The same decisions.


@pytest.mark.parametrize("seed", range(12))
def test_a_day_at_random_is_decided_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    recorder = Recorder(tmp_path / "recording", ANY_LENGTH)
    monkeypatch.setattr("tests.world.Engine", recorder)
    day = Day(seed)
    day.live()
    replayed = recorder.replayed()
    assert recorder.tape.ended == ""
    # A key that comes when something is due is told after a record of that.
    assert len(day.log) <= replayed.events < 1.2 * len(day.log)
    assert replayed.commands > 100


def test_a_recording_engine_answers_as_any_other(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Day(5)
    plain.live()
    monkeypatch.setattr("tests.world.Engine", recorder)
    recorded = Day(5)
    recorded.live()
    assert recorded.log == plain.log
    assert recorded.facts == plain.facts


def test_callbacks_are_decided_again(recorder: Recorder, record: Record) -> None:
    exchange = record()
    exchange.appear("101")
    assert exchange.ask_callback("ticket of somebody", HOUSING).refusal is None
    exchange.answer("101")
    exchange.tell(CalledEnded(exchange.attempt("ticket of somebody"), CalledEnd.BUSY))
    exchange.confirm_hang_ups()
    exchange.wait(exchange.plan.callbacks.busy_retry_s + 1)
    exchange.answer("101")
    call = exchange.pick_up("ticket of somebody")
    exchange.hear_whisper("101")
    exchange.press("21", call)
    exchange.end_leg("101")
    exchange.leave(call)
    exchange.wait(60)
    assert exchange.saved[TicketId("ticket of somebody")].state is TicketState.DONE
    assert exchange.ask_callback("second", HOUSING).refusal is None
    exchange.tell(CallbackCancelled(TicketId("second")))
    assert recorder.replayed().events == len(exchange.told)
    assert keys_written(recorder)[_only_call(recorder)] == ["?0", "1"]


def _only_call(recorder: Recorder) -> str:
    (call,) = keys_written(recorder)
    return call


@pytest.mark.parametrize("wrong_first", [0, 2])
def test_who_calls_in_with_a_ticket_s_code_is_known_again(
    recorder: Recorder, record: Record, wrong_first: int
) -> None:
    exchange = record(day_plan(code=CodePolicy(failures_per_minute=1)))
    exchange.appear("101")
    exchange.talk("101", "first")
    for ticket in ("t", "u"):
        assert exchange.ask_callback(ticket, HOUSING).refusal is None
    code = exchange.engine.ticket_code(TicketId("u"))
    assert code is not None
    exchange.arrive()
    exchange.press("#" + wrong(code) * wrong_first)
    exchange.press(code)
    assert exchange.state() == ("checking" if wrong_first else "waiting")
    exchange.wait(exchange.plan.code.delay_s)  # too many wrong codes: answered late
    assert exchange.saved[TicketId("u")].state is TicketState.CANCELLED
    assert exchange.state() == "waiting"
    assert recorder.replayed().events == len(exchange.told)
    skip, *keys, last = keys_written(recorder)["call-2"]
    assert skip == "#"
    assert keys == [*(["?3", *["?0"] * 7] * wrong_first), "?3", *["?0"] * 6]
    assert last == "?ā"  # the second ticket's
    assert code not in recorder.path.read_text()


def wrong(code: str) -> str:
    """Return a code whose check digit does not fit."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def test_a_page_s_code_is_an_answer_and_no_digits(recorder: Recorder, record: Record) -> None:
    exchange = record()
    exchange.appear("101")
    exchange.arrive()
    exchange.press(wrong(exchange.code))
    exchange.press(exchange.code)
    assert exchange.state() == "ringing"
    assert recorder.replayed().events == len(exchange.told)
    assert keys_written(recorder)["call-1"] == ["?3", *["?0"] * 7] * 2
    answers = [one["answers"] for one in recorder.records() if "answers" in one]
    assert answers == [[None], [FICHE]]


def test_what_was_before_a_restart_is_part_of_it(recorder: Recorder, record: Record) -> None:
    before = Exchange(day_plan())
    before.appear("101")
    assert before.ask_callback("t", HOUSING).refusal is None
    before.answer("101")
    before.pick_up("t")
    after = record(now=before.now + 5)
    after.engine.restore(before.sessions.values(), after.now)
    saved = before.saved[TicketId("t")]
    after.restore_tickets([saved])
    after.saved.setdefault(TicketId("t"), saved)
    after.appear("101")
    call = after.attempt("t")
    after.find(call)
    after.tell(Resynced())
    after.press("1", call)
    assert after.state(call) == "ringing"
    assert recorder.replayed() == Replayed(
        lives=1,
        events=len(after.told),
        commands=sum(len(commands) for _, _, commands in after.told),
        cut_short=0,
        ended=(),
    )


def test_what_supervisors_direct_is_decided_again(recorder: Recorder, record: Record) -> None:
    before = Exchange(day_plan())
    before.direct(CloseEarly(before.now + 600), WHY)
    before.direct(TellAll("Réunion à 11 h."), WHY)
    after = record(now=before.now + 5)
    assert before.today is not None
    after.engine.restore_today(before.today, after.now)
    after.appear("101", "102", "103")
    after.direct(SendOnPause(AgentId("101"), LUNCH), WHY)
    after.direct(Move(AgentId("102"), (Skill(HOUSING, 1), Skill(WORK, 2))), WHY)
    after.choose_housing()
    assert list(after.ringing()) == ["102"]
    after.direct(Reopen(), WHY)
    after.direct(TellAll(None))
    after.direct(Move(AgentId("999"), None), WHY)
    after.wait(20 * 3600)
    assert recorder.replayed().events == len(after.told)
    text = recorder.path.read_text()
    for words in (WHY, "Metz", "Réunion", '"sup"'):
        assert words not in text, words


def test_a_defect_is_a_defect_again(
    recorder: Recorder, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = record()
    exchange.arrive()

    handle = Engine.handle

    def stumble(self: Engine, event: Event, now: float) -> list[Command]:
        if isinstance(event, PromptEnded):
            raise ZeroDivisionError
        return handle(self, event, now)

    with monkeypatch.context() as patched:
        patched.setattr(Engine, "handle", stumble)
        with pytest.raises(ZeroDivisionError):
            exchange.hear_out()
        assert recorder.replayed().events == 2
    with pytest.raises(Difference, match=r"expected: ZeroDivisionError\n  got: +\["):
        recorder.replayed()


# Nobody is in them.


def test_ids_of_channels_tickets_and_people_stay_outside(
    recorder: Recorder, record: Record
) -> None:
    exchange = record()
    exchange.appear("101", "102", "190")
    exchange.ask_callback("bearer-of-a-ticket", HOUSING)
    exchange.answer("101")
    dialled = exchange.attempt("bearer-of-a-ticket")
    exchange.pick_up("bearer-of-a-ticket")
    exchange.press("1", dialled)
    assert exchange.watch("101", Watching.LISTEN) is Reply.WATCHING
    exchange.find("asterisk-1795424400.17", HOUSING, exchange.now, "102")
    exchange.tell(NumberTaken(CallId("asterisk-1795424400.18"), TicketId("another-ticket")))
    assert recorder.replayed().events == len(exchange.told)
    text = recorder.path.read_text()
    for word in ("bearer", "another", "asterisk", dialled, "old-leg", "old-talk", '"sup"'):
        assert word not in text, word
    assert "secret" not in text


def test_pins_and_strangers_numbers_stay_outside(recorder: Recorder, record: Record) -> None:
    exchange = record()
    exchange.appear("101", "102")
    for number, pin in [("101", "4321"), ("102", "9876"), ("0199001234", "1"), ("0199005678", "2")]:
        call = exchange.desk_call("101", "11")
        exchange.press(f"{number}#", call)
        for _ in range(3):
            exchange.press(f"{pin}#", call)
    assert recorder.replayed().events == len(exchange.told)
    first, second, third, fourth = keys_written(recorder).values()
    assert first[:9] == ["1", "0", "1", "#", *["?0"] * 4, "#"]
    assert second[:9] == ["1", "0", "2", "#", *["?0"] * 4, "#"]
    assert third[:11] == [*["?0"] * 10, "#"]
    assert fourth[:11] == [*["?0"] * 6, "?1", *["?0"] * 3, "#"]


@pytest.mark.parametrize(
    ("typed", "key", "answers", "written"),
    [
        ("", "1", ["1", "2"], "1"),
        ("", "7", ["1", "2"], "?0"),
        ("", "7", ["0", "1", "3"], "?2"),
        ("1", "2", ["11", "12"], "2"),
        ("1", "7", ["11", "12"], "?0"),
        ("1", "7", ["10", "11"], "?2"),
        ("17", "3", ["11", "12"], "?0"),
        ("", "7", [], "?0"),
    ],
)
def test_a_digit_is_written_only_as_the_beginning_of_an_answer(
    typed: str, key: str, answers: list[str], written: str
) -> None:
    assert stand_in(typed, key, answers) == written


#: Menus in which every digit is a choice, and callers stay.
WORST = {
    INFORMATION: Menu(
        INFORMATION, (PromptId("information-menu"),), dict.fromkeys("0123456789", ToPage(PAGE))
    )
}


def worst_plan(tries: int = 9) -> Plan:
    plan = day_plan(targets=Targets(tries=tries))
    return replace(plan, menus={**plan.menus, **WORST})


def test_a_key_means_what_it_means_once_what_was_due_has_happened(
    recorder: Recorder, record: Record
) -> None:
    exchange = record(worst_plan(tries=2))
    exchange.arrive()
    exchange.press("#")
    exchange.hear_out()
    exchange.wait(exchange.plan.targets.first_key_s)
    exchange.hear_out()
    due_at = exchange.engine.next_deadline()
    assert due_at is not None
    exchange.now = due_at  # the menu is over for want of a key: the information begins
    exchange.press("7")
    assert exchange.details(Step.PAGE) == [PAGE]
    assert recorder.replayed().events == len(exchange.told) + 1
    assert keys_written(recorder)["call-1"] == ["#", "7"]


NUMBERS = st.text("0123456789", min_size=9, max_size=14)
ACTS = st.lists(
    st.one_of(
        NUMBERS,
        st.sampled_from(["#", "##", "###", "##1", "*", "hear out", "wait", "code", "5", "join"]),
    ),
    max_size=12,
)


@given(acts=ACTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_number_typed_anywhere_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    recorder = Recorder(tmp_path_factory.mktemp("typed") / "recording")
    with pytest.MonkeyPatch.context() as patched, closing(recorder.tape):
        patched.setattr("tests.exchange.Engine", recorder)
        exchange = Exchange(worst_plan())
        exchange.appear("101", "103")
        typed = act_out(exchange, acts)
        written = keys_written(recorder).get("call-1", [])
        replayed = recorder.replayed()
    if recorder.tape.ended:
        assert replayed.ended == (recorder.tape.ended,) == (SPELLS_NUMBER,)
        assert len(written) < len(typed)
    else:
        assert len(written) == len(typed)
    as_typed = "".join(
        key if key == pressed else "." for (pressed, _), key in zip(typed, written, strict=False)
    )
    for start, (_, number) in enumerate(typed):
        if number is not None and start + 6 <= len(as_typed):
            assert "." in as_typed[start : start + 6] or not as_typed[start : start + 6].isdigit()


def act_out(exchange: Exchange, acts: list[str]) -> list[tuple[str, int | None]]:
    """Return each key of the caller, with the place in `acts` of a number it was part of."""
    exchange.arrive()
    typed: list[tuple[str, int | None]] = []

    def press(keys: str, number: int | None = None) -> None:
        for key in keys:
            if not exchange.callers["caller"].hung_up:
                exchange.press(key)
                typed.append((key, number))

    for place, act in enumerate(acts):
        caller = exchange.callers["caller"]
        match act:
            case "hear out":
                if caller.playback is not None and not caller.hung_up:
                    exchange.hear_out()
            case "wait":
                exchange.wait(APART_S + 1)
            case "code":
                press(exchange.code)
            case "join":
                for agent in exchange.ringing():
                    exchange.answer(agent)
                    exchange.hear_whisper(agent)
            case _:
                press(act, place if act.isdigit() and len(act) > 1 else None)
    return typed


def test_a_number_of_choices_ends_the_recording_and_nothing_else(
    recorder: Recorder, record: Record
) -> None:
    exchange = record(worst_plan())
    exchange.arrive()
    exchange.press("##")
    exchange.press("01990")
    exchange.wait(APART_S + 1)
    exchange.press("12345")
    assert recorder.tape.ended == ""
    exchange.press("6")
    assert exchange.details(Step.PAGE) == [PAGE] * 11
    assert recorder.tape.ended == SPELLS_NUMBER
    exchange.press("789*")
    replayed = recorder.replayed()
    assert replayed.ended == (SPELLS_NUMBER,)
    assert keys_written(recorder)["call-1"] == [*"##", *"01990", *"12345"]
    assert "ended before its time: what a caller types" in str(replayed)


# Differences and faults.


def test_the_first_other_decision_is_told(recorder: Recorder, record: Record) -> None:
    exchange = record()
    exchange.appear("101")
    exchange.choose_housing()
    exchange.answer("101")
    recorder.tape.close()
    lines = recorder.path.read_text().splitlines(keepends=True)
    (line,) = [number for number, text in enumerate(lines) if "LegAnswered" in text]
    lines[line] = lines[line].replace("whisper-call", "whisper-other")
    recorder.path.write_text("".join(lines))
    with pytest.raises(Difference) as difference:
        recorder.replayed()
    assert difference.value.line == line + 1
    assert difference.value.event == line
    assert difference.value.at == "2026-11-23T10:00:00.000"
    assert difference.value.given.startswith('{"LegAnswered":{"call":"call-1"')
    assert "whisper-other" in difference.value.expected
    assert "whisper-call" in difference.value.got


OTHER = day_plan(targets=Targets(queue_max=1), name="Autre")


def test_what_another_plan_decided_is_decided_again_by_that_plan(
    recorder: Recorder, record: Record
) -> None:
    record().arrive()
    recorder.tape.close()

    assert replay(recorder.path, OTHER) == replay(recorder.path, day_plan())


def test_another_plan_of_an_older_recording_is_named_with_what_differs(
    recorder: Recorder, record: Record
) -> None:
    record().arrive()
    header, *lines = recorder.records()
    del header["service"]
    recorder.path.write_bytes(b"\n".join(map(orjson.dumps, [header, *lines])))
    assert replay(recorder.path, day_plan()).lives == 1
    with pytest.raises(
        StoreError, match=r"line 1 was recorded with another plan \(name, targets\)"
    ):
        replay(recorder.path, OTHER)


# Over a reload.


def test_a_new_plan_is_decided_again_with_all_that_follows(
    recorder: Recorder, record: Record
) -> None:
    exchange = record()
    exchange.appear("101", "102")
    exchange.talk("101", "first")
    exchange.ask_callback("t", HOUSING)
    exchange.choose_housing("second")
    agents = {one: day_plan().agents[one] for one in (AgentId("102"), AgentId("103"))}
    callbacks = replace(day_plan().callbacks, attempts=3)
    exchange.change_plan(replace(day_plan(callbacks=callbacks, fiches={}), agents=agents))
    exchange.end_leg("101")
    exchange.wait(400.0)
    exchange.change_plan(day_plan())
    exchange.arrive("third")
    exchange.press(exchange.code, "third")
    exchange.desk_call("103", "11")

    replayed = recorder.replayed()

    assert replayed.events == len(exchange.told)
    assert "101" not in exchange.ringing()


def test_a_decision_after_a_new_plan_that_differs_is_found(
    recorder: Recorder, record: Record
) -> None:
    exchange = record()
    exchange.appear("101")
    exchange.change_plan(OTHER)
    exchange.choose_housing()
    recorder.tape.close()
    lines = recorder.path.read_text().splitlines(keepends=True)
    [place] = [at for at, line in enumerate(lines) if "PlanChanged" in line]
    lines[place] = lines[place].replace('["welcome"]', '["welcome-other"]')
    recorder.path.write_text("".join(lines))
    with pytest.raises(Difference):
        replay(recorder.path, day_plan())


def test_the_recording_ends_where_codes_begin_with_other_digits(
    recorder: Recorder, record: Record
) -> None:
    """What is written of a ticket's code could not be typed any more."""
    exchange = record()
    exchange.arrive()
    menu = Menu(MAIN, (PromptId("menu-main"),), dict.fromkeys("3456", ToPage(PAGE)))
    exchange.change_plan(day_plan(menus={**day_plan().menus, MAIN: menu}))

    assert recorder.tape.ended == OTHER_CODES
    assert recorder.replayed().ended == (OTHER_CODES,)


def test_a_plan_is_the_same_in_its_own_order_only() -> None:
    plan = day_plan()
    agents = dict(reversed([*plan.agents.items()]))
    assert digests(plan, MONDAY_10H) == digests(day_plan(), MONDAY_10H)
    changed = digests(replace(plan, agents=agents), MONDAY_10H)
    assert {
        part for part, digest in digests(plan, MONDAY_10H).items() if digest != changed[part]
    } == {"agents"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no recording"),
        ("hello", "holds no recording"),
        ("hello\nworld\n", "line 1 is broken"),
        ("[]\n", "line 1 is broken"),
        ('{"at":1}\n', "line 1 is not the start of a recording"),
        ('{"allo recording":2}\n', "line 1 has version 2, not 1"),
        ('{"allo recording":1}\n', "line 1 is broken"),
        ("HEADER{}\n", "line 2 is broken"),
        ('HEADER{"at":1.0,"event":{"Boom":{}},"commands":[]}\n', "line 2 is broken"),
        ('HEADER{"at":1.0,"event":{"CallLeft":{"who":"x"}},"commands":[]}\n', "line 2 is broken"),
        ('HEADER{"at":"x","event":{"TimePassed":{}},"commands":[]}\n', "line 2 is broken"),
        ('HEADER{"at":1.0,"ev\n{"at":2.0}\n', "line 2 is broken"),
    ],
)
def test_a_broken_file_is_named_with_the_line(tmp_path: Path, text: str, sentence: str) -> None:
    plan = small_plan()
    header = orjson.dumps({"allo recording": 1, "at": 0.0, "plan": digests(plan, 0.0)}).decode()
    file = tmp_path / "recording"
    file.write_text(text.replace("HEADER", header + "\n"))
    with pytest.raises(StoreError, match=sentence):
        replay(file, plan)


def test_what_can_be_told_reads_as_it_was_written() -> None:
    event = AgentAsked(7, AgentId("101"), Note(WORK, Result.REFERRED, None, True))
    assert encode(event) == {
        "AgentAsked": {
            "ask": 7,
            "agent": "101",
            "request": {"Note": {"subject": "travail", "result": "referred", "improve": True}},
        }
    }
    assert decode(encode(event)) == event
    assert decode(encode(NumberTaken(CallId("c"), None))) == NumberTaken(CallId("c"), None)
    moved = Directed(8, "claire", WHY, Move(AgentId("101"), (Skill(WORK, 1), Skill(HOUSING, 3))))
    today = Today(date(2026, 11, 23), 7.5, (Moved(AgentId("101"), ()),), Message(1.0, "c", "m"))
    for told in (moved, today, Directed(9, "claire", "", TellAll(None))):
        assert decode(orjson.loads(orjson.dumps(encode(told)))) == told


# The tape.


def test_it_is_for_its_owner_and_goes_on_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    for call in ("one", "two"):
        recorder = Recorder(path)
        recorder(small_plan(), code_book(small_plan()), "r", Pins({})).handle(
            CallArrived(CallId(call)), MONDAY_10H
        )
        recorder.tape.close()
        path.chmod(0o644)
    assert replay(path, small_plan()).lives == 2
    with closing(Tape(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_killed_router_cuts_one_line_short(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    for _ in range(2):
        recorder = Recorder(path)
        engine = recorder(small_plan(), code_book(small_plan()), "r", Pins({}))
        engine.handle(CallArrived(CallId("c")), MONDAY_10H)
        engine.handle(CallLeft(CallId("c")), MONDAY_10H)
        recorder.tape.close()
        os.truncate(path, path.stat().st_size - 20)
    replayed = replay(path, small_plan())
    assert (replayed.lives, replayed.events, replayed.cut_short) == (2, 2, 2)
    assert "2 lives of a router (2 cut short when a router was killed)" in str(replayed)


def test_nothing_is_written_over_that_is_no_recording(tmp_path: Path) -> None:
    file = tmp_path / "letter"
    file.write_text("Chère Madame,")
    with pytest.raises(StoreError, match="is no recording"):
        Tape(file)
    with pytest.raises(StoreError, match="cannot be written"):
        Tape(tmp_path / "nowhere" / "recording")
    assert file.read_text() == "Chère Madame,"


def fill_the_disk_of(path: Path) -> None:
    """Have every write of this process to the open file fail for want of room."""
    full = os.open("/dev/full", os.O_WRONLY)
    for one in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the list's own
            if os.readlink(f"/proc/self/fd/{one}") == str(path):
                os.dup2(full, int(one))
    os.close(full)


def test_a_failing_disk_ends_the_recording_once_and_no_call(
    recorder: Recorder, record: Record
) -> None:
    exchange = record()
    fill_the_disk_of(recorder.path)
    exchange.arrive()
    recorder.tape.flush()
    assert recorder.tape.ended == "No space left on device"
    exchange.press("#2")
    recorder.tape.flush()
    assert exchange.steps()[-1] is Step.REFUSED  # nobody is on duty
    assert recorder.tape.ended == "No space left on device"
    assert recorder.path.read_bytes() == b""


def test_a_disk_that_hangs_does_not_fill_the_memory(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.replay.tape.MOST_WAITING", 3)
    for _ in range(5):
        recorder.tape.write({})
    assert recorder.tape.ended == "the disk does not keep up"
    recorder.tape.flush()
    assert recorder.path.read_bytes() == b""  # what waited is given up


def test_a_defect_of_the_recorder_is_none_of_the_engine(
    recorder: Recorder, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = record()
    exchange.arrive()
    monkeypatch.setattr("router.replay.recording.encode", None)
    exchange.press("##")
    assert exchange.state() == "menu"
    assert recorder.tape.ended == "defect of the recorder: TypeError"
    monkeypatch.undo()
    assert recorder.replayed().events == 1


# The command.


def test_the_command_line_tells_same_and_other_and_broken(tmp_path: Path) -> None:
    plan = load(None).plan
    recorder = Recorder(tmp_path / "recording")
    engine = recorder(plan, code_book(plan), "r", Pins({}))
    engine.handle(CallArrived(CallId("c")), MONDAY_10H)
    engine.handle(KeyPressed(CallId("c"), "#"), MONDAY_10H + 0.25)
    recorder.tape.close()
    shipped = tmp_path / "allo.toml"
    shipped.write_text('secrets = "secrets.toml"\n')
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(new_secrets(plan.agents, plan.desk.supervisor_phones))
    secrets.chmod(0o600)

    def allo(*words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "router.cli", *words],
            cwd=provision.TOP,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    same = allo("replay", str(recorder.path), "--config", str(shipped))
    assert same == (0, "2 events, 5 commands: same decisions\n", "")
    text = recorder.path.read_text()
    recorder.path.write_text(text.replace("code-ask", "code-asked"))
    code, said, _ = allo("replay", str(recorder.path), "--config", str(shipped))
    assert code == 1
    assert said.startswith('event 2 (line 3) at 2026-11-23T10:00:00.250: {"KeyPressed":')
    recorder.path.write_text(text.replace('"at":', '"at";', 1))
    code, _, said = allo("replay", str(recorder.path), "--config", str(shipped))
    assert (code, "line 1 is broken" in said) == (2, True)
    code, _, said = allo("run", "--config", str(shipped), "--record", str(tmp_path))
    assert code == 2
    assert "--record" in said
