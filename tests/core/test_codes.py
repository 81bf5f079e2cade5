import sys
import time
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.codes import (
    CODE_LENGTH,
    CodeBook,
    FailureBudget,
    check_digit,
    in_pairs,
)
from router.core.ids import FicheId

WEEK = 7 * 86_400
NOW = 1_795_420_800.0
FICHES = [FicheId(f"F{number}") for number in range(1000, 1200)]
SECRET = b"a secret of the tests"

codes = st.from_regex(r"[0-9]{7}", fullmatch=True).map(lambda digits: digits + check_digit(digits))


def book(fiches: list[FicheId] = FICHES, secret: bytes = SECRET) -> CodeBook:
    return CodeBook(secret, fiches, WEEK)


def checks(code: str) -> bool:
    """Return whether the check digit is right."""
    return check_digit(code) == "0"


def test_check_digit_of_the_published_example() -> None:
    # Damm's algorithm on 572 gives 4.
    assert check_digit("572") == "4"
    assert check_digit("5724") == "0"


@given(codes, st.integers(0, CODE_LENGTH - 1), st.integers(1, 9))
def test_every_wrong_digit_is_caught(code: str, place: int, shift: int) -> None:
    wrong = str((int(code[place]) + shift) % 10)
    assert checks(code)
    assert not checks(code[:place] + wrong + code[place + 1 :])


@given(codes, st.integers(0, CODE_LENGTH - 2))
def test_every_swap_of_neighbours_is_caught(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert checks(swapped) is (code[place] == code[place + 1])


def test_the_check_digit_table_catches_swaps_everywhere() -> None:
    for interim, first, second in product("0123456789", repeat=3):
        if first != second:
            assert check_digit(interim + first + second) != check_digit(interim + second + first)


@pytest.mark.parametrize(
    "code", ["", "0", "0000000", "000000000", "0000000A", "\u0660" * 8, "\u00b20000000"]
)
def test_a_malformed_code_is_no_fiches(code: str) -> None:
    assert book().fiche(code, NOW) is None


def test_in_pairs() -> None:
    assert in_pairs("12345678") == "12 34 56 78"


@given(st.sampled_from(FICHES), st.floats(0, 4e9))
def test_round_trip_with_one_period_of_grace(fiche: FicheId, now: float) -> None:
    ours = book()
    start = now // WEEK * WEEK
    code = ours.code(fiche, start)
    assert len(code) == CODE_LENGTH
    assert checks(code)
    assert ours.code(fiche, start + WEEK - 1) == code
    assert ours.fiche(code, start + WEEK - 1) == fiche
    assert ours.fiche(code, start + 2 * WEEK - 1) == fiche
    assert ours.code(fiche, start + WEEK) != code
    assert ours.fiche(code, start + 2 * WEEK) != fiche


def test_codes_depend_on_the_secret_and_on_nothing_else() -> None:
    assert book(FICHES[::-1]).code(FICHES[0], NOW) == book().code(FICHES[0], NOW)
    other = book(secret=b"another secret")
    same = [fiche for fiche in FICHES if other.code(fiche, NOW) == book().code(fiche, NOW)]
    assert same == []


def test_a_clock_put_back_finds_the_old_codes_again() -> None:
    ours = book()
    before = ours.code(FICHES[0], NOW)
    ours.code(FICHES[0], NOW + 10 * WEEK)
    assert ours.code(FICHES[0], NOW) == before


def test_colliding_fiches_get_codes_of_their_own() -> None:
    # 5,000 fiches on 5 million codes: about 2.5 collisions expected a period.
    fiches = [FicheId(f"F{number}") for number in range(5000)]
    ours, collided = book(fiches), 0
    for period in range(4):
        now = NOW + period * WEEK
        current = {fiche: ours.code(fiche, now) for fiche in fiches}
        assert len(set(current.values())) == len(fiches)
        assert all(ours.fiche(code, now) == fiche for fiche, code in current.items())
        collided += sum(
            ours.code(fiche, now) != CodeBook(SECRET, [fiche], WEEK).code(fiche, now)
            for fiche in fiches
        )
    assert collided > 0


def test_consecutive_periods_share_no_code() -> None:
    fiches = [FicheId(f"F{number}") for number in range(5000)]
    ours = book(fiches)
    last = {ours.code(fiche, NOW) for fiche in fiches}
    this = {ours.code(fiche, NOW + WEEK) for fiche in fiches}
    assert not last & this


def test_five_thousand_fiches_build_quickly_and_stay_small() -> None:
    fiches = [FicheId(f"F{number}") for number in range(5000)]
    ours = book(fiches)
    start = time.process_time()
    ours.code(fiches[0], NOW)
    assert time.process_time() - start < 1

    def sizes() -> Iterator[int]:
        for value in vars(ours).values():
            yield sys.getsizeof(value)

    first = list(sizes())
    for period in range(1, 5):
        ours.code(fiches[0], NOW + period * WEEK)
        assert list(sizes()) == first


def test_an_unknown_fiche_has_no_code() -> None:
    with pytest.raises(KeyError):
        book().code(FicheId("F1"), NOW)


@pytest.mark.parametrize(("secret", "period_s"), [(b"", WEEK), (SECRET, 0), (SECRET, -1)])
def test_misuse(secret: bytes, period_s: int) -> None:
    with pytest.raises(ValueError, match=r"secret|period_s"):
        CodeBook(secret, FICHES, period_s)


def test_failures_are_counted_over_a_sliding_minute() -> None:
    budget = FailureBudget()
    budget.record(NOW)
    budget.record(NOW + 1)
    assert not budget.exceeded(NOW + 1, 2)
    budget.record(NOW + 30)
    assert budget.exceeded(NOW + 30, 2)
    assert not budget.exceeded(NOW + 30, 3)
    assert budget.exceeded(NOW + 59.9, 2)
    assert not budget.exceeded(NOW + 60, 2)


@given(st.integers(0, 5), st.lists(st.floats(0, 300), max_size=60), st.floats(0, 400))
def test_the_budget_agrees_with_a_full_count(
    per_minute: int, failures: list[float], later: float
) -> None:
    failures.sort()
    budget = FailureBudget()
    for failure in failures:
        budget.record(failure)
    now = max([*failures, later])
    recent = [failure for failure in failures if now - failure < 60]
    assert budget.exceeded(now, per_minute) is (len(recent) > per_minute)


@pytest.mark.parametrize("leads", ["6789", "7"])
def test_codes_begin_with_the_digits_given_and_their_check_digits_hold(leads: str) -> None:
    book = CodeBook(SECRET, FICHES, WEEK, leads)
    codes = [book.code(fiche, week * WEEK) for week in range(20) for fiche in FICHES]

    assert {code[0] for code in codes} <= set(leads)
    assert all(checks(code) for code in codes)
    assert all(book.fiche(book.code(fiche, 0.0), 0.0) == fiche for fiche in FICHES)


def test_codes_need_a_digit_to_begin_with() -> None:
    with pytest.raises(ValueError, match="no digit is left"):
        CodeBook(SECRET, FICHES, WEEK, "")
