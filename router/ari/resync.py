"""After every (re)connection: what Asterisk holds against what the engine believes.

Asterisk keeps no events for a router that is away, and a new router knows nothing. So the
channels, bridges and phones are read once, and `reconcile` (pure) returns the events that
bring the engine up to date and the requests that remove what nobody owns. All of it may
repeat what the engine knows already; the engine ignores that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.ari.messages import Request
from router.ari.translate import (
    AGENT_ARGUMENT,
    BRIDGE_NAME,
    CALLER_ARGUMENT,
    JOINED_VARIABLE,
    SECTOR_VARIABLE,
    Translator,
    agent_of,
    hang_up,
    remove_bridge,
)
from router.core.commands import ForAsterisk, HangUp, Join
from router.core.events import (
    CallFound,
    CallLeft,
    Event,
    LegEnd,
    LegEnded,
    PromptEnded,
)
from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PlaybackId, SectorId
from router.errors import AriGone

Ask = Callable[[Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class HeldLeg:
    """An informateur's channel: answered, then with its call, or still ringing."""

    agent: AgentId
    call: CallId | None = None


@dataclass(frozen=True, slots=True)
class HeldBridge:
    id: BridgeId
    call: CallId
    channels: tuple[ChannelId, ...]


@dataclass(slots=True)
class Holdings:
    """What Asterisk holds of ours."""

    callers: list[CallId] = field(default_factory=list)
    legs: dict[ChannelId, HeldLeg] = field(default_factory=dict)
    bridges: list[HeldBridge] = field(default_factory=list)
    #: Which phones there are, and whether each is registered.
    phones: dict[AgentId, bool] = field(default_factory=dict)
    #: Where callers wait, as a router before us wrote it on their channels.
    waiting: dict[CallId, tuple[SectorId, float]] = field(default_factory=dict)
    #: Playbacks of ours that are over.
    ended: list[PlaybackId] = field(default_factory=list)


async def read_holdings(
    ask: Ask, app: str, known: Collection[CallId], playing: Iterable[PlaybackId]
) -> Holdings:
    """Ask Asterisk what it holds; variables only of callers that are not `known`.

    Raises:
        AriError: If Asterisk does not answer or refuses.
    """
    channels, bridges, endpoints = await asyncio.gather(
        ask(_get("channels")), ask(_get("bridges")), ask(_get("endpoints/PJSIP"))
    )
    held = Holdings()
    for channel in channels:
        _sort_channel(held, channel, app)
    held.bridges = [
        HeldBridge(
            BridgeId(bridge["id"]),
            CallId(bridge["name"].removeprefix(BRIDGE_NAME)),
            tuple(ChannelId(channel) for channel in bridge["channels"]),
        )
        for bridge in bridges
        if bridge["name"].startswith(BRIDGE_NAME)
    ]
    for endpoint in endpoints:
        agent = agent_of(endpoint["resource"])
        if agent is not None:
            held.phones[agent] = endpoint.get("state") == "online"
    unknown = [call for call in held.callers if call not in known]
    marks = await asyncio.gather(*(_read_mark(ask, call) for call in unknown))
    held.waiting = {call: mark for call, mark in zip(unknown, marks, strict=True) if mark}
    played = list(playing)
    over = await asyncio.gather(*(_is_over(ask, playback) for playback in played))
    held.ended = [playback for playback, gone in zip(played, over, strict=True) if gone]
    return held


def reconcile(
    held: Holdings,
    translator: Translator,
    calls: Collection[CallId],
    legs: Collection[ChannelId],
    dropped: Iterable[ForAsterisk],
) -> tuple[list[Event], list[Request]]:
    """Return the events and the requests that make the engine and Asterisk agree.

    `calls` and `legs` are the channels that the engine believes alive, `dropped` the
    commands that found no Asterisk meanwhile.
    """
    events: list[Event] = []
    requests: list[Request] = []
    callers = frozenset(held.callers)
    bridged = {channel: bridge for bridge in held.bridges for channel in bridge.channels}

    # Commands that were lost and would be missed: a goodbye; and a leg to be joined, whose
    # call the engine then gives to the next informateur.
    doomed: set[str] = set()
    for command in dropped:
        if isinstance(command, HangUp):
            doomed.add(command.channel)
        elif isinstance(command, Join):
            doomed |= {
                channel for channel in command.channels if channel != ChannelId(command.call)
            }
    for call in held.callers:
        if call in doomed:
            requests.append(hang_up(ChannelId(call)))

    # What the engine believes and Asterisk has not.
    events += [CallLeft(call) for call in sorted(calls) if call not in callers]
    for channel in sorted(legs):
        leg = held.legs.get(channel)
        if leg is None or channel in doomed:
            lost = translator.drop_leg(channel)
            if lost is not None:
                events.append(LegEnded(lost, channel, LegEnd.LOST))
        elif leg.call is not None and channel not in bridged:
            events.append(translator.adopt_leg(channel, leg.call, leg.agent))
    playing = dict(translator.playing())
    for playback in held.ended:
        if playback in playing:
            translator.drop_playback(playback)
            events.append(PromptEnded(playing[playback], playback))

    # What Asterisk has and the engine does not know.
    adopted: set[str] = set()
    for call in held.callers:
        if call in calls or call in doomed:
            continue
        bridge = bridged.get(ChannelId(call))
        sector, joined_at = held.waiting.get(call, (None, None))
        found = _talking(held, call, bridge)
        if found is not None and bridge is not None:
            channel, agent = found
            translator.adopt_leg(channel, call, agent)
            adopted |= {channel, bridge.id}
            events.append(CallFound(call, sector, joined_at, agent, channel, bridge.id))
        else:
            events.append(CallFound(call, sector, joined_at))
    for channel in held.legs:
        if channel in doomed or (channel not in legs and channel not in adopted):
            requests.append(hang_up(channel))
    for bridge in held.bridges:
        if bridge.id not in adopted and bridge.call not in calls:
            requests.append(remove_bridge(bridge.id))

    for agent in sorted(translator.agents):
        event = translator.seen(agent, held.phones.get(agent, False))
        if event is not None:
            events.append(event)
    return events, requests


def _talking(
    held: Holdings, call: CallId, bridge: HeldBridge | None
) -> tuple[ChannelId, AgentId] | None:
    """The answered leg that shares the caller's bridge, and whose it is."""
    for channel in bridge.channels if bridge else ():
        leg = held.legs.get(channel)
        if leg is not None and leg.call == call:
            return channel, leg.agent
    return None


def _sort_channel(held: Holdings, channel: Mapping[str, Any], app: str) -> None:
    """Put a channel among the callers, among the legs, or nowhere if it is not ours."""
    identity = ChannelId(channel["id"])
    application = channel["dialplan"]["app_name"]
    name, *args = channel["dialplan"]["app_data"].split(",")
    if application == "Stasis" and name == app:
        match args:
            case [first, agent, call] if first == AGENT_ARGUMENT:
                held.legs[identity] = HeldLeg(AgentId(agent), CallId(call))
            case [first] if first == CALLER_ARGUMENT:
                held.callers.append(CallId(identity))
    elif application == "AppDial2":  # originated and not answered yet (measured)
        agent_id = agent_of(channel["name"].removeprefix("PJSIP/").rpartition("-")[0])
        if agent_id is not None:
            held.legs[identity] = HeldLeg(agent_id)


async def _read_mark(ask: Ask, call: CallId) -> tuple[SectorId, float] | None:
    path = f"channels/{call}/variables"
    names = {"variables": f"{SECTOR_VARIABLE},{JOINED_VARIABLE}"}
    try:
        answer = await ask(Request("read", "GET", path, names))
    except AriGone:  # Measured: 404 when one of them was never set.
        return None
    variables = answer.get("variables", answer)
    try:
        return SectorId(variables[SECTOR_VARIABLE]), float(variables[JOINED_VARIABLE])
    except (KeyError, TypeError, ValueError):
        return None


async def _is_over(ask: Ask, playback: PlaybackId) -> bool:
    try:
        await ask(_get(f"playbacks/{playback}"))
    except AriGone:
        return True
    return False


def _get(path: str) -> Request:
    return Request("read", "GET", path)
