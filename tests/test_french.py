"""French words: the irregular ones by hand, the whole range by property."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import french

MASCULINE = {
    0: "zéro",
    1: "un",
    16: "seize",
    17: "dix-sept",
    20: "vingt",
    21: "vingt et un",
    22: "vingt-deux",
    61: "soixante et un",
    70: "soixante-dix",
    71: "soixante et onze",
    72: "soixante-douze",
    79: "soixante-dix-neuf",
    80: "quatre-vingts",
    81: "quatre-vingt-un",
    90: "quatre-vingt-dix",
    91: "quatre-vingt-onze",
    99: "quatre-vingt-dix-neuf",
    100: "cent",
    101: "cent un",
    180: "cent quatre-vingts",
    200: "deux cents",
    201: "deux cent un",
    1000: "mille",
    1001: "mille un",
    2000: "deux mille",
    3939: "trois mille neuf cent trente-neuf",
    21_000: "vingt et un mille",
    80_000: "quatre-vingt mille",
    200_000: "deux cent mille",
    200_200: "deux cent mille deux cents",
    280_080: "deux cent quatre-vingt mille quatre-vingts",
    999_999: "neuf cent quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf",
}


@pytest.mark.parametrize(("n", "words"), MASCULINE.items())
def test_cardinal(n: int, words: str) -> None:
    assert french.cardinal(n) == words


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, "une"),
        (2, "deux"),
        (11, "onze"),
        (21, "vingt et une"),
        (71, "soixante et onze"),
        (81, "quatre-vingt-une"),
        (91, "quatre-vingt-onze"),
        (101, "cent une"),
        (21_001, "vingt et un mille une"),
        (21_000, "vingt et un mille"),
    ],
)
def test_cardinal_feminine(n: int, words: str) -> None:
    assert french.cardinal(n, feminine=True) == words


@pytest.mark.parametrize("n", [-1, 1_000_000])
def test_cardinal_outside_its_range(n: int) -> None:
    with pytest.raises(ValueError, match="999999"):
        french.cardinal(n)


def test_every_number_below_ten_thousand_has_its_own_words() -> None:
    for feminine in (False, True):
        words = {french.cardinal(n, feminine=feminine) for n in range(10_000)}
        assert len(words) == 10_000


@given(st.integers(0, 999_999))
def test_gender_changes_only_a_final_un(n: int) -> None:
    masculine, feminine = french.cardinal(n), french.cardinal(n, feminine=True)
    if n % 10 == 1 and n % 100 not in (11, 71, 91):
        assert feminine == f"{masculine}e"
    else:
        assert feminine == masculine


@given(st.integers(0, 999_999))
def test_plural_s_stands_only_at_the_end(n: int) -> None:
    words = french.cardinal(n).replace("trois", "").split()
    assert not any(word in ("cents", "quatre-vingts") for word in words[:-1])
    if words and words[-1] == "cents":
        assert n % 100 == 0
    if words and words[-1] == "quatre-vingts":
        assert n % 100 == 80


@pytest.mark.parametrize(
    ("n", "words"),
    [(0, "zéro minute"), (1, "une minute"), (2, "deux minutes"), (21, "vingt et une minutes")],
)
def test_minutes(n: int, words: str) -> None:
    assert french.minutes(n) == words


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [
        (0, 0, "zéro heure"),
        (1, 30, "une heure trente"),
        (8, 30, "huit heures trente"),
        (8, 21, "huit heures vingt et une"),
        (13, 0, "treize heures"),
        (21, 1, "vingt et une heures une"),
    ],
)
def test_clock(hour: int, minute: int, words: str) -> None:
    assert french.clock(hour, minute) == words


@pytest.mark.parametrize(("hour", "minute"), [(24, 0), (8, 60), (-1, 0)])
def test_clock_refuses_what_is_no_time(hour: int, minute: int) -> None:
    with pytest.raises(ValueError, match="must be in"):
        french.clock(hour, minute)


def test_date() -> None:
    new_year = datetime.date(2024, 1, 1)
    assert french.date(new_year) == "lundi 1er janvier"
    assert french.spoken_date(new_year) == "lundi premier janvier"
    feast = datetime.date(2026, 8, 21)
    assert french.date(feast) == "vendredi 21 août"
    assert french.spoken_date(feast) == "vendredi vingt et un août"


def test_day_of_month_outside_its_range() -> None:
    for n in (0, 32):
        with pytest.raises(ValueError, match="no day"):
            french.day_of_month(n)


def test_pairs() -> None:
    assert french.pairs("12345678") == ("douze, trente-quatre, cinquante-six, soixante-dix-huit")
    assert french.pairs("0700") == "zéro sept, zéro zéro"


@pytest.mark.parametrize("digits", ["", "123", "12a4", "1 23", "¹²"])
def test_pairs_refuses_what_is_not_pairs_and_does_not_print_it(digits: str) -> None:
    with pytest.raises(ValueError, match="not pairs") as caught:
        french.pairs(digits)
    assert not digits or digits not in str(caught.value)
