"""A desk in each state that the page shows, by what the informateur does."""

from dataclasses import replace

from router.core.call.life import CallState
from router.core.desk.agents import AgentState, Choice
from router.core.desk.desk_view import AsideView, CallView, DeskView, NotingView
from router.core.facts import Door
from router.core.ids import ReasonId
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, WORK
from tests.web.desk_scene import LUNCH, TAXES, a_view

_NOW = MONDAY_10H
WHY = Choice(level=1, widened=2, waited_s=41.0, idle_s=7.0, ready=2, open_items=3)
#: A conversation, two minutes old; its informateur is consulted by nobody.
TALK = CallView(
    CallState.TALKING, HOUSING, Door.CODE, FICHE, 41.6, 120.2, 1, talking_at=_NOW - 120.2
)


def in_call(call: CallView) -> DeskView:
    """Return a desk in conversation."""
    return a_view(state=AgentState.TALKING, since_at=_NOW - 130, call=call, why=WHY)


#: The conversation before it began: the phone rings.
_COMING = replace(TALK, state=CallState.RINGING, talked_s=None, talking_at=None)
_HELD = replace(TALK, held_at=_NOW - 8)
_CONSULTING = replace(_HELD, state=CallState.CONSULTING)

STATES: dict[str, DeskView] = {
    "off": a_view(state=AgentState.LOGGED_OUT, phone=None, present=False, since_at=0.0),
    "away": a_view(state=AgentState.LOGGED_OUT, present=False),
    "ready": a_view(misses=1),
    "ringing": replace(in_call(_COMING), state=AgentState.RINGING),
    "ringing for a callback": replace(
        in_call(replace(_COMING, door=Door.CALLBACK, fiche=None)), state=AgentState.RESERVED
    ),
    "answering": in_call(replace(_COMING, state=CallState.WHISPERING)),
    "talking": replace(in_call(replace(TALK, passed_on=True)), watched_by="claire"),
    "holding": replace(in_call(replace(_HELD, state=CallState.HELD)), pausing=LUNCH),
    "consulting": in_call(replace(_CONSULTING, aside=AsideView(WORK, None, joined=False))),
    "consulting, joined": in_call(replace(_CONSULTING, aside=AsideView(WORK, None, joined=True))),
    "consulted": in_call(replace(_CONSULTING, consulted=True)),
    "referring": in_call(
        replace(_HELD, state=CallState.REFERRING, aside=AsideView(None, TAXES, joined=False))
    ),
    "noting": a_view(
        state=AgentState.WRAPPING_UP,
        since_at=_NOW - 2,
        until_at=_NOW + 28,
        noting=NotingView(HOUSING, FICHE, _NOW + 28),
        why=WHY,
    ),
    "ready, still noting": a_view(noting=NotingView(HOUSING, None, _NOW + 60)),
    "paused": a_view(state=AgentState.PAUSED, reason=LUNCH, until_at=_NOW + 600),
    "paused after a missed call": a_view(
        state=AgentState.PAUSED, reason=ReasonId("missed"), until_at=_NOW + 40, misses=1
    ),
}
