"""An Asterisk that never was: ARI in this process, with a control plane for tests.

It does what Asterisk 22.10 was measured to do with the requests and events that the router
uses; tests/contract runs the same tests on both. Prompts end by themselves at once, except
`hour`, which lasts until it is stopped or `end_prompt`; there is no `no-such-prompt`.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from router.ari.client import presence
from tests.ari.ari_people import (
    APP,
    CARRIER,
    NORMAL,
    Bridge,
    Channel,
    FakeCaller,
    FakePhone,
    Playback,
)
from tests.ari.ari_wire import Answer, Wire

#: What no prompt is called.
MISSING = "sound:allo/no-such-prompt"

_NOT_FOUND: Answer = (404, {"message": "not found"})
_DONE: Answer = (204, None)


class FakeAsterisk(Wire):
    """Start with `async with`; `url` is then ARI's address."""

    def __init__(self) -> None:
        super().__init__()
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.playbacks: dict[str, Playback] = {}
        self.phones: dict[str, FakePhone] = {}
        #: Where calls through the trunk end.
        self.carrier = FakePhone(self, CARRIER)
        self.subscribed: set[str] = set()
        #: The dialplan's variables.
        self.globals: dict[str, str] = {}
        #: Every request carried out: "POST channels/1/play/2".
        self.requests: list[str] = []
        #: Answers to give instead of the real ones: (method, start of the path) -> answer;
        #: None breaks the connection instead.
        self.refusals: dict[tuple[str, str], Answer | None] = {}
        #: What happens the moment before a request is carried out, once.
        self.on_request: dict[str, Callable[[], None]] = {}
        self._callers: list[FakeCaller] = []
        self._numbers = itertools.count(1)

    # --- life -----------------------------------------------------------------------------

    async def __aenter__(self) -> "FakeAsterisk":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        for channel in list(self.channels.values()):
            self.destroy(channel, NORMAL)
        await self.close()

    # --- what tests make happen ---------------------------------------------------------------

    async def call(self) -> FakeCaller:
        """A call comes in and is answered; it enters the application as soon as that is served."""
        caller = FakeCaller(self)
        self._callers.append(caller)
        self.listened_to()
        return caller

    def listened_to(self) -> None:
        """The dialplan's retry loop: hand over whoever waits for the router."""
        while self.is_listened_to and self._callers:
            caller = self._callers.pop(0)
            caller.channel = self.enter(CARRIER, ["caller"])

    def enter(self, endpoint: str, args: list[str], phone: FakePhone | None = None) -> Channel:
        """A channel that called by itself enters the application."""
        channel = Channel(f"fake-{next(self._numbers)}", endpoint, args=args, phone=phone)
        self.channels[channel.id] = channel
        self.send("StasisStart", channel=channel.describe(), args=args)
        return channel

    def leave(self, channel: Channel) -> None:
        """A channel leaves the application, and goes on in the dialplan."""
        channel.args = None
        self.send("StasisEnd", channel=channel.describe())

    def phone(self, name: str) -> FakePhone:
        """A phone of the service; known to Asterisk from the first time on."""
        endpoint = f"agent-{name}"
        return self.phones.setdefault(endpoint, FakePhone(self, endpoint))

    def end_prompt(self, playback_id: str) -> None:
        """The prompt is said to its end."""
        self._end(self.playbacks[playback_id])

    def wipe(self) -> None:
        """Asterisk crashed and came back: no channels, no bridges, nobody registered."""
        self.channels.clear()
        self.bridges.clear()
        self.playbacks.clear()
        self.globals.clear()
        self.subscribed.clear()
        self.allowed = None
        for phone in self.phones.values():
            phone.online = False

    def hears(self, listener: Channel, speaker: Channel) -> bool:
        """Whether sound gets from one to the other: by a bridge, or by a supervisor's ear."""
        if listener is speaker or listener.bridge is None or speaker.bridge is None:
            return False
        if listener.music:
            return False  # nothing else is written to the channel (measured)
        if listener.bridge == speaker.bridge:
            return True
        for ear in self.channels.values():
            spied = ear.spies_on
            if spied is None:
                continue
            if ear.bridge == listener.bridge and (spied is speaker or self.hears(spied, speaker)):
                return True
            if spied is listener and ear.whispers and ear.bridge == speaker.bridge:
                return True
        return False

    def send_of(self, channel: Channel, kind: str, times: int = 1, /, **fields: Any) -> None:
        """Send an event of a channel, and once more if we listen to its phone (measured)."""
        sent_at = datetime.fromtimestamp(next(self._numbers), UTC)  # a second apart
        fields["timestamp"] = sent_at.isoformat(timespec="milliseconds")
        for _ in range(times + (channel.endpoint in self.subscribed)):
            self.send(kind, **fields)

    def change_state(self, channel: Channel, state: str) -> None:
        channel.state = state
        self.send_of(channel, "ChannelStateChange", channel=channel.describe())

    def press(self, channel: Channel, keys: str) -> None:
        """Keys are reported and, in a bridge, heard by the others unless they are absorbed."""
        for key in keys:
            bridge = self.bridges.get(channel.bridge or "")
            if bridge is None or bridge.tells_keys:
                described = channel.describe()
                self.send_of(
                    channel, "ChannelDtmfReceived", channel=described, digit=key, duration_ms=80
                )
            if bridge is None or channel.absorbs_keys:
                continue
            for other in self.channels.values():
                if other.bridge == channel.bridge and other is not channel:
                    other.heard_keys += key

    def speak(self, channel: Channel, for_s: float) -> None:
        """Speech is reported after the pause, where talk detection is on."""
        if "TALK_DETECT(set)" in channel.variables:
            described, spoke_ms = channel.describe(), round(for_s * 1000)
            self.send_of(channel, "ChannelTalkingFinished", channel=described, duration=spoke_ms)

    def destroy(self, channel: Channel, cause: int, status: int | None = None) -> None:
        """The channel's end, whoever wanted it; `status` is the SIP answer that meant it."""
        if self.channels.pop(channel.id, None) is None:
            return
        for playback in list(channel.playbacks):
            self._end(playback, "failed")
        if channel.args is not None:
            self.send("StasisEnd", channel=channel.describe())
        for ear in [other for other in self.channels.values() if other.spies_on is channel]:
            self.destroy(ear, NORMAL)
        # To the application that dialled it, and to the phone's subscriber; of a channel that
        # entered by itself, nothing more is said otherwise (measured).
        described = channel.describe()
        self.send_of(
            channel,
            "ChannelDestroyed",
            int(channel.dialled),
            channel=described,
            cause=cause,
            **({} if status is None else {"tech_cause": status}),
        )
        if channel.phone is not None:
            channel.phone.left()
            self.tell_endpoint(channel.phone)

    def tell_endpoint(self, phone: FakePhone) -> None:
        if phone.endpoint in self.subscribed:
            self.send("EndpointStateChange", endpoint=_describe(phone))

    # --- the requests -------------------------------------------------------------------------

    async def carry_out(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> Answer | None:
        self.requests.append(f"{method} {path}")
        self.on_request.pop(f"{method} {path}", lambda: None)()
        for (refused, start), answer in self.refusals.items():
            if refused == method and path.startswith(start):
                return answer
        match [method, *path.split("/")]:
            case ["GET", "channels"]:
                return 200, [channel.describe() for channel in self.channels.values()]
            case ["GET", "bridges"]:
                return 200, [self._describe_bridge(bridge) for bridge in self.bridges]
            case ["GET", "endpoints", "PJSIP"]:
                return 200, [_describe(phone) for phone in (*self.phones.values(), self.carrier)]
            case ["POST", "asterisk", "variable"]:
                self.globals[query["variable"]] = query["value"]
                return _DONE
            case ["GET", "asterisk", "variable"]:
                return 200, {"value": self.globals.get(query["variable"], "")}
            case ["GET", "playbacks", playback]:
                found = self.playbacks.get(playback)
                return (200, {"id": found.id}) if found else _NOT_FOUND
            case ["GET", "applications", name] if name == presence(APP) and not self.is_listened_to:
                return _NOT_FOUND
            case ["GET", "applications", name]:
                allowed = [{"type": kind} for kind in sorted(self.allowed or ())]
                ours = [one.id for one in self.channels.values() if one.args is not None]
                return 200, {"name": name, "events_allowed": allowed, "channel_ids": ours}
            case ["PUT", "applications", _, "eventFilter"]:
                self.allowed = {item["type"] for item in body["allowed"]}
                return 200, {}
            case ["POST", "applications", _, "subscription"]:
                return self._subscribe(query["eventSource"].split(","))
            case ["DELETE", "playbacks", playback]:
                if playback not in self.playbacks:
                    return _NOT_FOUND
                self._end(self.playbacks[playback])
                return _DONE
            case ["POST", "channels", identity]:
                return self._originate(identity, query)
            case [_, "channels", identity, *rest]:
                return await self._on_channel(method, identity, rest, query, body)
            case ["POST", "bridges", bridge]:
                if bridge in self.bridges:
                    return 409, {"message": f"Bridge with id '{bridge}' already exists"}
                tells_keys = "dtmf_events" in query["type"]
                self.bridges[bridge] = Bridge(query.get("name", ""), tells_keys)
                return 200, self._describe_bridge(bridge)
            case ["GET", "bridges", bridge] if bridge in self.bridges:
                return 200, self._describe_bridge(bridge)
            case ["DELETE", "bridges", bridge]:
                if self.bridges.pop(bridge, None) is None:
                    return _NOT_FOUND
                for channel in self.channels.values():
                    if channel.bridge == bridge:
                        channel.bridge = None
                return _DONE
            case ["POST", "bridges", bridge, "addChannel"]:
                return await self._add_channel(bridge, query)
            case ["POST", "bridges", bridge, "removeChannel"]:
                return await self._remove_channel(bridge, query["channel"])
            case _:
                return 404, {"message": "Resource not found"}

    async def _on_channel(
        self,
        method: str,
        identity: str,
        rest: list[str],
        query: Mapping[str, str],
        body: Mapping[str, Any],
    ) -> Answer:
        channel = self.channels.get(identity)
        if channel is None:
            return 404, {"message": "Channel not found"}
        match [method, *rest]:
            case ["DELETE"]:
                self.destroy(channel, NORMAL)
                return _DONE
            case ["GET"]:
                return 200, channel.describe()
            case ["POST", "snoop", ear]:
                return self._snoop(channel, ear, query)
        if channel.args is None:
            return 409, {"message": "Channel not in Stasis application"}
        match [method, *rest]:
            case ["POST", "play", playback]:
                return self._play(channel, playback, body["media"])
            case ["POST", "moh"]:
                channel.music = True
                return _DONE
            case ["DELETE", "moh"]:
                channel.music = False
                return _DONE
            case [("POST" | "DELETE"), "silence"]:
                return _DONE
            case ["POST", "continue"]:
                await _prompts_over(channel)
                self.leave(channel)
                return _DONE
            case ["GET", "variable"]:
                value = channel.variables.get(query["variable"])
                missing = {"message": "Provided variable was not found"}
                return (404, missing) if value is None else (200, {"value": value})
            case ["POST", "variable"]:
                await _prompts_over(channel)
                channel.variables[query["variable"]] = query["value"]
                return _DONE
            case ["POST", "variables"]:
                await _prompts_over(channel)
                channel.variables |= body["variables"]
                if channel.variables.pop("TALK_DETECT(remove)", None) is not None:
                    channel.variables.pop("TALK_DETECT(set)", None)
                return _DONE
            case ["GET", "variables"]:
                names = query["variables"].split(",")
                if not all(name in channel.variables for name in names):
                    return 404, {"message": "Provided variable was not found"}
                return 200, {"variables": {name: channel.variables[name] for name in names}}
            case _:
                return 404, {"message": "Resource not found"}

    def _originate(self, identity: str, query: Mapping[str, str]) -> Answer:
        endpoint = query["endpoint"].removeprefix("PJSIP/")
        if identity in self.channels:
            return 409, {"message": "Channel with given unique ID already exists"}
        # Without an originator for a callback, whose caller is not there yet.
        if "originator" in query and query["originator"] not in self.channels:
            return 400, {"message": "Provided originator channel was not found"}
        _, at, peer = endpoint.partition("@")
        phone = self.carrier if at and peer == CARRIER else self.phones.get(endpoint)
        if phone is None or (phone is not self.carrier and not phone.online):
            return 500, {"error": "Allocation failed"}
        leg = Channel(identity, peer or endpoint, state="Down", phone=phone, dialled=True)
        self.channels[identity] = leg
        args = query["appArgs"].split(",")
        asyncio.get_running_loop().call_soon(phone.invite, leg, args, float(query["timeout"]))
        return 200, leg.describe()

    def _snoop(self, channel: Channel, identity: str, query: Mapping[str, str]) -> Answer:
        if identity in self.channels:
            return 500, {"message": "Snoop channel could not be created"}
        args = query["appArgs"].split(",")
        ear = Channel(identity, "", args=args, spies_on=channel)
        ear.whispers = query["whisper"] == "out"
        self.channels[identity] = ear
        self.send("StasisStart", channel=ear.describe(), args=args)
        return 200, ear.describe()

    def _play(self, channel: Channel, identity: str, media: list[str]) -> Answer:
        playback = Playback(identity, channel, media)
        self.playbacks[identity] = playback
        channel.playbacks.append(playback)
        if not any(item.endswith("/hour") for item in media):
            asyncio.get_running_loop().call_soon(self._say, playback)
        return 201, {"id": identity, "state": "queued"}

    def _say(self, playback: Playback) -> None:
        """A short prompt: said when the ones before it are, and over at once."""
        queue = playback.channel.playbacks
        if playback in queue and queue[0] is playback:
            found = not playback.media[-1].startswith(MISSING)
            self._end(playback, "done" if found else "failed")

    def _end(self, playback: Playback, state: str = "done") -> None:
        if playback.over.is_set():
            return
        playback.over.set()
        self.playbacks.pop(playback.id, None)
        playback.channel.playbacks.remove(playback)
        self.send_of(
            playback.channel,
            "PlaybackFinished",
            playback={
                "id": playback.id,
                "media_uri": playback.media[-1],
                "target_uri": f"channel:{playback.channel.id}",
                "state": state,
            },
        )
        for following in playback.channel.playbacks[:1]:
            if not any(item.endswith("/hour") for item in following.media):
                asyncio.get_running_loop().call_soon(self._say, following)

    async def _add_channel(self, bridge: str, query: Mapping[str, str]) -> Answer:
        channel = self.channels.get(query["channel"])
        if bridge not in self.bridges:
            return 404, {"message": "Bridge not found"}
        if channel is None:
            return 400, {"message": "Channel not found"}
        if channel.args is None:
            return 422, {"message": "Channel not in Stasis application"}
        await _prompts_over(channel)
        if channel.id in self.channels:
            channel.bridge = bridge
            channel.absorbs_keys = query.get("absorbDTMF") == "true"
        return _DONE

    async def _remove_channel(self, bridge: str, identity: str) -> Answer:
        channel = self.channels.get(identity)
        if bridge not in self.bridges:
            return 404, {"message": "Bridge not found"}
        if channel is None:
            return 400, {"message": "Channel not found"}
        if channel.bridge != bridge:
            return 422, {"message": "Channel not in this bridge"}
        await _prompts_over(channel)
        channel.bridge = None
        return _DONE

    def _subscribe(self, sources: list[str]) -> Answer:
        for source in sources:
            endpoint = source.removeprefix("endpoint:PJSIP/")
            if endpoint not in self.phones:
                return 422, {"message": "Event source does not exist"}
            self.subscribed.add(endpoint)
        return 200, {"name": APP}

    def _describe_bridge(self, bridge: str) -> dict[str, Any]:
        inside = [channel.id for channel in self.channels.values() if channel.bridge == bridge]
        return {"id": bridge, "name": self.bridges[bridge].name, "channels": inside}


async def _prompts_over(channel: Channel) -> None:
    """Wait for what is being said and what is queued now; what comes later does not matter."""
    for playback in list(channel.playbacks):
        await playback.over.wait()


def _describe(phone: FakePhone) -> dict[str, str]:
    return {
        "technology": "PJSIP",
        "resource": phone.endpoint,
        "state": "online" if phone.online else "offline",
    }
