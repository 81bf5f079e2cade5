"""What supervisors direct over HTTP, over a real socket."""

from typing import Any

import pytest

from router.core.ids import AgentId
from router.core.requests import (
    CloseEarly,
    Directive,
    MakeReady,
    Move,
    Reopen,
    Reply,
    SendOnPause,
    TellAll,
)
from router.core.today import Skill
from router.web.directives import LONGEST_WORDS
from tests.service_plan import HOUSING, MONDAY_10H, WORK
from tests.web.desk_scene import LUNCH, ME, Client, Engine, as_agent, as_supervisor

SUPERVISION = "/v1/supervision"
MY = f"{SUPERVISION}/agents/{ME}"
WHY = "Réunion d’équipe."
#: Every address, with a body that it takes.
ALL: dict[str, dict[str, Any]] = {
    f"{MY}/pause": {"reason": LUNCH, "why": WHY},
    f"{MY}/ready": {"why": WHY},
    f"{MY}/skills": {"skills": {WORK: 1}, "why": WHY},
    f"{SUPERVISION}/close": {"why": WHY},
    f"{SUPERVISION}/reopen": {"why": WHY},
    f"{SUPERVISION}/message": {"text": "Bonjour à tous."},
}


@pytest.mark.parametrize(
    ("path", "body", "directive", "why"),
    [
        (f"{MY}/pause", {"reason": LUNCH, "why": WHY}, SendOnPause(ME, LUNCH), WHY),
        (f"{MY}/ready", {"why": f" {WHY} "}, MakeReady(ME), WHY),
        (
            f"{MY}/skills",
            {"skills": {HOUSING: 3, WORK: 1}, "why": WHY},
            Move(ME, (Skill(HOUSING, 3), Skill(WORK, 1))),
            WHY,
        ),
        (
            f"{MY}/skills",
            {"skills": {WORK: 1, HOUSING: 3}, "why": WHY},
            Move(ME, (Skill(HOUSING, 3), Skill(WORK, 1))),
            WHY,
        ),
        (f"{MY}/skills", {"why": WHY}, Move(ME, None), WHY),
        (f"{MY}/skills", {"skills": None, "why": WHY}, Move(ME, None), WHY),
        (f"{SUPERVISION}/close", {"why": WHY}, CloseEarly(None), WHY),
        (
            f"{SUPERVISION}/close",
            {"at": "16:30", "why": WHY},
            CloseEarly(MONDAY_10H + 6.5 * 3600),
            WHY,
        ),
        (f"{SUPERVISION}/reopen", {"why": WHY}, Reopen(), WHY),
        (
            f"{SUPERVISION}/message",
            {"text": " Réunion à 11 h 30. "},
            TellAll("Réunion à 11 h 30."),
            "Réunion à 11 h 30.",
        ),
        (f"{SUPERVISION}/message", {"text": "Bonjour.", "why": WHY}, TellAll("Bonjour."), WHY),
        (f"{SUPERVISION}/message", {}, TellAll(None), ""),
    ],
)
async def test_what_is_directed(
    desks: Client, engine: Engine, path: str, body: dict[str, Any], directive: Directive, why: str
) -> None:
    engine.reply = Reply.DIRECTED
    answer = await desks.post(path, json=body, headers=as_supervisor())
    assert answer.status == 200, await answer.text()
    told = await answer.json()
    assert told["reply"] == "directed"
    assert ("desk" in told) is (ME in path)
    assert engine.directed == [("claire", why, directive)]


@pytest.mark.parametrize(
    ("path", "body", "field", "code"),
    [
        (f"{MY}/pause", {"why": WHY}, "reason", "missing_field"),
        (f"{MY}/pause", {"reason": LUNCH}, "why", "missing_field"),
        (f"{MY}/pause", {"reason": "sieste", "why": WHY}, "reason", "unknown_reason"),
        (f"{MY}/ready", {"why": 7}, "why", "wrong_type"),
        (f"{MY}/ready", {"why": "  "}, "why", "wrong_value"),
        (f"{MY}/ready", {"why": "a\nb"}, "why", "wrong_value"),
        (f"{MY}/ready", {"why": "x" * (LONGEST_WORDS + 1)}, "why", "wrong_value"),
        (f"{MY}/ready", {"why": WHY, "agent": "102"}, "agent", "unknown_field"),
        (f"{MY}/skills", {"skills": {}, "why": WHY}, "skills", "wrong_value"),
        (f"{MY}/skills", {"skills": {"travaux": 1}, "why": WHY}, "skills", "wrong_value"),
        (f"{MY}/skills", {"skills": {WORK: 0}, "why": WHY}, "skills", "wrong_value"),
        (f"{MY}/skills", {"skills": {WORK: 4}, "why": WHY}, "skills", "wrong_value"),
        (f"{MY}/skills", {"skills": {WORK: True}, "why": WHY}, "skills", "wrong_value"),
        (f"{MY}/skills", {"skills": [WORK], "why": WHY}, "skills", "wrong_type"),
        (f"{SUPERVISION}/close", {"at": "16h30", "why": WHY}, "at", "wrong_value"),
        (f"{SUPERVISION}/close", {"at": "24:00", "why": WHY}, "at", "wrong_value"),
        (f"{SUPERVISION}/close", {}, "why", "missing_field"),
        (f"{SUPERVISION}/message", {"text": ""}, "text", "wrong_value"),
    ],
)
async def test_what_is_wrong_is_said(
    desks: Client, engine: Engine, path: str, body: dict[str, Any], field: str, code: str
) -> None:
    answer = await desks.post(path, json=body, headers=as_supervisor())
    assert answer.status == 422
    error = (await answer.json())["error"]
    assert (error["field"], error["code"]) == (field, code)
    assert engine.directed == []


@pytest.mark.parametrize("path", [f"{MY}/ready", f"{SUPERVISION}/message"])
@pytest.mark.parametrize("number", ["06 39 98 12 34", "+33639981234", "(0639)98.12.34"])
async def test_no_number_is_written_in_any_words(
    desks: Client, engine: Engine, path: str, number: str
) -> None:
    field = "why" if path.endswith("ready") else "text"
    body = {field: f"Rappeler le {number} ce soir."}
    answer = await desks.post(path, json=body, headers=as_supervisor())
    assert answer.status == 422
    assert "numéro" in (await answer.json())["error"]["message"]
    assert engine.directed == []


@pytest.mark.parametrize("path", ALL)
async def test_directing_is_for_supervisors(desks: Client, engine: Engine, path: str) -> None:
    assert (await desks.post(path, json=ALL[path])).status == 401
    assert (await desks.post(path, json=ALL[path], headers=as_agent())).status == 403
    assert (await desks.get(path, headers=as_supervisor())).status == 405
    assert engine.directed == []


async def test_an_informateur_who_is_unknown(desks: Client, engine: Engine) -> None:
    path = f"{SUPERVISION}/agents/999/pause"
    answer = await desks.post(path, json=ALL[f"{MY}/pause"], headers=as_supervisor())
    assert answer.status == 404
    assert engine.directed == []


@pytest.mark.parametrize("path", ALL)
async def test_what_the_engine_refuses(desks: Client, engine: Engine, path: str) -> None:
    for reply, status in ((Reply.NOTHING_TO_UNDO, 409), (Reply.NOT_EARLIER, 409)):
        engine.reply = reply
        answer = await desks.post(path, json=ALL[path], headers=as_supervisor())
        assert answer.status == status
        assert (await answer.json())["error"]["code"] == reply.replace("-", "_")


async def test_it_works_without_asterisk(desks: Client, engine: Engine) -> None:
    engine.ready = False
    engine.reply = Reply.PAUSED
    answer = await desks.post(f"{MY}/pause", json=ALL[f"{MY}/pause"], headers=as_supervisor())
    assert answer.status == 200
    assert engine.directed == [("claire", WHY, SendOnPause(AgentId(ME), LUNCH))]
