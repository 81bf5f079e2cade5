"""What goes over the wire: the events of ARI that the router uses, and its requests.

Only what the router needs is kept. The caller, connected-line and dialplan parts of a channel are
never read, so that nobody's identity gets past `parse`.

Source: Asterisk 22.10, rest-api/api-docs/events.json.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.ids import ChannelId, PlaybackId
from router.errors import AriMalformed

#: The only events that Asterisk is asked to send. `Dial` must not be among them: its dialstring
#: holds the number that is dialled.
ALLOWED = (
    "StasisStart",
    "StasisEnd",
    "ChannelStateChange",
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelTalkingFinished",
    "PlaybackFinished",
    "EndpointStateChange",
    "ApplicationReplaced",
    "RESTResponse",
)


@dataclass(frozen=True, slots=True)
class StasisStart:
    """A channel entered the application, with the arguments given there."""

    channel: ChannelId
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StasisEnd:
    """A channel left the application: it was hung up, or sent on."""

    channel: ChannelId


@dataclass(frozen=True, slots=True)
class ChannelDestroyed:
    """A channel is gone."""

    channel: ChannelId
    #: Its Q.850 cause; 0: unknown.
    cause: int
    #: The SIP status with which the other side ended it; None: it did not.
    status: int | None = None
    #: Whether it was still ringing.
    rang: bool = False


@dataclass(frozen=True, slots=True)
class ChannelStateChange:
    """A channel's state: "Down", "Ringing", "Up" and others."""

    channel: ChannelId
    state: str


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived:
    """A key was released, at `at_ms` (UTC epoch), after `lasted_ms`."""

    channel: ChannelId
    digit: str
    at_ms: int
    lasted_ms: int


@dataclass(frozen=True, slots=True)
class ChannelTalkingFinished:
    """Whoever is on the channel spoke for `spoke_ms` and paused (talk detection)."""

    channel: ChannelId
    spoke_ms: int


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """A playback is over: `heard` to its end or to where we stopped it, or else broken off.

    Asterisk speaks of the last of its media only; one in the middle that is not found is skipped
    (measured).
    """

    playback: PlaybackId
    channel: ChannelId
    heard: bool


@dataclass(frozen=True, slots=True)
class EndpointStateChange:
    """A phone's registration changed, or one of its calls began or ended."""

    endpoint: str
    online: bool


@dataclass(frozen=True, slots=True)
class ApplicationReplaced:
    """Another websocket took our application over; this one gets no more events."""


Message = (
    StasisStart
    | StasisEnd
    | ChannelStateChange
    | ChannelDestroyed
    | ChannelDtmfReceived
    | ChannelTalkingFinished
    | PlaybackFinished
    | EndpointStateChange
    | ApplicationReplaced
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request to ARI."""

    #: Its name in logs, without any id.
    operation: str
    method: str
    #: Relative, without a leading slash.
    path: str
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    #: The channel whose absence makes it fail.
    channel: ChannelId | None = None
    #: Asterisk answers only when the channel has finished its prompt (measured: a set-variable and
    #: an addChannel during an 8 s prompt took 8.1 s; nothing else does). Such a request must not
    #: go over the websocket, where all others would wait behind it.
    may_block: bool = False
    #: 404 and the like are no failure: what we wanted to be gone is gone.
    gone_is_fine: bool = False


def parse(data: Mapping[str, Any]) -> Message | None:
    """Return the event in a decoded message, or None for a type the router does not use.

    Raises:
        AriMalformed: If a field of a known type is missing, or not what it should be.
    """
    kind = data.get("type")
    try:
        match kind:
            case "ChannelDtmfReceived":
                return ChannelDtmfReceived(
                    _channel(data),
                    _text(data["digit"]),
                    _milliseconds(data["timestamp"]),
                    int(data["duration_ms"]),
                )
            case "ChannelTalkingFinished":
                return ChannelTalkingFinished(_channel(data), int(data["duration"]))
            case "PlaybackFinished":
                playback = data["playback"]
                scheme, _, target = playback["target_uri"].partition(":")
                if scheme != "channel":
                    return None
                heard = _text(playback["state"]) == "done"
                return PlaybackFinished(PlaybackId(_text(playback["id"])), ChannelId(target), heard)
            case "StasisStart":
                return StasisStart(_channel(data), tuple(_text(arg) for arg in data["args"]))
            case "StasisEnd":
                return StasisEnd(_channel(data))
            case "ChannelStateChange":
                return ChannelStateChange(_channel(data), _text(data["channel"]["state"]))
            case "ChannelDestroyed":
                status = data.get("tech_cause")
                return ChannelDestroyed(
                    _channel(data),
                    int(data["cause"]),
                    None if status is None else int(status),
                    data["channel"].get("state") == "Ringing",
                )
            case "EndpointStateChange":
                endpoint = data["endpoint"]
                if endpoint["technology"] != "PJSIP":
                    return None
                return EndpointStateChange(
                    _text(endpoint["resource"]), endpoint.get("state") == "online"
                )
            case "ApplicationReplaced":
                return ApplicationReplaced()
            case str():
                return None
            case _:
                raise TypeError
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AriMalformed(str(kind)) from None


def _channel(data: Mapping[str, Any]) -> ChannelId:
    return ChannelId(_text(data["channel"]["id"]))


def _milliseconds(timestamp: object) -> int:
    """Return UTC epoch milliseconds of an ISO 8601 time."""
    return round(datetime.fromisoformat(_text(timestamp)).timestamp() * 1000)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
