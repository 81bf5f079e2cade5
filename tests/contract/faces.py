"""The two Asterisks of the contract tests, behind one face: the fake one and the real one."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import aiohttp

from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AgentPhone, AsteriskSettings
from router.asterisk.toolbox import Toolbox
from tests.ari.ari_fake import FakeAsterisk
from tests.ari.ari_people import APP, Channel, FakeCaller, FakePhone
from tests.ari.ari_wire import PASSWORD, USER
from tests.contract.rtp import SILENCE, SOUND
from tests.contract.sip_phone import SipPhone
from tests.patience import PATIENCE_S

AGENTS = ("lea", "max")
SUPERVISOR = "sup"
PHONES = (*AGENTS, SUPERVISOR)
#: Sound is sent in packets of 20 ms. Time is counted in packets: a busy machine sends them late,
#: and Asterisk cannot hear more than was sent.
_PACKET_S = 0.02
#: Sound comes through if more than _HEARD of _LISTENS packets hold some.
_LISTENS, _HEARD = 50, 10
#: After this many packets without sound nothing is in flight any more.
_QUIET = 10
#: Longer than the silence after which Asterisk reports that somebody spoke.
_PAUSE_S = 2.8
_PHONE_SECRET = "not-so-secret-0001"

#: Far from the demo's ports, so that both may run at once.
_OFFSET = 21000
_TRUNK = ("127.0.0.1", 5060 + _OFFSET)
_AGENTS_SIDE = ("127.0.0.1", 5062 + _OFFSET)
_CARRIER = ("127.0.0.1", 5064 + _OFFSET)


class Caller(Protocol):
    def press(self, keys: str) -> None: ...
    async def hang_up(self) -> None: ...

    @property
    def heard_keys(self) -> str:
        """The keys that others in the conversation pressed."""


class Phone(Caller, Protocol):
    """`on_invite` is the SIP answer to a call; 180 lets it ring until told."""

    on_invite: int
    #: The SIP status of a call that it made and that nobody took, else 0.
    failed_status: int

    async def register(self, expires_s: int = 60) -> int: ...
    async def call(self, number: str, /) -> None: ...
    def answer(self) -> None: ...
    def refuse(self, status: int) -> None: ...
    async def rings(self) -> None: ...


class AsteriskFace(Protocol):
    """Prompts `one` and `two` are short, `hour` outlasts any test and is loud."""

    url: str
    user: str
    password: str
    app: str

    async def call(self) -> Caller: ...
    async def phone(self, name: str) -> Phone: ...
    async def dial(self, phone: Phone, code: str) -> None:
        """Have a phone dial the desk."""

    async def carrier(self) -> Phone:
        """Return what answers calls through the trunk."""

    async def hears(self, listener: Caller, speaker: Caller) -> bool:
        """Have one speak; return whether the other hears it."""

    async def speaks(self, speaker: Caller, for_s: float) -> float:
        """Have one speak for `for_s`, and pause until Asterisk reports it.

        Return how long it took on this machine's clock, which Asterisk goes by as well.
        """

    async def hears_sound(self, listener: Caller) -> bool:
        """Return whether a prompt or music is heard while nobody speaks."""


class FakeFace:
    def __init__(self, fake: FakeAsterisk) -> None:
        self._fake = fake
        self.url = fake.url
        self.user = USER
        self.password = PASSWORD
        self.app = APP

    async def call(self) -> Caller:
        return await self._fake.call()

    async def phone(self, name: str) -> Phone:
        return self._fake.phone(name)

    async def dial(self, phone: Phone, code: str) -> None:
        assert isinstance(phone, FakePhone)
        await phone.call(code)

    async def carrier(self) -> Phone:
        return self._fake.carrier

    async def hears(self, listener: Caller, speaker: Caller) -> bool:
        return self._fake.hears(_channel(listener), _channel(speaker))

    async def speaks(self, speaker: Caller, for_s: float) -> float:
        self._fake.speak(_channel(speaker), for_s)
        return for_s

    async def hears_sound(self, listener: Caller) -> bool:
        channel = _channel(listener)
        return bool(channel.playbacks) or channel.music


def _channel(who: Caller) -> Channel:
    assert isinstance(who, FakeCaller | FakePhone)
    assert who.channel is not None
    return who.channel


@contextlib.asynccontextmanager
async def fake_asterisk() -> AsyncIterator[AsteriskFace]:
    async with FakeAsterisk() as fake:
        for name in PHONES:
            fake.phone(name)
        yield FakeFace(fake)


class RealFace:
    """A running Asterisk with its phones; `clear` after each test."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self.url = settings.ari_url
        self.user = settings.ari_user
        self.password = settings.ari_password
        self.app = settings.app
        self._telephones: list[SipPhone] = []
        self._speaker: SipPhone | None = None
        #: Packets that each telephone in a call has sent; `_one_more` is notified of each.
        self._sent = 0
        self._one_more = asyncio.Condition()

    async def lines(self) -> None:
        """Carry the sound of every telephone in a call: silence, unless it speaks.

        Some things happen in Asterisk only when sound comes: a whisper is mixed into what the
        others send, and a snoop channel ends with the next packet of its channel (measured).
        """
        while True:
            for telephone in self._telephones:
                if telephone.dialog is not None:
                    telephone.rtp.speak(SOUND if telephone is self._speaker else SILENCE)
            self._sent += 1
            async with self._one_more:
                self._one_more.notify_all()
            await asyncio.sleep(_PACKET_S)

    async def _packets(self, count: int = 1) -> None:
        """Wait until everybody has sent `count` more packets."""
        until = self._sent + count
        async with asyncio.timeout(PATIENCE_S + count * _PACKET_S), self._one_more:
            await self._one_more.wait_for(lambda: self._sent >= until)

    async def call(self) -> Caller:
        caller = await SipPhone("caller", "", _TRUNK).open()
        self._telephones.append(caller)
        await caller.call("3939")
        return caller

    async def outsider(self) -> SipPhone:
        """Another telephone behind the trunk."""
        outsider = await SipPhone("outsider", "", _TRUNK).open()
        self._telephones.append(outsider)
        return outsider

    async def phone(self, name: str) -> Phone:
        phone = await SipPhone(f"agent-{name}", _PHONE_SECRET, _AGENTS_SIDE).open()
        self._telephones.append(phone)
        return phone

    async def dial(self, phone: Phone, code: str) -> None:
        assert isinstance(phone, SipPhone)
        await phone.call(code)

    async def carrier(self) -> Phone:
        carrier = await SipPhone("carrier", "", _TRUNK).open(_CARRIER[1])
        self._telephones.append(carrier)
        return carrier

    async def hears(self, listener: Caller, speaker: Caller) -> bool:
        assert isinstance(listener, SipPhone)
        assert isinstance(speaker, SipPhone)
        await self._quiet(listener)
        self._speaker = speaker
        heard = await self._sound_comes(listener)
        self._speaker = None
        return heard

    async def _quiet(self, listener: SipPhone) -> None:
        """Wait until nothing that was said before is in flight."""
        loud, since = listener.rtp.loud, 0
        for _ in range(_LISTENS):
            await self._packets()
            since = since + 1 if listener.rtp.loud == loud else 0
            loud = listener.rtp.loud
            if since == _QUIET:
                return

    async def _sound_comes(self, listener: SipPhone) -> bool:
        before = listener.rtp.loud
        for _ in range(_LISTENS):
            await self._packets()
            if listener.rtp.loud - before > _HEARD:
                return True
        return False

    async def speaks(self, speaker: Caller, for_s: float) -> float:
        assert isinstance(speaker, SipPhone)
        began_s = time.monotonic()
        self._speaker = speaker
        await self._packets(round(for_s / _PACKET_S))
        self._speaker = None
        spoken_s = time.monotonic() - began_s
        await self._packets(round(_PAUSE_S / _PACKET_S))
        return spoken_s

    async def hears_sound(self, listener: Caller) -> bool:
        assert isinstance(listener, SipPhone)
        await self._packets(_QUIET)  # nothing is in flight any more
        return await self._sound_comes(listener)

    async def clear(self) -> None:
        """Nobody is called, nothing is bridged, no phone is registered."""
        headers = {"Authorization": aiohttp.encode_basic_auth(self.user, self.password)}
        async with aiohttp.ClientSession(headers=headers) as session:
            for kind in ("channels", "bridges"):
                async with session.get(f"{self.url}/{kind}") as answer:
                    held = await answer.json()
                for thing in held:
                    await (await session.delete(f"{self.url}/{kind}/{thing['id']}")).release()
        # Only now: a phone that still rings has to hear that it is over.
        for telephone in self._telephones:
            if telephone.registered:
                await telephone.register(0)
            telephone.close()
        self._telephones.clear()


@contextlib.asynccontextmanager
async def real_asterisk(toolbox: Toolbox, folder: Path) -> AsyncIterator[RealFace]:
    """Start Asterisk with the configuration of the service; stop it afterwards."""
    prompts = folder / "prompts"
    prompts.mkdir()
    for name in ("one", "two", "apology", "apology-end"):
        (prompts / f"{name}.alaw").write_bytes(SILENCE * 5)
    (prompts / "hour.alaw").write_bytes(SOUND * 50 * 60)
    settings = AsteriskSettings(
        state_dir=folder / "state",
        prompts_dir=prompts,
        service_numbers=("3939",),
        longest_call_s=7200,
        ari_password="not-so-secret-0002",
        trunk_bind="{}:{}".format(*_TRUNK),
        agents_bind="{}:{}".format(*_AGENTS_SIDE),
        ari_port=8088 + _OFFSET,
        ami_port=5038 + _OFFSET,
        probe_port=5066 + _OFFSET,
        rtp_first=31000,
        rtp_last=31999,
        agents=tuple(AgentPhone(name, _PHONE_SECRET) for name in PHONES),
        trunk_peer="{}:{}".format(*_CARRIER),
        trunk_qualify_s=0,
        trunk_silence_s=7,
        trunk_codecs=("alaw",),
        agent_codecs=("alaw",),
        retry_every_s=1,
    )
    settings.state_dir.mkdir()
    server = AsteriskServer(settings, toolbox)
    asterisk = RealFace(settings)
    await server.start()
    lines = asyncio.create_task(asterisk.lines())
    try:
        yield asterisk
    finally:
        lines.cancel()
        await server.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await lines  # raises what ended it before its time
