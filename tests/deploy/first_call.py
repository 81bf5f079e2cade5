"""A call from a simulated carrier to a registered phone, on the loopback of a machine under test.

Run it in that machine's network: `python -m tests.deploy.first_call SECRETS CODE [COMMAND …]`. The
command runs while the two talk, who must hear each other before and afterwards. Exit 0 if they did.
"""

import asyncio
import re
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import cast

from router.cli import provision
from router.demo.phones import AgentPhone, CallerPhone
from router.demo.sound import Person

#: Where the service listens for the carrier and for phones, and where the carrier listens.
TRUNK, PHONES, CARRIER = "127.0.0.1:5060", "127.0.0.1:5062", ("127.0.0.1", 5070)
AGENT = "101"
#: A machine under test is slow: everything happens within this time, in seconds.
LIMIT_S = 180.0


class Carrier(asyncio.DatagramProtocol):
    """Answers OPTIONS, as a carrier does."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: the loop's own class is not derived from asyncio.DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        lines = data.decode(errors="replace").split("\r\n")
        kept = [line for line in lines if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
        answer = ["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]
        if lines[0].startswith("OPTIONS "):
            self._transport.sendto("\r\n".join(answer).encode(), addr)


async def call(password: str, code: str, *command: str) -> None:
    """Make the call, by a phone with this password; run the command while the two talk.

    Raises:
        TimeoutError: If one of them does not hear the other.
        RuntimeError: If the command fails, or if the caller is cut off.
    """
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Carrier, local_addr=CARRIER)
    tools = provision.toolbox(print, ("sipp",))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        phone = AgentPhone(tools, AGENT, password, PHONES, work, rings_s=1, talks_s=600)
        caller = CallerPhone(tools, TRUNK, work, number="3939")
        try:
            async with asyncio.timeout(LIMIT_S):
                await phone.start()
                await caller.dial()
                await caller.person.question_over()
                caller.person.press(code)
                await hear(caller.person, phone.person)
                print("they hear each other", flush=True)
                if command:
                    process = await asyncio.create_subprocess_exec(*command)
                    if await process.wait():
                        raise RuntimeError(f"{command} failed")
                    await hear(caller.person, phone.person)
                    print("they still hear each other", flush=True)
        finally:
            await caller.stop()
            await phone.stop()


async def hear(*people: Person) -> None:
    """Wait until each of them hears the other, from now on."""
    for person in people:
        person.forget()
    await asyncio.gather(*(person.heard_tone.wait() for person in people))


if __name__ == "__main__":
    passwords = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["agents"]
    asyncio.run(call(passwords[AGENT], *sys.argv[2:]))
