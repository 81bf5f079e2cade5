"""What the router and Asterisk wrote since a test began."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from router.core.commands import Step
from tests.patience import PATIENCE_S


class RouterLog:
    """The router's log from now on, step by step."""

    def __init__(self, log: Path, *, from_start: bool = False) -> None:
        self._log = log
        self._from = log.stat().st_size if log.exists() and not from_start else 0
        self._told: set[int] = set()

    def lines(self) -> list[dict[str, Any]]:
        """Return every line; what is not JSON (a traceback) has the event "not JSON"."""
        with self._log.open("rb") as file:
            file.seek(self._from)
            text = file.read().decode(errors="replace")
        told = []
        for line in text[: text.rfind("\n") + 1].splitlines():
            try:
                told.append(json.loads(line))
            except ValueError:
                told.append({"event": "not JSON", "level": "error", "text": line})
        return told

    def steps(self, call: str) -> list[Step]:
        """Return the steps of a call so far."""
        return [
            Step(line["step"])
            for line in self.lines()
            if line.get("event") == "step" and line.get("call") == call
        ]

    async def step(self, step: Step, **fields: Any) -> dict[str, Any]:
        """Wait for the next such step that was not returned before; return its line."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for number, line in enumerate(self.lines()):
                    if (
                        number not in self._told
                        and line.get("step") == step
                        and all(line.get(name) == value for name, value in fields.items())
                    ):
                        self._told.add(number)
                        return line
                await asyncio.sleep(0.02)

    async def event(self, event: str) -> None:
        """Wait for a line of this event."""
        async with asyncio.timeout(PATIENCE_S):
            while all(line.get("event") != event for line in self.lines()):
                await asyncio.sleep(0.02)

    def troubles(self) -> list[dict[str, Any]]:
        """Return warnings, errors, and lines that had to drop a field."""
        return [
            line
            for line in self.lines()
            if line.get("level") in ("warning", "error", "critical") or "dropped" in line
        ]


class AsteriskLog:
    """Asterisk's log from now on; only warnings and errors are in it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._from = log.stat().st_size if log.exists() else 0

    def troubles(self, expected: list[str]) -> list[str]:
        """Return the warnings and errors that match none of the `expected` patterns."""
        with self._log.open("rb") as file:
            file.seek(self._from)
            lines = file.read().decode(errors="replace").splitlines()
        return [
            line
            for line in lines
            if re.search(r"\b(WARNING|ERROR)\b", line)
            and not any(re.search(pattern, line) for pattern in expected)
        ]
