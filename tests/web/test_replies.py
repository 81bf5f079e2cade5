"""Replies and refusals in HTTP."""

import json
import re

import pytest

from router.core.requests import GRANTED, Reply
from router.web.replies import ANSWERS, granted, refusal, refused

NBSP = "\u00a0"
REFUSING = {403, 404, 409, 422, 423}


def content(response: object) -> dict[str, object]:
    text = getattr(response, "text", None)
    assert isinstance(text, str)
    read: dict[str, object] = json.loads(text)
    return read


def test_every_reply_has_an_answer() -> None:
    assert ANSWERS.keys() == set(Reply)


def test_those_that_say_yes_are_those_granted() -> None:
    assert {reply for reply, answer in ANSWERS.items() if answer.status == 200} == GRANTED
    assert {answer.status for answer in ANSWERS.values()} - {200} <= REFUSING


@pytest.mark.parametrize("reply", Reply)
def test_each_is_french_prose(reply: Reply) -> None:
    message = ANSWERS[reply].message
    assert re.fullmatch(r"[A-ZÀÉ][^\n_{}]{10,150}\.", message)
    assert "'" not in message  # the apostrophe is ’
    assert "  " not in message
    french = r"\b(le|la|les|l’\w+|un|une|de|ce|cet|il|est|à|des)\b"
    assert re.search(french, message, re.IGNORECASE)


def test_two_replies_never_say_the_same() -> None:
    assert len({answer.message for answer in ANSWERS.values()}) == len(Reply)


def test_a_refusal_names_the_field() -> None:
    error = refused(Reply.UNKNOWN_ENTRY, "referral", "Le plus proche est « impots ».")
    assert (error.status, error.code, error.field) == (422, "unknown_entry", "referral")
    assert error.message.endswith("annuaire du service. Le plus proche est « impots ».")
    assert refused(Reply.PHONE_TAKEN).field == "phone"
    assert refused(Reply.NOT_NOW).field is None


def test_what_is_granted_comes_with_the_desk() -> None:
    answer = granted(Reply.PAUSED, {"state": "paused"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert content(answer) == {
        "reply": "paused",
        "message": f"La pause commence{NBSP}; aucun appel n’est présenté.",
        "desk": {"state": "paused"},
    }


def test_only_a_missing_token_is_asked_for() -> None:
    assert (
        refusal(401, "unauthorized", None, "Non.").headers["WWW-Authenticate"].startswith("Bearer ")
    )
    assert "WWW-Authenticate" not in refusal(403, "no", None, "Non.").headers
