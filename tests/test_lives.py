"""The drawings of the three lives are those of the tables."""

from router.core.call.life import CallState
from router.core.callback.tickets import TicketState
from router.core.desk.agents import AgentState
from tests.lives import PAGE, node, page


def test_the_page_is_drawn_from_the_tables() -> None:
    assert PAGE.read_text() == page(), "draw it anew: .allo/venv/bin/python -m tests.lives"


def test_every_state_is_in_it() -> None:
    drawn = PAGE.read_text()
    states = (*CallState, *TicketState, *AgentState)

    assert not [one for one in states if f"{node(one)} -->" not in drawn]
