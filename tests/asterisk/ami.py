"""AMI by hand: what is said on the wire, for tests of what its user may ask and hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.asterisk.settings import AMI_USER, AsteriskSettings
from tests.patience import PATIENCE_S


class Ami:
    """A connection that is logged in. `heard` is everything that Asterisk said."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asked = 0
        self.heard = ""

    async def ask(self, action: str, **fields: str) -> str:
        """Return the answer to `action`, its list included."""
        self._asked += 1
        start = len(self.heard)
        lines = [f"Action: {action}", f"ActionID: {self._asked}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        while True:
            await self.next_message()
            answer = self.heard[start:]
            mark = f"ActionID: {self._asked}\r\n"
            if mark in answer and ("EventList: start" not in answer or "Complete" in answer):
                return answer[answer.index("Response:") :]

    async def next_message(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            message = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        self.heard += message
        return message


@asynccontextmanager
async def connected(settings: AsteriskSettings, password: str | None = None) -> AsyncIterator[Ami]:
    """Log in as the doctor does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", settings.ami_port)
    await reader.readline()  # the greeting
    ami = Ami(reader, writer)
    try:
        secret = settings.ami_password if password is None else password
        answer = await ami.ask("Login", Username=AMI_USER, Secret=secret)
        assert ("Success" in answer) is (password is None), answer
        yield ami
    finally:
        writer.close()
        await writer.wait_closed()
