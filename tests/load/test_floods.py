"""The benchmark of floods counts rightly; how fast things are is not a test's business."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from router.demo.sound import FRAME_S
from tests.load import flood, floods, gaps, overload
from tests.load.busy_phone import Rung
from tests.load.flood import MANY, ONE, OPTIONS, Poured, Pouring
from tests.load.floods import Caller, Felt
from tests.load.floods_report import report
from tests.load.gaps import Gaps
from tests.load.listening_phone import numbered, said_by
from tests.load.overload import Heard, Overloaded
from tests.load.report import as_text
from tests.patience import PATIENCE_S

TINY = floods.Scale(
    talks=1, waiting=1, seconds=1.0, sip=500.0, http=300.0, connections=200, patience_s=PATIENCE_S
)
_FLOODS_OFFSET, _OVERLOAD_OFFSET = 6600, 6800


# How evenly sound arrives.


def test_who_speaks_unevenly_is_no_fault_of_the_service() -> None:
    sent_at = {1: 10.0, 2: 10.02, 3: 10.5, 4: 10.52}
    arrived = [(number, at + 0.001) for number, at in sent_at.items()]
    assert gaps.of_talk(sent_at, arrived).each_s == pytest.approx([FRAME_S] * 3)


def test_what_the_service_holds_back_is_a_gap() -> None:
    sent_at = {1: 10.0, 2: 10.02, 3: 10.04}
    arrived = [(1, 10.001), (2, 10.121), (3, 10.122)]
    found = gaps.of_talk(sent_at, arrived)
    assert found.each_s == pytest.approx([0.12, 0.001])
    assert found.worst_s == pytest.approx(0.12)
    assert found.lost == 0


def test_a_packet_that_is_lost_is_a_gap_too() -> None:
    sent_at = {number: number * FRAME_S for number in range(1, 5)}
    found = gaps.of_talk(sent_at, [(1, 0.021), (2, 0.041), (4, 0.081)])
    assert found.lost == 1
    assert found.worst_s == pytest.approx(2 * FRAME_S)


def test_numbers_of_a_stream_begin_again() -> None:
    found = gaps.of_stream([(65_534, 1.0), (65_535, 1.02), (0, 1.04), (2, 1.08)])
    assert found.lost == 1
    assert found.worst_s == pytest.approx(0.04)


def test_whose_frame_it_is() -> None:
    assert said_by(numbered(7, 90_000)) == (7, 90_000)
    assert len(numbered(1, 1)) == 160
    assert said_by(b"\xd5" * 160) is None


# Floods.


class Door(asyncio.DatagramProtocol):
    """Answers every second message."""

    def __init__(self) -> None:
        self.senders: set[str] = set()
        self.ids: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.senders.add(addr[0])
        self.ids.append(data.partition(b"Call-ID: ")[2].partition(b"\r\n")[0])
        if len(self.ids) % 2:
            self.transport.sendto(b"SIP/2.0 401 Unauthorized\r\n\r\n", addr)


@pytest.mark.parametrize("sources", [ONE, MANY[:20]])
async def test_a_flood_of_sip_comes_from_where_it_should_and_counts_answers(
    sources: tuple[str, ...],
) -> None:
    loop = asyncio.get_running_loop()
    transport, door = await loop.create_datagram_endpoint(Door, local_addr=("127.0.0.1", 0))
    at = "{}:{}".format(*transport.get_extra_info("sockname"))
    poured = await asyncio.to_thread(flood.pour_sip, OPTIONS, 1000.0, sources, at, 0.3)
    transport.close()
    assert door.senders == {*sources}
    assert len(set(door.ids)) == len(door.ids)
    assert 0 < poured.answers[401] <= len(door.ids) <= poured.sent
    assert 0 < poured.sent <= 1000 * 0.3 + 1


# The figures.


def felt(name: str = "a flood", **changes: object) -> Felt:
    usual = Felt(
        name,
        Poured(5000, 2.5, Counter({401: 4000})),
        Gaps([0.02] * 200),
        Gaps([0.02] * 200),
        0,
        [Caller(0.01, 0.05)] * 4,
        [0.01] * 8,
        4,
        4,
        {"router": 80.0, "Asterisk": 70.0},
        0.2,
        0.1,
        1.5,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def too_many(**changes: object) -> Overloaded:
    memory = [{"router": 80.0, "Asterisk": 70.0}, {"router": 81.0, "Asterisk": 75.0}]
    usual = Overloaded(
        overload.FULL, 1440, 0, 120.0, 480, 960, [0.004] * 480, [Heard(True, True)] * 80, memory,
        4.0, 25.0, 40.0,
    )  # fmt: skip
    return replace(usual, **changes)  # type: ignore[arg-type]


def missed(crowd: Overloaded, *floods_: Felt) -> list[str]:
    told = report(crowd, floods_, floods.FULL)
    assert as_text(told)
    return [one.what for one in told.figures if not one.holds]


def test_all_is_well() -> None:
    assert missed(too_many(), felt()) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"talks": Gaps([0.02] * 90 + [0.3] * 10)}, "a flood: a gap in the sound, p99"),
        ({"cut": 1}, "Calls under way that were cut"),
        ({"callers": [Caller(None, None)]}, "Callers of 1 who did not get in"),
        ({"granted": 3}, "Registrations that failed"),
    ],
)
def test_what_a_flood_must_not_do(changes: dict[str, Any], what: str) -> None:
    assert missed(too_many(), felt(**changes)) == [what]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"failed": 1}, "Calls that failed"),
        ({"idle_s": [0.5] * 480}, "Informateurs' time idle while somebody waits"),
        ({"heard": [Heard(True, False)]}, "Refusals of 1 not heard to the end"),
        ({"admitted_after_s": 70.0}, "Until the next caller is let in"),
    ],
)
def test_what_too_many_callers_must_not_do(changes: dict[str, Any], what: str) -> None:
    assert missed(too_many(**changes), felt()) == [what]


def test_who_is_not_refused_need_not_hear_it() -> None:
    assert missed(too_many(heard=[Heard(False, False)]), felt()) == []


def test_informateurs_are_idle_from_hanging_up_to_the_next_ringing() -> None:
    rung = [Rung("101", at, at, at + 0.25) for at in (9.0, 10.5, 19.0, 21.0)]
    assert overload.idle_times(rung, 10.0, 20.0) == [0.25, 0.25]


# The real thing.


@contextmanager
def told() -> Iterator[list[str]]:
    lines: list[str] = []
    yield lines
    print("\n".join(lines))


@pytest.mark.real
def test_calls_go_on_through_floods_and_others_get_in() -> None:
    """Of INVITE from one source, of pages from many, and of requests that never end."""
    chosen = (
        "INVITE at the trunk, one source",
        "HTTP: 200 endless heads, one source",
        "HTTP: the service's state, 200 sources",
    )
    with told() as lines:
        every = floods.run(TINY, _FLOODS_OFFSET, lines.append, chosen)
    assert tuple(one.name for one in every) == chosen
    for one in every:
        assert one.poured is not None
        assert one.poured.sent > 0
        assert len(one.talks.each_s) > 10
        assert len(one.music.each_s) > 10
        assert one.cut == 0
        assert one.got_in == len(one.callers) > 0
        assert one.granted == one.tried > 0
        assert None not in one.pages_s
    sip, heads, _ = every
    assert sip.poured is not None
    assert {*sip.poured.answers} == {401}
    assert heads.poured is not None
    assert 200 not in heads.poured.answers


@pytest.mark.load
def test_too_many_callers_hear_why_and_informateurs_have_no_pause() -> None:
    scale = overload.Scale(phones=4, talks_s=2.0, minutes=0.2, queue=8)
    with told() as lines:
        found = overload.run(scale, _OVERLOAD_OFFSET, lines.append)
    assert found.failed == 0
    assert found.served > 0
    assert found.refused > 0
    refused = [one for one in found.heard if one.refused]
    assert refused
    assert all(one.to_the_end for one in refused)
    assert found.memory_mb


async def test_a_flood_says_when_it_begins() -> None:
    pouring = Pouring(_pours_nothing, 0.1)
    await pouring.begin()
    assert await pouring.ended() == Poured(3, 0.1)


def _pours_nothing(seconds: float) -> Poured:
    return Poured(3, seconds)
