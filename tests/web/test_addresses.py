"""Every address that the router serves, tried with a token of every scope and without one."""

import pytest
from aiohttp import web

from router.access import Keyring, Scope
from router.core.requests import Reply
from router.web.addresses import check, door
from router.web.bodies import ACTIONS
from tests.service_plan import FICHE
from tests.web.desk_scene import SCOPES, Client, Engine

#: Written out again, beside the table that is tested: what needs no token, and what each opens.
FOR_EVERYBODY = {
    "/wallboard",
    *("/", "/healthz", "/readyz", "/metrics", "/v1/service", "/static/{folder}/{file}"),
    *("/poste", "/v1/agents/session"),
}
CODES = {"/v1/access-codes/{fiche}"}
DESK = {
    *("/v1/agents/me", "/v1/agents/me/stream", "/v1/agents/me/calls", "/v1/agents/me/session"),
    "/v1/agents/me/softphone",
    *(f"/v1/agents/me/{one}" for one in ACTIONS),
}
SUPERVISION = {
    "/v1/supervision/agents",
    "/v1/supervision/agents/{agent}/why",
    "/v1/supervision/agents/{agent}/{watching}",
    *(f"/v1/supervision/agents/{{agent}}/{one}" for one in ("pause", "ready", "skills")),
    *(f"/v1/supervision/{one}" for one in ("close", "reopen", "message")),
}
WALLBOARD = {
    "/v1/wallboard",
    "/v1/wallboard/stream",
    "/v1/wallboard/informateurs/{agent}/why",
}
READ = CODES | WALLBOARD
OPENED = {
    Scope.READ: READ,
    Scope.AGENTS: DESK,
    Scope.SUPERVISE: READ | SUPERVISION,
    Scope.CALLBACKS: set[str](),
    Scope.ADMIN: READ | SUPERVISION,
}
NEEDED = {
    **dict.fromkeys(READ, "read"),
    **dict.fromkeys(DESK, "agents"),
    **dict.fromkeys(SUPERVISION, "supervise"),
}


def routes(app: web.Application) -> list[tuple[str, str]]:
    """Each address with a method that it answers."""
    found = [
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    ]
    assert {path for _, path in found} == FOR_EVERYBODY | READ | DESK | SUPERVISION
    return found


async def ask(client: Client, method: str, address: str, token: str | None) -> tuple[int, bytes]:
    """Ask as somebody with the token would; an answer that goes on and on is left."""
    path = address.format(
        fiche=FICHE, agent="101", watching="listen", folder="shared", file="design.css"
    )
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with client.request(method, path, headers=headers, json={"phone": "900"}) as answer:
        if answer.status == 200:
            return 200, b""
        return answer.status, await answer.read()


@pytest.mark.parametrize("scope", [None, *Scope])
async def test_every_address_for_every_scope(
    desks: Client, engine: Engine, scope: Scope | None
) -> None:
    engine.reply = Reply.READY
    for method, address in routes(engine.application()):
        status, body = await ask(desks, method, address, scope and SCOPES[scope])
        opened = FOR_EVERYBODY | (OPENED[scope] if scope else set())
        if address in opened:
            # 422: the body is another request's, of which only whoever may ask is told. 409: the
            # token is no session's, which alone can be renewed.
            assert status in (200, 409, 422), (method, address, body)
        elif scope is None:
            assert status == 401, (method, address)
        else:
            assert status == 403, (method, address)
            if method != "HEAD":
                assert b'"code": "insufficient_scope"' in body
                assert f'"scope": "{NEEDED[address]}"'.encode() in body


async def test_a_token_for_something_else_is_told_what_is_needed(desks: Client) -> None:
    headers = {"Authorization": f"Bearer {SCOPES[Scope.READ]}"}
    answer = await desks.get("/v1/supervision/agents", headers=headers)
    assert answer.status == 403
    assert (await answer.json())["error"] == {
        "code": "insufficient_scope",
        "field": None,
        "message": "Ce jeton n’ouvre pas cette adresse, réservée à la supervision\u00a0: "
        "il y faut la portée «\u00a0supervise\u00a0».",
        "scope": "supervise",
    }
    challenge = 'Bearer realm="allo", error="insufficient_scope", scope="supervise"'
    assert answer.headers["WWW-Authenticate"] == challenge


async def test_a_part_in_a_call_is_kept_under_the_token_s_name(
    desks: Client, engine: Engine
) -> None:
    engine.reply = Reply.WATCHING
    headers = {"Authorization": f"Bearer {SCOPES[Scope.ADMIN]}"}
    path = "/v1/supervision/agents/101/listen"
    assert (await desks.post(path, headers=headers, json={"phone": "900"})).status == 200
    assert [name for name, *_ in engine.watched] == ["admin"]


def test_an_address_that_is_not_in_the_table_is_a_defect() -> None:
    async def anything(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[door(Keyring([], lambda: 0.0).holder)])
    app.add_routes([web.get("/healthz", anything), web.get("/v1/secret", anything)])
    with pytest.raises(LookupError, match="/v1/secret"):
        check(app)
