"""The router's addresses as they are described: each is asked for real, and answers so."""

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest

from router.access import Scope
from router.core.desk.agents import AgentState, Choice
from router.core.ids import ReasonId
from router.core.requests import GRANTED, Reply
from router.web.openapi import SCHEMAS, paths
from router.web.replies import ANSWERS
from tests.described import faults
from tests.service_plan import FICHE, HOUSING, MONDAY_10H
from tests.web.desk_scene import LUNCH, ME, OTHER, SCOPES, TAXES, Client, Engine, a_call, a_view

ERROR = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "additionalProperties": False,
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "field", "message"],
                "properties": {
                    "code": {"type": "string"},
                    "field": {"type": ["string", "null"]},
                    "message": {"type": "string"},
                },
            }
        },
    }
}
#: A value for each member of a body.
VALUES = {
    "phone": "900",
    "reason": LUNCH,
    "sector": HOUSING,
    "entry": TAXES,
    "by": "spoken",
    "subject": FICHE,
    "result": "referred",
    "referral": TAXES,
    "improve": True,
    "agent": ME,
    "pin": "4711",
    "why": "Réunion d’équipe.",
    "skills": {HOUSING: 1},
    "at": "16:30",
    "text": "Réunion à 11 h.",
    "in_call": True,
}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return list(_operations())


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in paths().items():
        for method in ("get", "post", "delete"):
            if method in methods:
                yield method.upper(), path, methods[method]


def sent(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    body = {name: VALUES[name] for name in schema.get("properties", ())}
    assert not list(faults(body, schema, {}))
    return body


def token(operation: dict[str, Any]) -> dict[str, str]:
    scopes = [scope for one in operation["security"] for scope in one.get("token", ())]
    return {"Authorization": f"Bearer {SCOPES[Scope(scopes[0])]}"} if scopes else {}


async def ask(
    client: Client, method: str, path: str, operation: dict[str, Any], **changes: Any
) -> int:
    """Ask as described, check that the answer is as described, and return its status."""
    address = path.format(
        fiche=FICHE, agent=ME, watching="listen", folder="shared", file="design.css"
    )
    words = {"headers": token(operation), **changes}
    if "headers" not in changes and path == "/v1/agents/me/session":
        opened = await client.post("/v1/agents/session", json={"agent": ME, "pin": "4711"})
        words["headers"] = {"Authorization": f"Bearer {(await opened.json())['token']}"}
    if "requestBody" in operation:
        words.setdefault("json", sent(operation))
    async with client.request(method, address, **words) as answer:
        told = operation["responses"][str(answer.status)]
        [(kind, content)] = told["content"].items()
        assert fnmatch(answer.content_type, kind)
        if kind == "application/json":
            value = json.loads(await answer.read())
            assert not list(faults(value, content["schema"], SCHEMAS | ERROR)), (path, value)
        return answer.status


@pytest.mark.parametrize(("method", "path", "operation"), operations())
async def test_an_answer_is_as_described(
    desks: Client, engine: Engine, method: str, path: str, operation: dict[str, Any]
) -> None:
    why = Choice(level=1, widened=2, waited_s=41.0, idle_s=7.0, ready=2, open_items=3)
    engine.views[ME] = a_view(state=AgentState.TALKING, call=a_call(), why=why, watched_by="claire")
    engine.views[OTHER] = a_view(
        OTHER, state=AgentState.PAUSED, reason=ReasonId("missed"), until_at=MONDAY_10H + 5
    )
    assert await ask(desks, method, path, operation) == 200


@pytest.mark.parametrize(
    ("method", "path", "operation"), [one for one in operations() if one[2]["security"]]
)
async def test_a_refusal_is_as_described(
    desks: Client, engine: Engine, method: str, path: str, operation: dict[str, Any]
) -> None:
    if {} in operation["security"]:
        return  # machines are told by the process in front
    assert await ask(desks, method, path, operation, headers={}) == 401
    other = Scope.CALLBACKS
    headers = {"Authorization": f"Bearer {SCOPES[other]}"}
    assert await ask(desks, method, path, operation, headers=headers) == 403
    if "requestBody" in operation:
        bare = token(operation)
        assert (
            await ask(
                desks,
                method,
                path,
                operation,
                data=b"{",
                json=None,
                headers={**bare, "Content-Type": "application/json"},
            )
            == 400
        )
        assert (
            await ask(
                desks,
                method,
                path,
                operation,
                data=b"x",
                json=None,
                headers={**bare, "Content-Type": "text/plain"},
            )
            == 415
        )
        assert await ask(desks, method, path, operation, json={"colour": "red"}) == 422
    if method == "POST" and _is_granted(operation):
        for reply in Reply:
            if reply not in GRANTED and ANSWERS[reply].status not in (403, 423):
                engine.reply = reply
                told = await ask(desks, method, path, operation)
                assert told == ANSWERS[reply].status


def _is_granted(operation: dict[str, Any]) -> bool:
    """Whether the engine grants what is asked for."""
    [content] = operation["responses"]["200"]["content"].values()
    return str(content["schema"].get("$ref")).endswith(("/Granted", "/Directed"))


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
