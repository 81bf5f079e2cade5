"""What Asterisk holds of the router's: channels, bridges and phones, read over ARI."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.ari.messages import Request
from router.ari.naming import (
    AGENT_ARGUMENT,
    BRIDGE_NAME,
    CALLBACK_ARGUMENT,
    CALLBACK_CHANNEL,
    CALLER_ARGUMENT,
    DESK_ARGUMENT,
    FICHE_VARIABLE,
    JOINED_VARIABLE,
    OUTSIDE_ARGUMENT,
    PROBE_DOOR,
    SECTOR_VARIABLE,
    SERVED,
    TRUNK,
    phone_of,
)
from router.core.events import DeskCalled
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    FicheId,
    PhoneId,
    PlaybackId,
    SectorId,
)
from router.errors import AriGone

Ask = Callable[[Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class HeldLeg:
    """A channel that a router dialled: answered, then with its call, or not yet.

    `agent` is whose phone it is; None: not known yet, or outside. `phone` is None outside.
    """

    call: CallId | None = None
    agent: AgentId | None = None
    phone: PhoneId | None = None


@dataclass(frozen=True, slots=True)
class HeldBridge:
    """A bridge of a call, and who is in it."""

    id: BridgeId
    call: CallId
    channels: tuple[ChannelId, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is written on a caller's channel (`Remember`)."""

    sector: SectorId | None = None
    #: Since when the caller waits, UTC epoch seconds.
    joined_at: float | None = None
    fiche: FicheId | None = None
    #: Whether the caller has been served, and waits for nobody any more.
    served: bool = False


@dataclass(slots=True)
class Holdings:
    """What Asterisk holds of ours, at one look."""

    callers: list[CallId] = field(default_factory=list)
    #: Those of `callers` that are the service's own.
    probes: set[CallId] = field(default_factory=set)
    #: Phones that dialled the desk, each as the event that says so.
    desks: dict[CallId, DeskCalled] = field(default_factory=dict)
    #: In the order in which they were dialled.
    legs: dict[ChannelId, HeldLeg] = field(default_factory=dict)
    #: A supervisor's ear, and the leg that it is on.
    snoops: dict[ChannelId, ChannelId] = field(default_factory=dict)
    bridges: list[HeldBridge] = field(default_factory=list)
    #: Which phones there are, and whether each is registered.
    phones: dict[PhoneId, bool] = field(default_factory=dict)
    #: Where callers wait, as an earlier router wrote it on their channels.
    waiting: dict[CallId, Mark] = field(default_factory=dict)
    #: Playbacks of ours that are over.
    ended: list[PlaybackId] = field(default_factory=list)

    @property
    def channels(self) -> frozenset[str]:
        """Every channel of ours."""
        return frozenset({*self.callers, *self.desks, *self.legs, *self.snoops})


async def read_holdings(
    ask: Ask, app: str, known: Collection[CallId], playing: Iterable[PlaybackId]
) -> Holdings:
    """Ask Asterisk what it holds; variables only of callers that are not `known`.

    Of the playbacks `playing` it is asked which are over.

    Raises:
        AriError: If Asterisk does not answer, or refuses.
    """
    channels, bridges, endpoints = await asyncio.gather(
        ask(_get("channels")), ask(_get("bridges")), ask(_get("endpoints/PJSIP"))
    )
    held = Holdings()
    for channel in sorted(channels, key=lambda channel: str(channel["creationtime"])):
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
        phone = phone_of(endpoint["resource"])
        if phone is not None:
            held.phones[phone] = endpoint.get("state") == "online"
    unknown = [call for call in held.callers if call not in known]
    marks = await asyncio.gather(*(_read_mark(ask, call) for call in unknown))
    held.waiting = {call: mark for call, mark in zip(unknown, marks, strict=True) if mark}
    played = list(playing)
    over = await asyncio.gather(*(_is_over(ask, playback) for playback in played))
    held.ended = [playback for playback, gone in zip(played, over, strict=True) if gone]
    return held


def _sort_channel(held: Holdings, channel: Mapping[str, Any], app: str) -> None:
    """Put a channel among the callers, desks, legs or snoops, or nowhere if it is not ours."""
    identity = ChannelId(channel["id"])
    technology, _, peer = channel["name"].partition("/")
    peer = peer.rpartition("-")[0]
    application = channel["dialplan"]["app_name"]
    name, *args = channel["dialplan"]["app_data"].split(",")
    if technology == "Snoop" and peer in held.legs:
        # Its application is not in Asterisk's list, unlike the others' (measured).
        held.snoops[identity] = ChannelId(peer)
    elif application == "Stasis" and name == app:
        match args:
            case [first, *_] if first in (CALLER_ARGUMENT, CALLBACK_ARGUMENT):
                held.callers.append(CallId(identity))
                if args[1:] == [PROBE_DOOR]:
                    held.probes.add(CallId(identity))
            case [first, endpoint, code] if first == DESK_ARGUMENT:
                phone = phone_of(endpoint)
                if phone is not None:
                    held.desks[CallId(identity)] = DeskCalled(CallId(identity), phone, code)
            case [first, agent, call] if first == AGENT_ARGUMENT:
                held.legs[identity] = HeldLeg(CallId(call), AgentId(agent), phone_of(peer))
            case [first, _, call] if first == OUTSIDE_ARGUMENT:
                held.legs[identity] = HeldLeg(CallId(call))
    elif identity.startswith(CALLBACK_CHANNEL):
        pass  # still rings: its end says the rest, or whoever knows its ticket hangs up
    elif application == "AppDial2" and (peer == TRUNK or phone_of(peer) is not None):
        # Originated and not answered yet (measured).
        held.legs[identity] = HeldLeg(phone=phone_of(peer))


async def _read_mark(ask: Ask, call: CallId) -> Mark | None:
    where, which = await asyncio.gather(
        _read_variables(ask, call, SECTOR_VARIABLE, JOINED_VARIABLE),
        _read_variables(ask, call, FICHE_VARIABLE),
    )
    if where.get(SECTOR_VARIABLE) == SERVED:
        return Mark(served=True)
    fiche = which.get(FICHE_VARIABLE)
    try:
        return Mark(
            SectorId(where[SECTOR_VARIABLE]),
            float(where[JOINED_VARIABLE]),
            FicheId(fiche) if fiche else None,
        )
    except (KeyError, TypeError, ValueError):
        return None


async def _read_variables(ask: Ask, call: CallId, *names: str) -> Mapping[str, str]:
    """Return all of these, or none: Asterisk says 404 if any of them was never set (measured)."""
    query = {"variables": ",".join(names)}
    try:
        answer = await ask(Request("read", "GET", f"channels/{call}/variables", query))
    except AriGone:
        return {}
    variables: Mapping[str, str] = answer.get("variables", answer)
    return variables


async def _is_over(ask: Ask, playback: PlaybackId) -> bool:
    try:
        await ask(_get(f"playbacks/{playback}"))
    except AriGone:
        return True
    return False


def _get(path: str) -> Request:
    return Request("read", "GET", path)
