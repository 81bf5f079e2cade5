"""/v1/callbacks of a real intake: who may ask, proofs of work, and input that is refused."""

import asyncio
import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from router.core.callback.tickets import Refusal
from router.intake.reception import PATIENCE_S
from tests.intake.scene import (
    BROWSER,
    FOREIGN,
    KEY,
    ORIGIN,
    SERVER,
    IntakeScene,
    body,
    error_of,
    new_number,
)
from tests.service_plan import FICHE

pytestmark = pytest.mark.asyncio(loop_scope="session")


# --- Who asks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://3939.example.org:8039", "Host": "3939.example.org:8039"},
        {"Origin": "https://3939.example.org", "Host": "3939.example.org"},  # TLS ends at a proxy
        # A proxy has set its own Host; the browser says whose page it is.
        {"Origin": "https://3939.example.org", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_our_own_page_may_always_ask(here: IntakeScene, headers: dict[str, str]) -> None:
    status, _ = await here.ask(body(altcha=await here.solved()), headers=headers)
    assert status == 202


@pytest.mark.parametrize(
    "headers",
    [
        {},
        FOREIGN,
        {"Origin": "null"},
        {"Origin": ORIGIN + "/"},
        {"Origin": ORIGIN.upper()},
        {"Origin": ORIGIN.replace("https", "http")},
        {"Origin": ORIGIN + ".evil.net"},
        {"Origin": "*"},
        {"Referer": ORIGIN + "/page"},
        {**FOREIGN, "Sec-Fetch-Site": "cross-site"},
        {**FOREIGN, "Host": "3939.example.org"},
    ],
)
async def test_only_pages_of_the_list_may_ask(here: IntakeScene, headers: dict[str, str]) -> None:
    for method, path in (("POST", "/v1/callbacks"), ("DELETE", "/v1/callbacks/" + "t" * 32)):
        asked = body(altcha=await here.solved()) if method == "POST" else None
        status, told = await here.ask(asked, headers=headers, method=method, path=path)
        assert (status, error_of(told)) == (403, ("origin", None))
        assert "Access-Control-Allow-Origin" not in here.headers
    assert here.office.admitted == []


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY}x", "Bearer é"],
)
async def test_only_known_keys_are_trusted(here: IntakeScene, authorization: str) -> None:
    headers = {**BROWSER, "Authorization": authorization}
    status, told = await here.ask(body(), headers=headers)
    assert (status, error_of(told)) == (401, ("unauthorized", None))
    assert here.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "path",
    ["/v1/callbacks", "/v1/callbacks/challenge", "/v1/callbacks/" + "t" * 32, "/v1/service"],
)
async def test_preflights_are_answered_for_the_list_only(here: IntakeScene, path: str) -> None:
    headers = {"Access-Control-Request-Method": "POST"}
    status, _ = await here.ask(method="OPTIONS", path=path, headers={**headers, **BROWSER})
    assert status == 204
    assert here.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert here.headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert here.headers["Access-Control-Allow-Headers"] == "Content-Type, Idempotency-Key"
    assert "Access-Control-Allow-Credentials" not in here.headers
    for other in (FOREIGN, {}, {"Origin": "null"}):
        status, _ = await here.ask(method="OPTIONS", path=path, headers={**headers, **other})
        assert status == 403
        assert "Access-Control-Allow-Origin" not in here.headers
    assert here.web.seen == []


async def test_a_refusal_can_be_read_by_the_page(here: IntakeScene) -> None:
    status, _ = await here.ask(body(phone="3939"), headers=BROWSER)
    assert status == 422
    assert here.headers["Access-Control-Allow-Origin"] == ORIGIN


# --- Proofs of work -----------------------------------------------------------------------


@pytest.mark.parametrize("proof", [None, "", "bm8=", "A" * 2000])
async def test_without_a_proof_no_callback(here: IntakeScene, proof: str | None) -> None:
    status, told = await here.ask(body(altcha=proof), headers=BROWSER)
    assert (status, error_of(told)) == (422, ("wrong_proof", "altcha"))
    assert here.numbers() == {}


async def test_a_proof_is_good_for_one_ticket(here: IntakeScene) -> None:
    proof = await here.solved()
    assert (await here.ask(body(altcha=proof), headers=BROWSER))[0] == 202
    for _ in range(3):
        status, told = await here.ask(body(altcha=proof), headers=BROWSER)
        assert (status, error_of(told)) == (422, ("wrong_proof", "altcha"))
    assert len(here.office.admitted) == 1
    assert len(here.numbers()) == 1


async def test_a_proof_cannot_try_out_numbers(here: IntakeScene) -> None:
    """A request that reaches a limit uses its proof up."""
    taken = new_number()
    await here.accepted(taken)
    proof = await here.solved()
    assert (await here.ask(body(phone=taken, altcha=proof), headers=BROWSER))[0] == 429
    assert (await here.ask(body(altcha=proof), headers=BROWSER))[0] == 422


async def test_a_challenge_is_for_pages_of_the_list(here: IntakeScene) -> None:
    path = "/v1/callbacks/challenge"
    assert (await here.ask(method="GET", path=path, headers=FOREIGN))[0] == 403
    status, told = await here.ask(method="GET", path=path, headers=BROWSER)
    assert (status, told["maxnumber"]) == (200, 1000)
    assert here.headers["Cache-Control"] == "no-store"


async def test_where_nothing_is_taken_no_challenge_is_set(here: IntakeScene) -> None:
    here.accept(Refusal.NO_AGENT)
    await here.until_refused()
    path = f"/v1/callbacks/challenge?fiche={FICHE}"
    status, told = await here.ask(method="GET", path=path, headers=BROWSER)
    assert (status, error_of(told)) == (503, ("no_agent", None))
    path = "/v1/callbacks/challenge?sector=nothing"
    assert (await here.ask(method="GET", path=path, headers=BROWSER))[0] == 422


# --- Bad input ----------------------------------------------------------------------------

PHONES = [
    ("", "empty"),
    ("   ", "empty"),
    ("abc", "not_a_number"),
    ("06 39 98 ab cd", "not_a_number"),
    ("1" * 300, "malformed"),
    ("06 39 98 12", "malformed"),
    ("<script>alert(1)</script>", "not_a_number"),
    ("0639981234; DROP TABLE", "not_a_number"),
    ("sip:0639981234@example.org", "not_a_number"),
    ("3939", "short"),
    ("15", "short"),
    ("112", "short"),
    ("08 99 12 34 56", "special"),
    ("0800 12 34 56", "special"),
    ("+262 899 12 34 56", None),
    ("01 62 12 34 56", "automated"),
    ("+44 20 7946 0000", "foreign"),
    ("0700 12345678", "malformed"),
]


@pytest.mark.parametrize(("typed", "code"), PHONES)
async def test_numbers_that_are_refused(here: IntakeScene, typed: str, code: str | None) -> None:
    status, told = await here.ask(body(phone=typed))
    assert status == 422
    said, about = error_of(told)
    assert about == "phone"
    assert code is None or said == code
    assert here.office.admitted == []
    assert here.numbers() == {}
    assert here.asterisk.calls == []


BODIES: list[tuple[bytes | None, dict[str, str], int]] = [
    (b"", {}, 422),
    (b"{", {}, 400),
    (b"[]", {}, 400),
    (b"null", {}, 400),
    (b'{"phone": 639981234, "fiche": "F1234"}', {}, 422),
    (b'{"phone": ["0639981234"], "fiche": "F1234"}', {}, 422),
    (b'{"phone": {"e164": "+33639981234"}, "fiche": "F1234"}', {}, 422),
    (b'{"phone": "0639981234"}', {}, 422),
    (b'{"phone": "0639981234", "fiche": "F0"}', {}, 422),
    (b'{"phone": "0639981234", "sector": "armee"}', {}, 422),
    (b'{"phone": "0639981234", "fiche": "F1234", "x": 1}', {}, 422),
    (b"phone=0639981234&fiche=F1234", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    (b'{"phone": "0639981234", "fiche": "F1234"}', {"Content-Type": "text/plain"}, 415),
    (b'{"phone": "0639981234", "fiche": "F1234"}', {"Idempotency-Key": "short"}, 400),
    (b'{"phone": "0639981234", "fiche": "F1234"}', {"Idempotency-Key": "x" * 129}, 400),
    (b'{"phone": "0639981234", "fiche": "F1234"}', {"Idempotency-Key": ""}, 400),
    (b" " * 5000, {}, 413),
    (b" " * 1_000_000, {}, 413),
    (b'{"phone": "' + b"0" * 1_000_000 + b'"}', {}, 413),
]


@pytest.mark.parametrize(("data", "headers", "status"), BODIES)
async def test_bodies_that_are_refused(
    here: IntakeScene, data: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {**SERVER, "Content-Type": "application/json", **headers}
    got, told = await here.ask(data=data, headers=sent)
    assert got == status, told
    error_of(told)
    assert here.headers["Cache-Control"] == "no-store"
    assert here.office.admitted == []
    assert here.numbers() == {}


async def test_a_long_body_in_pieces_is_refused(here: IntakeScene) -> None:
    async def pieces() -> Any:
        for _ in range(100):
            yield b" " * 1000

    headers = {**SERVER, "Content-Type": "application/json", "Idempotency-Key": "12345678"}
    url = here.home + "/v1/callbacks"
    async with here.session.post(url, data=pieces(), headers=headers) as answer:
        assert answer.status == 413


@pytest.mark.parametrize("method", ["PUT", "PATCH", "GET", "HEAD"])
async def test_other_methods(here: IntakeScene, method: str) -> None:
    status, _ = await here.ask(method=method)
    assert status == 405
    assert here.headers["Allow"] == "POST"
    assert here.web.seen == []


UNTIL_AN_OPENING = {Refusal.CLOSED, Refusal.CLOSING}


@pytest.mark.parametrize("refusal", Refusal)
async def test_what_is_refused_says_why_and_until_when(here: IntakeScene, refusal: Refusal) -> None:
    here.accept(refusal)
    await here.until_refused()
    status, told = await here.ask(body())
    assert (status, error_of(told)) == (503, (refusal.value, None))
    assert int(here.headers["Retry-After"]) > 0
    opening = "2026-11-24T08:30:00+01:00" if refusal in UNTIL_AN_OPENING else None
    assert told["error"].get("next_opening_at") == opening
    assert ("Le service ouvre demain" in told["error"]["message"]) is (opening is not None)
    assert here.numbers() == {}
    assert here.office.admitted == []


@pytest.mark.parametrize("refusal", Refusal)
async def test_what_the_service_refuses_at_last_is_dropped(
    here: IntakeScene, refusal: Refusal
) -> None:
    here.office.refusal = refusal
    status, told = await here.ask(body())
    assert (status, error_of(told)) == (503, (refusal.value, None))
    assert len(here.office.admitted) == 1
    assert here.numbers() == {}


async def test_who_was_refused_because_the_router_hung_is_not_promised_anything_later(
    here: IntakeScene,
) -> None:
    request = Request(
        here.home + "/v1/callbacks",
        json.dumps(body()).encode(),
        {**SERVER, "Content-Type": "application/json", "Idempotency-Key": "while-it-hangs"},
    )
    asking = asyncio.create_task(asyncio.to_thread(status_of, request))
    await asyncio.sleep(0)  # it has been sent when the thread has begun
    hung_until = time.monotonic() + PATIENCE_S + 1.0
    while time.monotonic() < hung_until:
        time.sleep(0.1)  # noqa: ASYNC251 (the router, which is this process, does nothing)
    assert await asking == 503
    assert await here.accepted()  # what came before has been read by now
    assert len(here.office.admitted) == 1
    assert len(here.numbers()) == 1


def status_of(request: Request) -> int:
    try:
        with urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
