import pytest

from router.core.callback.tickets import ENDS, Failure, TicketState
from router.core.ids import TicketId
from router.intake import page_words
from router.intake.answers import SHOWN, progress_json, progress_page
from router.intake.channel import Standing
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, small_plan

PLAN = small_plan()
TICKET = TicketId("t" * 32)


def standing(state: TicketState, failure: Failure | None = None) -> Standing:
    return Standing(TICKET, HOUSING, FICHE, MONDAY_10H + 2700, state, failure)


def test_an_accepted_ticket_has_its_hour() -> None:
    assert progress_json(standing(TicketState.WAITING), PLAN, MONDAY_10H) == {
        "state": "accepted",
        "due_at": "2026-11-23T10:45:00+01:00",
        "now": "2026-11-23T10:00:00+01:00",
        "message": "Un informateur vous rappelle au plus tard à 10\u00a0h\u00a045.",
    }


@pytest.mark.parametrize("state", TicketState)
def test_every_state_is_one_of_the_pages(state: TicketState) -> None:
    told = progress_json(standing(state), PLAN, MONDAY_10H)
    assert told["state"] in page_words.STATES
    assert told["message"].endswith(".")
    assert "'" not in told["message"]
    assert progress_page(standing(state)).state == told["state"]
    assert SHOWN[state] == told["state"]


@pytest.mark.parametrize("failure", Failure)
def test_a_failed_attempt_is_told(failure: Failure) -> None:
    reason = failure.value.replace(" ", "_")
    waiting = progress_json(standing(TicketState.WAITING, failure), PLAN, MONDAY_10H)
    assert (waiting["state"], waiting["reason"]) == ("accepted", reason)
    failed = progress_json(standing(TicketState.FAILED, failure), PLAN, MONDAY_10H)
    assert (failed["state"], failed["reason"]) == ("failed", reason)
    assert "Votre numéro est effacé." in failed["message"]
    assert progress_page(standing(TicketState.FAILED, failure)).reason == reason
    assert progress_page(standing(TicketState.FAILED, failure)).message


def test_a_lost_number_is_nobody_s_fault_but_ours() -> None:
    told = progress_json(standing(TicketState.FAILED, Failure.NUMBER_LOST), PLAN, MONDAY_10H)
    assert told["reason"] == "number_lost"
    assert told["message"].startswith(
        "Un incident technique nous a privés de votre numéro\u00a0: "
        "le rappel n’a pas pu avoir lieu."
    )


def test_an_attempt_of_before_is_not_told_during_the_next() -> None:
    for state in set(TicketState) - ENDS - {TicketState.WAITING, TicketState.RINGING}:
        told = progress_json(standing(state, Failure.BUSY), PLAN, MONDAY_10H)
        assert "reason" not in told
