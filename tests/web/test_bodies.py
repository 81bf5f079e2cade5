"""From a JSON body to a request to the engine."""

from typing import Any

import pytest

from router.core.ids import FicheId, PhoneId
from router.core.plan import Fiche
from router.core.requests import (
    Cancel,
    Complete,
    Consult,
    End,
    Hold,
    LogIn,
    LogOut,
    Note,
    Noting,
    Pause,
    Ready,
    Refer,
    Request,
    Result,
    Retrieve,
    Transfer,
)
from router.web.bodies import ACTIONS, object_of, phone_of, request_of
from router.web.replies import Refused
from tests.service_plan import FICHE, HOUSING, WORK, small_plan
from tests.web.desk_scene import LUNCH, TAXES, desk_plan

PLAN = desk_plan()


def ask(name: str, **body: Any) -> Request:
    return request_of(ACTIONS[name], body, PLAN)


def fault(name: str, body: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        request_of(ACTIONS[name], body, PLAN)
    assert caught.value.status == 422
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("name", "body", "asked"),
    [
        ("log-in", {}, LogIn()),
        ("log-in", {"phone": None}, LogIn()),
        ("log-in", {"phone": "102"}, LogIn(PhoneId("102"))),
        ("log-out", {}, LogOut()),
        ("pause", {"reason": "repas"}, Pause(LUNCH)),
        ("ready", {}, Ready()),
        ("hold", {}, Hold()),
        ("retrieve", {}, Retrieve()),
        ("transfer", {"sector": "travail"}, Transfer(WORK)),
        ("consult", {"sector": "travail"}, Consult(WORK)),
        ("complete", {}, Complete()),
        ("cancel", {}, Cancel()),
        ("refer", {"entry": "impots", "by": "transfer"}, Refer(TAXES, spoken=False)),
        ("refer", {"entry": "impots", "by": "spoken"}, Refer(TAXES, spoken=True)),
        ("end", {}, End()),
        ("noting", {}, Noting()),
        ("note", {}, Note()),
        ("note", {"subject": "logement"}, Note(HOUSING)),
        (
            "note",
            {"subject": "F1234", "result": "out of scope", "referral": "impots", "improve": True},
            Note(FICHE, Result.OUT_OF_SCOPE, TAXES, improve=True),
        ),
    ],
)
def test_what_is_asked(name: str, body: dict[str, Any], asked: Request) -> None:
    assert ask(name, **body) == asked


def test_every_request_can_be_asked() -> None:
    asked = {Cancel, Complete, Consult, Hold, LogIn, LogOut, Note, Pause, Ready, Refer}
    bodies = {"reason": "repas", "sector": "travail", "entry": "impots", "by": "spoken"}
    made = {
        type(ask(name, **{one.name: bodies[one.name] for one in action.fields if one.required}))
        for name, action in ACTIONS.items()
    }
    assert made == asked | {Retrieve, Transfer, End, Noting}


def test_a_result_is_one_and_no_text() -> None:
    note = ask("note", result="partly")
    assert isinstance(note, Note)
    assert note.result is Result.PARTLY


@pytest.mark.parametrize(
    ("name", "body", "code", "field", "told"),
    [
        ("transfer", {"secteur": "travail"}, "unknown_field", "secteur", "« sector »"),
        ("hold", {"sector": "travail"}, "unknown_field", "sector", "Aucun champ"),
        ("pause", {}, "missing_field", "reason", "« reason » est obligatoire."),
        ("pause", {"reason": None}, "missing_field", "reason", "obligatoire."),
        ("refer", {"entry": "impots"}, "missing_field", "by", "« by »"),
        ("pause", {"reason": 3}, "wrong_type", "reason", "doit être un texte."),
        ("pause", {"reason": ["repas"]}, "wrong_type", "reason", "doit être un texte."),
        ("note", {"improve": 1}, "wrong_type", "improve", "true ou false."),
        ("note", {"improve": "true"}, "wrong_type", "improve", "true ou false."),
        ("note", {"subject": {}}, "wrong_type", "subject", "doit être un texte."),
        ("pause", {"reason": "repos"}, "unknown_reason", "reason", "« repas »"),
        ("transfer", {"sector": "Logements"}, "unknown_sector", "sector", "« logement »"),
        ("consult", {"sector": ""}, "unknown_sector", "sector", "service."),
        ("refer", {"entry": "impot", "by": "spoken"}, "unknown_entry", "entry", "« impots »"),
        ("refer", {"entry": "0199000001", "by": "spoken"}, "unknown_entry", "entry", "annuaire"),
        ("refer", {"entry": "impots", "by": "mail"}, "unknown_value", "by", "« transfer »"),
        ("log-in", {"phone": "104"}, "phone_unknown", "phone", "« 10"),
        ("note", {"subject": "f1234"}, "unknown_subject", "subject", "« F1234 »"),
        ("note", {"subject": "\x00"}, "unknown_subject", "subject", "ni une fiche"),
        ("note", {"referral": "impot"}, "unknown_entry", "referral", "« impots »"),
        ("note", {"result": "ANSWERED"}, "unknown_value", "result", "« out of scope »"),
    ],
)
def test_what_is_wrong_is_named(
    name: str, body: dict[str, Any], code: str, field: str, told: str
) -> None:
    error = fault(name, body)
    assert (error.code, error.field) == (code, field)
    assert told in error.message


@pytest.mark.parametrize("word", ["<script>alert(1)</script>", "x" * 15_000, "é\u202e\n"])
def test_what_was_sent_is_not_said_again(word: str) -> None:
    assert word not in fault("transfer", {"sector": word}).message
    error = fault("transfer", {word: "travail"})
    assert error.field is not None
    assert set(error.field) <= set("?-_/()abcdefghijklmnopqrstuvwxyz0123456789") - set("/()")
    assert len(error.message) < 200


def test_a_suggestion_takes_no_time_in_a_plan_of_many_pages() -> None:
    """The domains come first, and only a few hundred words are looked at."""
    many = {FicheId(f"F{n}"): Fiche(FicheId(f"F{n}"), "", HOUSING) for n in range(20_000)}
    plan = small_plan(fiches=many)
    with pytest.raises(Refused, match=r"^422 unknown_subject$") as caught:
        request_of(ACTIONS["note"], {"subject": "logment"}, plan)
    assert caught.value.message.endswith("Le plus proche est « logement ».")
    with pytest.raises(Refused) as caught:
        request_of(ACTIONS["note"], {"subject": "F19999x"}, plan)
    assert "F19999" not in caught.value.message


def test_a_supervisors_phone() -> None:
    assert phone_of({"phone": "900"}, PLAN) == "900"
    assert phone_of({"phone": "101"}, PLAN) == "101"
    with pytest.raises(Refused) as caught:
        phone_of({}, PLAN)
    assert (caught.value.code, caught.value.field) == ("missing_field", "phone")


def test_no_body_is_an_empty_object() -> None:
    assert object_of("application/octet-stream", b"") == {}
    assert object_of("application/json", b"{}") == {}


@pytest.mark.parametrize(
    ("content_type", "content", "status", "code"),
    [
        ("application/json", b"{", 400, "invalid_json"),
        ("application/json", b"{'a': 1}", 400, "invalid_json"),
        ("application/json", b'{"a": NaN}', 400, "invalid_json"),
        ("application/json", b'{"a": "\xe9"}', 400, "invalid_json"),
        ("application/json", b'{"a": "\\ud800"}', 400, "invalid_json"),
        ("application/json", b"[" * 16_000, 400, "invalid_json"),
        ("application/json", b"[]", 400, "not_an_object"),
        ("application/json", b"null", 400, "not_an_object"),
        ("application/json", b'"repas"', 400, "not_an_object"),
        ("text/plain", b"{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"reason=repas", 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_json_object(content_type: str, content: bytes, status: int, code: str) -> None:
    with pytest.raises(Refused) as caught:
        object_of(content_type, content)
    assert (caught.value.status, caught.value.code) == (status, code)
    assert caught.value.__cause__ is None  # the decoder's error quotes what was sent
