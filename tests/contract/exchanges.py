"""The two Asterisks of the contract tests, behind one face: the fake one and the real one."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import aiohttp

from router.asterisk.install import Toolbox
from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AgentPhone, AsteriskSettings
from tests import ari_fake
from tests.contract.sip_phone import SipPhone

AGENTS = ("lea", "max")
_PHONE_SECRET = "not-so-secret-0001"

#: Far from the demo's ports, so that both may run at once.
_OFFSET = 21000
_TRUNK = ("127.0.0.1", 5060 + _OFFSET)
_AGENTS_SIDE = ("127.0.0.1", 5062 + _OFFSET)


class Caller(Protocol):
    def press(self, keys: str) -> None: ...
    async def hang_up(self) -> None: ...


class Phone(Protocol):
    """`on_invite` is the SIP answer to a call; 180 lets it ring until told."""

    on_invite: int

    async def register(self, expires_s: int = 60) -> int: ...
    def answer(self) -> None: ...
    def refuse(self, status: int) -> None: ...
    async def hang_up(self) -> None: ...
    async def rings(self) -> None: ...


class Exchange(Protocol):
    """Prompts `one` and `two` are short, `hour` outlasts any test."""

    url: str
    user: str
    password: str
    app: str

    async def call(self) -> Caller: ...
    async def phone(self, agent: str) -> Phone: ...


class FakeExchange:
    def __init__(self, fake: ari_fake.FakeAsterisk) -> None:
        self._fake = fake
        self.url = fake.url
        self.user = ari_fake.USER
        self.password = ari_fake.PASSWORD
        self.app = ari_fake.APP

    async def call(self) -> Caller:
        return await self._fake.call()

    async def phone(self, agent: str) -> Phone:
        return self._fake.phone(agent)


@contextlib.asynccontextmanager
async def fake_exchange() -> AsyncIterator[Exchange]:
    async with ari_fake.FakeAsterisk() as fake:
        for agent in AGENTS:
            fake.phone(agent)
        yield FakeExchange(fake)


class RealExchange:
    """A running Asterisk with two phones; `clear` before each test."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self.url = settings.ari_url
        self.user = settings.ari_user
        self.password = settings.ari_password
        self.app = settings.app
        self._telephones: list[SipPhone] = []

    async def call(self) -> Caller:
        caller = await SipPhone("caller", "", _TRUNK).open()
        self._telephones.append(caller)
        await caller.call("3939")
        for _ in range(5):  # Answer() waits for the first sound
            caller.rtp.speak()
        return caller

    async def phone(self, agent: str) -> Phone:
        phone = await SipPhone(f"agent-{agent}", _PHONE_SECRET, _AGENTS_SIDE).open()
        self._telephones.append(phone)
        return phone

    async def clear(self) -> None:
        """Nobody is called, nothing is bridged, no phone is registered."""
        headers = {"Authorization": aiohttp.encode_basic_auth(self.user, self.password)}
        async with aiohttp.ClientSession(headers=headers) as session:
            for kind in ("channels", "bridges"):
                async with session.get(f"{self.url}/{kind}") as answer:
                    held = await answer.json()
                for thing in held:
                    await (await session.delete(f"{self.url}/{kind}/{thing['id']}")).release()
        # Only now: a phone that still rings has to be told that it is over.
        for telephone in self._telephones:
            if telephone.registered:
                await telephone.register(0)
            telephone.close()
        self._telephones.clear()


@contextlib.asynccontextmanager
async def real_asterisk(toolbox: Toolbox, folder: Path) -> AsyncIterator[RealExchange]:
    """Start Asterisk with the configuration of the service; stop it afterwards."""
    prompts = folder / "prompts"
    prompts.mkdir()
    for name, seconds in (("one", 0.1), ("two", 0.1), ("hour", 60), ("apology", 0.1)):
        (prompts / f"{name}.alaw").write_bytes(b"\xd5" * int(8000 * seconds))
    settings = AsteriskSettings(
        state_dir=folder / "state",
        prompts_dir=prompts,
        ari_password="not-so-secret-0002",
        trunk_bind="{}:{}".format(*_TRUNK),
        agents_bind="{}:{}".format(*_AGENTS_SIDE),
        ari_port=8088 + _OFFSET,
        rtp_first=31000,
        rtp_last=31999,
        agents=tuple(AgentPhone(agent, _PHONE_SECRET) for agent in AGENTS),
        trunk_codecs=("alaw",),
        agent_codecs=("alaw",),
        retry_every_s=1,
    )
    settings.state_dir.mkdir()
    server = AsteriskServer(settings, toolbox)
    await server.start()
    try:
        yield RealExchange(settings)
    finally:
        await server.stop()
