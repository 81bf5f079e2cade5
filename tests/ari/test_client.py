"""The client against an Asterisk in this process: what fails, fails by type and at once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from router.ari.client import AriClient
from router.ari.messages import Request
from router.core.ids import ChannelId
from router.errors import AriGone, AriRejected, AriUnauthorized, AriUnreachable
from tests.ari.ari_fake import FakeAsterisk
from tests.ari.ari_people import APP
from tests.ari.ari_wire import PASSWORD, USER

READ = Request("read", "GET", "channels")


class Session:
    """A connected client, its reader, and the events it was told."""

    def __init__(self, fake: FakeAsterisk, heartbeat_s: float = 4.0) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.told = asyncio.Event()
        self.client = AriClient(fake.url, USER, PASSWORD, APP, self._told, heartbeat_s)
        self.reading: asyncio.Task[AriUnreachable]

    async def __aenter__(self) -> "Session":
        await self.client.open()
        self.reading = asyncio.create_task(self.client.read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.reading

    def _told(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        self.told.set()


@pytest.fixture
async def fake() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


@pytest.fixture
async def session(fake: FakeAsterisk) -> AsyncIterator[Session]:
    async with Session(fake) as session:
        yield session


async def blocked_request(fake: FakeAsterisk, session: Session, *, http: bool) -> Request:
    """A request that waits for a prompt that does not end."""
    caller = await fake.call()
    assert caller.channel is not None
    channel = ChannelId(caller.channel.id)
    await session.client.ask(
        Request("play", "POST", f"channels/{channel}/play/p", body={"media": ["sound:allo/hour"]})
    )
    body = {"variables": {"A": "b"}}
    path = f"channels/{channel}/variables"
    return Request("remember", "POST", path, body=body, channel=channel, may_block=http)


async def test_an_answer_is_decoded(session: Session) -> None:
    assert await session.client.ask(READ) == []
    assert await session.client.ask_http(READ) == []
    music = Request("start music", "POST", "channels/nobody/moh")
    with pytest.raises(AriGone) as gone:
        await session.client.ask(music)
    assert str(gone.value) == "start music -> 404 Channel not found"


@pytest.mark.parametrize("status", [404, 409, 412, 422])
@pytest.mark.parametrize("http", [True, False])
async def test_the_caller_has_left(
    fake: FakeAsterisk, session: Session, status: int, http: bool
) -> None:
    fake.refusals["GET", "channels"] = (status, {"message": "no more"})
    with pytest.raises(AriGone) as gone:
        await session.client.ask(Request("read", "GET", "channels", may_block=http))
    assert gone.value.status == status


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (400, {"message": "Channel not found"}, AriGone),
        (400, {"message": "Provided originator channel was not found"}, AriGone),
        (400, {"message": "Invalid media"}, AriRejected),
        (500, {"error": "Allocation failed"}, AriRejected),
        (503, None, AriRejected),
    ],
)
async def test_other_refusals(
    fake: FakeAsterisk, session: Session, status: int, answer: Any, error: type[AriRejected]
) -> None:
    fake.refusals["GET", "channels"] = (status, answer)
    with pytest.raises(AriRejected) as rejected:
        await session.client.ask(READ)
    assert type(rejected.value) is error
    assert rejected.value.status == status


async def test_events_are_told_in_their_order(fake: FakeAsterisk, session: Session) -> None:
    for number in range(50):
        fake.send("Numbered", number=number)
    await session.client.ask(READ)  # its answer comes after them
    assert [event["number"] for event in session.events] == list(range(50))


async def test_what_is_no_message_hurts_nobody(fake: FakeAsterisk, session: Session) -> None:
    for text in ("", "{", "[]", "null", "7"):
        fake.send_text(text)
    assert await session.client.ask(READ) == []
    assert session.events == [{}] * 5


async def test_a_dropped_websocket_fails_what_waits_on_it(
    fake: FakeAsterisk, session: Session
) -> None:
    request = await blocked_request(fake, session, http=False)
    received = asyncio.Event()
    fake.on_request[f"POST {request.path}"] = received.set
    waiting = asyncio.create_task(session.client.ask(request))
    await received.wait()
    await fake.drop()
    with pytest.raises(AriUnreachable, match="disconnected"):
        await waiting
    assert isinstance(await session.reading, AriUnreachable)
    with pytest.raises(AriUnreachable):
        await session.client.ask(READ)


async def test_a_blocked_request_over_http_delays_nothing(
    fake: FakeAsterisk, session: Session
) -> None:
    request = await blocked_request(fake, session, http=True)
    received = asyncio.Event()
    fake.on_request[f"POST {request.path}"] = received.set
    waiting = asyncio.create_task(session.client.ask(request))
    await received.wait()
    for _ in range(200):
        await session.client.ask(READ)
    assert not waiting.done()
    fake.end_prompt("p")
    assert await waiting is None


async def test_a_polite_end_is_a_disconnection_too(fake: FakeAsterisk, session: Session) -> None:
    await fake.say_goodbye()
    assert "closed" in (await session.reading).reason


async def test_silence_is_a_disconnection(fake: FakeAsterisk) -> None:
    fake.answers_pings = False
    async with Session(fake, heartbeat_s=0.02) as session:
        assert isinstance(await session.reading, AriUnreachable)


async def test_a_post_is_never_sent_twice(fake: FakeAsterisk, session: Session) -> None:
    await session.client.ask_http(READ)  # a connection to be kept alive
    fake.refusals["POST", "channels"] = None
    request = Request("remember", "POST", "channels/1/variables", body={}, may_block=True)
    with pytest.raises(AriUnreachable):
        await session.client.ask(request)
    assert fake.requests.count("POST channels/1/variables") == 1


async def test_nobody_listens(fake: FakeAsterisk) -> None:
    client = AriClient(fake.url, USER, PASSWORD, APP, lambda event: None)
    await fake.refuse()
    with pytest.raises(AriUnreachable) as unreachable:
        await client.open()
    assert unreachable.value.url == fake.url
    with pytest.raises(AriUnreachable):
        await client.ask(READ)
    await client.close()
    with pytest.raises(AriUnreachable):
        await client.ask_http(READ)


async def test_a_wrong_password(fake: FakeAsterisk) -> None:
    client = AriClient(fake.url, USER, "wrong", APP, lambda event: None)
    with pytest.raises(AriUnauthorized) as rejected:
        await client.open()
    assert rejected.value.status == 401
    assert "wrong" not in str(rejected.value)
    assert "refuses allo (asterisk.ari_user) with this password (ari_password of the secrets)" in (
        str(rejected.value)
    )
    await client.close()


async def test_what_is_longer_than_a_frame_is_not_sent(
    fake: FakeAsterisk, session: Session
) -> None:
    request = Request("play", "POST", "channels/1/play/p", body={"media": ["m" * 100] * 700})
    before = len(fake.requests)
    with pytest.raises(AriRejected) as rejected:
        await session.client.ask(request)
    assert rejected.value.status == 413
    assert await session.client.ask(READ) == []
    assert len(fake.requests) == before + 1


async def test_the_client_may_be_opened_again(fake: FakeAsterisk, session: Session) -> None:
    session.client.drop()
    await session.reading
    await session.client.open()
    session.reading = asyncio.create_task(session.client.read())
    assert await session.client.ask(READ) == []
    assert fake.connections == 2
