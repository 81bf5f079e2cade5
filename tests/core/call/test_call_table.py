"""The table of a call's life: every state has an end, and every pair is handled or ignored."""

import inspect

import pytest

from router.core import events, requests
from router.core.call.life import CONVERSATION, AsideEvent, Call, CallState, Due, WatchEvent
from router.core.engine import Engine
from router.core.ids import CallId
from router.core.reservation import Ringing
from router.core.table import What, name_of
from tests.service_plan import MONDAY_10H, code_book, small_plan

EVENTS: tuple[What, ...] = (
    events.KeyPressed,
    events.CallerSpoke,
    events.PromptEnded,
    events.CallLeft,
    events.LegRang,
    events.LegAnswered,
    events.LegEnded,
    events.LegKeyPressed,
    events.PhoneVanished,
    events.NumberTaken,
    *Ringing,
    *AsideEvent,
    *WatchEvent,
    *Due,
)
REQUESTS: tuple[What, ...] = (
    requests.Hold,
    requests.Retrieve,
    requests.Transfer,
    requests.Consult,
    requests.Complete,
    requests.Cancel,
    requests.Refer,
    requests.End,
)
TALKED_TO = {CallState.RINGING, CallState.WHISPERING} | CONVERSATION


@pytest.fixture
def engine() -> Engine:
    return Engine(small_plan(), code_book(small_plan()), "run")


@pytest.mark.parametrize("state", CallState)
@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_a_pair_without_a_row_is_counted_and_ignored(
    engine: Engine, state: CallState, event: What
) -> None:
    engine.handle(events.CallArrived(CallId("a")), MONDAY_10H)
    call = engine.board.calls[CallId("a")]
    call.state = state
    if not engine.call_table.has(state, event):
        engine.call_table.answer(call, event)
        assert engine.counts == {f"ignored {name_of(event)} in {state.value}": 1}
        assert call.state is state


def test_every_row_is_for_a_known_event(engine: Engine) -> None:
    assert {row.what for row in engine.call_table.rows} <= {*EVENTS, *REQUESTS}


def test_every_event_has_a_row_somewhere(engine: Engine) -> None:
    assert {*EVENTS, *REQUESTS} <= {row.what for row in engine.call_table.rows}


def test_requests_are_granted_or_refused_wherever_an_informateur_talks(engine: Engine) -> None:
    for row in engine.call_table.rows:
        if row.what in REQUESTS:
            assert row.state in CONVERSATION


@pytest.mark.parametrize("state", CallState)
def test_the_caller_may_hang_up_in_every_state(engine: Engine, state: CallState) -> None:
    assert engine.call_table.has(state, events.CallLeft)


@pytest.mark.parametrize("state", sorted(set(CallState) - {CallState.REFERRED}))
def test_every_state_but_a_referral_has_a_deadline(engine: Engine, state: CallState) -> None:
    """Asterisk's absolute time-out ends a referral; and a conversation, besides the lease."""
    ends = (*Due, Ringing.OVER, AsideEvent.UNANSWERED)
    assert any(engine.call_table.has(state, due) for due in ends)


@pytest.mark.parametrize("state", CallState)
def test_legs_have_rows_exactly_where_there_is_a_leg(engine: Engine, state: CallState) -> None:
    assert engine.call_table.has(state, events.LegEnded) is (state in TALKED_TO)


@pytest.mark.parametrize("state", sorted(set(CallState) - {CallState.WELCOME, CallState.CLOSED}))
def test_every_state_is_reached(engine: Engine, state: CallState) -> None:
    """WELCOME and CLOSED are where a call begins."""
    assert any(state in row.leads_to for row in engine.call_table.rows)


def test_prompts_end_wherever_they_are_played(engine: Engine) -> None:
    silent = {CallState.CHECKING, CallState.TALKING, CallState.HELD}
    silent |= {CallState.CONSULTING, CallState.REFERRED, CallState.ENTERING}
    table = engine.call_table
    heard = {state for state in CallState if table.has(state, events.PromptEnded)}

    assert heard == set(CallState) - silent
    assert heard == {state for state in CallState if table.has(state, Due.UNHEARD)}


def test_nothing_of_a_call_says_who_is_calling() -> None:
    fields = set(inspect.signature(Call).parameters)

    assert not {field for field in fields if "number" in field or "phone" in field}
    assert Call(CallId("1795424400.7"), 0.0, small_plan()).channel == "1795424400.7"
