"""What an examination finds: values, their order, and how they are told."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

_WIDTH = 96


class Level(StrEnum):
    """How much a finding matters."""

    FAULT = "fault"  # callers, or their privacy, suffer
    WARNING = "warning"  # they will, or might
    NOTE = "note"  # a demo is like that; in service it would be a warning or a fault


_ORDER = tuple(Level)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    #: What docs/troubleshooting.md and alerts call it: "trunk-unreachable".
    name: str
    level: Level
    #: Where it is: a file and its key, a part of the service.
    place: str
    #: What is wrong, a sentence without its full stop. No secret, no number of a person.
    wrong: str
    #: A command, or a line to change.
    remedy: str


class Unseen(Exception):
    """What was to be looked at cannot be seen, which is a finding itself."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.name)
        self.finding = finding


def fault(name: str, place: str, wrong: str, remedy: str) -> Finding:
    """Return a finding from which callers, or their privacy, suffer."""
    return Finding(name, Level.FAULT, place, wrong, remedy)


def warning(name: str, place: str, wrong: str, remedy: str) -> Finding:
    """Return a finding from which they will suffer, or might."""
    return Finding(name, Level.WARNING, place, wrong, remedy)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return each finding once, the worst first."""
    return sorted(
        dict.fromkeys(findings), key=lambda one: (_ORDER.index(one.level), one.name, one.place)
    )


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 2 if there is a fault, else 1 if there is a warning, else 0."""
    levels = {one.level for one in findings}
    if Level.FAULT in levels:
        return 2
    return 1 if Level.WARNING in levels else 0


def table(findings: Iterable[Finding]) -> str:
    """Return the findings for people, with a line that sums them up."""
    findings = list(findings)
    lines = []
    for one in findings:
        lines.append(f"{one.level.upper():8}{one.place}  [{one.name}]")
        lines += _wrapped(f"{one.wrong}.")
        lines += _wrapped(one.remedy, "-> ")
        lines.append("")
    counts = Counter(one.level for one in findings)
    summary = ", ".join(
        f"{counts[level]} {level}{'s' if counts[level] > 1 else ''}"
        for level in _ORDER
        if counts[level]
    )
    return "\n".join([*lines, f"{summary}." if summary else "Nothing is wrong."])


def as_json(findings: Iterable[Finding], **more: object) -> str:
    """Return the findings for scripts, with their numbers by level, and what else is known."""
    findings = list(findings)
    counts = Counter(one.level for one in findings)
    told = {f"{level}s": counts[level] for level in _ORDER}
    return json.dumps({**more, **told, "findings": [asdict(one) for one in findings]}, indent=2)


def _wrapped(text: str, mark: str = "") -> list[str]:
    indent = " " * 8
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent + mark,
        subsequent_indent=indent + " " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )
