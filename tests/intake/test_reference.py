"""docs/http.md and the description name every address, and every code of an error."""

import re
from pathlib import Path
from typing import Any

from router import places
from router.intake.openapi import DESCRIPTION
from router.intake.reference import reference
from router.web.addresses import ADDRESSES

PAGE = places.TOP / "docs" / "http.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "run: python -m router.intake.reference > docs/http.md"
    )


def test_every_address_is_described_and_no_other() -> None:
    assert DESCRIPTION["paths"].keys() == ADDRESSES.keys()
    for path in ADDRESSES:
        assert f"{path}`" in reference()


def test_what_is_referred_to_is_there() -> None:
    def references(one: Any) -> set[str]:
        if isinstance(one, dict):
            found = {one["$ref"]} if "$ref" in one else set()
            return found.union(*map(references, one.values()))
        return set().union(*map(references, one)) if isinstance(one, list) else set()

    for named in references(DESCRIPTION):
        there: Any = DESCRIPTION
        for part in named.removeprefix("#/").split("/"):
            there = there[part]


def codes_in(folder: Path) -> set[str]:
    """Every code that the sources give an error."""
    found = set()
    for file in folder.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r"(?:Refused|refusal)\(\s*\d{3},\s*\"([a-z_]+)\"", text))
    return found


def test_every_code_of_an_error_is_explained() -> None:
    codes = codes_in(places.PACKAGE / "web") | codes_in(places.PACKAGE / "intake")
    assert {"unauthorized", "too_late"} <= codes
    missing = {code for code in codes if f"`{code}`" not in reference()}
    assert missing == set()
