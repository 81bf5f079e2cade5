from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.call.digits import Reading, are_ambiguous, read_choice, read_code


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("1", Reading.MORE),
        ("11", Reading.COMPLETE),
        ("12", Reading.COMPLETE),
        ("13", Reading.WRONG),
        ("2", Reading.COMPLETE),
        ("#", Reading.COMPLETE),
        ("3", Reading.WRONG),
        ("*", Reading.WRONG),
        ("A", Reading.WRONG),
        ("1#", Reading.WRONG),
    ],
)
def test_choice_among_answers_of_one_and_two_keys(typed: str, expected: Reading) -> None:
    assert read_choice(typed, ["11", "12", "2", "#"]) is expected


def test_no_answer_is_ever_complete_in_a_menu_without_answers() -> None:
    assert read_choice("1", []) is Reading.WRONG


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("1", Reading.MORE),
        ("1234567", Reading.MORE),
        ("12345678", Reading.COMPLETE),
        ("#", Reading.NONE),
        ("1234#", Reading.INCOMPLETE),
        ("*", Reading.HELP),
        ("1234*", Reading.HELP),
    ],
)
def test_code_of_eight_digits(typed: str, expected: Reading) -> None:
    assert read_code(typed, 8) is expected


def test_answers_are_ambiguous_when_one_begins_the_other() -> None:
    assert are_ambiguous("1", "10")
    assert are_ambiguous("10", "1")
    assert not are_ambiguous("1", "1")
    assert not are_ambiguous("10", "11")


ANSWERS = st.lists(
    st.text(alphabet="0123456789*#", min_size=1, max_size=3), min_size=1, max_size=8, unique=True
)


@given(ANSWERS)
def test_every_answer_of_an_unambiguous_menu_can_be_typed(answers: list[str]) -> None:
    clear = [answer for answer in answers if not any(are_ambiguous(answer, one) for one in answers)]
    for answer in clear:
        for length in range(1, len(answer)):
            assert read_choice(answer[:length], answers) is Reading.MORE
        assert read_choice(answer, answers) is Reading.COMPLETE


@given(ANSWERS)
def test_a_choice_is_decided_after_as_many_keys_as_the_longest_answer(answers: list[str]) -> None:
    longest = max(map(len, answers))
    for keys in product("1*A", repeat=longest):
        assert read_choice("".join(keys), answers) is not Reading.MORE
