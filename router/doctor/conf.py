"""Asterisk's configuration files, read as far as an examination needs them."""

import re

_SECTION = re.compile(r"\[([^]]+)\](?:\(([^)]*)\))?")


def values(text: str) -> dict[str, dict[str, str]]:
    """Return section -> key -> value, the last one given. Templates are followed.

    Of a section that is opened again with `(+)` the keys are added. Comments begin with a
    semicolon; neither includes nor escapes are followed.
    """
    sections: dict[str, dict[str, str]] = {}
    held: dict[str, str] = {}
    for line in text.splitlines():
        line = line.partition(";")[0].strip()
        if match := _SECTION.match(line):
            name, inherits = match[1], (match[2] or "").split(",")
            held = sections.get(name, {}) if "+" in inherits else {}
            for template in inherits:
                held.update(sections.get(template.strip(), {}))
            sections[name] = held
        elif "=" in line:
            key, _, value = line.partition("=")
            held[key.strip()] = value.lstrip(">").strip()
    return sections


def value(text: str, section: str, key: str, default: str = "") -> str:
    """Return one value, in lower case."""
    return values(text).get(section, {}).get(key, default).lower()


def is_true(word: str) -> bool:
    """Return whether Asterisk takes `word` for yes (main/utils.c, ast_true)."""
    return word.lower() in {"yes", "true", "y", "t", "1", "on"}
