"""What a real intake hands on to the router, over the router's socket."""

import asyncio
import os
import stat

import pytest

from router.access import Scope
from router.intake.proxy import SOCKET_NAME
from tests.intake.scene import MACHINES_TOKEN, ORIGIN, TOKENS, IntakeScene, error_of
from tests.patience import PATIENCE_S
from tests.web.raw import answer_to, get

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_addresses_of_the_router_are_handed_on(here: IntakeScene) -> None:
    headers = {"Authorization": "Bearer t", "Accept": "x/y", "X-Other": "no"}
    status, told = await here.ask(method="GET", path="/v1/agents/me/note?x=1", headers=headers)

    assert (status, told) == (200, {"path": "/v1/agents/me/note"})
    assert here.headers["X-Router"] == "yes"
    ((target, seen, body),) = here.web.seen
    assert (target, body) == ("/v1/agents/me/note?x=1", b"")
    assert (seen["Authorization"], seen["Accept"]) == ("Bearer t", "x/y")
    assert "X-Other" not in seen


async def test_what_everybody_is_told_alike_is_asked_once(here: IntakeScene) -> None:
    headers = {"Origin": ORIGIN, "Authorization": "Bearer t", "X-Other": "no"}
    async with asyncio.timeout(PATIENCE_S):
        while not here.web.seen:  # what the test before was told is told for a while
            await here.ask(method="GET", path="/v1/service", headers=headers)
    told = [
        await here.ask(method="GET", path=f"/v1/service?x={n}", headers=headers) for n in range(20)
    ]

    assert told == [(200, {"path": "/v1/service"})] * 20
    assert here.headers["X-Router"] == "yes"
    assert here.headers["Access-Control-Allow-Origin"] == ORIGIN
    targets = [target for target, _, _ in here.web.seen]
    assert set(targets) == {"/v1/service"}
    assert len(targets) < 20
    assert {"X-Other", "Origin", "Authorization"}.isdisjoint(here.web.seen[0][1])


async def test_strangers_wait_for_each_other_and_those_who_are_known_do_not(
    here: IntakeScene,
) -> None:
    here.web.gate = asyncio.Event()
    path, known = "/v1/agents/me/note", {"Authorization": f"Bearer {TOKENS[Scope.AGENTS]}"}
    asking = [asyncio.create_task(here.ask(path=path, headers={})) for _ in range(60)]
    refused, others = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    status, told = refused.pop().result()
    assert (status, error_of(told)) == (503, ("busy", None))
    assert here.headers["Retry-After"] == "2"

    at_work = asyncio.create_task(here.ask(path=path, headers=known))
    token = known["Authorization"]
    await here.until(lambda: token in [seen.get("Authorization") for _, seen, _ in here.web.seen])
    of_strangers = len(here.web.seen) - 1
    assert 0 < of_strangers < 60

    here.web.gate.set()
    assert (await at_work)[0] == 200
    statuses = [(await one)[0] for one in others]
    assert statuses.count(200) >= of_strangers
    assert {*statuses} <= {200, 503}


async def test_whose_token_the_router_takes_is_a_stranger_no_more(here: IntakeScene) -> None:
    path, session = "/v1/agents/me/note", {"Authorization": "Bearer given out by the router"}
    assert (await here.ask(path=path, headers=session))[0] == 200
    here.web.seen.clear()
    here.web.gate = asyncio.Event()
    strangers = [asyncio.create_task(here.ask(path=path, headers={})) for _ in range(60)]
    at_work = asyncio.create_task(here.ask(path=path, headers=session))
    await here.until(lambda: "Authorization" in str(here.web.seen))
    here.web.gate.set()
    assert (await at_work)[0] == 200
    await asyncio.gather(*strangers)


async def test_what_the_browser_can_unpack_decides_what_is_compressed(here: IntakeScene) -> None:
    for offered in ("br", "gzip, br"):
        headers = {"Accept-Encoding": offered}
        await here.ask(method="GET", path="/v1/agents/me/note", headers=headers)
    assert [seen["Accept-Encoding"] for _, seen, _ in here.web.seen] == ["br", "gzip, br"]


async def test_bodies_are_handed_on(here: IntakeScene) -> None:
    status, _ = await here.ask({"subject": "travail"}, path="/v1/agents/me/note")
    assert status == 200
    assert here.web.seen[0][2] == b'{"subject": "travail"}'
    assert (await here.ask(data=b"x" * 20_000, path="/v1/agents/me/note"))[0] == 413


@pytest.mark.parametrize(
    "words", ["Rappeler le 06 39 98 12 34.", "+33639981234", "(0639)98-12-34", "0033639981234"]
)
async def test_a_body_that_may_hold_a_number_never_reaches_it(
    here: IntakeScene, words: str
) -> None:
    status, told = await here.ask({"subject": words}, path="/v1/agents/me/note")
    assert (status, told["error"]["code"]) == (422, "number_in_body")
    assert here.web.seen == []


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1/callback",
        "/v1/callbacks/",
        "/v1/callbacks/a/b",
        "/v1/service/",
        "/v1/service?phone=06+39+98+12+34",
        "/?%30639981234",
        "/v1/agents/0639981234/events",
        "//v1/service",
    ],
)
async def test_all_else_is_not_found_and_never_reaches_it(here: IntakeScene, path: str) -> None:
    for method in ("GET", "POST"):
        status, _ = await here.ask({"phone": "0639981234"}, method=method, path=path)
        assert status in (404, 405)
    assert here.web.seen == []


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/%6detrics", "/metrics?x=1"])
async def test_what_is_for_machines_is_for_them_alone(here: IntakeScene, path: str) -> None:
    handed_on = {"X-Forwarded-For": "198.51.100.1"}
    assert (await here.ask(method="GET", path=path, headers={}))[0] == 200
    here.web.seen.clear()

    status, told = await here.ask(method="GET", path=path, headers=handed_on)

    assert (status, told["error"]["code"]) == (403, "machines_only")
    assert here.web.seen == []
    with_token = {**handed_on, "Authorization": f"Bearer {MACHINES_TOKEN}"}
    assert (await here.ask(method="GET", path=path, headers=with_token))[0] == 200


async def test_everybody_may_ask_whether_it_lives(here: IntakeScene) -> None:
    for path in ("/healthz", "/"):
        headers = {"X-Forwarded-For": "198.51.100.1"}
        assert (await here.ask(method="GET", path=path, headers=headers))[0] == 200


async def test_event_streams_pass_as_they_come(here: IntakeScene) -> None:
    url = here.home + "/v1/agents/101/events"
    async with here.session.get(url) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        for n in range(3):
            here.web.events.put_nowait(f"event {n}")
            async with asyncio.timeout(PATIENCE_S):
                assert await answer.content.readuntil(b"\n\n") == f"data: event {n}\n\n".encode()


async def test_the_routers_socket_is_its_own(here: IntakeScene) -> None:
    path = here.folder / SOCKET_NAME
    mode = await asyncio.to_thread(os.stat, path)
    assert stat.S_ISSOCK(mode.st_mode)
    assert stat.S_IMODE(mode.st_mode) == 0o600


@pytest.mark.parametrize(
    "request_",
    [get("/v1/service"), get("/widget.js"), get("/nothing"), b"not HTTP at all\r\n\r\n"],
)
async def test_no_answer_tells_what_serves_it(here: IntakeScene, request_: bytes) -> None:
    head = (await answer_to(request_, "127.0.0.1", here.intake.port)).partition("\r\n\r\n")[0]

    servers = [line for line in head.splitlines() if line.lower().startswith("server")]
    assert servers == ["Server: allo"]
