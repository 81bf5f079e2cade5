import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.intake.requests import (
    CallbackRequest,
    checked_key,
    form_of,
    request_of,
    request_of_form,
    subject_of,
)
from router.web.replies import Refused
from tests.service_plan import FICHE, HOUSING, WORK, small_plan

PLAN = small_plan()
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def wanted(body: Any, kind: str = JSON) -> CallbackRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request_of(kind, content, PLAN)


def test_a_callback_about_a_fiche() -> None:
    assert wanted({"phone": "06", "fiche": "F1234"}) == CallbackRequest("06", HOUSING, FICHE)


def test_a_callback_about_a_sector() -> None:
    body = {"phone": "06", "sector": "travail", "fiche": None, "altcha": "p"}
    assert wanted(body) == CallbackRequest("06", WORK, None, "p")


FAULTS = [
    (b"", 422, "missing_field", "phone"),
    (b"{", 400, "invalid_json", None),
    (b"\xff\xfe", 400, "invalid_json", None),
    (b'{"phone": "\\ud800"}', 400, "invalid_json", None),
    (b"null", 400, "not_an_object", None),
    (b'["06"]', 400, "not_an_object", None),
    (b'"06"', 400, "not_an_object", None),
    (b"612345678", 400, "not_an_object", None),
    ({}, 422, "missing_field", "phone"),
    ({"phone": None, "fiche": "F1234"}, 422, "missing_field", "phone"),
    ({"phone": 612345678, "fiche": "F1234"}, 422, "wrong_type", "phone"),
    ({"phone": ["06"], "fiche": "F1234"}, 422, "wrong_type", "phone"),
    ({"phone": {}, "fiche": "F1234"}, 422, "wrong_type", "phone"),
    ({"phone": True, "fiche": "F1234"}, 422, "wrong_type", "phone"),
    ({"phone": "06", "fiche": 1234}, 422, "wrong_type", "fiche"),
    ({"phone": "06", "sector": ["travail"]}, 422, "wrong_type", "sector"),
    ({"phone": "06", "fiche": "F1234", "altcha": {}}, 422, "wrong_type", "altcha"),
    ({"phone": "06"}, 422, "missing_field", "fiche"),
    ({"phone": "06", "fiche": "F1234", "sector": "travail"}, 422, "ambiguous", "sector"),
    ({"phone": "06", "fiche": "F9"}, 422, "unknown_fiche", "fiche"),
    ({"phone": "06", "fiche": ""}, 422, "unknown_fiche", "fiche"),
    ({"phone": "06", "sector": "../travail"}, 422, "unknown_sector", "sector"),
    ({"phone": "06", "fiche": "F1234", "fihce": 1}, 422, "unknown_field", None),
]


@pytest.mark.parametrize(("body", "status", "code", "about"), FAULTS)
def test_each_fault_is_told_by_its_field(
    body: Any, status: int, code: str, about: str | None
) -> None:
    with pytest.raises(Refused) as raised:
        wanted(body)
    error = raised.value
    assert (error.status, error.code, error.field) == (status, code, about)
    assert error.message.endswith(".")
    assert "'" not in error.message


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_other_contents_are_not_read(kind: str) -> None:
    with pytest.raises(Refused) as raised:
        wanted({"phone": "06", "fiche": "F1234"}, kind)
    assert raised.value.status == 415


def test_a_misspelt_field_gets_a_suggestion_and_no_echo() -> None:
    with pytest.raises(Refused) as raised:
        wanted({"phone": "06", "sectr": "travail"})
    assert "Le plus proche est « sector »." in raised.value.message
    with pytest.raises(Refused) as raised:
        wanted({"0639981234": 1})
    assert "0639981234" not in str(vars(raised.value))


def test_what_is_wanted_does_not_show_the_number() -> None:
    assert "0639981234" not in repr(wanted({"phone": "0639981234", "fiche": "F1234"}))


@given(st.binary() | st.text().map(str.encode))
def test_no_body_breaks_it(content: bytes) -> None:
    with pytest.raises(Refused):
        wanted(content)


# --- Keys and forms -----------------------------------------------------------------------


@pytest.mark.parametrize("key", ["12345678", "a" * 128, "!~-_.:;=+/", "'OR'1=1--"])
def test_a_key(key: str) -> None:
    assert checked_key(key) == key


@pytest.mark.parametrize(
    "key", [None, "", "1234567", "a" * 129, "with space", "é" * 8, "12345678\n"]
)
def test_what_is_no_key(key: str | None) -> None:
    with pytest.raises(Refused) as raised:
        checked_key(key)
    assert (raised.value.status, raised.value.field) == (400, "Idempotency-Key")


def test_the_plain_form() -> None:
    form = form_of(FORM, b"phone=06+39&fiche=F1234&key=12345678")
    assert request_of_form(form, PLAN) == (CallbackRequest("06 39", HOUSING, FICHE), "12345678")


@pytest.mark.parametrize(
    ("content", "status"), [(b"a=1&" * 9, 400), ("phone=é".encode(), 400), (b"", None)]
)
def test_odd_forms(content: bytes, status: int | None) -> None:
    if status is None:
        assert form_of(FORM, content) == {}
        return
    with pytest.raises(Refused) as raised:
        form_of(FORM, content)
    assert raised.value.status == status


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/json", ""])
def test_other_forms_are_not_read(kind: str) -> None:
    with pytest.raises(Refused) as raised:
        form_of(kind, b"phone=06")
    assert raised.value.status == 415


@given(st.binary())
def test_no_form_breaks_it(content: bytes) -> None:
    with suppress(Refused):
        request_of_form(form_of(FORM, content), PLAN)


def test_a_subject() -> None:
    assert subject_of("F1234", None, PLAN) == PLAN.fiches[FICHE]
    assert subject_of(None, "travail", PLAN) == PLAN.sectors[WORK]
