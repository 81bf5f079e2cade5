"""Supervision over HTTP, over a real socket."""

from typing import Any

import pytest
from aiohttp import ClientResponse

from router.core.desk.agents import Choice
from router.core.ids import PhoneId
from router.core.requests import Reply, Watching
from tests.web.desk_scene import ME, OTHER, Client, Engine, a_view, as_agent, as_supervisor

AGENTS = "/v1/supervision/agents"
LISTEN = f"{AGENTS}/101/listen"


async def error_of(answer: ClientResponse) -> dict[str, Any]:
    error: dict[str, Any] = (await answer.json())["error"]
    assert error["message"].endswith(".")
    assert answer.headers["Cache-Control"] == "no-store"
    return error


async def test_every_informateur(desks: Client) -> None:
    answer = await desks.get(AGENTS, headers=as_supervisor())
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = await answer.json()
    assert [(one["agent"], one["state"]) for one in told["agents"]] == [
        (ME, "ready"),
        (OTHER, "ready"),
    ]


async def test_what_there_is_to_choose_from(desks: Client) -> None:
    told = await (await desks.get(AGENTS, headers=as_supervisor())).json()
    assert told["choices"] == {
        "reasons": [{"id": "repas", "name": "Repas"}],
        "sectors": ["logement", "travail"],
        "levels": 3,
        "phones": ["900"],
    }


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (None, None),
        (
            Choice(1, 1, 1, 240.4, 3.0, 1),
            "Niveau 1 (un niveau ouvert après 3 s d’attente), libre depuis 240 s, seul poste "
            "prêt à ce niveau\u00a0; seul appel en attente pour ce poste.",
        ),
        (
            Choice(2, 3, 4, 12.0, 130.0, 7),
            "Niveau 2 (3 niveaux ouverts après 130 s d’attente), libre depuis 12 s, libre avant "
            "les 3 autres postes prêts à ce niveau\u00a0; premier dû des 7 appels en attente pour "
            "ce poste.",
        ),
    ],
)
async def test_why_this_informateur(
    desks: Client, engine: Engine, why: Choice | None, said: str | None
) -> None:
    engine.views[ME] = a_view(why=why)
    answer = await desks.get(f"{AGENTS}/101/why", headers=as_supervisor())
    assert await answer.json() == {"agent": ME, "why": said}


@pytest.mark.parametrize("watching", Watching)
async def test_taking_part(desks: Client, engine: Engine, watching: Watching) -> None:
    engine.reply = Reply.WATCHING
    answer = await desks.post(
        f"{AGENTS}/101/{watching}", json={"phone": "900"}, headers=as_supervisor()
    )
    assert answer.status == 200
    told = await answer.json()
    assert (told["reply"], told["desk"]["agent"]) == ("watching", ME)
    assert engine.watched == [("claire", PhoneId("900"), ME, watching)]


@pytest.mark.parametrize("reply", [Reply.BUSY, Reply.NOT_IN_CALL, Reply.PHONE_ABSENT])
async def test_what_the_engine_refuses(desks: Client, engine: Engine, reply: Reply) -> None:
    engine.reply = reply
    answer = await desks.post(LISTEN, json={"phone": "900"}, headers=as_supervisor())
    assert answer.status == 409
    assert (await error_of(answer))["code"] == reply.replace("-", "_")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_field"),
        ({"phone": 900}, "wrong_type"),
        ({"phone": "901"}, "phone_unknown"),
        ({"phone": "0199000001"}, "phone_unknown"),
        ({"phone": "900", "record": True}, "unknown_field"),
    ],
)
async def test_which_phone_must_be_said(
    desks: Client, engine: Engine, body: dict[str, Any], code: str
) -> None:
    answer = await desks.post(LISTEN, json=body, headers=as_supervisor())
    assert answer.status == 422
    assert (await error_of(answer))["code"] == code
    assert engine.watched == []


async def test_nobody_listens_while_asterisk_is_away(desks: Client, engine: Engine) -> None:
    engine.ready = False
    answer = await desks.post(LISTEN, json={"phone": "900"}, headers=as_supervisor())
    assert answer.status == 503
    assert (await error_of(answer))["code"] == "telephony_away"
    assert engine.watched == []
    assert (await desks.get(AGENTS, headers=as_supervisor())).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", AGENTS), ("GET", f"{AGENTS}/101/why"), ("POST", LISTEN), ("POST", f"{AGENTS}/9/join")],
)
async def test_supervision_is_for_supervisors(
    desks: Client, engine: Engine, method: str, path: str
) -> None:
    answer = await desks.request(method, path, json={"phone": "900"})
    assert answer.status == 401
    assert "WWW-Authenticate" in answer.headers
    await error_of(answer)
    answer = await desks.request(method, path, json={"phone": "900"}, headers=as_agent())
    assert answer.status == 403
    assert (await error_of(answer))["code"] == "insufficient_scope"
    assert engine.watched == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{AGENTS}/999/why", 404, "unknown_agent"),
        ("POST", f"{AGENTS}/999/listen", 404, "unknown_agent"),
        ("POST", f"{AGENTS}/%3Cb%3E%00/listen", 404, "unknown_agent"),
        ("POST", f"{AGENTS}/101/record", 404, "not_found"),
        ("POST", f"{AGENTS}/101/LISTEN", 404, "not_found"),
        ("GET", LISTEN, 405, "method_not_allowed"),
        ("POST", AGENTS, 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there(
    desks: Client, method: str, path: str, status: int, code: str
) -> None:
    answer = await desks.request(method, path, headers=as_supervisor())
    assert answer.status == status
    assert (await error_of(answer))["code"] == code
    assert "<b>" not in await answer.text()
