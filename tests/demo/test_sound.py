"""What simulated people say to each other and hear, on the loopback."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest

from router.demo.sound import AGENT_HZ, CALLER_HZ, EVENT_PAYLOAD, Person
from tests.patience import PATIENCE_S


@pytest.fixture
async def telephone() -> AsyncIterator[Callable[[int, int], Awaitable[Person]]]:
    """Opens telephones, and hangs them all up afterwards."""
    people: list[Person] = []

    async def open_one(says_hz: int, listens_for_hz: int) -> Person:
        person = Person(says_hz, listens_for_hz)
        await person.open()
        people.append(person)
        return person

    yield open_one
    for person in people:
        person.close()
    await asyncio.sleep(0)  # sockets close in the loop's next turn


Telephone = Callable[[int, int], Awaitable[Person]]


async def test_two_people_hear_each_others_tones(telephone: Telephone) -> None:
    caller = await telephone(CALLER_HZ, AGENT_HZ)
    agent = await telephone(AGENT_HZ, CALLER_HZ)
    caller.speak_to(("127.0.0.1", agent.port))  # somebody has to begin; the other answers
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(person.heard_tone.wait() for person in (caller, agent)))


async def test_another_tone_is_not_the_one_listened_for(telephone: Telephone) -> None:
    speaker, listener = await telephone(AGENT_HZ, CALLER_HZ), await telephone(CALLER_HZ, 700)
    speaker.speak_to(("127.0.0.1", listener.port))
    async with asyncio.timeout(PATIENCE_S):
        while listener.packets < 60:
            await asyncio.sleep(0.02)
    assert not listener.heard_tone.is_set()
    assert listener.heard_at is not None  # it was heard all the same


async def test_keys_are_telephone_events_that_end_three_times(telephone: Telephone) -> None:
    """RFC 4733 sections 2.3 and 2.5: one timestamp an event, the end sent three times."""
    heard: list[bytes] = []

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            heard.append(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Listener, local_addr=("127.0.0.1", 0))
    person = await telephone(CALLER_HZ, AGENT_HZ)
    person.speak_to(transport.get_extra_info("sockname"))
    person.press("1#")
    async with asyncio.timeout(PATIENCE_S):
        await person.pressed()
        while len([data for data in heard if data[1] & 0x7F == EVENT_PAYLOAD]) < 16:
            await asyncio.sleep(0.02)
    transport.close()
    events = [
        (struct.unpack("!I", data[4:8])[0], data[12], bool(data[13] & 0x80), data[1] >> 7)
        for data in heard
        if data[1] & 0x7F == EVENT_PAYLOAD
    ]
    for code in (1, 11):
        of_key = [event for event in events if event[1] == code]
        assert len({timestamp for timestamp, *_ in of_key}) == 1
        assert [ends for _, _, ends, _ in of_key].count(True) == 3
        assert [marker for *_, marker in of_key] == [1] + [0] * (len(of_key) - 1)


async def test_a_question_is_over_once_nothing_more_is_said(telephone: Telephone) -> None:
    speaker = await telephone(AGENT_HZ, CALLER_HZ)
    listener = await telephone(CALLER_HZ, AGENT_HZ)
    waiting = asyncio.create_task(listener.question_over(silence_s=0.4, limit_s=20))
    speaker.speak_to(("127.0.0.1", listener.port))
    async with asyncio.timeout(PATIENCE_S):
        while listener.packets < 20:
            await asyncio.sleep(0.02)
        assert not waiting.done()
        speaker.close()
        await waiting


async def test_a_question_that_never_comes_times_out(telephone: Telephone) -> None:
    person = await telephone(CALLER_HZ, AGENT_HZ)
    with pytest.raises(TimeoutError):
        await person.question_over(limit_s=0.1)


def test_a_tone_survives_its_codec() -> None:
    person = Person(CALLER_HZ, CALLER_HZ)
    decoded = np.concatenate([person.codec.decode(frame) for frame in person.codec.tone(CALLER_HZ)])
    spectrum = np.abs(np.fft.rfft(decoded[:8000]))
    assert int(np.argmax(spectrum)) == CALLER_HZ
