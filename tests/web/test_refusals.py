import pytest

from router.core.callback.tickets import Refusal
from router.web.refusals import REASONS, most_common, not_now
from router.web.words import REFUSALS
from tests.service_plan import HOUR, MONDAY_10H, small_plan

PLAN = small_plan()


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_words(refusal: Refusal, answered: bool) -> None:
    error = not_now(refusal, PLAN, MONDAY_10H, answered=answered)
    assert (error.status, error.code, error.field) == (503, refusal.value, None)
    assert error.message.endswith(".")
    assert "'" not in error.message
    assert error.retry_s is not None
    assert error.retry_s > 0
    assert refusal.value in REFUSALS
    assert set(REASONS) == set(Refusal)


def test_closed_says_when_it_opens() -> None:
    evening = MONDAY_10H + 10 * HOUR
    error = not_now(Refusal.CLOSED, PLAN, evening, answered=True)
    assert "Le service ouvre demain, mardi 24 novembre, à 8" in error.message
    assert error.retry_s == 12.5 * HOUR
    assert error.opens_at == "2026-11-24T08:30:00+01:00"


def test_closing_says_when_it_opens_again() -> None:
    error = not_now(Refusal.CLOSING, PLAN, MONDAY_10H + 8 * HOUR, answered=True)
    assert "Le service ouvre demain" in error.message
    assert error.retry_s == 14.5 * HOUR
    assert error.opens_at == "2026-11-24T08:30:00+01:00"


def test_what_does_not_end_with_an_opening_names_none() -> None:
    for refusal in set(Refusal) - {Refusal.CLOSED, Refusal.CLOSING}:
        assert not_now(refusal, PLAN, MONDAY_10H, answered=True).opens_at is None


@pytest.mark.parametrize("refusal", Refusal)
def test_to_dial_is_advised_only_if_calls_are_answered(refusal: Refusal) -> None:
    away = not_now(refusal, PLAN, MONDAY_10H, answered=False)
    answered = not_now(refusal, PLAN, MONDAY_10H, answered=True)

    assert "3939" not in away.message
    beyond_callbacks = {Refusal.CLOSED, Refusal.CLOSING, Refusal.NO_AGENT}
    assert ("composer le 3939" in answered.message) == (refusal not in beyond_callbacks)


@pytest.mark.parametrize(
    ("refusals", "why"),
    [
        ([Refusal.FULL, None], None),
        ([Refusal.FULL, Refusal.FULL, Refusal.TRUNK], Refusal.FULL),
        ([Refusal.NO_AGENT, Refusal.NO_AGENT, Refusal.FULL], Refusal.FULL),
        ([Refusal.NO_AGENT, Refusal.NO_AGENT], Refusal.NO_AGENT),
    ],
)
def test_why_none_is_promised_anywhere(refusals: list[Refusal | None], why: Refusal | None) -> None:
    assert most_common(refusals) is why
