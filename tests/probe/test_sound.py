"""What a probe offers, and where it speaks to."""

import pytest

from router.probe.sound import answered_at, offer


def test_an_offer_names_where_it_listens() -> None:
    assert answered_at(offer("127.0.0.1", 4000)) == ("127.0.0.1", 4000)


@pytest.mark.parametrize("sdp", ["", "c=IN IP4 127.0.0.1\r\n", "m=audio 4000 RTP/AVP 8\r\n"])
def test_an_answer_may_name_no_address(sdp: str) -> None:
    assert answered_at(sdp) is None


def test_an_answer_may_refuse_the_sound() -> None:
    assert answered_at("c=IN IP4 127.0.0.1\r\nm=audio 0 RTP/AVP 8\r\n") is None
