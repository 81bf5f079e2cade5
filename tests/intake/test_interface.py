"""/v1/callbacks of a real intake: what is accepted, what is refused and how."""

import json
from typing import Any

import pytest

from router.core.callback.tickets import Failure, Refusal, TicketState
from router.core.ids import TicketId
from router.intake.openapi import DESCRIPTION
from tests.intake.scene import KEY, ORIGIN, SERVER, IntakeScene, digits, new_number
from tests.service_plan import FICHE, HOUSING

pytestmark = pytest.mark.asyncio(loop_scope="session")

BROWSER = {"Origin": ORIGIN}
FOREIGN = {"Origin": "https://evil.example.net"}


def body(**changes: Any) -> dict[str, Any]:
    return {"phone": new_number(), "fiche": FICHE, **changes}


def error_of(told: Any) -> tuple[str, str | None]:
    """Check the form of a refusal; return its code and its field."""
    error = told["error"]
    assert set(error) - {"next_opening_at"} == {"code", "field", "message"}
    assert error["message"].endswith((".", "»."))
    return error["code"], error["field"]


# --- Accepted -----------------------------------------------------------------------------


async def test_a_server_is_promised_a_callback(here: IntakeScene) -> None:
    number = new_number()
    status, told = await here.ask({"phone": number, "fiche": FICHE})

    assert status == 202
    assert set(told) == {"ticket", "state", "due_at", "now", "message"}
    assert told["state"] == "accepted"
    assert told["due_at"] > told["now"]
    assert here.headers["Cache-Control"] == "no-store"
    record = here.office.records[TicketId(told["ticket"])]
    assert (record.sector, record.fiche) == (HOUSING, FICHE)
    assert here.numbers() == {told["ticket"]: "+33" + digits(number)[1:]}


async def test_a_browser_brings_a_proof(here: IntakeScene) -> None:
    status, told = await here.ask(body(altcha=await here.solved()), headers=BROWSER)

    assert status == 202, told
    assert here.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert here.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("06.39.98.70.01", "+33639987001"),
        ("+33 6 39 98 70 02", "+33639987002"),
        ("0033639987003", "+33639987003"),
        ("٠٦٣٩٩٨٧٠٠٤", "+33639987004"),
        ("０６３９９８７００５", "+33639987005"),
        ("06 39 98 70 06 poste 12", "+33639987006"),
        ("0639987007,,1234", "+33639987007"),
        ("0262 16 12 34", "+262262161234"),
    ],
)
async def test_numbers_as_people_type_them_are_kept_in_ascii(
    here: IntakeScene, typed: str, kept: str
) -> None:
    ticket = await here.accepted(typed)
    assert here.numbers()[ticket] == kept


async def test_a_sector_instead_of_a_fiche(here: IntakeScene) -> None:
    status, told = await here.ask({"phone": new_number(), "sector": "travail"})
    assert status == 202
    record = here.office.records[TicketId(told["ticket"])]
    assert (record.sector, record.fiche) == ("travail", None)


# --- Once only ----------------------------------------------------------------------------


async def test_the_same_request_gives_the_same_ticket(here: IntakeScene) -> None:
    asked = body()
    answers = [await here.ask(asked, key="same-key-1") for _ in range(100)]

    assert {status for status, _ in answers} == {202}
    assert len({told["ticket"] for _, told in answers}) == 1
    assert len(here.office.admitted) == 1


async def test_the_same_key_for_another_request_is_a_conflict(here: IntakeScene) -> None:
    asked = body()
    await here.ask(asked, key="same-key-2")
    for other in (
        {**asked, "phone": new_number()},
        {"phone": asked["phone"], "sector": "travail"},
        {"phone": asked["phone"], "sector": "logement"},
    ):
        status, told = await here.ask(other, key="same-key-2")
        assert (status, error_of(told)) == (409, ("idempotency_conflict", "Idempotency-Key"))
    assert (await here.ask(asked, key="same-key-2"))[0] == 202
    assert len(here.office.admitted) == 1


async def test_a_key_is_its_owners(here: IntakeScene) -> None:
    """The same key from a browser and from a server makes two requests."""
    await here.accepted(key="same-key-3")
    asked = body(altcha=await here.solved())
    assert (await here.ask(asked, key="same-key-3", headers=BROWSER))[0] == 202
    assert len(here.office.admitted) == 2


async def test_a_refused_request_may_be_tried_again(here: IntakeScene) -> None:
    asked = body()
    here.office.refusal = Refusal.FULL
    assert (await here.ask(asked, key="same-key-4"))[0] == 503
    assert here.numbers() == {}
    here.office.refusal = None
    assert (await here.ask(asked, key="same-key-4"))[0] == 202


async def test_an_accepted_request_is_found_again_whatever_has_changed(here: IntakeScene) -> None:
    """The answer was lost; since then the service has closed, and the proof is used up."""
    asked = body(altcha=await here.solved())
    _, first = await here.ask(asked, key="same-key-5", headers=BROWSER)
    here.accept(Refusal.CLOSED)
    await here.until_refused()

    status, again = await here.ask(asked, key="same-key-5", headers=BROWSER)
    assert (status, again["ticket"]) == (202, first["ticket"])


async def test_after_its_end_it_is_found_without_its_number(here: IntakeScene) -> None:
    asked = body()
    ticket = await here.accepted(asked["phone"], key="same-key-6")
    here.office.end(ticket)
    here.intake.ended(ticket)

    status, told = await here.ask(asked, key="same-key-6")
    assert (status, told["ticket"], told["state"]) == (202, ticket, "done")
    assert here.numbers() == {}


async def test_two_at_once_are_one(here: IntakeScene) -> None:
    import asyncio

    here.office.slow = True
    asked = body()
    requests = [asyncio.create_task(here.ask(asked, key="same-key-7")) for _ in range(2)]
    await here.until(lambda: here.office.undecided)
    late = asyncio.create_task(here.ask(asked, key="same-key-7"))
    await asyncio.sleep(0.05)
    here.office.decide()
    tickets = {told["ticket"] for _, told in await asyncio.gather(*requests, late)}
    assert len(tickets) == 1
    assert len(here.office.admitted) == 1
    assert set(here.numbers()) == tickets


# --- Limits -------------------------------------------------------------------------------


async def test_a_thousand_requests_for_one_number_lead_to_one_ticket(here: IntakeScene) -> None:
    number = new_number()
    answers = [await here.ask({"phone": number, "fiche": FICHE}) for _ in range(1000)]

    assert [status for status, _ in answers] == [202] + [429] * 999
    assert len(here.office.admitted) == 1
    assert len(here.numbers()) == 1


async def test_open_and_enough_for_today_are_told_alike(here: IntakeScene) -> None:
    number = new_number()
    refusals = []
    for _ in range(3):
        ticket = await here.accepted(number)
        refusals.append(await here.ask({"phone": number, "fiche": FICHE}))
        here.office.end(ticket)
        here.intake.ended(ticket)
    refusals.append(await here.ask({"phone": number, "fiche": FICHE}))

    assert {status for status, _ in refusals} == {429}
    assert len({json.dumps(told) for _, told in refusals}) == 1
    assert error_of(refusals[0][1]) == ("number_limit", "phone")


async def test_all_together_are_limited(here: IntakeScene) -> None:
    here.accept(most_open=1)
    await here.accepted()
    status, told = await here.ask(body())
    assert (status, error_of(told)) == (503, ("full", None))
    assert int(here.headers["Retry-After"]) > 0
    assert len(here.numbers()) == 1


async def test_a_refused_admission_counts_for_nothing(here: IntakeScene) -> None:
    number = new_number()
    here.office.refusal = Refusal.FULL
    for _ in range(10):
        assert (await here.ask({"phone": number, "fiche": FICHE}))[0] == 503
    here.office.refusal = None
    assert await here.accepted(number)


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


# --- Tickets ------------------------------------------------------------------------------


async def test_a_ticket_is_followed(here: IntakeScene) -> None:
    ticket = await here.accepted()
    path = f"/v1/callbacks/{ticket}"
    for state, shown in (
        (TicketState.RINGING, "accepted"),
        (TicketState.DIALLING, "dialling"),
        (TicketState.TALKING, "talking"),
        (TicketState.FAILED, "failed"),
    ):
        here.office.end(ticket, state, failure=Failure.NO_ANSWER)
        status, told = await here.ask(method="GET", path=path, headers={})
        assert (status, told["state"]) == (200, shown)
        assert here.headers["Cache-Control"] == "no-store"
    assert told["reason"] == "no_answer"
    assert (await here.ask(method="GET", path=path, headers=FOREIGN))[0] == 403


async def test_a_ticket_is_cancelled(here: IntakeScene) -> None:
    ticket = await here.accepted()
    path = f"/v1/callbacks/{ticket}"
    for _ in range(2):
        status, told = await here.ask(method="DELETE", path=path, headers=BROWSER)
        assert (status, told["state"]) == (200, "cancelled")
    assert (await here.ask(method="DELETE", path=path))[0] == 200


@pytest.mark.parametrize("state", [TicketState.TALKING, TicketState.DONE, TicketState.EXPIRED])
async def test_too_late_to_cancel(here: IntakeScene, state: TicketState) -> None:
    ticket = await here.accepted()
    here.office.end(ticket, state)
    status, told = await here.ask(method="DELETE", path=f"/v1/callbacks/{ticket}")
    assert (status, error_of(told)) == (409, ("too_late", None))


@pytest.mark.parametrize(
    "ticket",
    [
        *("t" * 32, "short", "x" * 500, "%00" * 8, "..%2F..%2Fetc", "%C3%A9" * 32),
        *("%FF" * 32, "%20", "t" * 31 + "%0A", "🙂" * 32),
    ],
)
async def test_an_unknown_ticket(here: IntakeScene, ticket: str) -> None:
    """Malformed tickets are looked up like unknown ones, so that both take as long."""
    for method in ("GET", "DELETE"):
        status, told = await here.ask(method=method, path=f"/v1/callbacks/{ticket}")
        assert (status, error_of(told)) == (404, ("unknown_ticket", None))


async def test_the_interface_is_described(here: IntakeScene) -> None:
    status, told = await here.ask(method="GET", path="/v1/openapi.json", headers=BROWSER)
    assert status == 200
    assert told == DESCRIPTION
    assert here.headers["Access-Control-Allow-Origin"] == ORIGIN
