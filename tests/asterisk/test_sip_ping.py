"""OPTIONS over real sockets on the loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from router.asterisk.sip_ping import answers

PATIENCE_S = 30.0
SHORT_S = 0.05


class Server(asyncio.DatagramProtocol):
    """Answers each request with `reply(request, number of earlier ones)`, unless that is None."""

    def __init__(self, reply: Callable[[str, int], str | None]) -> None:
        self._reply = reply
        self.requests: list[str] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.requests.append(data.decode())
        if (told := self._reply(self.requests[-1], len(self.requests) - 1)) is not None:
            self._transport.sendto(told.encode(), addr)  # type: ignore[arg-type]


@asynccontextmanager
async def server(reply: Callable[[str, int], str | None]) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Server(reply), local_addr=("127.0.0.1", 0)
    )
    try:
        yield protocol
    finally:
        transport.close()


def challenge(request: str, _: int) -> str:
    """Answer as Asterisk does when it does not know the sender."""
    via = next(line for line in request.split("\r\n") if line.startswith("Via:"))
    return f"SIP/2.0 401 Unauthorized\r\n{via}\r\nContent-Length: 0\r\n\r\n"


async def test_any_answer_counts() -> None:
    async with server(challenge) as there:
        assert await answers("127.0.0.1", there.port, PATIENCE_S)
    [asked] = there.requests
    assert asked.startswith(f"OPTIONS sip:127.0.0.1:{there.port} SIP/2.0\r\n")
    assert asked.endswith("\r\n\r\n")


async def test_an_asterisk_that_is_stopping_takes_no_calls() -> None:
    def stopping(request: str, before: int) -> str:
        return challenge(request, before).replace("401 Unauthorized", "503 Service Unavailable")

    async with server(stopping) as there:
        assert not await answers("127.0.0.1", there.port, PATIENCE_S)


async def test_a_lost_request_is_sent_again() -> None:
    async with server(lambda asked, before: challenge(asked, before) if before else None) as there:
        assert await answers("127.0.0.1", there.port, PATIENCE_S)
    assert len(there.requests) == 2


async def test_silence_is_no_answer() -> None:
    async with server(lambda *_: None) as there:
        assert not await answers("127.0.0.1", there.port, SHORT_S)


async def test_an_answer_to_something_else_does_not_count() -> None:
    other = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKother\r\n\r\n"
    for reply in (other, "hello", ""):
        async with server(lambda *_, reply=reply: reply) as there:
            assert not await answers("127.0.0.1", there.port, SHORT_S)
    async with server(lambda asked, _: asked) as there:  # an echo
        assert not await answers("127.0.0.1", there.port, SHORT_S)


async def test_a_closed_port_is_noticed_at_once() -> None:
    async with server(challenge) as there:
        port = there.port
    async with asyncio.timeout(PATIENCE_S / 2):
        assert not await answers("127.0.0.1", port, PATIENCE_S)
