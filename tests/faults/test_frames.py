"""Frames are cut as they were put together, whatever pieces they come in."""

from hypothesis import given
from hypothesis import strategies as st

from tests.faults import frames
from tests.faults.frames import Frames

SIZES = st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
PING = b"\x89\x00"


@given(
    st.lists(st.tuples(SIZES, st.booleans()), max_size=3),
    st.sampled_from([5, 997, 4096]),
)
def test_whatever_is_sent_arrives(messages: list[tuple[int, bool]], piece: int) -> None:
    payloads = [bytes([65 + number]) * size for number, (size, _) in enumerate(messages)]
    sent = b"".join(
        frames.text(payload, masked=masked)
        for payload, (_, masked) in zip(payloads, messages, strict=True)
    )
    coming = Frames()
    found = [
        frame
        for start in range(0, len(sent), piece)
        for frame in coming.cut(sent[start : start + piece])
    ]
    assert [frame.payload for frame in found] == payloads
    assert b"".join(frame.raw for frame in found) == sent
    assert all(frame.is_text for frame in found)


def test_a_ping_is_no_message() -> None:
    [ping, message] = Frames().cut(PING + frames.text(b"{}"))
    assert not ping.is_text
    assert (ping.raw, message.is_text) == (PING, True)
