"""What Asterisk holds against what the engine believes.

Asterisk keeps no events for a router that is away, and a new router knows nothing. So the
channels, bridges and phones are read after every (re)connection, and `reconcile` (pure)
returns the events that bring the engine up to date and the requests that remove what nobody
owns. All of it may repeat what the engine knows already; the engine ignores that.

The same is done every now and then on a living connection, in case an event never came.
What begins or ends while reading looks like a difference then, so only what two looks in a
row say is believed (`Findings.confirmed_by`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.ari.messages import Request
from router.ari.translate import (
    AGENT_ARGUMENT,
    BRIDGE_NAME,
    CALLBACK_ARGUMENT,
    CALLBACK_CHANNEL,
    CALLER_ARGUMENT,
    DESK_ARGUMENT,
    FICHE_VARIABLE,
    JOINED_VARIABLE,
    OUTSIDE_ARGUMENT,
    SECTOR_VARIABLE,
    TRUNK,
    Translator,
    hang_up,
    phone_of,
    remove_bridge,
)
from router.core.commands import ForAsterisk, HangUp, Join, Part, PutIn, TakeOut
from router.core.events import (
    CallFound,
    CallLeft,
    DeskCalled,
    Event,
    LegAnswered,
    LegEnd,
    LegEnded,
    PromptEnded,
)
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

#: Commands that are missed when they found no Asterisk, see `reconcile`; all others are not.
MISSED = (HangUp, Join, TakeOut, PutIn, Part)


@dataclass(frozen=True, slots=True)
class HeldLeg:
    """A channel that a router dialled: answered, then with its call, or not yet.

    `agent` is whose phone it is; None: not known yet, or outside.
    """

    call: CallId | None = None
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class HeldBridge:
    id: BridgeId
    call: CallId
    channels: tuple[ChannelId, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is written on a caller's channel (`Remember`)."""

    sector: SectorId | None = None
    joined_at: float | None = None
    fiche: FicheId | None = None


@dataclass(slots=True)
class Holdings:
    """What Asterisk holds of ours."""

    callers: list[CallId] = field(default_factory=list)
    #: Phones that dialled the desk: each as the event that told it.
    desks: dict[CallId, DeskCalled] = field(default_factory=dict)
    #: In the order in which they were dialled.
    legs: dict[ChannelId, HeldLeg] = field(default_factory=dict)
    #: A supervisor's ear, and the leg that it is on.
    snoops: dict[ChannelId, ChannelId] = field(default_factory=dict)
    bridges: list[HeldBridge] = field(default_factory=list)
    #: Which phones there are, and whether each is registered.
    phones: dict[PhoneId, bool] = field(default_factory=dict)
    #: Where callers wait, as a router before us wrote it on their channels.
    waiting: dict[CallId, Mark] = field(default_factory=dict)
    #: Playbacks of ours that are over.
    ended: list[PlaybackId] = field(default_factory=list)


@dataclass(slots=True)
class Findings:
    """What makes the engine and Asterisk agree again."""

    #: To be carried out anew, before anything else.
    commands: list[ForAsterisk] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def confirmed_by(self, later: "Findings") -> "Findings":
        """Return what is still so at a later look."""
        return Findings(
            [],
            [event for event in self.events if event in later.events],
            [request for request in self.requests if request in later.requests],
        )


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


def reconcile(
    held: Holdings,
    translator: Translator,
    calls: Collection[CallId],
    legs: Collection[ChannelId],
    dropped: Collection[ForAsterisk] = (),
) -> Findings:
    """Return what makes the engine and Asterisk agree.

    `calls` and `legs` are the channels that the engine believes alive, `dropped` the
    commands that found no Asterisk meanwhile. The caller's duty: the translator learns each
    event that is told (`Translator.learn`).
    """
    doomed = _doomed(dropped)
    told = {*calls, *doomed}
    found = [
        _found(held, translator, call) for call in (*held.callers, *held.desks) if call not in told
    ]
    adopted = {
        identity
        for event in found
        if isinstance(event, CallFound)
        for identity in (event.leg, event.bridge)
    }
    events: list[Event] = [*_ended(held, translator, calls, legs, doomed), *found]
    for phone in sorted(translator.phones):
        event = translator.news(phone, held.phones.get(phone, False))
        if event is not None:
            events.append(event)

    unowned = [
        *(call for call in (*held.callers, *held.desks) if call in doomed),
        *(leg for leg in held.legs if leg in doomed or (leg not in legs and leg not in adopted)),
        *(snoop for snoop, leg in held.snoops.items() if snoop in doomed or leg not in legs),
    ]
    left_over = [
        bridge.id
        for bridge in held.bridges
        if bridge.call not in calls and bridge.id not in adopted
    ]
    return Findings(
        _to_repeat(held, dropped, doomed),
        events,
        [*(hang_up(ChannelId(channel)) for channel in unowned), *map(remove_bridge, left_over)],
    )


def _doomed(dropped: Iterable[ForAsterisk]) -> set[str]:
    """Channels that end because a command was lost.

    A goodbye is said again; and who was to be joined goes, for the engine gives the caller
    to the next informateur then.
    """
    doomed: set[str] = set()
    for command in dropped:
        match command:
            case HangUp(_, channel):
                doomed.add(channel)
            case Join(call, _, channels):
                doomed.update(channel for channel in channels if channel != ChannelId(call))
    return doomed


def _to_repeat(
    held: Holdings, dropped: Iterable[ForAsterisk], doomed: Collection[str]
) -> list[ForAsterisk]:
    """Lost changes to a bridge that is still there: none of them harms when done twice."""
    bridges = {bridge.id for bridge in held.bridges}
    repeated: list[ForAsterisk] = []
    for command in dropped:
        match command:
            case TakeOut(_, bridge, channel) | PutIn(_, bridge, channel):
                if bridge in bridges and channel not in doomed:
                    repeated.append(command)
            case Part(_, bridge) if bridge in bridges:
                repeated.append(command)
    return repeated


def _ended(
    held: Holdings,
    translator: Translator,
    calls: Collection[CallId],
    legs: Collection[ChannelId],
    doomed: Collection[str],
) -> list[Event]:
    """What the engine believes under way and Asterisk has not, or has come further with."""
    events: list[Event] = [
        CallLeft(call)
        for call in sorted(calls)
        if call not in held.callers and call not in held.desks
    ]
    for channel in sorted(legs):
        leg, held_leg = translator.leg(channel), held.legs.get(channel)
        if leg is None:  # not dialled yet
            continue
        if held_leg is None or channel in doomed:
            events.append(LegEnded(leg.call, channel, LegEnd.LOST))
        elif held_leg.call is not None and not leg.answered:
            events.append(LegAnswered(leg.call, channel))
    playing = dict(translator.playing())
    events += [
        PromptEnded(playing[playback], playback) for playback in held.ended if playback in playing
    ]
    return events


def _found(held: Holdings, translator: Translator, call: CallId) -> CallFound | DeskCalled:
    """A call unknown to the engine; a caller with the leg dialled first of those in the bridge.

    Who was dialled later, if anybody, is a supervisor, or a referral that comes in as the
    informateur goes.
    """
    if call in held.desks:
        return held.desks[call]
    mark = held.waiting.get(call, Mark())
    for bridge in held.bridges:
        if ChannelId(call) not in bridge.channels:
            continue
        for channel, leg in held.legs.items():
            of_plan = leg.agent is None or leg.agent in translator.agents
            if channel in bridge.channels and leg.call == call and of_plan:
                talk = leg.agent, channel, bridge.id
                return CallFound(call, mark.sector, mark.joined_at, *talk, mark.fiche)
    return CallFound(call, mark.sector, mark.joined_at, fiche=mark.fiche)


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
            case [first, endpoint, code] if first == DESK_ARGUMENT:
                phone = phone_of(endpoint)
                if phone is not None:
                    held.desks[CallId(identity)] = DeskCalled(CallId(identity), phone, code)
            case [first, agent, call] if first == AGENT_ARGUMENT:
                held.legs[identity] = HeldLeg(CallId(call), AgentId(agent))
            case [first, _, call] if first == OUTSIDE_ARGUMENT:
                held.legs[identity] = HeldLeg(CallId(call))
    elif identity.startswith(CALLBACK_CHANNEL):
        pass  # rings: told by its end, or hung up by who knows its ticket
    elif application == "AppDial2" and (peer == TRUNK or phone_of(peer) is not None):
        held.legs[identity] = HeldLeg()  # originated and not answered yet (measured)


async def _read_mark(ask: Ask, call: CallId) -> Mark | None:
    where, which = await asyncio.gather(
        _read_variables(ask, call, SECTOR_VARIABLE, JOINED_VARIABLE),
        _read_variables(ask, call, FICHE_VARIABLE),
    )
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
    """All of these, or none: Asterisk answers 404 when one of them was never set (measured)."""
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
