"""A desk as pages get it."""

from dataclasses import replace
from typing import Any

import pytest

from router.core.desk.agents import (
    BUSY,
    MISSED,
    REJECTED,
    TOO_MANY,
    UNREACHABLE,
    AgentState,
    PastCall,
)
from router.core.desk.desk_view import AsideView, NotingView
from router.core.facts import Door
from router.core.ids import FicheId, ReasonId, SectorId
from router.core.requests import Result
from router.web.desk_json import choices_json, desk_json, past_json
from tests.service_plan import FICHE, HOUSING, MONDAY_10H
from tests.web.desk_scene import LUNCH, TAXES, a_call, a_view, desk_plan


def test_a_desk_in_json() -> None:
    view = a_view(
        state=AgentState.PAUSED,
        since_at=MONDAY_10H - 90.4,
        reason=LUNCH,
        until_at=MONDAY_10H + 600,
        misses=1,
    )
    assert desk_json(view, desk_plan(), MONDAY_10H) == {
        "agent": "101",
        "state": "paused",
        "since": "2026-11-23T09:58:29+01:00",
        "since_s": 90,
        "until": "2026-11-23T10:10:00+01:00",
        "until_s": 600,
        "phone": "101",
        "present": True,
        "absence": None,
        "reason": {"id": "repas", "name": "Repas"},
        "misses": 1,
        "call": None,
        "watched_by": None,
        "why": None,
        "after_call": None,
        "noting": None,
        "directed_by": None,
        "message": None,
    }


def test_a_call_in_json() -> None:
    view = a_view(state=AgentState.TALKING, call=a_call(), watched_by="claire")
    desk = desk_json(view, desk_plan(), MONDAY_10H)
    assert desk["watched_by"] == "claire"
    assert desk["call"] == {
        "state": "talking",
        "sector": {"id": "logement", "name": "Logement"},
        "door": "code",
        "fiche": {"id": "F1234", "title": "Bail", "url": None},
        "waited_s": 42,
        "talked_s": 120,
        "held_s": None,
        "attempts": 1,
        "passed_on": False,
        "consulted": False,
        "aside": None,
    }
    held = desk_json(a_view(call=a_call(held_at=MONDAY_10H - 8)), desk_plan(), MONDAY_10H)
    assert held["call"]["held_s"] == 8
    ringing = desk_json(a_view(call=a_call(fiche=None, talked_s=None)), desk_plan(), MONDAY_10H)
    assert ringing["call"]["fiche"] is None
    assert ringing["call"]["talked_s"] is None


def test_the_page_that_the_caller_read_can_be_read() -> None:
    plan = replace(desk_plan(), fiche_url="https://www.example.org/fiches/{fiche}.html")
    desk = desk_json(a_view(call=a_call()), plan, MONDAY_10H)
    assert desk["call"]["fiche"]["url"] == "https://www.example.org/fiches/F1234.html"


def test_a_third_party_in_json() -> None:
    consulted = a_call(passed_on=True, aside=AsideView(HOUSING, None, joined=True))
    told = desk_json(a_view(call=consulted), desk_plan(), MONDAY_10H)["call"]
    assert told["passed_on"]
    assert told["aside"] == {
        "sector": {"id": "logement", "name": "Logement"},
        "entry": None,
        "joined": True,
    }
    referred = a_call(aside=AsideView(None, TAXES, joined=False))
    told = desk_json(a_view(call=referred), desk_plan(), MONDAY_10H)["call"]
    assert told["aside"]["entry"] == {"id": "impots", "name": "Impôts"}


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"leaving": True, "pausing": LUNCH}, {"do": "log-out", "reason": None}),
        ({"pausing": LUNCH}, {"do": "pause", "reason": {"id": "repas", "name": "Repas"}}),
        ({}, None),
    ],
)
def test_what_the_end_of_the_call_brings(wish: dict[str, Any], told: object) -> None:
    assert desk_json(a_view(**wish), desk_plan(), MONDAY_10H)["after_call"] == told


def test_a_call_to_note_in_json() -> None:
    view = a_view(noting=NotingView(HOUSING, FICHE, MONDAY_10H + 12.4))
    assert desk_json(view, desk_plan(), MONDAY_10H)["noting"] == {
        "sector": {"id": "logement", "name": "Logement"},
        "fiche": {"id": "F1234", "title": "Bail", "url": None},
        "until_s": 12,
    }
    assert desk_json(view, desk_plan(), MONDAY_10H + 12.4)["noting"] is None


def test_a_conversation_of_the_day_in_json() -> None:
    past = PastCall(MONDAY_10H, 61.5, HOUSING, None, Door.MENU, Result.PARTLY)
    assert past_json(past, desk_plan()) == {
        "ended": "2026-11-23T10:00:00+01:00",
        "talked_s": 62,
        "sector": {"id": "logement", "name": "Logement"},
        "fiche": None,
        "door": "menu",
        "result": {"id": "partly", "name": "Réponse partielle"},
    }
    gone = PastCall(MONDAY_10H, 1.0, SectorId("disparu"), FicheId("F9"), Door.CODE)
    told = past_json(gone, desk_plan())
    assert (told["sector"]["name"], told["fiche"], told["result"]) == ("disparu", None, None)


@pytest.mark.parametrize(
    ("reason", "name"), [("missed", "Appel sans réponse"), ("something new", "something new")]
)
def test_a_reason_of_the_service_has_a_name(reason: str, name: str) -> None:
    desk = desk_json(a_view(reason=ReasonId(reason)), desk_plan(), MONDAY_10H)
    assert desk["reason"] == {"id": reason, "name": name}


def test_all_reasons_of_the_service_have_french_names() -> None:
    for reason in (MISSED, REJECTED, BUSY, UNREACHABLE, TOO_MANY):
        desk = desk_json(a_view(reason=reason), desk_plan(), MONDAY_10H)
        assert desk["reason"]["name"] != reason


def test_who_has_not_come_yet_is_there_since_no_time() -> None:
    desk = desk_json(a_view(since_at=0.0), desk_plan(), MONDAY_10H)
    assert desk["since"] is None
    assert desk["since_s"] is None


def test_no_duration_is_negative() -> None:
    late = desk_json(
        a_view(since_at=MONDAY_10H + 1, until_at=MONDAY_10H - 1), desk_plan(), MONDAY_10H
    )
    assert (late["since_s"], late["until_s"]) == (0, 0)


def test_what_can_be_chosen() -> None:
    choices = choices_json(desk_plan())
    assert choices["reasons"] == [{"id": "repas", "name": "Repas", "key": "1", "longest_s": 3600}]
    assert choices["sectors"][0] == {"id": HOUSING, "name": "Logement", "code": "21"}
    assert choices["directory"] == [
        {"id": TAXES, "name": "Impôts", "number": "0199000001", "code": "12"}
    ]
    assert [one["id"] for one in choices["results"]] == [
        "answered",
        "partly",
        "referred",
        "out of scope",
    ]
