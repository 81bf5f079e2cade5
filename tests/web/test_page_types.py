"""The pages' modules keep to the types in their comments."""

import subprocess

import pytest

from router.places import TOP
from tests.page_tools import tool


def check(folder: str) -> str:
    """Return what the type checker says of a folder with a tsconfig.json."""
    words = [str(tool("tsc")), "--project", folder, "--pretty", "false"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def test_types_hold() -> None:
    assert check(str(TOP)) == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("texts.shared.skipp;", "Property 'skipp' does not exist"),
        ("filled(3, {});", "Argument of type 'number'"),
        ("export function f(one) { return one; }", "implicitly has an 'any' type"),
    ],
)
def test_a_mistake_is_seen(tmp_path_factory: pytest.TempPathFactory, line: str, said: str) -> None:
    folder = tmp_path_factory.mktemp("mistaken")
    texts = TOP / "router/web/static/shared/texts.js"
    (folder / "wrong.js").write_text(f'import {{ filled, texts }} from "{texts}";\n{line}\n')
    (folder / "tsconfig.json").write_text(
        f'{{"extends": "{TOP}/tsconfig.json", "include": ["wrong.js"]}}'
    )
    assert said in check(str(folder))
