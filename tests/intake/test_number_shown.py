"""The number that people are told to dial is the plan's."""

import re
from collections.abc import Iterator

import pytest

from router.ari.to_requests import Requests
from router.ari.underway import Underway
from router.core.callback.tickets import Failure, Refusal, TicketState
from router.core.commands import Ring
from router.core.ids import AgentId, CallId, ChannelId, TicketId
from router.core.plan import Relay
from router.core.standing import SectorSnapshot
from router.intake import page_words, rappel
from router.intake.abuse import LimitReached
from router.intake.answers import progress_json, progress_page
from router.intake.channel import Standing
from router.web.pages import home
from router.web.refusals import not_now
from router.web.sentences import with_number
from router.web.snapshot import Snapshot
from tests.browser.stub import WIDGET
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, WORK, small_plan

RELAY = Relay("le relais d’essai", "https://relais.example.org/")
PLAN = small_plan(numbers=("3000", "+33199003000"), relay=RELAY)
SUBJECT = PLAN.fiches[FICHE]
#: The number of the shipped plan, except within a name in the page's code.
_OTHER_S = re.compile(r"(?<!rappel-)3939")


def standing(state: TicketState, failure: Failure | None = None) -> Standing:
    return Standing(TicketId("t"), HOUSING, FICHE, MONDAY_10H, state, failure, "12345678")


def home_pages() -> Iterator[str]:
    there = [SectorSnapshot(sector, 0, 1, 1, None, (0, 1)) for sector in (HOUSING, WORK)]
    for refusal in (None, *Refusal):
        callbacks = dict.fromkeys((HOUSING, WORK), refusal)
        yield home(PLAN, Snapshot(True, MONDAY_10H, there, {}, {}, {}, 0, callbacks=callbacks))


def rappel_pages() -> Iterator[str]:
    for refusal in Refusal:
        error = not_now(refusal, PLAN, MONDAY_10H, answered=True)
        offer = rappel.Offer(False, error.code, error.message)
        yield rappel.page(PLAN, SUBJECT, offer, "key")
        yield rappel.choice(PLAN, offer)
    yield rappel.page(PLAN, SUBJECT, rappel.Offer(True), "key", code="12 34 56 78")
    for state in page_words.STATES:
        progress = rappel.Progress("ticket", state, MONDAY_10H, code="12 34 56 78")
        yield rappel.result(PLAN, SUBJECT, progress)
    for failure in Failure:
        failed = progress_page(standing(TicketState.FAILED, failure))
        yield rappel.result(PLAN, SUBJECT, failed)


def answers() -> Iterator[str]:
    for state in TicketState:
        yield str(progress_json(standing(state), PLAN, MONDAY_10H))
    for failure in Failure:
        yield str(progress_json(standing(TicketState.FAILED, failure), PLAN, MONDAY_10H))
    for limit in LimitReached:
        yield with_number(limit.message, PLAN)


def widget() -> Iterator[str]:
    yield with_number(re.sub(r"^ *//.*$", "", WIDGET.read_text(), flags=re.MULTILINE), PLAN)


def phones() -> Iterator[str]:
    requests = Requests("allo", PLAN, Underway(PLAN))
    [dial] = requests.of(Ring(CallId("c"), AgentId("101"), ChannelId("l"), 9))
    yield str(dial.query)


@pytest.mark.parametrize("texts", [home_pages, rappel_pages, answers, widget, phones])
def test_it_is_the_plan_s_wherever_one_is_shown(texts: object) -> None:
    assert callable(texts)
    told = list(texts())

    assert [one for one in told if _OTHER_S.search(one) or "{number}" in one] == []
    assert any("3000" in one for one in told)
