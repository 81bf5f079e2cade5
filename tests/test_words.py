"""What is written to people, on pages and in answers, is written to everybody."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROUTER = Path(__file__).parents[1] / "router"
ROOMS = ("web", "intake", "report", "simulation", "planning", "core")
MODULES = sorted(path for room in ROOMS for path in (ROUTER / room).rglob("*.py"))

#: Said of women and men alike: no participle or name that fits one of the two only.
_OF_ONE_ONLY = re.compile(
    r"\b(dé)?connectés?\b|\bl’appelant\b|\b(un|à un|d’un) (appelant|superviseur)\b"
    r"|\bvous (êtes|serez|restez|avez été) (déjà |bien )?\w+é\b|\b(être|soyez) rappelé\b",
    re.IGNORECASE,
)


def texts(path: Path) -> Iterator[str]:
    """Yield the module's string constants but its docstrings."""
    tree = ast.parse(path.read_text())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROUTER)))
def test_texts_fit_everybody(path: Path) -> None:
    assert [text for text in texts(path) if _OF_ONE_ONLY.search(text)] == []


def test_the_widget_fits_everybody() -> None:
    source = (ROUTER / "intake" / "static" / "widget.js").read_text()
    assert _OF_ONE_ONLY.findall(source) == []


def test_the_pages_fit_everybody() -> None:
    sources = [
        path for path in (ROUTER / "web" / "static").rglob("*") if path.suffix in (".js", ".html")
    ]
    assert sources
    for path in sources:
        assert _OF_ONE_ONLY.findall(path.read_text()) == [], path


@pytest.mark.parametrize(
    "text", ["Vous êtes déjà connecté.", "L’appelant est repris.", "Demander à être rappelé"]
)
def test_what_does_not_would_be_seen(text: str) -> None:
    assert _OF_ONE_ONLY.search(text)
