"""The settings file as a pattern: every key with its meaning, from the tables themselves.

A key that has a value is written as it is read; one that goes by its default is a comment.
`set_values` changes keys in such a file, or in what somebody has made of it, and nothing else.
"""

import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from router.config.reference import (
    Section,
    default_words,
    has_section,
    in_toml,
    meanings,
    settings_sections,
)

#: Table ("" is the top level) -> key -> value.
Values = Mapping[str, Mapping[str, Any]]

_WIDTH = 98


def settings_pattern(values: Values, introduction: str) -> str:
    """Return allo.toml with `values` set, after the comment `introduction`."""
    parts = [_comment(introduction)]
    for section in settings_sections():
        parts.append("\n".join(_section(section, values)).strip("\n"))
    return "\n\n".join(parts) + "\n"


def _section(section: Section, values: Values) -> Iterator[str]:
    name = "" if section.heading == "Top level" else section.heading.strip("[]")
    given = values.get(name, {})
    required = any(column.is_required() for column in section.table.model_fields.values())
    # A table with required keys is there only when somebody wants it.
    off = "#" if required and not given else ""
    if name:
        yield f"{off}{section.heading}"
    known = meanings(section.described_by or section.table)
    for key, column in section.table.model_fields.items():
        if has_section(column.annotation):
            continue
        yield ""
        yield _comment(known[key].replace("`", ""))
        if key in given:
            yield f"{key} = {in_toml(given[key])}"
        else:
            yield f"#{key} = {default_words(column)}"


def _comment(text: str) -> str:
    paragraphs = text.split("\n\n")
    wrapped = (textwrap.fill(one, _WIDTH, break_on_hyphens=False) for one in paragraphs)
    lines = "\n\n".join(wrapped).splitlines()
    return "\n".join(f"# {line}".rstrip() for line in lines)


def set_values(text: str, values: Values) -> str:
    """Return the settings file `text` with `values` set; all else stays as it is.

    Raises:
        ValueError: With the key that cannot be set so: it is written in a way that this does not
            read, over several lines for instance.
    """
    changed = text
    for table, keys in values.items():
        for key, value in keys.items():
            changed = _set(changed, table, key, value)
            expected = tomllib.loads(text)
            _table_of(expected, table)[key] = list(value) if isinstance(value, tuple) else value
            try:
                if tomllib.loads(changed) != expected:
                    raise ValueError
            except (ValueError, tomllib.TOMLDecodeError):
                raise ValueError(f"{table}.{key}" if table else key) from None
            text = changed
    return changed


def _table_of(content: dict[str, Any], table: str) -> dict[str, Any]:
    for part in filter(None, table.split(".")):
        content = content.setdefault(part, {})
    return content


def _set(text: str, table: str, key: str, value: Any) -> str:
    """Return the text with the line of the key, commented or not, replaced, or one added."""
    lines = text.splitlines()
    first, last = _span(lines, table)
    if first is None:
        return f"{text.rstrip()}\n\n[{table}]\n{key} = {in_toml(value)}\n"
    line = f"{key} = {in_toml(value)}"
    for pattern in (rf"{re.escape(key)}\s*=", rf"#\s*{re.escape(key)}\s*="):
        for at in range(first, last):
            if re.match(pattern, lines[at]):
                lines[at] = line
                return "\n".join(lines) + "\n"
    lines.insert(first, line)
    return "\n".join(lines) + "\n"


def _span(lines: list[str], table: str) -> tuple[int | None, int]:
    """Return the first line of a table's keys and the line after its last; None: no such table."""
    heads = [at for at, line in enumerate(lines) if re.match(r"\s*\[", line)]
    if not table:
        return 0, heads[0] if heads else len(lines)
    for at in heads:
        if re.match(rf"\s*\[\s*{re.escape(table)}\s*\]", lines[at]):
            return at + 1, next((head for head in heads if head > at), len(lines))
    return None, len(lines)
