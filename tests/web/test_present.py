import pytest

from router.web.present import Phone, phone_now, phone_sentences
from tests.service_plan import HOUR, MONDAY_10H, small_plan

HOURS = small_plan().hours


@pytest.mark.parametrize(
    ("now", "ready", "staffed", "full", "phone"),
    [
        (MONDAY_10H, True, True, False, Phone.ANSWERED),
        (MONDAY_10H, True, True, True, Phone.FULL),
        (MONDAY_10H, True, False, True, Phone.NOBODY),
        (MONDAY_10H, False, True, True, Phone.AWAY),
        (MONDAY_10H, False, False, False, Phone.AWAY),
        (MONDAY_10H + 12 * HOUR, True, True, True, Phone.CLOSED),
        (MONDAY_10H + 12 * HOUR, False, False, False, Phone.CLOSED),
    ],
)
def test_what_dialling_leads_to(
    now: float, ready: bool, staffed: bool, full: bool, phone: Phone
) -> None:
    assert phone_now(HOURS, now, ready=ready, staffed=staffed, full=full) is phone


def test_each_says_what_to_do() -> None:
    open_ = "Le service est ouvert jusqu’à 18 h 15"
    sentences = {
        phone: phone_sentences(phone, HOURS, MONDAY_10H).replace("\u00a0", " ")
        for phone in (Phone.ANSWERED, Phone.NOBODY, Phone.FULL, Phone.AWAY)
    }
    assert sentences[Phone.ANSWERED] == f"{open_}."
    for phone in (Phone.NOBODY, Phone.FULL, Phone.AWAY):
        assert sentences[phone].startswith(f"{open_}, mais ")
        assert "Réessayez" in sentences[phone]
    closed = phone_sentences(Phone.CLOSED, HOURS, MONDAY_10H + 12 * HOUR).replace("\u00a0", " ")
    assert closed == "Le service est fermé. Il ouvre demain, mardi 24 novembre, à 8 h 30."
