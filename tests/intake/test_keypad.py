from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.cli import provision
from router.intake.keypad import (
    COMPLETE_S,
    FIRST_KEY_S,
    NEXT_KEY_S,
    PROMPTS,
    TRIES,
    Action,
    Confirmed,
    GaveUp,
    Hush,
    Keypad,
    Say,
    Step,
    refusal_prompt,
)
from router.intake.numbers import PhoneNumber, Why
from router.voice import load_catalogue

MINE = "0639981234"
READ_BACK = (
    *("callback-read-back", "pair-06", "pair-39", "pair-98", "pair-12", "pair-34"),
    "callback-confirm",
)
ASK = "callback-ask-number"


class Typist:
    """Somebody who types on a telephone, on the test's clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.keypad = Keypad(fiction=True)
        self.done: list[Action] = []
        self._act(self.keypad.start(self.now))

    def hears(self) -> tuple[str, ...]:
        """Return what is being said, and hear it to its end."""
        said = [one for one in self.done if isinstance(one, Say)]
        self.done.clear()
        self.prompt_ends()
        return said[-1].prompts if said else ()

    def prompt_ends(self) -> None:
        """Let what is being said come to its end."""
        self._act(self.keypad.said(self.now))

    def hears_it_break_off(self) -> None:
        """Let what is being said break off."""
        self.done.clear()
        self._act(self.keypad.unsaid(self.now))

    def types(self, keys: str) -> None:
        for key in keys:
            self.now += 0.3
            self._act(self.keypad.key(key, self.now))

    def waits(self, seconds: float) -> None:
        until = self.now + seconds
        while self.keypad.deadline is not None and self.keypad.deadline <= until:
            self.now = max(self.now, self.keypad.deadline)
            self._act(self.keypad.time_passed(self.now))
        self.now = until

    @property
    def end(self) -> Action | None:
        return self.done[-1] if self.done else None

    def _act(self, actions: Iterable[Action]) -> None:
        self.done += actions


def confirmed(number: str) -> Confirmed:
    return Confirmed(PhoneNumber(number))


@pytest.fixture
def caller() -> Typist:
    caller = Typist()
    assert caller.hears() == (ASK,)
    return caller


def test_a_number_is_typed_read_back_and_confirmed(caller: Typist) -> None:
    caller.types(MINE + "#")
    assert caller.hears() == READ_BACK
    caller.types("1")
    assert caller.end == confirmed("+33639981234")
    assert caller.keypad.step is Step.CLAIMING
    assert caller.keypad.deadline is None


def test_ten_digits_and_a_pause_are_enough(caller: Typist) -> None:
    caller.types(MINE)
    caller.waits(COMPLETE_S - 0.1)
    assert not caller.done
    caller.waits(0.1)
    assert caller.hears() == READ_BACK
    caller.types("#")  # late
    assert caller.done == []
    caller.types("1")
    assert caller.end == confirmed("+33639981234")


def test_an_international_number_is_given_time(caller: Typist) -> None:
    caller.types("0033639981")
    caller.waits(COMPLETE_S)
    assert caller.done == []
    caller.types("234#")
    assert caller.hears() == READ_BACK


def test_who_knows_the_way_interrupts_what_is_said() -> None:
    caller = Typist()
    caller.types(MINE + "#")
    assert caller.done[:2] == [Say((ASK,)), Hush()]  # type: ignore[arg-type]
    caller.types("1")
    assert caller.done[2:] == [Say(READ_BACK), Hush(), confirmed("+33639981234")]  # type: ignore[arg-type]


def test_a_star_erases(caller: Typist) -> None:
    caller.types("0123*" + MINE + "#")
    assert caller.hears() == READ_BACK


def test_two_begins_anew(caller: Typist) -> None:
    caller.types(MINE + "#2")
    assert caller.hears() == (ASK,)
    caller.types("0639985678#1")
    assert caller.end == confirmed("+33639985678")


def test_another_key_repeats_the_choice(caller: Typist) -> None:
    caller.types(MINE + "#")
    caller.hears()
    caller.types("7")
    assert caller.hears() == ("callback-confirm",)
    caller.types("1")
    assert caller.end == confirmed("+33639981234")


def test_silence_repeats_the_number_then_gives_up(caller: Typist) -> None:
    caller.types(MINE + "#")
    for _ in range(TRIES):
        assert caller.hears() == READ_BACK
        caller.waits(FIRST_KEY_S)
    assert caller.end == GaveUp("not_confirmed")


def test_a_number_whose_reading_breaks_off_is_read_anew_then_given_up(caller: Typist) -> None:
    caller.types(MINE + "#")
    for _ in range(TRIES - 1):
        caller.hears_it_break_off()
        assert caller.done == [Hush(), Say(READ_BACK)]  # type: ignore[arg-type]
    caller.hears_it_break_off()
    assert caller.end == GaveUp("not_confirmed")


def test_a_question_that_breaks_off_counts_as_put(caller: Typist) -> None:
    caller.waits(FIRST_KEY_S)
    caller.hears_it_break_off()
    caller.types(MINE + "#")
    assert caller.hears() == READ_BACK


def test_who_always_begins_anew_is_asked_three_times(caller: Typist) -> None:
    for _ in range(TRIES - 1):
        caller.types(MINE + "#2")
        assert caller.hears() == (ASK,)
    caller.types(MINE + "#2")
    assert caller.end == GaveUp("not_confirmed")


def test_silence_is_asked_three_times(caller: Typist) -> None:
    for _ in range(TRIES - 1):
        caller.waits(FIRST_KEY_S)
        assert caller.hears() == ("callback-nothing-typed", ASK)
    caller.waits(FIRST_KEY_S)
    assert caller.hears() == ("callback-nothing-typed",)
    assert caller.end == GaveUp("nothing_typed")


REFUSED = [
    ("#", "empty"),
    ("06399#", "short"),
    ("06 39 98 12", "malformed"),
    ("3939#", "short"),
    ("0899123456#", "special"),
    ("0162123456#", "automated"),
    ("0041223344556#", "foreign"),
    ("0700123456#", "machine"),
    ("01" * 20, "malformed"),
]


@pytest.mark.parametrize(("keys", "code"), [("#", "empty"), *REFUSED[3:8]])
def test_a_refused_number_is_explained_and_asked_for_again(
    caller: Typist, keys: str, code: str
) -> None:
    caller.types(keys)
    assert caller.hears() == (refusal_prompt(code), ASK)
    caller.types(MINE + "#1")
    assert caller.end == confirmed("+33639981234")


def test_too_few_digits_and_a_pause(caller: Typist) -> None:
    caller.types("06399812")
    caller.waits(NEXT_KEY_S)
    assert caller.hears() == ("number-refused-malformed", ASK)


def test_endless_digits_are_one_wrong_number(caller: Typist) -> None:
    caller.types("1" * 300 + "#")
    assert caller.hears() == ("number-refused-malformed", ASK)


def test_the_last_refusal_is_explained_before_the_end(caller: Typist) -> None:
    for _ in range(TRIES - 1):
        caller.types("3939#")
        caller.hears()
    caller.types("0899123456#")
    assert caller.keypad.step is Step.PARTING
    caller.types("1234#")  # too late
    assert caller.hears() == ("number-refused-special",)
    assert caller.end == GaveUp("special")


def test_films_numbers_are_refused_in_production() -> None:
    keypad = Keypad()
    keypad.start(0)
    actions = [action for key in MINE + "#" for action in keypad.key(key, 1)]
    assert actions[-1] == Say((refusal_prompt("fiction"), ASK))  # type: ignore[arg-type]


def test_a_number_refused_by_the_limits_is_explained(caller: Typist) -> None:
    caller.types(MINE + "#1")
    caller.done.clear()
    caller.done += caller.keypad.refused("number_limit", caller.now)
    assert caller.hears() == ("number-refused-number-limit", ASK)
    caller.types("0639985678#1")
    assert caller.end == confirmed("+33639985678")


def test_another_refusal_is_the_end(caller: Typist) -> None:
    caller.types(MINE + "#1")
    assert caller.keypad.refused("unavailable", caller.now) == [GaveUp("unavailable")]
    assert caller.keypad.step is Step.OVER


def test_a_prompt_whose_end_was_never_told() -> None:
    caller = Typist()
    caller.waits(30.0 + FIRST_KEY_S)
    assert caller.hears() == ("callback-nothing-typed", ASK)


def test_nobody_types_for_ever(caller: Typist) -> None:
    for _ in range(100):
        caller.types("1")
        caller.waits(NEXT_KEY_S - 1)
        caller.types("*")
    assert caller.end == GaveUp("nothing_typed")
    assert caller.keypad.deadline is None


@pytest.mark.parametrize("key", ["A", "D", "", "12", "x"])
def test_what_is_no_key_is_none(caller: Typist, key: str) -> None:
    if key != "12":  # a key is one character
        assert caller.keypad.key(key or "A", caller.now) == []


@given(
    st.lists(
        st.one_of(
            st.sampled_from("0123456789*#A"),
            st.sampled_from([MINE, "#", "1", "2", "0899123456#"]),
            st.floats(0.1, 40.0),
            st.just("said"),
        ),
        max_size=60,
    )
)
def test_whatever_is_done_it_ends_and_says_only_what_it_may(steps: list[str | float]) -> None:
    caller = Typist()
    for step in steps:
        if step == "said":
            caller.prompt_ends()
        elif isinstance(step, str):
            caller.types(step)
        else:
            caller.waits(step)
    caller.waits(1000)
    ends = [one for one in caller.done if isinstance(one, Confirmed | GaveUp)]
    assert len(ends) == 1
    assert caller.done[-1] == ends[0]
    said = {prompt for one in caller.done if isinstance(one, Say) for prompt in one.prompts}
    assert {prompt for prompt in said if not prompt.startswith("pair-")} <= PROMPTS
    assert sum(ASK in one.prompts for one in caller.done if isinstance(one, Say)) <= TRIES


def test_every_sentence_is_in_the_catalogue() -> None:
    assert load_catalogue(provision.CATALOGUE).prompts.keys() >= PROMPTS
    assert {refusal_prompt(why.code) for why in Why} <= PROMPTS


def test_nothing_shows_what_was_typed(caller: Typist) -> None:
    caller.types(MINE)
    assert "9812" not in repr(caller.keypad)
    caller.types("#")
    assert "98" not in repr(caller.done)
    caller.types("1")
    assert "98" not in repr(caller.done)
