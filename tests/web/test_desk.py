"""An informateur's desk over HTTP, over a real socket."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from router.core.desk.agents import AgentState, PastCall
from router.core.facts import Door
from router.core.ids import PhoneId
from router.core.requests import Hold, LogIn, Pause, Reply
from router.web.bodies import ACTIONS
from router.web.desk import has_changed
from tests.patience import PATIENCE_S
from tests.service_plan import FICHE, HOUSING, MONDAY_10H
from tests.web.desk_scene import (
    LUNCH,
    ME,
    STRANGER,
    Client,
    Engine,
    Server,
    a_call,
    a_view,
    as_agent,
    as_supervisor,
)

IN_CALL = {"hold", "retrieve", "transfer", "consult", "complete", "cancel", "refer", "end"}
ROUTES = [f"/v1/agents/me/{name}" for name in ACTIONS]
BODIES = {
    "pause": {"reason": "repas"},
    "transfer": {"sector": "travail"},
    "consult": {"sector": "travail"},
    "refer": {"entry": "impots", "by": "spoken"},
}


async def error_of(answer: ClientResponse) -> dict[str, Any]:
    error: dict[str, Any] = (await answer.json())["error"]
    assert error.keys() - {"scope"} == {"code", "field", "message"}
    assert error["message"].endswith(".")
    assert answer.headers["Cache-Control"] == "no-store"
    return error


def test_time_alone_is_no_change() -> None:
    talking = a_view(call=a_call())
    assert has_changed(None, talking)
    assert not has_changed(talking, a_view(call=a_call(waited_s=50.0, talked_s=130.0)))
    assert has_changed(a_view(call=a_call(talked_s=None)), talking)  # the conversation begins
    assert has_changed(talking, a_view())
    assert has_changed(talking, replace(talking, watched_by="claire"))


async def test_where_one_stands(desks: Client) -> None:
    answer = await desks.get("/v1/agents/me", headers=as_agent())
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = await answer.json()
    assert told.keys() == {"desk", "choices"}
    assert told["desk"]["state"] == "ready"
    assert told["desk"]["agent"] == ME


async def test_what_is_granted(desks: Client, engine: Engine) -> None:
    engine.reply = Reply.PAUSED
    answer = await desks.post("/v1/agents/me/pause", json={"reason": LUNCH}, headers=as_agent())
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = await answer.json()
    assert told["reply"] == "paused"
    assert told["message"].startswith("La pause commence")
    assert told["desk"]["agent"] == ME
    assert engine.asked == [(ME, Pause(LUNCH))]


async def test_what_is_refused(desks: Client, engine: Engine) -> None:
    engine.reply = Reply.PHONE_TAKEN
    answer = await desks.post("/v1/agents/me/log-in", json={"phone": "102"}, headers=as_agent())
    assert answer.status == 409
    error = await error_of(answer)
    assert (error["code"], error["field"]) == ("phone_taken", "phone")
    assert engine.asked == [(ME, LogIn(PhoneId("102")))]


async def test_no_body_is_needed_where_nothing_is_chosen(desks: Client, engine: Engine) -> None:
    for name in ("log-in", "hold"):
        answer = await desks.post(f"/v1/agents/me/{name}", headers=as_agent())
        assert answer.status == 200
    assert engine.asked == [(ME, LogIn()), (ME, Hold())]


@pytest.mark.parametrize("name", ACTIONS)
async def test_without_asterisk_only_calls_are_out_of_reach(
    desks: Client, engine: Engine, name: str
) -> None:
    engine.ready = False
    answer = await desks.post(
        f"/v1/agents/me/{name}", json=BODIES.get(name, {}), headers=as_agent()
    )
    assert answer.status == (503 if name in IN_CALL else 200)
    assert bool(engine.asked) is (name not in IN_CALL)
    if name in IN_CALL:
        assert (await error_of(answer))["code"] == "telephony_away"


@pytest.mark.parametrize("path", ["/v1/agents/me", "/v1/agents/me/stream"])
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", "jeton-101", "Bearer é"]
)
async def test_no_desk_without_a_token(desks: Client, path: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await desks.get(path, headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="allo"'
    assert (await error_of(answer))["message"] == "Jeton d’accès absent ou inconnu."


@pytest.mark.parametrize("path", ROUTES)
async def test_nothing_is_asked_without_a_token(desks: Client, engine: Engine, path: str) -> None:
    assert (await desks.post(path, data=b"{", headers={})).status == 401
    assert (await desks.post(path, data=b"{", headers=as_supervisor())).status == 403
    assert engine.asked == []


async def test_a_supervisors_token_opens_no_desk(desks: Client) -> None:
    for path in ("/v1/agents/me", "/v1/agents/me/stream"):
        answer = await desks.get(path, headers=as_supervisor())
        assert answer.status == 403
        assert (await error_of(answer))["code"] == "insufficient_scope"


async def test_a_token_of_somebody_unknown_to_the_plan(desks: Client, engine: Engine) -> None:
    for path in ("/v1/agents/me", "/v1/agents/me/stream"):
        answer = await desks.get(path, headers=as_agent(STRANGER))
        assert answer.status == 404
        assert (await error_of(answer))["code"] == "unknown_agent"
    answer = await desks.post("/v1/agents/me/log-in", headers=as_agent(STRANGER))
    assert answer.status == 404
    assert engine.asked == []


@pytest.mark.parametrize("path", ROUTES)
async def test_what_is_asked_is_posted(desks: Client, path: str) -> None:
    answer = await desks.get(path, headers=as_agent())
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"
    assert (await error_of(answer))["message"] == "Cette méthode n’est pas permise ici."


MARK = "<b>0199000042</b>"


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (f"{{{MARK}", {}, 400, "invalid_json"),
        (f'["{MARK}"]', {}, 400, "not_an_object"),
        (f'"{MARK}"', {}, 400, "not_an_object"),
        (f'{{"{MARK}": 1}}', {}, 422, "unknown_field"),
        (f'{{"sector": "{MARK}"}}', {}, 422, "unknown_sector"),
        (f'{{"sector": ["{MARK}"]}}', {}, 422, "wrong_type"),
        ("{}", {}, 422, "missing_field"),
        ("", {}, 422, "missing_field"),
        (f'{{"sector": "{MARK * 1000}"}}', {}, 413, "too_large"),
        (MARK, {"Content-Type": "text/html"}, 415, "unsupported_media_type"),
        (MARK, {"Content-Encoding": "deflate"}, 400, "unreadable"),
    ],
)
async def test_bad_bodies_are_said_in_french_and_kept_nowhere(
    desks: Client,
    engine: Engine,
    caplog: pytest.LogCaptureFixture,
    content: str,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await desks.post(
        "/v1/agents/me/transfer",
        data=content.encode(),
        headers={"Content-Type": "application/json"} | as_agent() | headers,
    )
    assert answer.status == status
    assert (await error_of(answer))["code"] == code
    assert answer.content_type == "application/json"
    text = await answer.text()
    assert "<b>" not in text
    assert "0199000042" not in caplog.text
    assert engine.asked == []


async def test_a_body_of_sixteen_kilobytes_is_still_read(desks: Client) -> None:
    headers = as_agent() | {"Content-Type": "application/json"}
    padding = " " * (16 * 1024 - len('{"sector": "travail"}'))
    for more, status in (("", 200), (" ", 413)):
        answer = await desks.post(
            "/v1/agents/me/transfer",
            data=f'{{"sector": "travail"}}{padding}{more}',
            headers=headers,
        )
        assert answer.status == status


@asynccontextmanager
async def stream_of(desks: Client) -> AsyncIterator[ClientResponse]:
    answer = await desks.get("/v1/agents/me/stream", headers=as_agent())
    try:
        yield answer
    finally:
        answer.close()


async def read_event(answer: ClientResponse) -> dict[str, Any]:
    assert await answer.content.readline() == b"event: desk\n"
    data = await answer.content.readline()
    assert await answer.content.readline() == b"\n"
    desk: dict[str, Any] = json.loads(data.removeprefix(b"data: "))
    return desk


async def test_a_stream_tells_each_change(desks: Client, engine: Engine) -> None:
    async with stream_of(desks) as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        assert (await read_event(answer))["state"] == "ready"
        engine.views[ME] = a_view(state=AgentState.TALKING, call=a_call())
        assert (await read_event(answer))["state"] == "talking"
        engine.views[ME] = a_view(state=AgentState.TALKING, call=a_call(talked_s=300.0))
        looks = engine.looks
        while engine.looks < looks + 3:  # seen, and passed over
            await asyncio.sleep(0)
        engine.views[ME] = a_view(state=AgentState.WRAPPING_UP)
        assert (await read_event(answer))["state"] == "wrapping up"


async def test_a_stream_without_changes_gives_signs_of_life(engine: Engine) -> None:
    application = engine.application(poll_s=0.001, heartbeat_s=0.01)
    async with TestClient(Server(application)) as desks, stream_of(desks) as answer:
        await read_event(answer)
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(2):
                assert await answer.content.readline() == b": still here\n"
                assert await answer.content.readline() == b"\n"


async def test_a_stream_ends_with_its_page(desks: Client, engine: Engine) -> None:
    async with stream_of(desks) as answer:
        await read_event(answer)
    async with asyncio.timeout(PATIENCE_S):
        looks = -1
        while looks != engine.looks:
            looks = engine.looks
            await asyncio.sleep(0.05)  # five looks of a stream that lives


async def test_a_stream_ends_with_the_server(engine: Engine) -> None:
    server = Server(engine.application())
    async with TestClient(server) as desks, stream_of(desks) as answer:
        await read_event(answer)
        async with asyncio.timeout(PATIENCE_S):
            closing = asyncio.ensure_future(server.close())
            assert await answer.content.read() == b""
            await closing


async def test_a_stream_is_no_answer_to_head(desks: Client) -> None:
    assert (await desks.head("/v1/agents/me/stream", headers=as_agent())).status == 405


async def test_ones_own_conversations_the_latest_first(desks: Client, engine: Engine) -> None:
    engine.past = [
        PastCall(MONDAY_10H + minute, 60.0, HOUSING, FICHE, Door.CODE) for minute in (1, 2)
    ]
    answer = await desks.get("/v1/agents/me/calls", headers=as_agent())
    assert answer.headers["Cache-Control"] == "no-store"
    told = (await answer.json())["calls"]
    assert [one["ended"][11:19] for one in told] == ["10:00:02", "10:00:01"]


async def test_a_stream_ends_with_its_token(desks: Client, engine: Engine) -> None:
    token = engine.sessions.open(ME, "4711")
    headers = {"Authorization": f"Bearer {token}"}
    async with desks.get("/v1/agents/me/stream", headers=headers) as answer:
        await answer.content.readuntil(b"\n\n")
        engine.sessions.close(token)
        async with asyncio.timeout(PATIENCE_S):
            assert await answer.content.read() == b""


async def test_what_was_asked_for_is_seen_at_once(engine: Engine) -> None:
    """However seldom a stream looks by itself."""
    async with (
        TestClient(Server(engine.application(poll_s=3600.0))) as client,
        client.get("/v1/agents/me/stream", headers=as_agent()) as stream,
    ):
        await stream.content.readuntil(b"\n\n")
        engine.views[ME] = a_view(state=AgentState.PAUSED)
        await client.post("/v1/agents/me/pause", json={"reason": LUNCH}, headers=as_agent())
        async with asyncio.timeout(PATIENCE_S):
            assert b'"paused"' in await stream.content.readuntil(b"\n\n")
