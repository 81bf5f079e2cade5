"""What Asterisk holds against what the engine believes.

Asterisk keeps no events for a router that is away, and a new router knows nothing. So the
channels, bridges and phones are read after every (re)connection (`holdings`), and `reconcile`
(pure) returns the events that bring the engine up to date and the requests that remove what
nobody owns. All of it may repeat what the engine knows already; the engine ignores that.

The same is done regularly on a living connection, in case an event never came. Whatever begins or
ends during the reading then looks like a difference, so a difference is believed only if two looks
in a row show it (`Findings.confirmed_by`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from router.ari.holdings import Holdings, Mark
from router.ari.messages import Request
from router.ari.to_requests import hang_up, remove_bridge
from router.ari.underway import Underway
from router.core.commands import ForAsterisk, HangUp, Join, Part, PutIn, TakeOut
from router.core.events import (
    CallFound,
    CallLeft,
    DeskCalled,
    Event,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegFound,
    ProbeArrived,
    PromptEnded,
)
from router.core.ids import CallId, ChannelId

#: Commands that `reconcile` makes up for if they found no Asterisk; all others it need not.
MISSED = (HangUp, Join, TakeOut, PutIn, Part)


@dataclass(slots=True)
class Findings:
    """What makes the engine and Asterisk agree again."""

    #: To be carried out again, before anything else.
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


def reconcile(
    held: Holdings,
    underway: Underway,
    calls: Collection[CallId],
    legs: Collection[ChannelId],
    dropped: Collection[ForAsterisk] = (),
) -> Findings:
    """Return what makes the engine and Asterisk agree.

    `calls` and `legs` are the channels that the engine believes alive, `dropped` the commands
    that found no Asterisk meanwhile. The caller's duty: have `underway` learn each of the events
    that it passes on.
    """
    doomed = _doomed(dropped)
    known = {*calls, *doomed}
    found = [
        _found(held, underway, call) for call in (*held.callers, *held.desks) if call not in known
    ]
    adopted = {
        identity
        for event in found
        if isinstance(event, CallFound)
        for identity in (event.leg, event.bridge)
    }
    kept = {*legs, *adopted}
    busy = _busy_phones(held, kept)
    told = {event.leg for event in busy}
    events: list[Event] = [
        *_ended(held, underway, calls, legs, doomed),
        *busy,  # before anybody is given to those who are there
        *found,
        *phone_news(held, underway),
    ]
    unowned = [
        *(call for call in (*held.callers, *held.desks) if call in doomed),
        *(leg for leg in held.legs if leg in doomed or (leg not in kept and leg not in told)),
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


def phone_news(held: Holdings, underway: Underway) -> list[Event]:
    """Return which phones have come or gone."""
    phones = ((phone, held.phones.get(phone, False)) for phone in sorted(underway.phones))
    news = (underway.news(phone, online) for phone, online in phones)
    return [event for event in news if event is not None]


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
    underway: Underway,
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
        leg, held_leg = underway.leg(channel), held.legs.get(channel)
        if leg is None:  # not dialled yet
            continue
        if held_leg is None or channel in doomed:
            events.append(LegEnded(leg.call, channel, LegEnd.LOST))
        elif held_leg.call is not None and not leg.answered:
            events.append(LegAnswered(leg.call, channel))
    playing = dict(underway.playing())
    events += [
        PromptEnded(playing[playback], playback) for playback in held.ended if playback in playing
    ]
    return events


def _busy_phones(held: Holdings, kept: Collection[str | None]) -> list[LegFound]:
    """Which phones still have a call that nobody needs, and no other; the engine hangs it up."""
    at_work = {leg.phone for channel, leg in held.legs.items() if channel in kept}
    return [
        LegFound(leg.call or CallId(channel), channel, leg.phone)
        for channel, leg in held.legs.items()
        if channel not in kept and leg.phone is not None and leg.phone not in at_work
    ]


def _found(
    held: Holdings, underway: Underway, call: CallId
) -> CallFound | DeskCalled | ProbeArrived:
    """A call unknown to the engine; a caller with the leg dialled first of those in the bridge.

    Who was dialled later, if anybody, is a supervisor, or a referral that comes in as the
    informateur goes. A caller who is in no bridge has the informateur who picked up first: they
    were about to be joined, or the caller was on hold.
    """
    if call in held.desks:
        return held.desks[call]
    if call in held.probes:
        return ProbeArrived(call)
    mark = held.waiting.get(call, Mark())
    for bridge in held.bridges:
        if ChannelId(call) not in bridge.channels:
            continue
        for channel, leg in held.legs.items():
            of_plan = leg.agent is None or leg.agent in underway.agents
            if channel in bridge.channels and leg.call == call and of_plan:
                return CallFound(
                    *(call, mark.sector, mark.joined_at, leg.agent, channel, bridge.id),
                    fiche=mark.fiche,
                    phone=leg.phone,
                )
    for channel, leg in held.legs.items():
        if leg.call == call and leg.agent is not None and leg.agent in underway.agents:
            around = next((one.id for one in held.bridges if channel in one.channels), None)
            return CallFound(
                *(call, mark.sector, mark.joined_at),
                agent=leg.agent,
                leg=channel,
                bridge=around,
                fiche=mark.fiche,
                apart=around is not None,
                phone=leg.phone,
            )
    return CallFound(call, mark.sector, mark.joined_at, fiche=mark.fiche, served=mark.served)
