"""Draws the lives of docs/lives.md from their tables: `python -m tests.lives` writes it anew."""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from router.core.call.life import CallState, Due
from router.core.callback.tickets import ENDS, TicketState
from router.core.desk.agents import TABLE, AgentState
from router.core.engine import Engine
from router.core.events import CallLeft
from router.core.table import Row, name_of
from tests.service_plan import code_book, small_plan

PAGE = Path(__file__).parents[1] / "docs" / "lives.md"

HEAD = """# Three lives, as tables

Drawn from the tables that the engine runs on, by `python -m tests.lives`; a test holds this page
to them. An arrow names the events that may lead from one state to the next. Events that change
nothing are left out; so is every pair that has no row: it is late, repeated or impossible, and is
counted and ignored. A transition that no row names is an error under tests, and counted in service
(`allo_outside_table_total` in `/metrics`, which must stay 0).
"""
CALL = """
## A call

`router/core/call/table.py`. The caller may hang up in every state; everything else is drawn.
"""
TICKET = """
## A ticket

`router/core/callback/table.py`: a promised callback, from the promise to its one end. In `talking`
its call has a life of its own, the one above. `lost_reboot` is given at a start, to tickets whose
numbers were lost with the machine's memory.
"""
AGENT = """
## An informateur

`router/core/desk/agents.py`. `came` and `went` are the phone and the log-in together; a phone that
vanishes in a conversation may still carry it.
"""

Edges = dict[tuple[str, str], list[str]]


def edges_of(rows: Iterable[Row[Any, Any]]) -> Edges:
    """Return what leads from each state to each other one."""
    edges: Edges = defaultdict(list)
    for row in rows:
        for after in row.leads_to:
            name = name_of(row.what)
            if row.what is not Due.UNHEARD and name not in edges[row.state, after]:
                edges[row.state, after].append(name)
    return edges


def drawing(begins: Iterable[StrEnum], edges: Edges, ends: Iterable[StrEnum]) -> str:
    """Return a state diagram in Mermaid's words."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    [*] --> {node(state)}" for state in begins]
    for (before, after), what in edges.items():
        lines.append(f"    {node(before)} --> {node(after)}: {', '.join(what)}")
    lines += [f"    {node(state)} --> [*]" for state in ends]
    return "\n".join([*lines, "```", ""])


def node(state: str) -> str:
    return str(state).replace(" ", "_")


def page() -> str:
    """Return the whole page."""
    engine = Engine(small_plan(), code_book(small_plan()), "run")
    calls = edges_of(row for row in engine.call_table.rows if row.what is not CallLeft)
    agents: Edges = defaultdict(list)
    for (before, event), after in TABLE.items():
        agents[before, after].append(event.value)
    return "\n".join(
        [
            HEAD + CALL,
            drawing((CallState.WELCOME, CallState.CLOSED), calls, (CallState.LEAVING,)) + TICKET,
            drawing((TicketState.WAITING,), edges_of(engine.ticket_table.rows), sorted(ENDS))
            + AGENT,
            drawing((AgentState.LOGGED_OUT,), agents, ()),
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page())
