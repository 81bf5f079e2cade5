"""The habits of the tests, read from their sources: nothing private, and patience."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

TESTS = Path(__file__).parent
SOURCES = sorted(TESTS.rglob("*.py"))
#: Public whatever their names say: what every named tuple has.
_NAMED_TUPLE = frozenset({"_replace", "_asdict", "_make", "_fields", "_field_defaults"})


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in _NAMED_TUPLE


def is_own(owner: ast.expr) -> bool:
    """Whether it is `self`, `cls` or `super()`: an object's own."""
    match owner:
        case ast.Name(id="self" | "cls") | ast.Call(func=ast.Name(id="super")):
            return True
    return False


def private_names(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of every private name of others that is read or imported."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=owner, attr=name) if is_private(name) and not is_own(owner):
                yield node.lineno, ast.unparse(node)
            case ast.ImportFrom(names=names):
                yield from ((node.lineno, one.name) for one in names if is_private(one.name))
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "hasattr"),
                args=[owner, ast.Constant(value=str(name)), *_],
            ) if is_private(name) and not is_own(owner):
                yield node.lineno, ast.unparse(node)
            case ast.Call(
                func=ast.Attribute(attr="setattr" | "delattr"),
                args=[_, ast.Constant(value=str(name)), *_],
            ) if is_private(name):
                yield node.lineno, ast.unparse(node)


def relative(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_tests_know_nothing_private(path: Path) -> None:
    """They use the public interface: what is behind it may change without them."""
    assert list(private_names(path.read_text())) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("engine._board", ["engine._board"]),
        ("self.engine._board.calls", ["self.engine._board"]),
        ("from router.simulate import _workload", ["_workload"]),
        ("m.setattr(ports, '_command', None)", ["m.setattr(ports, '_command', None)"]),
        ("getattr(engine, '_board')", ["getattr(engine, '_board')"]),
        ("self._mine, cls._ours, super()._inherited", []),
        ("row._replace(state='x'); engine.__class__", []),
        ("_of_this_module()", []),
    ],
)
def test_what_counts_as_private(source: str, found: list[str]) -> None:
    assert [name for _, name in private_names(source)] == found


def short_patience(source: str) -> Iterator[tuple[int, float]]:
    """Yield where something that should happen is awaited for too short a time on a busy machine.

    Less than 5 s is for what should not happen. In tests/faults nothing need happen: it is a bench
    that breaks the service, and its people give up as people do.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="timeout"), args=[ast.Constant(value=int() | float() as s)]
            ) if 5 <= s < PATIENCE_S:
                yield node.lineno, s


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if not relative(path).startswith("faults/")], ids=relative
)
def test_what_should_happen_has_time_on_a_busy_machine(path: Path) -> None:
    assert list(short_patience(path.read_text())) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("async with asyncio.timeout(5): pass", [(1, 5)]),
        ("async with asyncio.timeout(30.0): pass", [(1, 30.0)]),
        ("async with asyncio.timeout(0.5): pass", []),
        ("async with asyncio.timeout(PATIENCE_S): pass", []),
    ],
)
def test_short_patience_is_found(source: str, found: list[tuple[int, float]]) -> None:
    assert list(short_patience(f"async def f():\n {source}")) == [(n + 1, s) for n, s in found]


def offsets(source: str) -> Iterator[int]:
    """Yield by how much the source moves the ports of its services: constants named OFFSET."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() as offset)):
                if name.endswith("OFFSET"):
                    yield offset
            case ast.Assign(targets=[ast.Tuple(names)], value=ast.Tuple(values)):
                for name_of_one, value in zip(names, values, strict=True):
                    match name_of_one, value:
                        case ast.Name(id=one), ast.Constant(value=int() as offset):
                            if one.endswith("OFFSET"):
                                yield offset


def test_services_that_run_side_by_side_have_ports_of_their_own() -> None:
    taken = sorted(offset for path in SOURCES for offset in offsets(path.read_text()))
    assert len(taken) > 10
    assert [one for one, other in pairwise(taken) if other - one < 100] == []
