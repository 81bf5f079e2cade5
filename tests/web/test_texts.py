"""The catalogue of the pages' texts: one place, and the typography of French."""

import re
from pathlib import Path

import pytest

from router.web.page_files import FOLDER

CATALOGUE = FOLDER / "shared" / "texts.js"
SOURCES = sorted(one for one in FOLDER.rglob("*") if one.suffix in (".html", ".js"))


def sentences(source: str) -> list[str]:
    """The texts of the catalogue, which follows the functions."""
    return re.findall(r'"((?:[^"\\]|\\.)*)"', source.partition("export const texts")[2])


def faults(sentence: str) -> list[str]:
    """What typography finds in a sentence as it is written."""
    return re.findall(r"'|\.\.\.|\S[;!?»]|[^\s\d]:(?!//)|«\S|[\u00a0\u202f]|  ", sentence)


def test_texts_are_set_with_care() -> None:
    said = sentences(CATALOGUE.read_text())
    assert said
    assert {one: found for one in said if (found := faults(one))} == {}


@pytest.mark.parametrize(
    "text",
    ["l'appel", "attendez...", "prêt?", "Domaine: x", "«Prêt »", "deux  espaces", "oui\u00a0!"],
)
def test_carelessness_would_be_seen(text: str) -> None:
    assert faults(text)


#: What only the catalogue may hold: a word with an accent, or an apostrophe between letters.
_FRENCH = re.compile(r"[àâçéèêëîïôùûœ]|\w’\w", re.IGNORECASE)


def french(source: str, *, markup: bool) -> list[str]:
    """Texts in French outside of comments."""
    if markup:
        source = re.sub(
            r"<!--.*?-->|<title>.*?</title>|<noscript>.*?</noscript>", "", source, flags=re.S
        )
        return [one for one in re.findall(r">([^<]+)<", source) if one.strip()]
    source = re.sub(r"^\s*//.*$|/\*.*?\*/", "", source, flags=re.MULTILINE | re.DOTALL)
    return [
        one for one in re.findall(r'"([^"\n]*)"|`([^`]*)`', source) if _FRENCH.search("".join(one))
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_texts_are_nowhere_else(path: Path) -> None:
    if path != CATALOGUE:
        assert french(path.read_text(), markup=path.suffix == ".html") == []


def test_every_text_that_markup_names_is_there() -> None:
    """By its path, "poste.title": each part is a member somewhere in the catalogue."""
    catalogue = CATALOGUE.read_text()
    for path in (one for one in SOURCES if one.suffix == ".html"):
        for named in re.findall(r'data-(?:text|label)="([^"]+)"', path.read_text()):
            for part in named.split("."):
                assert re.search(rf"\b{part}:", catalogue), (path.name, named)


def test_texts_elsewhere_would_be_seen() -> None:
    assert french('say(where, "Prêt à répondre");', markup=False)
    assert french("<p>Texte</p>", markup=True)
    assert not french("// Prêt\nsay(where, texts.poste.ready);", markup=False)
