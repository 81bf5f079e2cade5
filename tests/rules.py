"""What holds of the engine after every event, whoever sent it."""

from router.core.call.life import TABLE, CallState, Due
from router.core.callback.tickets import TicketDue, TicketState
from router.core.desk.agents import IN_CALL, AgentState
from router.core.engine import Engine
from router.core.ids import AgentId, CallId

#: The deadline that a state must have; the others end with the informateur's lease, and a
#: referral with Asterisk's own time-out.
MUST_END: dict[CallState, Due] = {
    **dict.fromkeys(
        (
            *(CallState.WELCOME, CallState.CLOSED, CallState.QUESTION, CallState.CHECKING),
            *(CallState.MENU, CallState.PAGE, CallState.READING, CallState.VOTING),
            *(CallState.LEAVING, CallState.ENTERING),
        ),
        Due.STEP,
    ),
    CallState.WAITING: Due.LONGEST,
    CallState.RINGING: Due.RING,
    CallState.WHISPERING: Due.WHISPER,
    CallState.REFERRING: Due.ASIDE,
}
_TALKS = frozenset({AgentState.TALKING})
#: The informateur's state in that of the call; one may have left a referral that is dialled.
AT_THE_CALL: dict[CallState, frozenset[AgentState]] = {
    CallState.RINGING: frozenset({AgentState.RESERVED, AgentState.RINGING}),
    CallState.WHISPERING: _TALKS,
    CallState.TALKING: _TALKS,
    CallState.HELD: _TALKS,
    CallState.CONSULTING: _TALKS,
    CallState.REFERRING: _TALKS,
}
#: The same of a ticket whose attempt is under way.
TICKET_MUST_END: dict[TicketState, TicketDue] = {
    TicketState.RINGING: TicketDue.RING,
    TicketState.DIALLING: TicketDue.DIAL,
    TicketState.ASKING: TicketDue.STEP,
}
WITH_ASIDE = frozenset({CallState.CONSULTING, CallState.REFERRING, CallState.REFERRED})


def check_engine(engine: Engine, now: float) -> None:
    """Assert that everybody has one call at most, and that nothing would last for ever."""
    board = engine._board
    timers, desks = board.timers._live, board.roster.desks
    at = board.timers.next_at()
    assert at is None or at >= now, "a deadline has passed"

    busy: dict[AgentId, CallId] = {}
    waiting = 0
    for call in board.calls.values():
        due = MUST_END.get(call.state)
        if due is not None:
            assert ("call", call.id, due) in timers, f"{call.state} would never end"
        waiting += call.state is CallState.WAITING
        aside = call.aside
        assert (aside is not None) is (call.state in WITH_ASIDE), call.state
        if call.leg is not None and call.state in AT_THE_CALL:
            assert call.agent is not None
            assert call.agent not in busy, "an informateur with two calls"
            assert desks[call.agent].state in AT_THE_CALL[call.state]
            busy[call.agent] = call.id
        else:
            assert call.state not in AT_THE_CALL or call.state is CallState.REFERRING
        if aside is not None and aside.agent is not None:
            assert aside.agent not in busy, "an informateur with two calls"
            busy[aside.agent] = call.id
            due = Due.WHISPER if aside.answered else Due.ASIDE
            assert aside.joined or ("call", call.id, due) in timers, "consults for ever"
            late = aside.answered and ("call", call.id, Due.ASIDE) in timers
            assert not late, "one who has answered would be given up"
    waiting += _check_tickets(engine, busy)
    assert waiting == len(board.queue)
    for key in timers:
        if key[0] == "call":
            pair = board.calls[key[1]].state, key[2]
            assert pair in TABLE, f"{key[2]} is due and means nothing in {pair[0]}"

    on_duty, ready = dict.fromkeys(board.plan.sectors, 0), dict.fromkeys(board.plan.sectors, 0)
    for desk in desks.values():
        state = desk.state
        assert desk.call == busy.get(desk.agent.id), f"{state} of {desk.call}"
        assert desk.call is None or state in IN_CALL, f"{state} in a call"
        if state is AgentState.READY:
            assert board.queue.first_for(desk.agent.skills) is None, "idle while one waits"
        elif state is not AgentState.LOGGED_OUT or desk.phone is not None:
            assert ("agent", desk.agent.id) in timers, f"{state} without a lease"
        for sector in desk.agent.skills if state is not AgentState.LOGGED_OUT else ():
            on_duty[sector] += 1
            ready[sector] += state is AgentState.READY
    for sector in board.plan.sectors:
        assert board.roster.on_duty(sector) == on_duty[sector]
        assert board.roster.ready(sector) == ready[sector]


def _check_tickets(engine: Engine, busy: dict[AgentId, CallId]) -> int:
    """Assert that every ticket waits for something that will come, with one attempt at most.

    Their informateurs are added to the `busy`; return how many tickets wait in the queue.
    """
    board, callbacks = engine._board, engine._callbacks
    timers, waiting = board.timers._live, 0
    under_way: dict[CallId, object] = {}
    for id_, ticket in callbacks.tickets.items():
        due = TICKET_MUST_END.get(ticket.state)
        if ticket.unclear:
            assert ticket.call is not None
            under_way[ticket.call] = ticket
            continue
        if ticket.state is TicketState.TALKING:
            assert ticket.call in board.calls, "a conversation that there is not"
            continue
        assert ("ticket", id_, TicketDue.EXPIRE) in timers, "open for ever"
        waiting += ticket.item is not None
        if due is None:
            retries = ("ticket", id_, TicketDue.RETRY) in timers
            assert (ticket.item is not None) is not retries, "waits for nothing, or twice"
            left = ticket.call, ticket.agent, ticket.leg
            assert left == (None, None, None), "an attempt that is over"
            continue
        assert ticket.call is not None
        under_way[ticket.call] = ticket
        assert ticket.call not in board.calls, "two conversations of one ticket"
        assert ("ticket", id_, due) in timers, f"{ticket.state} would never end"
        assert ticket.item is None, "dialled, and in the queue"
        if ticket.agent is None:
            assert ticket.state is TicketState.ASKING, f"{ticket.state} without an informateur"
            continue
        assert ticket.agent not in busy, "an informateur with two calls"
        busy[ticket.agent] = ticket.call
        rings = ticket.state is TicketState.RINGING
        states = AT_THE_CALL[CallState.RINGING if rings else CallState.TALKING]
        assert board.roster.desks[ticket.agent].state in states
    assert callbacks.attempts == under_way
    codes = callbacks._open.codes
    assert sorted(codes.values()) == sorted(callbacks.tickets), "one code a ticket"
    beside = dict.fromkeys(board.plan.sectors, 0)
    for ticket in callbacks.tickets.values():
        beside[ticket.record.sector] += ticket.item is None
    assert all(callbacks._open.beside[one] == count for one, count in beside.items())
    return waiting
