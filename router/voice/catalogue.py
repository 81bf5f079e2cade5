"""The catalogue of prompts: TOML -> every sentence, with its text and its pronunciation."""

import re
import string
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from router import french
from router.core.ids import PromptId
from router.core.plan import Fiche
from router.errors import ConfigError, Problem
from router.places import unreadable

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SECTIONS = ("prompts", "families", "pronunciation", "stumbles")
_PROMPT_KEYS: dict[str, type] = {
    "text": str,
    "spoken": str,
    "joined": bool,
    "pause_s": float,
    "heard": str,
}
_LONGEST_PAUSE_S = 3.0
_FAMILY_KEYS: dict[str, type] = {**_PROMPT_KEYS, "from": int, "to": int, "digits": int}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One sentence, or a part of one if `joined`."""

    id: PromptId
    #: The sentence as it is written, in French.
    text: str
    #: What the voice is given: the text with its pronunciations, on one line.
    spoken: str
    #: When it is heard, for whoever records or edits it.
    heard: str
    #: Whether it is played inside a sentence of several prompts: then with little silence around.
    joined: bool = False
    #: The silence after it, in seconds; None: as short as `joined` wants it.
    pause_s: float | None = None
    #: The family that it is one of; empty: it stands by itself.
    family: str = ""
    #: The place where it is written; empty: in the catalogue.
    written: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every prompt of a service."""

    #: The file that was read.
    path: Path
    #: By id, in the file's order.
    prompts: Mapping[PromptId, Prompt]
    #: Words as written -> as they are said, whoever says them.
    pronunciation: Mapping[str, str] = field(default_factory=dict)
    #: Words as written -> what voices must be given, so that they say them right.
    stumbles: Mapping[str, str] = field(default_factory=dict)

    def place(self, prompt: Prompt) -> str:
        """Return where the prompt is written, for messages."""
        return prompt.written or f"{self.path.name}: prompts.{prompt.id}"

    def with_titles(self, fiches: Iterable[Fiche], plan: str) -> "Catalogue":
        """Return the catalogue with a sentence for each fiche, of the plan in the file `plan`.

        Where the catalogue already has one, perhaps with another pronunciation, that is kept.
        """
        titles = {
            fiche.prompt: Prompt(
                id=fiche.prompt,
                text=_sentence(fiche.title),
                spoken=spoken_form(_sentence(fiche.title), {**self.pronunciation, **self.stumbles}),
                heard="whispered: the page that the caller read",
                joined=True,
                family="fiche",
                written=f"{plan}: fiches.{fiche.id}.title",
            )
            for fiche in fiches
            if fiche.prompt not in self.prompts
        }
        return replace(self, prompts={**self.prompts, **titles})

    @property
    def texts(self) -> dict[PromptId, str]:
        """Every sentence as it is written, by id."""
        return {id_: prompt.text for id_, prompt in self.prompts.items()}


def load_catalogue(path: Path) -> Catalogue:
    """Read the catalogue and expand its families.

    Raises:
        ConfigError: With every fault at once: a file that cannot be read, an id that is bad or
            used twice, an empty text, an unknown key, a value of the wrong type.
    """
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise ConfigError([Problem(path.name, unreadable(error))]) from error
    except ValueError as error:  # TOML itself refuses an id that is written twice
        raise ConfigError([Problem(path.name, f"is not valid TOML: {error}")]) from error
    reading = _Reading(path.name)
    reading.read(table)
    if reading.problems:
        raise ConfigError(reading.problems)
    return Catalogue(path, reading.prompts, reading.pronunciation, reading.stumbles)


def spoken_form(text: str, pronunciation: Mapping[str, str]) -> str:
    """Return what a voice is given so that it says `text`, on one line."""
    for written, said in pronunciation.items():
        text = text.replace(written, said)
    # Typography that makes voices stumble.
    text = text.replace("’", "'").replace("«", "").replace("»", "")
    return re.sub(r" +([.,])", r"\1", " ".join(text.split()))


def _sentence(title: str) -> str:
    """Return the sentence that says a title; its end makes a voice fall, or rise to a question."""
    return f"Fiche\u00a0: {title}" + ("" if title[-1] in ".?!…" else ".")


class _Reading:
    """One pass over the file, which collects prompts and problems."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.prompts: dict[PromptId, Prompt] = {}
        self.problems: list[Problem] = []
        self.pronunciation: dict[str, str] = {}
        self.stumbles: dict[str, str] = {}

    def read(self, table: dict[str, Any]) -> None:
        self._known_keys("", table, _SECTIONS)
        for section, known in (
            ("pronunciation", self.pronunciation),
            ("stumbles", self.stumbles),
        ):
            for written, said in self._section(table, section).items():
                if isinstance(said, str) and said.strip():
                    known[written] = said
                else:
                    self._problem(f"{section}.{written}", "expected the text to be said instead")
        for id_, entry in self._section(table, "prompts").items():
            place = f"prompts.{id_}"
            if self._well_formed(place, id_, entry, _PROMPT_KEYS):
                self._add(place, id_, entry, {})
        for name, entry in self._section(table, "families").items():
            place = f"families.{name}"
            if self._well_formed(place, name, entry, _FAMILY_KEYS):
                self._expand(place, name, entry)

    def _expand(self, place: str, name: str, entry: dict[str, Any]) -> None:
        first, last = entry.get("from"), entry.get("to")
        if first is None or last is None or not 0 <= first <= last <= 999:
            self._problem(place, "from and to are needed, 0 <= from <= to <= 999")
            return
        for n in range(first, last + 1):
            before = len(self.problems)
            self._add(place, f"{name}-{n:0{entry.get('digits', 1)}}", entry, _words(n), name)
            if len(self.problems) > before:  # each further number would have the same fault
                return

    def _add(
        self, place: str, id_: str, entry: dict[str, Any], words: dict[str, str], family: str = ""
    ) -> None:
        if PromptId(id_) in self.prompts:
            self._problem(place, f"id {id_} is used twice")
            return
        text = self._filled(f"{place}.text", entry["text"], words)
        spoken = self._filled(
            f"{place}.spoken", entry.get("spoken", "{text}" if words else text), words, text
        )
        self.prompts[PromptId(id_)] = Prompt(
            id=PromptId(id_),
            text=text,
            spoken=spoken_form(spoken, {**self.pronunciation, **self.stumbles}),
            heard=entry["heard"],
            joined=entry.get("joined", False),
            pause_s=entry.get("pause_s"),
            family=family,
        )

    def _filled(self, place: str, template: str, words: dict[str, str], text: str = "") -> str:
        """Fill a family's template; the text of a single prompt is taken as it is."""
        if not words:
            return template
        known = {**words, "text": text} if place.endswith(".spoken") else words
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(template) if field]
            for field in fields:
                if field not in known:
                    self._problem(place, f"{{{field}}} is unknown{_suggestion(field, known)}")
                    return template
            return template.format(**known)
        except (ValueError, IndexError, KeyError) as error:
            self._problem(place, f"not a template: {error}")
            return template

    def _well_formed(self, place: str, id_: str, entry: object, keys: Mapping[str, type]) -> bool:
        before = len(self.problems)
        if not _ID.fullmatch(id_):
            self._problem(place, "an id is lower-case letters, digits and single hyphens")
        if not isinstance(entry, dict):
            self._problem(place, "expected a table with text and heard")
            return False
        self._known_keys(place, entry, tuple(keys))
        for key, type_ in keys.items():
            value = entry.get(key)
            if value is None and key not in ("text", "heard"):
                continue
            if type(value) is not type_:
                reason = "is missing" if value is None else f"expected {type_.__name__}"
                self._problem(f"{place}.{key}", reason)
            elif isinstance(value, str) and not value.strip():
                self._problem(f"{place}.{key}", "is empty")
            elif isinstance(value, float) and not 0 <= value <= _LONGEST_PAUSE_S:
                self._problem(f"{place}.{key}", f"from 0.0 to {_LONGEST_PAUSE_S} seconds")
        return len(self.problems) == before

    def _section(self, table: dict[str, Any], key: str) -> dict[str, Any]:
        section = table.get(key, {})
        if isinstance(section, dict):
            return section
        self._problem(key, "expected a table")
        return {}

    def _known_keys(self, place: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                where = f"{place}.{key}" if place else key
                self._problem(where, f"unknown key{_suggestion(key, known)}")

    def _problem(self, place: str, reason: str) -> None:
        self.problems.append(Problem(f"{self.name}: {place}", reason))


def _words(n: int) -> dict[str, str]:
    """Return what a family's template may say of the number `n`, where it makes sense for it."""
    words = {
        "n": str(n),
        "s": "s" if n > 1 else "",
        "cardinal": french.cardinal(n),
        "feminine": french.cardinal(n, feminine=True),
        "minutes": french.minutes(n),
        "hours": french.hours(n),
    }
    if n <= 99:
        words["pair"] = french.pairs(f"{n:02}")
    if 1 <= n <= 7:
        words["weekday"] = french.WEEKDAYS[n - 1]
    if 1 <= n <= 31:
        words["day"] = french.day_of_month(n)
    if 1 <= n <= 12:
        words["month"] = french.MONTHS[n - 1]
    return words


def _suggestion(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
