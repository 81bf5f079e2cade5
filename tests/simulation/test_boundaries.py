"""Read from the sources: nothing is routed a second time, and people know only what people know."""

import ast
from pathlib import Path

import pytest

from router.core.engine import Engine
from tests.service_plan import code_book, small_plan
from tests.test_architecture import imports

SIMULATION = Path(__file__).parents[2] / "router" / "simulation"
MODULES = sorted(SIMULATION.glob("*.py"))
#: What can be known from outside: events and commands, and how the service presents itself.
KNOWN_TO_PEOPLE = frozenset(
    f"router.core.{one}" for one in ("events", "hours", "ids", "menus", "plan", "requests")
)
#: What else of the core the simulation may use: the engine as a whole, and names and values that
#: figures count. In every other module decisions are made, or the state that they are made from.
OPEN = KNOWN_TO_PEOPLE | {
    f"router.core.{one}"
    for one in (
        *("call.life", "callback.tickets", "codes", "commands", "desk.agents", "engine"),
        "facts",
    )
}


def attributes(path: Path) -> set[str]:
    """Return the name of every attribute that the file uses."""
    tree = ast.walk(ast.parse(path.read_text()))
    return {node.attr for node in tree if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("name", ["people", "staff"])
def test_simulated_people_know_what_real_people_know(name: str) -> None:
    ours = {one for one in imports(SIMULATION / f"{name}.py") if one.startswith("router.")}
    of_core = {one for one in ours if one.startswith("router.core.")}

    assert of_core <= KNOWN_TO_PEOPLE
    assert "router.simulation.run" not in ours  # nor the engine by another way
    assert "engine" not in attributes(SIMULATION / f"{name}.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_nothing_in_the_simulation_decides(path: Path) -> None:
    assert {one for one in imports(path) if one.startswith("router.core.")} <= OPEN


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_engine_is_told_and_asked_never_opened(path: Path) -> None:
    plan = small_plan()
    parts = set(vars(Engine(plan, code_book(plan), "s")))
    own = {
        "_pop_due",
        "_next_at",
        "_on",
        "_waiting",
        "tickets",
    }  # others may have things of these names

    assert "board" in parts
    assert not (parts - own) & attributes(path)
