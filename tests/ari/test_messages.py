"""Events are read narrowly: what the router uses, and nobody's identity."""

from typing import Any

import pytest

from router.ari.messages import (
    ALLOWED,
    ApplicationReplaced,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelStateChange,
    ChannelTalkingFinished,
    EndpointStateChange,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
    parse,
)
from router.core.ids import ChannelId, PlaybackId
from router.errors import AriMalformed

NUMBER = "0639980001"
NAME = "Camille Personne"
CHANNEL = {
    "id": "1795320584.0",
    "name": "PJSIP/trunk-00000000",
    "state": "Up",
    "protocol_id": "call-19",
    "caller": {"name": NAME, "number": NUMBER},
    "connected": {"name": NAME, "number": NUMBER},
    "accountcode": NUMBER,
    "dialplan": {"context": "c", "exten": NUMBER, "app_name": "Stasis", "app_data": "allo"},
}
ENVELOPE = {"timestamp": "2026-11-22T04:09:44.879+0000", "application": "allo"}
PLAYBACK = {
    "id": "p1",
    "media_uri": "sound:allo/one",
    "target_uri": "channel:1795320584.0",
    "state": "done",
}

SAMPLES: list[tuple[dict[str, Any], object]] = [
    (
        {"type": "StasisStart", "args": ["caller"], "channel": CHANNEL},
        StasisStart(ChannelId("1795320584.0"), ("caller",)),
    ),
    ({"type": "StasisEnd", "channel": CHANNEL}, StasisEnd(ChannelId("1795320584.0"))),
    (
        {"type": "ChannelDestroyed", "channel": CHANNEL, "cause": 16, "cause_txt": NAME},
        ChannelDestroyed(ChannelId("1795320584.0"), 16),
    ),
    (
        {"type": "ChannelDtmfReceived", "channel": CHANNEL, "digit": "#", "duration_ms": 80},
        ChannelDtmfReceived(ChannelId("1795320584.0"), "#", 1795320584879, 80),
    ),
    (
        {"type": "ChannelTalkingFinished", "channel": CHANNEL, "duration": 1240},
        ChannelTalkingFinished(ChannelId("1795320584.0"), 1240),
    ),
    (
        {"type": "ChannelStateChange", "channel": CHANNEL | {"state": "Ringing"}},
        ChannelStateChange(ChannelId("1795320584.0"), "Ringing"),
    ),
    (
        {"type": "PlaybackFinished", "playback": PLAYBACK},
        PlaybackFinished(PlaybackId("p1"), ChannelId("1795320584.0"), heard=True),
    ),
    (
        {"type": "PlaybackFinished", "playback": PLAYBACK | {"state": "failed"}},
        PlaybackFinished(PlaybackId("p1"), ChannelId("1795320584.0"), heard=False),
    ),
    (
        {
            "type": "EndpointStateChange",
            "endpoint": {"technology": "PJSIP", "resource": "agent-lea", "state": "online"},
        },
        EndpointStateChange("agent-lea", online=True),
    ),
    ({"type": "ApplicationReplaced"}, ApplicationReplaced()),
]


@pytest.mark.parametrize(("data", "message"), SAMPLES)
def test_what_is_used_is_read(data: dict[str, Any], message: object) -> None:
    read = parse(ENVELOPE | data)
    assert read == message
    assert NUMBER not in repr(read)
    assert NAME not in repr(read)


def test_all_that_is_asked_for_is_read_and_nothing_else() -> None:
    assert {data["type"] for data, _ in SAMPLES} | {"RESTResponse"} == set(ALLOWED)
    assert "Dial" not in ALLOWED


@pytest.mark.parametrize("kind", ["Dial", "ChannelVarset", "PlaybackStarted", "Tomorrow's"])
def test_other_types_are_passed_over(kind: str) -> None:
    assert parse({"type": kind, "peer": CHANNEL}) is None


def test_a_playback_in_a_bridge_is_not_ours() -> None:
    playback = PLAYBACK | {"target_uri": "bridge:b1"}
    assert parse({"type": "PlaybackFinished", "playback": playback}) is None


@pytest.mark.parametrize("state", ["offline", "unknown", None])
def test_a_phone_is_online_or_it_is_not(state: str | None) -> None:
    endpoint = {"technology": "PJSIP", "resource": "agent-lea", "state": state}
    message = parse({"type": "EndpointStateChange", "endpoint": endpoint})
    assert message == EndpointStateChange("agent-lea", online=False)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": None},
        {"type": "StasisStart", "channel": CHANNEL},
        {"type": "StasisStart", "args": [1], "channel": CHANNEL},
        {"type": "StasisEnd", "channel": {}},
        {"type": "StasisEnd", "channel": "1795320584.0"},
        {"type": "StasisEnd", "channel": {"id": 7}},
        {"type": "ChannelDestroyed", "channel": CHANNEL, "cause": "of death"},
        {"type": "ChannelDtmfReceived", "channel": CHANNEL, "digit": ""},
        {"type": "ChannelDtmfReceived", "channel": CHANNEL, "digit": "1"},
        {"type": "ChannelStateChange", "channel": {"id": "1795320584.0"}},
        {"type": "PlaybackFinished", "playback": {"id": "p1", "target_uri": None}},
        {"type": "EndpointStateChange", "endpoint": {"resource": "agent-lea"}},
    ],
)
def test_what_cannot_be_read_is_said_by_its_type_alone(data: dict[str, Any]) -> None:
    with pytest.raises(AriMalformed) as malformed:
        parse(data)
    assert malformed.value.kind == str(data.get("type"))
    assert NUMBER not in str(malformed.value)
    assert malformed.value.__cause__ is None
