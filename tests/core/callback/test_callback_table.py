"""The table of a ticket's life: every state has an end, and every end is reached."""

import pytest

from router.core import events
from router.core.callback.tickets import ENDS, TicketDue, TicketEvent, TicketState
from router.core.engine import Engine
from router.core.reservation import Ringing
from tests.service_plan import code_book, small_plan

OPEN = sorted(set(TicketState) - ENDS)
#: What each open state waits for at the latest.
DUE = {
    TicketState.WAITING: TicketDue.EXPIRE,
    TicketState.RINGING: Ringing.OVER,
    TicketState.DIALLING: TicketDue.DIAL,
    TicketState.ASKING: TicketDue.STEP,
    TicketState.TALKING: TicketEvent.TALKED,  # its call's own life
}


@pytest.fixture
def engine() -> Engine:
    return Engine(small_plan(), code_book(small_plan()), "run")


@pytest.mark.parametrize("state", OPEN)
def test_every_open_state_ends_by_itself(engine: Engine, state: TicketState) -> None:
    assert engine.ticket_table.has(state, DUE[state])


@pytest.mark.parametrize("state", sorted(ENDS))
def test_an_ended_ticket_has_no_rows(engine: Engine, state: TicketState) -> None:
    assert not [row for row in engine.ticket_table.rows if row.state is state]


def test_every_end_but_a_lost_number_is_reached(engine: Engine) -> None:
    """LOST_REBOOT is set at the start, before anything can happen."""
    reached = {state for row in engine.ticket_table.rows for state in row.leads_to}
    assert reached == set(TicketState) - {TicketState.LOST_REBOOT}


@pytest.mark.parametrize("state", sorted(set(OPEN) - {TicketState.TALKING}))
def test_anybody_who_has_not_been_reached_may_cancel(engine: Engine, state: TicketState) -> None:
    assert engine.ticket_table.has(state, events.CallbackCancelled)
    assert engine.ticket_table.has(state, TicketDue.EXPIRE)
