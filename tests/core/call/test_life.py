"""The table of a call's life: complete, without dead rows, and drawn from one place."""

import inspect
from collections.abc import Callable

import pytest

from router.core import events, requests
from router.core.call.distribution import Distribution
from router.core.call.journey import Journey
from router.core.call.life import TABLE, AsideEvent, Call, CallEvent, CallState, Due
from router.core.call.offer import Offer
from router.core.call.talk import CONVERSATION, Talk
from router.core.call.votes import Votes
from router.core.engine import Engine
from router.core.ids import CallId
from tests.service_plan import MONDAY_10H, code_book, small_plan

EVENTS: tuple[CallEvent, ...] = (
    events.KeyPressed,
    events.CallerSpoke,
    events.PromptEnded,
    events.CallLeft,
    events.LegRang,
    events.LegAnswered,
    events.LegEnded,
    events.PhoneVanished,
    events.NumberTaken,
    *AsideEvent,
    *Due,
)
REQUESTS: tuple[CallEvent, ...] = (
    requests.Hold,
    requests.Retrieve,
    requests.Transfer,
    requests.Consult,
    requests.Complete,
    requests.Cancel,
    requests.Refer,
)
#: Those that say more than their name.
TELLING = (
    *(events.KeyPressed, events.CallerSpoke, events.LegEnded, events.NumberTaken),
    AsideEvent.ENDED,
    *REQUESTS,
)
#: A key only ends the reading; who hangs up on a referral is not asked why.
DEAF = {"reading_over"}
TALKED_TO = {CallState.RINGING, CallState.WHISPERING} | CONVERSATION
PARTS = (Journey, Distribution, Offer, Talk, Votes)


def name(event: CallEvent) -> str:
    return event.value if isinstance(event, Due | AsideEvent) else event.__name__


def handler(answer: str) -> Callable[..., object]:
    [found] = [getattr(part, answer) for part in PARTS if hasattr(part, answer)]
    method: Callable[..., object] = found
    return method


@pytest.mark.parametrize("state", CallState)
@pytest.mark.parametrize("event", EVENTS, ids=name)
def test_every_pair_has_an_answer(state: CallState, event: CallEvent) -> None:
    """A handler, or the counter of ignored events; never an exception."""
    engine = Engine(small_plan(), code_book(small_plan()), "run")
    engine.handle(events.CallArrived(CallId("a")), MONDAY_10H)
    call = engine._board.calls[CallId("a")]
    call.state = state
    if (state, event) not in TABLE:
        engine._answer(call, event)
        assert engine.counts == {f"ignored {name(event)} in {state.value}": 1}
        assert call.state is state
    else:
        assert callable(handler(TABLE[state, event]))


def test_every_row_is_of_a_known_state_and_event() -> None:
    for state, event in TABLE:
        assert state in CallState
        assert event in (*EVENTS, *REQUESTS)


@pytest.mark.parametrize("answer", sorted(set(TABLE.values())))
def test_a_handler_is_in_one_place_and_takes_what_its_event_tells(answer: str) -> None:
    assert sum(hasattr(part, answer) for part in PARTS) == 1
    tells = {event in TELLING for (_, event), other in TABLE.items() if other == answer}
    required = [
        one
        for one in inspect.signature(handler(answer)).parameters.values()
        if one.default is inspect.Parameter.empty
    ]

    assert answer in DEAF or tells == {len(required) == 3}  # self, call, event


@pytest.mark.parametrize("state", CallState)
def test_the_caller_may_leave_in_every_state(state: CallState) -> None:
    assert (state, events.CallLeft) in TABLE


@pytest.mark.parametrize("state", sorted(set(CallState) - {CallState.REFERRED}))
def test_every_state_but_a_referral_has_a_deadline(state: CallState) -> None:
    """Asterisk's absolute time-out ends a referral; a talk, too, beside the agent's lease."""
    assert any((state, due) in TABLE for due in Due)


@pytest.mark.parametrize("state", CallState)
def test_a_leg_means_something_exactly_while_there_is_one(state: CallState) -> None:
    assert ((state, events.LegEnded) in TABLE) is (state in TALKED_TO)


def test_a_sentence_ends_wherever_one_is_said() -> None:
    silent = {CallState.CHECKING, CallState.TALKING, CallState.HELD}
    silent |= {CallState.CONSULTING, CallState.REFERRED, CallState.ENTERING}

    assert {state for state in CallState if (state, events.PromptEnded) in TABLE} == (
        set(CallState) - silent
    )


def test_nothing_of_a_call_says_who_calls() -> None:
    fields = set(inspect.signature(Call).parameters)

    assert not {field for field in fields if "number" in field or "phone" in field}
    assert Call(CallId("1795424400.7"), 0.0).channel == "1795424400.7"
