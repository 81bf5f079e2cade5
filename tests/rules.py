"""What holds of the engine after every event, whoever sent it."""

from collections import Counter

from router.core.call.life import CallState, Due
from router.core.callback.tickets import TicketDue, TicketState
from router.core.commands import Step
from router.core.desk.agents import IN_CALL, AgentState
from router.core.engine import Engine
from router.core.ids import AgentId, CallId, ChannelId
from router.core.legs import Owner, Role, Said
from tests.asterisk_model import Kind
from tests.exchange import Exchange

#: The deadline that a state must have. Other states end with the informateur's lease, a referral
#: with Asterisk's own time-out.
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
    CallState.WHISPERING: Due.WHISPER,
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
    TicketState.DIALLING: TicketDue.DIAL,
    TicketState.ASKING: TicketDue.STEP,
}
WITH_ASIDE = frozenset({CallState.CONSULTING, CallState.REFERRING, CallState.REFERRED})
SERVED_SOON = (CallState.WAITING, CallState.RINGING, CallState.WHISPERING)


def check_engine(engine: Engine, now: float) -> None:
    """Assert that everybody has one call at most, and that nothing would last for ever."""
    board = engine.board
    timers, desks = board.timers, board.roster.desks
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
            told = ("call", call.id, Due.WHISPER) in timers
            assert aside.joined or not aside.answered or told, "consults for ever"
    waiting += _check_tickets(engine, busy)
    _check_legs(engine)
    assert waiting == len(board.queue)
    for key in timers:
        if key[0] == "call":
            pair = board.calls[key[1]].state, key[2]
            assert engine.call_table.has(*pair), f"{key[2]} is due and means nothing in {pair[0]}"

    on_duty, ready = dict.fromkeys(board.plan.sectors, 0), dict.fromkeys(board.plan.sectors, 0)
    for desk in desks.values():
        state = desk.state
        assert desk.call == busy.get(desk.agent.id), f"{state} of {desk.call}"
        assert desk.call is None or state in IN_CALL, f"{state} in a call"
        if state is AgentState.READY:
            waits = board.queue.first_for(desk.agent.skills)
            assert waits is None or board.cut_off, "idle while one waits"
        elif state is not AgentState.LOGGED_OUT or desk.phone is not None:
            assert ("agent", desk.agent.id) in timers, f"{state} without a lease"
        for sector in desk.agent.skills if state is not AgentState.LOGGED_OUT else ():
            on_duty[sector] += 1
            ready[sector] += state is AgentState.READY
    for sector in board.plan.sectors:
        assert board.roster.on_duty(sector) == on_duty[sector]
        assert board.roster.ready(sector) == ready[sector]


def _check_legs(engine: Engine) -> None:
    """Assert that every channel is its owner's, and that ringing ends by itself."""
    board = engine.board
    rung: dict[ChannelId, Owner] = {}
    expected: dict[ChannelId, tuple[Role, Owner]] = {}
    for call in board.calls.values():
        expected[call.channel] = Role.CALLER, call
        if call.leg is not None and call.state in AT_THE_CALL:
            expected[call.leg] = Role.INFORMATEUR, call
            if call.state is CallState.RINGING:
                rung[call.leg] = call
        if call.aside is not None:
            role = Role.COLLEAGUE if call.aside.agent is not None else Role.REFERRAL
            expected[call.aside.leg] = role, call
            if not call.aside.answered:
                rung[call.aside.leg] = call
        if call.watch is not None:
            expected[call.watch.leg] = Role.SUPERVISOR, call
            if call.watch.snoop is not None:
                expected[call.watch.snoop] = Role.SNOOP, call
    for desk_call in board.desk_calls.values():
        expected[desk_call.channel] = Role.DESK, desk_call
    for attempt, ticket in engine.tickets.attempts.items():
        expected[ChannelId(attempt)] = Role.CALLED, ticket
        if ticket.leg is not None:
            expected[ticket.leg] = Role.INFORMATEUR, ticket
            if ticket.state is TicketState.RINGING:
                rung[ticket.leg] = ticket
    known = {channel: leg for channel, leg in board.legs.items() if leg.role is not Role.DISMISSED}
    assert {channel: (leg.role, leg.owner) for channel, leg in known.items()} == expected
    ringing = {key[1] for key in board.timers if key[0] == "ring"}
    assert ringing == rung.keys(), "rings for ever, or would be given up while talking"


def _check_tickets(engine: Engine, busy: dict[AgentId, CallId]) -> int:
    """Assert that every ticket waits for something that will come, with one attempt at most.

    Their informateurs are added to the `busy`; return how many tickets wait in the queue.
    """
    board, tickets = engine.board, engine.tickets
    timers, waiting = board.timers, 0
    under_way: dict[CallId, object] = {}
    for id_, ticket in tickets.tickets.items():
        if ticket.unclear:
            assert ticket.call is not None
            under_way[ticket.call] = ticket
            continue
        if ticket.state is TicketState.TALKING:
            assert ticket.call in board.calls, "a conversation that there is not"
            continue
        assert ("ticket", id_, TicketDue.EXPIRE) in timers, "open for ever"
        waiting += ticket.item is not None
        if ticket.state is TicketState.WAITING:
            retries = ("ticket", id_, TicketDue.RETRY) in timers
            assert (ticket.item is not None) is not retries, "waits for nothing, or twice"
            left = ticket.call, ticket.agent, ticket.leg
            assert left == (None, None, None), "an attempt that is over"
            continue
        assert ticket.call is not None
        under_way[ticket.call] = ticket
        assert ticket.call not in board.calls, "two conversations of one ticket"
        due = TICKET_MUST_END.get(ticket.state)  # RINGING ends with the ringing: _check_legs
        assert due is None or ("ticket", id_, due) in timers, f"{ticket.state} would never end"
        assert ticket.item is None, "dialled, and in the queue"
        if ticket.agent is None:
            assert ticket.state is TicketState.ASKING, f"{ticket.state} without an informateur"
            continue
        assert ticket.agent not in busy, "an informateur with two calls"
        busy[ticket.agent] = ticket.call
        rings = ticket.state is TicketState.RINGING
        states = AT_THE_CALL[CallState.RINGING if rings else CallState.TALKING]
        assert board.roster.desks[ticket.agent].state in states
    assert tickets.attempts == under_way
    codes = tickets.codes
    assert sorted(codes.values()) == sorted(tickets.tickets), "one code a ticket"
    beside = dict.fromkeys(board.plan.sectors, 0)
    for ticket in tickets.tickets.values():
        beside[ticket.record.sector] += ticket.item is None
    assert all(tickets.beside[one] == count for one, count in beside.items())
    return waiting


def check_queue(engine: Engine, now: float) -> None:
    """Assert that the queue holds every waiting call in order, none of them in silence."""
    board = engine.board
    widening_s = board.plan.targets.widening_s
    for item in board.queue.items():
        assert item.widened == sum(item.joined_at + after_s <= now for after_s in widening_s)
    in_queue = [item.call for item in board.queue.items()]
    assert len(in_queue) == len(set(in_queue)) == len(board.queue)
    for sector in board.plan.sectors:
        items = [item for item in board.queue.items() if item.sector == sector]
        order = [(item.due_at, item.sequence) for item in items]
        assert order == sorted(order)
        for level in range(1, len(widening_s) + 1):
            open_ = [item for item in items if item.widened >= level]
            assert board.queue.open_to({sector: level}) == len(open_)
            assert board.queue.first_for({sector: level}) is (open_[0] if open_ else None)
    for call in board.calls.values():
        assert (call.id in in_queue) is (call.state is CallState.WAITING)
        if call.state in SERVED_SOON:
            broke_off = ("call", call.id, Due.UNHEARD) in board.timers
            assert call.playback or call.music or broke_off, "a caller waits in silence"
    callers = {item.call for item in board.queue.items() if item.ticket is None}
    assert callers <= board.calls.keys()
    timers = {key for key in board.timers if key[0] in ("call", "desk")}
    assert {key[1] for key in timers} <= board.calls.keys() | board.desk_calls.keys()
    assert all(("desk", call) in timers for call in board.desk_calls)


#: How the names of the service's own calls begin.
PROBE = "probe-"


def check_exchange(exchange: Exchange) -> None:
    """Assert that the engine and Asterisk agree on channels, prompts and conversations."""
    board = exchange.engine.board
    ended = Counter(note.call for note in exchange.notes if note.step is Step.ENDED)
    for name, caller in exchange.callers.items():
        if caller.kind is Kind.DESK:
            assert CallId(name) in board.desk_calls or not caller.alive
            continue
        call = board.calls.get(CallId(name))
        noted = call is None and not name.startswith(PROBE)
        assert ended[CallId(name)] == noted, "an end for each caller's call, one"
        assert call is not None or not caller.alive
        assert call is None or caller.id not in exchange.known_gone
        if call is not None and caller.alive:
            announced = call.watch is not None and not call.watch.begun
            heard = call.said.get(Said.WATCHED_CALLER) if announced else call.playback
            assert (heard, call.music) == (caller.playback, caller.music)
            with_caller = call.state in (CallState.TALKING, CallState.REFERRED)
            assert with_caller is (caller.bridge is not None)
    expected: dict[ChannelId, tuple[CallId, bool]] = {}
    for call in board.calls.values():
        if call.state in AT_THE_CALL and call.leg is not None:
            assert call.leg in board.legs, "waits for a dead phone"
            expected[call.leg] = call.id, call.state is not CallState.RINGING
        if call.aside is not None:
            expected[call.aside.leg] = call.id, call.aside.answered
        if call.watch is not None:
            expected[call.watch.leg] = call.id, call.watch.answered
            if call.watch.snoop is not None:
                expected[call.watch.snoop] = call.id, True
    for leg in exchange.legs:
        known_gone = leg.id in exchange.known_gone
        assert not (known_gone and leg.id in board.legs), "a dead leg is believed alive"
        if leg.alive:
            assert expected[leg.id] == (leg.call, leg.answered), "a phone rings for nobody"
            assert leg.id in board.legs or leg.kind is Kind.SNOOP
