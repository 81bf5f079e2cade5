"""The table of a call's life: complete, without dead rows, and drawn from one place."""

import inspect
from collections.abc import Callable

import pytest

from router.core import events
from router.core.calls import TABLE, Call, CallEvent, CallState, Due
from router.core.distribution import Distribution
from router.core.engine import Engine
from router.core.ids import CallId
from router.core.journey import Journey
from tests.service_plan import MONDAY_10H, code_book, small_plan

EVENTS: tuple[CallEvent, ...] = (
    events.KeyPressed,
    events.PromptEnded,
    events.CallLeft,
    events.LegAnswered,
    events.LegEnded,
    events.PhoneVanished,
    *Due,
)
#: Those that say more than their name.
TELLING = (events.KeyPressed, events.LegEnded)
TALKED_TO = {CallState.RINGING, CallState.WHISPERING, CallState.TALKING}


def name(event: CallEvent) -> str:
    return event.value if isinstance(event, Due) else event.__name__


def handler(answer: str) -> Callable[..., None]:
    found: Callable[..., None] = getattr(Journey, answer, None) or getattr(Distribution, answer)
    return found


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
        assert event in EVENTS


@pytest.mark.parametrize("answer", sorted(set(TABLE.values())))
def test_a_handler_is_in_one_place_and_takes_what_its_event_tells(answer: str) -> None:
    assert hasattr(Journey, answer) != hasattr(Distribution, answer)
    tells = {event in TELLING for (_, event), other in TABLE.items() if other == answer}
    required = [
        one
        for one in inspect.signature(handler(answer)).parameters.values()
        if one.default is inspect.Parameter.empty
    ]

    assert tells == {len(required) == 3}  # self, call, event


@pytest.mark.parametrize("state", CallState)
def test_the_caller_may_leave_in_every_state(state: CallState) -> None:
    assert (state, events.CallLeft) in TABLE


@pytest.mark.parametrize("state", set(CallState) - {CallState.TALKING})
def test_every_state_but_the_talk_ends_by_itself(state: CallState) -> None:
    """Asterisk's absolute time-out ends a talk; all others have a deadline of ours."""
    assert any((state, due) in TABLE for due in Due)


@pytest.mark.parametrize("state", CallState)
def test_a_leg_means_something_exactly_while_there_is_one(state: CallState) -> None:
    assert ((state, events.LegEnded) in TABLE) is (state in TALKED_TO)


def test_a_sentence_ends_wherever_one_is_said() -> None:
    silent = {CallState.CHECKING, CallState.TALKING}

    assert {state for state in CallState if (state, events.PromptEnded) in TABLE} == (
        set(CallState) - silent
    )


def test_nothing_of_a_call_says_who_calls() -> None:
    fields = set(inspect.signature(Call).parameters)

    assert not {field for field in fields if "number" in field or "phone" in field}
    assert Call(CallId("1795424400.7"), 0.0).channel == "1795424400.7"
