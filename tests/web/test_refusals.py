import pytest

from router.core.tickets import Refusal
from router.web.rappel import REFUSALS
from router.web.refusals import REASONS, not_now
from tests.service_plan import HOUR, MONDAY_10H, small_plan

HOURS = small_plan().hours


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_words(refusal: Refusal) -> None:
    error = not_now(refusal, HOURS, MONDAY_10H)
    assert (error.status, error.code, error.field) == (503, refusal.value, None)
    assert error.message.endswith(".")
    assert "'" not in error.message
    assert error.retry_s is not None
    assert error.retry_s > 0
    assert refusal.value in REFUSALS
    assert set(REASONS) == set(Refusal)


def test_closed_says_when_it_opens() -> None:
    evening = MONDAY_10H + 10 * HOUR
    error = not_now(Refusal.CLOSED, HOURS, evening)
    assert "Le service ouvre demain mardi 24 novembre à 8" in error.message
    assert error.retry_s == 12.5 * HOUR
    assert error.opens_at == "2026-11-24T08:30:00+01:00"


def test_closing_says_when_it_opens_again() -> None:
    error = not_now(Refusal.CLOSING, HOURS, MONDAY_10H + 8 * HOUR)
    assert "Le service ouvre demain" in error.message
    assert error.retry_s == 14.5 * HOUR
    assert error.opens_at == "2026-11-24T08:30:00+01:00"


def test_what_does_not_end_with_an_opening_names_none() -> None:
    for refusal in set(Refusal) - {Refusal.CLOSED, Refusal.CLOSING}:
        assert not_now(refusal, HOURS, MONDAY_10H).opens_at is None
