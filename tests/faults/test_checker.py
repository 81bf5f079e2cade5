"""The checker finds a breach of each kind that is planted, and nothing in a day without one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.faults.checker import Rule, judge
from tests.faults.history import ASTERISK, Did, History, Noted
from tests.faults.scene import (
    CALLER,
    FIRST,
    INFORMATEUR,
    OTHER,
    THIRD,
    USAGER,
    day,
    fault,
    quiet_day,
    told,
)


def broken(history: History) -> list[Rule]:
    return [breach.rule for breach in judge(history)]


def noted(who: str, did: Did, about: str = "") -> Noted:
    """Return the first such thing of the quiet day."""
    return next(one for one in quiet_day() if (one.who, one.did, one.about) == (who, did, about))


def all_of(who: str, since: float = 0.0) -> list[Noted]:
    return [one for one in quiet_day() if one.who == who and one.at >= since]


def at(one: Noted, moment: float) -> Noted:
    return replace(one, at=moment)


@dataclass(frozen=True)
class Planted:
    name: str
    rule: Rule
    history: Callable[[], History]


def cut_off() -> History:
    """Both were hung up on in the middle of a talk."""
    left, hung_up = noted(CALLER, Did.HUNG_UP), noted(INFORMATEUR, Did.HUNG_UP, FIRST)
    after = noted(CALLER, Did.HEARS, "vote-intro")
    return day(
        without=[after],
        instead_of={
            left: Noted(12.0, CALLER, Did.WAS_HUNG_UP),
            hung_up: Noted(12.0, INFORMATEUR, Did.WAS_HUNG_UP, FIRST),
        },
    )


def put_back() -> History:
    """The informateur's phone was hung up on, and the caller waits again."""
    hung_up = noted(INFORMATEUR, Did.HUNG_UP, FIRST)
    return day(instead_of={hung_up: replace(hung_up, did=Did.WAS_HUNG_UP)})


def called_back_and_cut() -> History:
    """Nobody hung up on the other."""
    left = noted(USAGER, Did.HUNG_UP, "line 1")
    return day(instead_of={left: replace(left, did=Did.WAS_HUNG_UP)})


def dropped() -> History:
    """A caller was hung up on while waiting."""
    talk, left = noted(OTHER, Did.HEARS, INFORMATEUR), noted(OTHER, Did.HUNG_UP)
    return day(without=[talk], instead_of={left: Noted(13.0, OTHER, Did.WAS_HUNG_UP)})


def never_over() -> History:
    return day(told("caller-3", (30.0, Did.DIALLED), (30.1, Did.ANSWERED), (30.2, Did.HEARS, "x")))


def turned_away() -> History:
    return day(told("caller-3", (30.0, Did.DIALLED), (30.1, Did.TURNED_AWAY, "503")))


def overtaken() -> History:
    """Somebody who came later was rung for first."""
    late = "caller-3"
    return day(
        told(
            late,
            (7.0, Did.DIALLED),
            (7.1, Did.ANSWERED),
            (7.2, Did.HEARS, "welcome"),
            (7.5, Did.PRESSED, "#41"),
            (8.0, Did.HEARS, "music"),
            (11.0, Did.HEARS, "informateur-102"),
            (13.0, Did.HUNG_UP),
        ),
        told(
            "informateur-102",
            (10.0, Did.RANG, "a"),
            (10.5, Did.PICKED_UP, "a"),
            (11.0, Did.HEARS, late),
            (13.0, Did.WAS_HUNG_UP, "a"),
        ),
    )


def two_calls() -> History:
    return day(
        told(INFORMATEUR, (16.0, Did.RANG, "b"), (18.0, Did.STOPPED_RINGING, "b")),
    )


def silent() -> History:
    """A caller hears nothing for 4 s, with nothing broken."""
    return day(told(CALLER, (7.0, Did.HEARS, ""), (11.0, Did.HEARS, INFORMATEUR)))


def silent_in_a_fault() -> History:
    return day(
        told(OTHER, (7.5, Did.HEARS, ""), (14.5, Did.HEARS, "music"), (14.6, Did.HEARS, "")),
        fault("router: stopped", 7.0, 9.0),
        without=[noted(OTHER, Did.HEARS, INFORMATEUR)],
        instead_of={noted(OTHER, Did.HUNG_UP): Noted(26.0, OTHER, Did.HUNG_UP)},
    )


def unanswered_word() -> History:
    """The first word comes 4 s after the call was answered."""
    return day(
        told(
            "caller-3",
            (30.0, Did.DIALLED),
            (30.1, Did.ANSWERED),
            (34.2, Did.HEARS, "welcome"),
            (35.0, Did.HUNG_UP),
        )
    )


def never_ended() -> History:
    return day(without=[noted(USAGER, Did.ENDED, "done")])


def ends_as(*states: str) -> Callable[[], History]:
    ended = noted(USAGER, Did.ENDED, "done")
    first, *others = (replace(ended, about=state) for state in states)
    return lambda: day(others, instead_of={ended: first})


def done_by_nobody() -> History:
    return day(without=[noted(USAGER, Did.PRESSED, "1")])


def rung_at_once() -> History:
    return day(told(USAGER, (24.0, Did.RANG, "line 2"), (26.0, Did.STOPPED_RINGING, "line 2")))


def rung_again() -> History:
    times = (31.0, 33.0)
    return day(
        *(
            told(USAGER, (time, Did.RANG, f"{time}"), (time + 1, Did.STOPPED_RINGING, f"{time}"))
            for time in times
        )
    )


def talked_to_twice() -> History:
    return day(
        told(
            USAGER,
            (31.0, Did.RANG, "line 2"),
            (32.0, Did.PICKED_UP, "line 2"),
            (33.0, Did.HEARS, INFORMATEUR),
            (34.0, Did.HUNG_UP, "line 2"),
        )
    )


def called_unasked() -> History:
    promised = noted(USAGER, Did.PROMISED)
    return day(instead_of={promised: replace(promised, did=Did.REFUSED, about="503")})


def left_behind() -> History:
    held = noted(ASTERISK, Did.HOLDS)
    return day(instead_of={held: replace(held, about="1 channel")})


def not_looked_at() -> History:
    return day(without=[noted(ASTERISK, Did.HOLDS)])


PLANTED = [
    Planted("both hung up on", Rule.NO_TALK_CUT, cut_off),
    Planted("the informateur hung up on", Rule.NO_TALK_CUT, put_back),
    Planted("a callback cut", Rule.NO_TALK_CUT, called_back_and_cut),
    Planted("hung up on in the queue", Rule.NOBODY_DROPPED, dropped),
    Planted("a call without an end", Rule.EVERYBODY_ANSWERED, never_over),
    Planted("a call refused", Rule.EVERYBODY_ANSWERED, turned_away),
    Planted("overtaken", Rule.ORDER_KEPT, overtaken),
    Planted("rung in a call", Rule.ONE_CALL_A_PHONE, two_calls),
    Planted("4 s of silence", Rule.NO_SILENCE, silent),
    Planted("11 s of silence in a fault", Rule.NO_SILENCE, silent_in_a_fault),
    Planted("4 s until the first word", Rule.NO_SILENCE, unanswered_word),
    Planted("a ticket without an end", Rule.PROMISES_END, never_ended),
    Planted("two ends", Rule.PROMISES_END, ends_as("done", "expired")),
    Planted("a number lost", Rule.PROMISES_END, ends_as("lost_reboot")),
    Planted("a talk that failed", Rule.PROMISES_END, ends_as("failed voicemail")),
    Planted("done by nobody", Rule.PROMISES_END, done_by_nobody),
    Planted("rung while rung", Rule.ONE_DIAL_AN_ATTEMPT, rung_at_once),
    Planted("rung three times", Rule.ONE_DIAL_AN_ATTEMPT, rung_again),
    Planted("talked to twice", Rule.ONE_DIAL_AN_ATTEMPT, talked_to_twice),
    Planted("called after a refusal", Rule.ONLY_THE_PROMISED, called_unasked),
    Planted("a channel left", Rule.NOTHING_LEFT, left_behind),
    Planted("nobody looked", Rule.NOTHING_LEFT, not_looked_at),
]


def test_a_quiet_day_has_no_breach() -> None:
    assert judge(day()) == []


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_what_is_planted_is_found_and_nothing_else(planted: Planted) -> None:
    assert set(broken(planted.history())) == {planted.rule}


def test_every_rule_has_its_breach() -> None:
    assert {planted.rule for planted in PLANTED} == set(Rule)


def test_when_asterisk_dies_its_calls_may_end() -> None:
    """Cut, dropped and turned away: nobody can hold what is not there."""
    down = fault("Asterisk: killed", 11.9, 13.5)
    for history in (cut_off(), dropped()):
        assert judge(History([*history.noted, *down])) == []
    away = turned_away()
    assert judge(History([*away.noted, *fault("Asterisk: killed", 29.0, 31.0)])) == []


def test_who_is_called_back_may_be_hung_up_on_by_the_informateur() -> None:
    ended = noted(INFORMATEUR, Did.WAS_HUNG_UP, THIRD)
    cut = called_back_and_cut().noted
    kept = [replace(one, did=Did.HUNG_UP) if one == ended else one for one in cut]
    assert judge(History(kept)) == []


def test_when_the_router_dies_they_may_not() -> None:
    cut = cut_off()
    assert broken(History([*cut.noted, *fault("router: killed", 11.9, 13.5)])) == [Rule.NO_TALK_CUT]


def test_a_silence_may_be_longer_in_a_fault() -> None:
    quiet = silent()
    assert judge(History([*quiet.noted, *fault("router: killed", 6.0, 8.0)])) == []
    long_ago = fault("router: killed", 1.0, 1.1)
    late = History([replace(one, at=one.at + 100) for one in quiet.noted] + long_ago)
    assert broken(late) == [Rule.NO_SILENCE]


def test_who_called_while_the_router_was_away_has_waited_since_the_call() -> None:
    """They were asked later than others who had called later."""
    history = overtaken()
    assert broken(history) == [Rule.ORDER_KEPT]
    called = replace(noted(CALLER, Did.DIALLED), who="caller-3", at=3.0)
    away = Noted(7.3, "caller-3", Did.HEARS, "away-first")
    earlier = [one for one in history.noted if (one.who, one.did) != ("caller-3", Did.DIALLED)]
    assert judge(History([*earlier, called, away])) == []
    assert broken(History([*earlier, called])) == [Rule.ORDER_KEPT]


def test_who_may_have_been_rung_for_elsewhere_is_not_overtaken() -> None:
    missed = told("informateur-103", (9.0, Did.RANG, "c"), (10.5, Did.STOPPED_RINGING, "c"))
    lost = told(
        "informateur-103",
        (9.0, Did.RANG, "c"),
        (9.5, Did.PICKED_UP, "c"),
        (9.6, Did.HEARS, "whisper-call"),
        (10.5, Did.VANISHED, "c"),
    )
    for elsewhere in (missed, lost, fault("phone: gone for 6 s", 8.0, 14.0)):
        assert judge(History([*overtaken().noted, *elsewhere])) == []
    long_ago = told("informateur-103", (1.0, Did.RANG, "c"), (2.5, Did.STOPPED_RINGING, "c"))
    assert broken(History([*overtaken().noted, *long_ago])) == [Rule.ORDER_KEPT]


def test_who_left_on_the_way_is_nobodys_fault() -> None:
    left = noted(OTHER, Did.HUNG_UP)
    gone = day(
        instead_of={left: replace(left, did=Did.VANISHED)},
    )
    assert judge(gone) == []


def test_who_was_told_goodbye_may_be_hung_up_on() -> None:
    farewell = told(OTHER, (12.5, Did.HEARS, "refused-long"))
    assert judge(History([*dropped().noted, *farewell])) == []


def test_a_lost_vault_may_lose_numbers() -> None:
    lost = ends_as("lost_reboot")()
    line = {one for one in lost.noted if one.who == USAGER and 20 < one.at < 30}
    uncalled = [one for one in lost.noted if one not in line]
    assert broken(History(uncalled)) == [Rule.PROMISES_END]
    assert judge(History([*uncalled, *fault("vault: gone", 16.0, 17.0)])) == []


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    day().write(tmp_path / "history.jsonl")
    assert History.read(tmp_path / "history.jsonl").noted == day().noted
