"""SIP messages as they are on the wire."""

import pytest

from router.probe.message import Message, parse, response, uri_of


def test_what_is_written_is_read_back() -> None:
    written = Message("INVITE sip:3939@a SIP/2.0", (("cseq", "1 INVITE"), ("via", "x")), "v=0\r\n")
    read = parse(written.encode())
    assert read is not None
    assert (read.start, read.body, read.method) == (written.start, "v=0\r\n", "INVITE")
    assert read.headers == (*written.headers, ("content-length", "5"))


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\x80\x08" + bytes(170), b"hello SIP"])
def test_what_is_no_message_is_none(data: bytes) -> None:
    assert parse(data) is None


@pytest.mark.parametrize(
    ("start", "status", "method"),
    [
        ("SIP/2.0 200 OK", 200, "INVITE"),
        ("SIP/2.0 nonsense", 0, "SIP/2.0"),
        ("BYE sip:a SIP/2.0", 0, "BYE"),
    ],
)
def test_requests_are_told_from_responses(start: str, status: int, method: str) -> None:
    message = Message(start, (("cseq", "1 INVITE"),))
    assert (message.status, message.method) == (status, method)


def test_a_response_goes_back_the_way_the_request_came() -> None:
    request = Message("BYE sip:a SIP/2.0", (("via", "1"), ("via", "2"), ("cseq", "3 BYE")))
    assert response(request, "200 OK").headers == request.headers


@pytest.mark.parametrize("address", ['"x" <sip:a@b>;q=1', "sip:a@b;expires=60", "<sip:a@b>"])
def test_the_uri_of_an_address(address: str) -> None:
    assert uri_of(address) == "sip:a@b"
