"""A call from a simulated carrier to a registered phone, from outside a machine under test.

Run it in the network that the machine is joined to:

    python -m tests.deploy.first_call SECRETS AGENT NUMBER CODE

It says when the two hear each other. For each line that it is given then, it says whether they
still do. At the end of its input they hang up; exit 0 if nobody was cut off.
"""

import asyncio
import sys
import threading
import tomllib
from pathlib import Path

from router.demo.sound import AGENT_HZ, CALLER_HZ, Person
from tests.contract.sip_phone import SipPhone

#: The machine's doors for the carrier and for phones, and where those are (RFC 5737).
TRUNK, PHONES = ("192.0.2.10", 5060), ("192.0.2.10", 5062)
CARRIER, OFFICE = "198.51.100.5", "192.0.2.50"
#: A machine under test is slow: everything happens within this time, in seconds.
LIMIT_S = 180.0
HEARD, STILL_HEARD = "they hear each other", "they still hear each other"


class Telephone(SipPhone):
    """A telephone with somebody at it, or a carrier's line: answers OPTIONS, has a voice."""

    def __init__(
        self, user: str, password: str, server: tuple[str, int], host: str, person: Person
    ) -> None:
        super().__init__(user, password, server, host)
        self.person = person

    async def open(self, port: int = 0) -> "Telephone":
        await self.person.open(self.host)
        await super().open(port)
        return self

    def close(self) -> None:
        self.person.close()
        super().close()

    def _sdp(self) -> str:
        return super()._sdp().replace(f"audio {self.rtp.port} ", f"audio {self.person.port} ")


async def call(agent: str, password: str, number: str, code: str) -> None:
    """Make the call, and answer for it until the end of the input.

    Raises:
        TimeoutError: If one of them does not hear the other.
        AssertionError: If one of them is cut off.
    """
    line = Telephone("0199001234", "", TRUNK, CARRIER, Person(CALLER_HZ, AGENT_HZ))
    phone = Telephone(f"agent-{agent}", password, PHONES, OFFICE, Person(AGENT_HZ, CALLER_HZ))
    await line.open(5060)
    await phone.open()
    registered = asyncio.create_task(stay_registered(phone))
    async with asyncio.timeout(LIMIT_S):
        await line.call(number)
        assert not line.failed_status, f"the call was answered {line.failed_status}"
        await line.person.question_over()
        line.person.press(code)
        await phone.rings()
        phone.answer()
        await hear(line.person, phone.person)
    print(HEARD, flush=True)
    asked = questions()
    while await asked.get():
        async with asyncio.timeout(LIMIT_S):
            await hear(line.person, phone.person)
        for one in (line, phone):
            assert not one.ended.is_set(), f"{one.user} was cut off"
        print(STILL_HEARD, flush=True)
    await line.hang_up()
    async with asyncio.timeout(LIMIT_S):
        await phone.ended.wait()
    registered.cancel()
    line.close()
    phone.close()


async def stay_registered(phone: Telephone) -> None:
    """Register, and again before it ends."""
    while True:
        assert await phone.register(60) == 200, "the phone was not let in"
        await asyncio.sleep(30)


async def hear(*people: Person) -> None:
    """Wait until each of them hears the other, from now on."""
    for person in people:
        person.forget()
    await asyncio.gather(*(person.heard_tone.wait() for person in people))


def questions() -> "asyncio.Queue[str]":
    """Return the lines of the input as they come; the last is empty."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str]()

    def read() -> None:
        line = "…"
        while line:
            line = sys.stdin.readline()
            loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, daemon=True).start()
    return lines


if __name__ == "__main__":
    file, who, dialled, page = sys.argv[1:]
    passwords = tomllib.loads(Path(file).read_text(encoding="utf-8"))["agents"]
    asyncio.run(call(who, passwords[who], dialled, page))
