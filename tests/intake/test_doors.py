"""Every address that the intake answers or guards itself, with a token of every scope."""

import pytest

from router.access import Scope
from router.web.addresses import ADDRESSES, Others
from tests.intake.scene import BROWSER, TOKENS, IntakeScene, body, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVERYBODY = ("/", "/healthz", "/v1/service", "/v1/openapi.json", "/rappel", "/widget.js")
MACHINES = ("/readyz", "/metrics")
#: Of the router, tried in tests/web/test_addresses.py.
PAGES = ("/poste", "/wallboard", "/static/{folder}/{file}", "/v1/agents/session")
TICKET = "/v1/callbacks/" + "t" * 32
#: From outside, by way of a proxy.
AWAY = {"X-Forwarded-For": "198.51.100.1"}
SEE = {Scope.READ, Scope.SUPERVISE, Scope.ADMIN}
ASK = {Scope.CALLBACKS, Scope.ADMIN}


def presenting(scope: Scope | None) -> dict[str, str]:
    return AWAY if scope is None else {**AWAY, "Authorization": f"Bearer {TOKENS[scope]}"}


@pytest.mark.parametrize("scope", [None, *Scope])
async def test_a_page_for_everybody_is_for_everybody(
    here: IntakeScene, scope: Scope | None
) -> None:
    for path in EVERYBODY:
        assert (await here.ask(method="GET", path=path, headers=presenting(scope)))[0] == 200


@pytest.mark.parametrize("scope", [None, *Scope])
async def test_what_is_for_machines_needs_the_scope_to_read(
    here: IntakeScene, scope: Scope | None
) -> None:
    for path in MACHINES:
        status, _ = await here.ask(method="GET", path=path, headers=presenting(scope))
        assert status == (200 if scope in SEE else 403)


@pytest.mark.parametrize("scope", Scope)
async def test_servers_need_the_scope_for_callbacks(here: IntakeScene, scope: Scope) -> None:
    status, told = await here.ask(body(), headers=presenting(scope))
    cancelled, cancel_told = await here.ask(method="DELETE", path=TICKET, headers=presenting(scope))
    if scope in ASK:
        assert (status, cancelled) == (202, 404)
        return
    for told_of in (told, cancel_told):
        assert error_of(told_of) == ("insufficient_scope", None)
        assert told_of["error"]["scope"] == "callbacks"
    assert (status, cancelled) == (403, 403)


async def test_a_token_does_not_make_a_page_an_allowed_one(here: IntakeScene) -> None:
    """Whoever shows a token is judged by it, whatever page it comes from."""
    headers = {**BROWSER, **presenting(Scope.READ)}
    assert (await here.ask(body(), headers=headers))[0] == 403


@pytest.mark.parametrize("scope", [None, *Scope])
async def test_no_token_opens_the_websocket_of_browsers(
    here: IntakeScene, scope: Scope | None
) -> None:
    """A ticket does (tests/web/test_softphone_handlers.py); here it is no websocket at all."""
    status, told = await here.ask(method="GET", path="/sip", headers=presenting(scope))
    assert (status, error_of(told)) == (400, ("no_websocket", None))


async def test_nothing_is_left_out() -> None:
    tried = {*EVERYBODY, *MACHINES, "/rappel/suivi", "/v1/callbacks", "/v1/callbacks/challenge"}
    tried |= {"/v1/callbacks/{ticket}", "/sip", *PAGES}
    assert {path for path, to in ADDRESSES.items() if isinstance(to, Others)} == tried
