import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.intake.day_key import DayKey
from router.intake.numbers import PhoneNumber

DAY = date(2026, 11, 24)
NEXT_DAY = DAY + timedelta(days=1)
NUMBER = PhoneNumber("+33639980001")


@pytest.fixture
def file() -> Iterator[int]:
    file = DayKey.reserve()
    yield file
    os.close(file)


def test_a_key_is_drawn_once_a_day(file: int) -> None:
    key = DayKey(file)
    assert key.turn_to(DAY)
    digest = key.digest(NUMBER)
    assert not key.turn_to(DAY)
    assert key.digest(NUMBER) == digest
    assert key.turn_to(NEXT_DAY)
    assert key.digest(NUMBER) != digest
    assert not key.turn_to(DAY)  # the clock was set back


def test_no_two_keys_are_alike(file: int) -> None:
    other = DayKey.reserve()
    try:
        digests = set()
        for one in (DayKey(file), DayKey(other)):
            one.turn_to(DAY)
            digests.add(one.digest(NUMBER))
        assert len(digests) == 2
    finally:
        os.close(other)


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_numbers_are_told_apart(one: int, other: int) -> None:
    file = DayKey.reserve()
    try:
        key = DayKey(file)
        key.turn_to(DAY)
        digests = [key.digest(PhoneNumber(f"+3363998{n:04}")) for n in (one, other)]
        assert (digests[0] == digests[1]) == (one == other)
        assert all(len(digest) == 32 for digest in digests)
    finally:
        os.close(file)


def test_another_process_has_the_same_key(file: int) -> None:
    """It is passed on by its descriptor; the first process to need it draws it."""
    program = (
        "import sys; from datetime import date; from router.intake.day_key import DayKey;"
        "from router.intake.numbers import PhoneNumber; key = DayKey(int(sys.argv[1]));"
        "print(key.turn_to(date(2026, 11, 24)), key.digest(PhoneNumber('+33639980001')))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        pass_fds=(file,),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    key = DayKey(file)

    assert told[0] == "True"
    assert not key.turn_to(DAY)
    assert key.digest(NUMBER) == told[1]


def test_without_a_day_there_is_no_digest(file: int) -> None:
    with pytest.raises(AssertionError):
        DayKey(file).digest(NUMBER)
