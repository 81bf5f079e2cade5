import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from router.core.callback.tickets import Failure, TicketRecord, TicketState
from router.core.ids import FicheId, TicketId
from router.intake.channel import Channel, ChannelLost, Message, message_of, standing_of
from tests.patience import PATIENCE_S
from tests.service_plan import FICHE, HOUSING


@dataclass
class End:
    heard: list[Message] = field(default_factory=list)
    lost: int = 0
    channel: Channel = field(init=False)

    def __post_init__(self) -> None:
        self.channel = Channel(self.heard.append, self._lost)

    def _lost(self) -> None:
        self.lost += 1


@dataclass
class Pair:
    one: End
    other: End
    raw: socket.socket | None = None

    async def until(self, condition: object) -> None:
        assert callable(condition)
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    loop = asyncio.get_running_loop()
    pair = Pair(End(), End())
    for end, sock in zip((pair.one, pair.other), socket.socketpair(), strict=True):
        await loop.create_unix_connection(lambda end=end: end.channel, sock=sock)  # type: ignore[misc]
    yield pair
    pair.one.channel.close()
    pair.other.channel.close()


async def test_messages_arrive_whole_and_in_order(pair: Pair) -> None:
    sent = [{"digit": "call", "key": str(n), "more": "é\n" * n} for n in range(500)]
    for message in sent:
        pair.one.channel.send(message)
    await pair.until(lambda: len(pair.other.heard) == 500)
    assert pair.other.heard == sent


async def test_answers_find_their_questions(pair: Pair) -> None:
    async def ask(ticket: str) -> Message:
        return await pair.one.channel.ask("status", {"ticket": ticket})

    questions = [asyncio.create_task(ask(f"t{n}")) for n in range(50)]
    await pair.until(lambda: len(pair.other.heard) == 50)
    for question in reversed(pair.other.heard):
        pair.other.channel.send({"reply": question["status"], "record": question["ticket"]})
    assert [(await one)["record"] for one in questions] == [f"t{n}" for n in range(50)]
    assert pair.one.heard == []


async def test_an_answer_that_nobody_waits_for_is_dropped(pair: Pair) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await pair.one.channel.ask("status", {"ticket": "t"})
    pair.other.channel.send({"reply": 1, "record": None})
    pair.other.channel.send({"reply": 99, "record": None})
    pair.other.channel.send({"digit": "call", "key": "1"})
    await pair.until(lambda: pair.one.heard)
    assert pair.one.heard == [{"digit": "call", "key": "1"}]


async def test_when_the_other_side_goes_questions_fail(pair: Pair) -> None:
    question = asyncio.create_task(pair.one.channel.ask("status", {"ticket": "t"}))
    await pair.until(lambda: pair.other.heard)
    pair.other.channel.close()
    with pytest.raises(ChannelLost):
        await question
    await pair.until(lambda: pair.one.lost)
    with pytest.raises(ChannelLost):
        await pair.one.channel.ask("status", {"ticket": "t"})
    pair.one.channel.send({"nobody": "hears"})
    assert (pair.one.lost, pair.other.lost) == (1, 1)


@pytest.mark.parametrize("failure", [None, *Failure])
@pytest.mark.parametrize("fiche", [None, FICHE])
async def test_a_record_arrives_as_it_was_sent(
    pair: Pair, failure: Failure | None, fiche: FicheId | None
) -> None:
    record = TicketRecord(
        TicketId("t"),
        HOUSING,
        fiche,
        1.5,
        2.5,
        TicketState.WAITING,
        1,
        failure,
    )
    pair.one.channel.send({"reply?": message_of(record)})
    await pair.until(lambda: pair.other.heard)
    standing = standing_of(pair.other.heard[0]["reply?"])
    assert standing is not None
    assert (standing.ticket, standing.sector, standing.fiche) == ("t", HOUSING, fiche)
    assert (standing.due_at, standing.state, standing.failure) == (2.5, record.state, failure)
    assert standing_of(message_of(None)) is None
