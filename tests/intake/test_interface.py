"""/v1/callbacks of a real intake: what is accepted, what is refused and how."""

import json

import pytest

from router.core.callback.tickets import Failure, Refusal, TicketState
from router.core.ids import TicketId
from router.intake.openapi import DESCRIPTION
from tests.intake.scene import (
    BROWSER,
    FOREIGN,
    ORIGIN,
    IntakeScene,
    body,
    digits,
    error_of,
    new_number,
)
from tests.service_plan import FICHE, HOUSING

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
