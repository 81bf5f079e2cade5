"""The RFC's messages are what the RFC says of them."""

import re
from collections import Counter

import pytest

from tests.hostile.torture import to_us, torture

MESSAGES = {message.name.split()[1]: message for message in torture()}
#: Of these the length is missing or wrong, or bytes follow; in multi01 by the RFC's own slip.
LENGTH_IS_WRONG = {"clerr", "ncl", "dblreq", "mcl01", "inv2543", "multi01"}


def test_there_are_as_many_as_in_the_rfc() -> None:
    sections = [message.name.split()[0].rpartition(".")[0] for message in torture()]
    assert Counter(sections) == {"3.1.1": 13, "3.1.2": 19, "3.2": 1, "3.3": 15, "3.4": 1}
    assert len(MESSAGES) == 49


@pytest.mark.parametrize("name", [name for name in MESSAGES if name not in LENGTH_IS_WRONG])
def test_its_length_is_what_it_says(name: str) -> None:
    head, _, body = MESSAGES[name].text.partition(b"\r\n\r\n")
    [told] = re.findall(rb"^(?:content-length|l)\s*:\s*(\d+)\r?$", head, re.I | re.M)
    assert len(body) == int(told)


def test_what_the_notation_stands_for() -> None:
    assert b"\x07 NUL:\\\x00 DEL:\\\x7f" in MESSAGES["intmeth"].text
    assert b"extremeextreme" in MESSAGES["longreq"].text
    assert "大停電".encode() in MESSAGES["intmeth"].text
    assert MESSAGES["trws"].text.startswith(b"OPTIONS sip:remote-target@example.com SIP/2.0  \r\n")
    notation = (b"<hex>", b"<repeat", b"<allOneLine>", b"<sdp")
    assert not [one for one in MESSAGES.values() for mark in notation if mark in one.text]


def test_the_same_to_us() -> None:
    sent = to_us(MESSAGES["baddate"]).to("127.0.0.1:5060", "127.0.0.1:9", "0199001234", "x1")
    assert sent.startswith(b"INVITE sip:3939@127.0.0.1:5060 SIP/2.0\r\n")
    assert b"From: sip:0199001234@example.net" in sent
    assert b"branch=z9hG4bKx1kdjuw" in sent
