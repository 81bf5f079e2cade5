"""Somebody hostile who comes over TCP or TLS: each message over a connection of its own.

After a message whose length is wrong nothing more can be said over the same one.
"""

import asyncio
import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, cast

from tests.contract.sip_message import SipMessage
from tests.hostile.attacker import Address, Attacker, Told
from tests.hostile.messages import Hostile
from tests.patience import PATIENCE_S

#: So many connections at a time: Asterisk takes about a thousand in all.
_AT_ONCE = 64
#: Who has not answered after this waits for the rest of the message; and after an answer there may
#: be another.
_SILENT_S, _MORE_S = 0.5, 0.1
_LENGTH = re.compile(rb"^(?:content-length|l)\s*:\s*(\d+)\s*$", re.I | re.M)


class Streams:
    """Comes from one address to one door. `tls`: the connection is encrypted."""

    def __init__(self, host: str, door: str, *, tls: bool) -> None:
        self.door = door
        self.told: list[Told] = []
        self._host = host
        self._tls = _trusting() if tls else None
        self._kind = b"TLS" if tls else b"TCP"

    async def send(self, messages: Iterable[Hostile], numbers: Iterator[str]) -> int:
        """Send all of them, each with the next number; return how many."""
        waiting = asyncio.Semaphore(_AT_ONCE)

        async def one(message: Hostile, number: str, identity: str) -> None:
            async with waiting:
                await self._send(message, number, identity)

        sent = list(messages)
        async with asyncio.TaskGroup() as group:
            for count, message in enumerate(sent):
                group.create_task(one(message, next(numbers), f"s{count}-{id(self)}"))
        return len(sent)

    async def _send(self, message: Hostile, number: str, identity: str) -> None:
        reader, writer = await self._connect()
        attacker = Attacker(self.door)
        attacker.told = self.told
        attacker.connection_made(cast(asyncio.BaseTransport, _Line(writer, self._kind)))
        data = message.to(self.door, attacker.source, number, identity)
        attacker.transport.sendto(data)
        alive = asyncio.create_task(attacker.alive())
        try:
            with suppress(TimeoutError, ConnectionError):
                await self._hear(reader, attacker, alive)
            attacker.hang_up()
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(_MORE_S):
                    await writer.drain()
        finally:
            alive.cancel()
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Come again when hung up on in the handshake, as Asterisk does if many come at once."""
        host, _, port = self.door.rpartition(":")
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await asyncio.open_connection(
                        host, int(port), local_addr=(self._host, 0), ssl=self._tls
                    )
                except ConnectionResetError:
                    await asyncio.sleep(0.1)

    async def _hear(
        self, reader: asyncio.StreamReader, attacker: Attacker, alive: "asyncio.Task[SipMessage]"
    ) -> None:
        """Hand over what is answered, until nothing more comes."""
        heard = b""
        while True:
            async with asyncio.timeout(_MORE_S if alive.done() else _SILENT_S):
                piece = await reader.read(65_536)
            if not piece:
                return
            heard += piece
            while (end := _end_of_first(heard)) is not None:
                attacker.datagram_received(heard[:end], _NOWHERE)
                heard = heard[end:]
            await asyncio.sleep(0)


_NOWHERE: Address = ("", 0)


class _Line:
    """What a transport of datagrams is to an attacker, over a stream."""

    def __init__(self, writer: asyncio.StreamWriter, kind: bytes) -> None:
        self._writer = writer
        self._kind = kind

    def sendto(self, data: bytes, to: Address = _NOWHERE) -> None:
        with suppress(ConnectionError):
            self._writer.write(data.replace(b"SIP/2.0/UDP", b"SIP/2.0/" + self._kind))

    def get_extra_info(self, name: str) -> Any:
        return self._writer.get_extra_info(name)


def _end_of_first(heard: bytes) -> int | None:
    """Return where the first message ends; None if it has not come whole."""
    head, separator, _ = heard.partition(b"\r\n\r\n")
    if not separator:
        return None
    found = _LENGTH.search(head)
    end = len(head) + len(separator) + (int(found[1]) if found else 0)
    return end if len(heard) >= end else None


def _trusting() -> ssl.SSLContext:
    """Return what encrypts, whoever is there."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
