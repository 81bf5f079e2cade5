"""What a browser may say to Asterisk, message by message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.web.softphone.gate import PING, PONG, Passing, passing, registers
from tests.web.softphone_scene import REGISTERED, sip

ME = "agent-101.web"


def judged(message: str) -> Passing:
    return passing(message, ME)


@pytest.mark.parametrize("method", ["REGISTER", "ACK", "BYE", "CANCEL", "INFO", "OPTIONS"])
def test_what_a_phone_says_passes(method: str) -> None:
    assert judged(sip(method)) is Passing.ON


@pytest.mark.parametrize(
    "start", ["SIP/2.0 200 OK", "SIP/2.0 180 Ringing", "SIP/2.0 486 ", "SIP/2.0 200"]
)
def test_answers_pass_whatever_they_name(start: str) -> None:
    """From of an answer is whoever asked."""
    message = f"{start}\r\nFrom: <sip:informateur@192.0.2.1>;tag=x\r\n\r\n"
    assert judged(message) is Passing.ON


def test_pings_and_pongs_are_told_apart() -> None:
    assert judged(PING) is Passing.PING
    assert judged(PONG) is Passing.PONG


def test_a_call_that_is_up_may_be_changed_but_none_begun() -> None:
    begun = sip("INVITE")
    assert judged(begun) is Passing.NOWHERE
    assert judged(begun.replace("To: <sip:", "t: <sip:")) is Passing.NOWHERE
    within = begun.replace("@allo.invalid>\r\nCall-ID", "@allo.invalid>;tag=b\r\nCall-ID")
    assert judged(within) is Passing.ON
    twice = within.replace("Call-ID", "To: <sip:3939@allo.invalid>\r\nCall-ID")
    assert judged(twice) is Passing.NOWHERE


@pytest.mark.parametrize(
    "of",
    [
        "From: <sip:agent-102.web@allo.invalid>;tag=a",
        "From: <sip:trunk@allo.invalid>;tag=a",
        "From: <sip:xagent-101.web@allo.invalid>;tag=a",
        "From: <sip:agent-101xweb@allo.invalid>;tag=a",
        'From: "sip:agent-101.web@" <sip:trunk@allo.invalid>;tag=a',
        "From: <sip:trunk@allo.invalid>;x=sip:agent-101.web@",
        "f: <sip:agent-102.web@allo.invalid>;tag=a",
        "X-From: <sip:agent-101.web@allo.invalid>;tag=a",
        "From: <sip:agent-101.web@allo.invalid>;tag=a\r\nFrom: <sip:trunk@allo.invalid>;tag=a",
        "From: <sip:agent-101.web@allo.invalid>;tag=a\r\nf : <sip:trunk@allo.invalid>;tag=a",
        "From: <sip:agent-101.web@allo.invalid>\r\n ,<sip:trunk@allo.invalid>;tag=a",
        "From: <sip:agent-101.web@allo.invalid>;tag=a\nFrom: <sip:trunk@allo.invalid>",
        "From: <sip:agent-101.web@allo.invalid>;tag=a\rFrom: <sip:trunk@allo.invalid>",
        "Subject: x",
    ],
)
def test_a_browser_names_nobody_but_its_own_informateur(of: str) -> None:
    message = sip().replace("From: <sip:agent-101.web@allo.invalid>;tag=a", of)
    assert judged(message) is Passing.NOWHERE


@pytest.mark.parametrize(
    "message",
    [
        "",
        "x",
        "GET /ari/channels HTTP/1.1\r\nHost: a\r\n\r\n",
        sip("SUBSCRIBE"),
        sip("MESSAGE"),
        sip("REFER"),
        sip("PUBLISH"),
        sip("NOTIFY"),
        sip().replace("SIP/2.0\r\n", "SIP/3.0\r\n", 1),
        "SIP/2.0 999 No\r\n\r\n",
        "\r\n" + sip(),
        PING + sip(),
    ],
)
def test_all_else_ends_the_connection(message: str) -> None:
    assert judged(message) is Passing.NOWHERE


@given(st.text(max_size=300))
def test_no_text_is_too_strange(text: str) -> None:
    assert judged(text) in Passing
    assert judged(sip() + text) in Passing
    registers(text)


def test_a_registration_is_seen_in_asterisk_s_answer() -> None:
    assert registers(REGISTERED)
    assert registers(REGISTERED.replace("CSeq: 1 REGISTER", "CSEQ : 7   REGISTER"))
    assert not registers(REGISTERED.replace("200 OK", "401 Unauthorized"))
    assert not registers(REGISTERED.replace("REGISTER", "BYE"))
    assert not registers(sip())
    assert not registers("SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\n\r\nCSeq: 1 REGISTER")
