"""What happens to a ticket before a test of callbacks begins."""

from router.core.callback.tickets import TicketState
from router.core.events import CalledEnd, CalledEnded
from router.core.ids import TicketId
from router.core.plan import CallbackPolicy
from tests.exchange import Exchange
from tests.service_plan import HOUSING

RULES = CallbackPolicy()


def promised(exchange: Exchange, ticket: str = "t") -> None:
    """Somebody is promised a callback for housing."""
    assert exchange.ask_callback(ticket, HOUSING).refusal is None


def state(exchange: Exchange, ticket: str = "t") -> TicketState:
    """Return the ticket's state, from the engine or the store."""
    record = exchange.engine.ticket(TicketId(ticket))
    return exchange.saved[TicketId(ticket)].state if record is None else record.state


def dialled(exchange: Exchange) -> None:
    """Ticket t is promised, 101 picks up, and the number is dialled."""
    promised(exchange)
    exchange.answer("101")


def called(exchange: Exchange, ticket: str, why: CalledEnd) -> None:
    """Have the ticket's number dialled, for the informateur who is rung, and not reached."""
    [agent] = exchange.ringing()
    exchange.answer(agent)
    exchange.tell(CalledEnded(exchange.attempt(ticket), why))
    exchange.confirm_hang_ups()
