"""Logs: one JSON object a line, of a fixed set of fields, none of which can hold a caller.

A field that is not on the list is replaced by its name under `dropped`, so that a defect
shows without showing what it would have told. Tracebacks are never logged: their locals
could hold anything.
"""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import orjson
import structlog

FIELDS = frozenset(
    {"event", "level", "timestamp", "dropped"}
    | {"call", "step", "sector", "agent", "fiche", "outcome", "seconds", "detail", "service_time"}
    | {"operation", "status", "error", "reason", "state", "count", "retry_s", "url", "app"}
    | {"type", "calls", "legs", "phones", "phones_missing"}  # how many, after a resync
)


def only_known_fields(
    logger: Any, method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep the fields of the list; name the others."""
    strangers = sorted(entry.keys() - FIELDS)
    for name in strangers:
        del entry[name]
    if strangers:
        entry["dropped"] = strangers
    return entry


def _dumps(entry: Any, default: Callable[[Any], Any], **_: Any) -> str:
    return orjson.dumps(entry, default=default).decode()


def configure(stream: TextIO = sys.stdout, *, level: str = "info", console: bool = False) -> None:
    """Log to `stream` from `level` on, for people when `console`; libraries at warning."""
    logging.basicConfig(level=logging.WARNING, stream=stream, format="%(levelname)s %(name)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_known_fields,
            structlog.dev.ConsoleRenderer()
            if console
            else structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
