"""An Asterisk that never was: who telephones through it, and what it makes of them."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.ari.ari_fake import FakeAsterisk

#: Name of the application.
APP = "allo"

#: The endpoint of callers and of calls that go out.
CARRIER = "trunk"

#: A phone's final SIP answer -> the Q.850 cause of its leg (measured).
CAUSES = {403: 21, 404: 1, 408: 18, 480: 19, 484: 28, 486: 17, 488: 58, 503: 34, 600: 17, 603: 21}
NO_ANSWER = 19
NORMAL = 16


@dataclass(eq=False)
class Playback:
    id: str
    channel: "Channel"
    media: list[str]
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Channel:
    """One channel; `args` are those of Stasis() once it is there."""

    id: str
    endpoint: str
    state: str = "Up"
    args: list[str] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    playbacks: list[Playback] = field(default_factory=list)
    music: bool = False
    bridge: str | None = None
    #: Its keys are reported, but nobody in the bridge hears them.
    absorbs_keys: bool = False
    #: Keys that reached it out of its bridge.
    heard_keys: str = ""
    #: The channel that this one is an ear on, and whether that one hears it.
    spies_on: "Channel | None" = None
    whispers: bool = False
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    #: At the other end, and whether we dialled it.
    phone: "FakePhone | None" = None
    dialled: bool = False

    def describe(self) -> dict[str, Any]:
        kind, application, data = f"PJSIP/{self.endpoint}", "AppDial2", "(Outgoing Line)"
        if self.spies_on is not None:
            kind, application, data = f"Snoop/{self.spies_on.id}", "", ""
        elif self.args is not None:
            application, data = "Stasis", ",".join([APP, *self.args])
        return {
            "id": self.id,
            "name": f"{kind}-{abs(hash(self.id)) % 0xFFFFFFFF:08x}",
            "state": self.state,
            "caller": {"name": "Anonyme", "number": "anonymous"},
            "connected": {"name": "", "number": ""},
            "dialplan": {"app_name": application, "app_data": data},
            "creationtime": self.created_at,
        }


@dataclass
class Bridge:
    name: str
    #: Asterisk sees the keys that are pressed in it (dtmf_events).
    tells_keys: bool


class FakeCaller:
    """Somebody who dialled the service; without a channel while the router is away."""

    def __init__(self, fake: "FakeAsterisk") -> None:
        self._fake = fake
        self.channel: Channel | None = None

    async def hang_up(self) -> None:
        self._fake.destroy(self._served(), NORMAL)

    def press(self, keys: str) -> None:
        self._fake.press(self._served(), keys)

    @property
    def heard_keys(self) -> str:
        """The keys that others in the conversation pressed."""
        return self._served().heard_keys

    def _served(self) -> Channel:
        assert self.channel is not None, "no router yet"
        return self.channel


class FakePhone:
    """A phone of the service, or the carrier. `on_invite` is its SIP answer; 180 lets it ring."""

    def __init__(self, fake: "FakeAsterisk", endpoint: str) -> None:
        self._fake = fake
        self.endpoint = endpoint
        self.online = False
        self.on_invite = 180
        self.ringing = asyncio.Event()
        #: The call that it has, or that rings.
        self.channel: Channel | None = None
        #: What came of the last call it made: 0 answered, or the SIP status.
        self.failed_status = 0
        self._args: list[str] = []
        self._give_up: asyncio.TimerHandle | None = None

    async def register(self, expires_s: int = 60) -> int:
        self.online = expires_s > 0
        self._fake.tell_endpoint(self)
        return 200

    async def call(self, code: str) -> None:
        """Dial the desk: a short code."""
        self.failed_status = 0
        if not re.fullmatch(r"[0-9*#]{1,6}", code):
            self.failed_status = 404
            return
        self.channel = self._fake.enter(self.endpoint, ["desk", self.endpoint, code], self)

    def answer(self) -> None:
        leg = self._taken()
        leg.args = self._args
        self._fake.change_state(leg, "Up")
        self._fake.send("StasisStart", channel=leg.describe(), args=self._args)

    def refuse(self, status: int) -> None:
        self._fake.destroy(self._taken(), CAUSES.get(status, NORMAL), status)

    def press(self, keys: str) -> None:
        assert self.channel is not None, "no call"
        self._fake.press(self.channel, keys)

    @property
    def heard_keys(self) -> str:
        """The keys that others in the conversation pressed."""
        return self.channel.heard_keys if self.channel is not None else ""

    async def hang_up(self) -> None:
        assert self.channel is not None
        self._fake.destroy(self.channel, NORMAL)

    async def rings(self) -> None:
        """Return when it rings."""
        await self.ringing.wait()

    def invite(self, leg: Channel, args: list[str], timeout_s: float) -> None:
        """Asterisk rings this phone."""
        self.channel, self._args = leg, args
        loop = asyncio.get_running_loop()
        self._give_up = loop.call_later(timeout_s, self._fake.destroy, leg, NO_ANSWER)
        self._fake.tell_endpoint(self)
        self.ringing.set()
        if self.on_invite == 200:
            self.answer()
        elif self.on_invite == 180:
            self._fake.change_state(leg, "Ringing")
        elif self.on_invite != 183:  # the ringing tone comes as sound: nothing is reported
            self.refuse(self.on_invite)

    def left(self) -> None:
        """Asterisk's side of the leg is gone."""
        if self._give_up is not None:
            self._give_up.cancel()
        self.ringing.clear()
        self.channel = None

    def _taken(self) -> Channel:
        assert self.channel is not None, "nothing rings"
        assert self._give_up is not None
        self._give_up.cancel()
        return self.channel
