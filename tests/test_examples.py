"""The worked numbers in docstrings are those that the code gives."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
#: Modules whose docstrings show what is returned for what.
MODULES = sorted(path for path in (TOP / "router").rglob("*.py") if ">>>" in path.read_text())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TOP)))
def test_worked_numbers_hold(path: Path) -> None:
    name = ".".join(path.relative_to(TOP).with_suffix("").parts)
    failed, tried = doctest.testmod(import_module(name))
    assert tried
    assert failed == 0, f"see the captured output, or python -m doctest {path}"
