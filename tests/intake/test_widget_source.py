"""What any page may rely on in `widget.js`, read from its source; tests/browser runs it."""

import re
from pathlib import Path

import pytest

from router.intake import page_words, rappel
from router.web.relay import FOR_WHOM
from router.web.words import REFUSALS

SOURCE = (Path(rappel.__file__).parent / "static" / "widget.js").read_text()
#: What is shown: quoted sentences and templates.
SENTENCES = re.findall(r"'([A-ZÀÉÊ][^'\n]{8,})'|`([A-ZÀÉÊ][^`\n]{8,})`", SOURCE)


def test_it_is_small() -> None:
    """The source, as people read it; on the wire it is a third of that."""
    assert len(SOURCE.encode()) < 24_000


@pytest.mark.parametrize(
    "forbidden",
    [
        *("eval(", "Function(", "innerHTML", "insertAdjacentHTML", "document.write", ".onclick"),
        *("localStorage", "document.cookie", "console.log", "import ", "navigator.", "history."),
    ],
)
def test_it_keeps_to_strict_policies_and_leaves_no_trace(forbidden: str) -> None:
    assert forbidden not in SOURCE


def test_it_knows_no_address_but_the_interface_s() -> None:
    assert re.findall(r"https?://", SOURCE) == []
    paths = set(re.findall(r"['`](/[\w/]+)", SOURCE))
    callbacks = {"/v1/callbacks", "/v1/callbacks/challenge", "/v1/callbacks/"}
    assert paths == {"/healthz", "/v1/service"} | callbacks


@pytest.mark.parametrize("state", page_words.STATES)
def test_each_state_has_the_page_s_words(state: str) -> None:
    kind, title, text = page_words.STATES[state]
    ours = text.replace(page_words.AGAIN, "${AGAIN}").replace("\u00a0", "\\u00a0")

    assert page_words.AGAIN in SOURCE
    assert re.search(f"{state}: \\['{kind}', '{title}', ['`]{re.escape(ours)}['`]\\]", SOURCE)


@pytest.mark.parametrize("code", REFUSALS)
def test_each_refusal_has_the_page_s_words(code: str) -> None:
    assert f"{code}: '{REFUSALS[code]}'" in SOURCE


@pytest.mark.parametrize(
    "words",
    [page_words.MISSED, page_words.CALL_IN, page_words.HEADING, page_words.PRIVACY],
)
def test_what_else_both_say_has_the_page_s_words(words: str) -> None:
    assert f"'{words}'" in SOURCE


def test_the_relay_has_the_page_s_words() -> None:
    assert f"'{FOR_WHOM} '" in SOURCE


def test_its_french_is_typeset() -> None:
    """Straight quotes would end the strings; no-break spaces are added when it is shown."""
    said = [one or other for one, other in SENTENCES]

    assert len(said) > 30
    assert [one for one in said if re.search(r"[a-zé]'[a-zéê]|\.\.\.|\w[;:!?] ", one)] == []
