"""Logs: one JSON object a line, of a fixed set of fields, none of which can hold a caller.

A field that is not on the list is dropped and only its name is kept, under `dropped`: that
shows the defect without showing what it would have given away. A value that could be a telephone
number all the same is replaced by "[number]" and counted (`leaks`, allo_log_leaks_total), which
must stay 0.

Tracebacks are never written, nor the texts of exceptions and libraries, since they quote what
was received. Of a failure, its kind and its place are logged.
"""

import logging
import re
import sys
import threading
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, cast

import orjson
import structlog

FIELDS = frozenset(
    {"event", "level", "timestamp", "dropped"}
    | {"call", "step", "sector", "agent", "fiche", "outcome", "seconds", "detail", "service_time"}
    | {"operation", "status", "error", "reason", "state", "count", "retry_s", "url", "app"}
    | {"type", "calls", "legs", "phones", "phones_missing"}  # how many, after a resync
    | {"library", "place"}
)

_Entry = MutableMapping[str, Any]

MASK = "[number]"
#: What may be between the digits of a number; no-break spaces as their bytes in UTF-8.
_APART = b" .-/()+_" + bytes({*"\u00a0\u202f".encode()})
_EACH_DIGIT_ZERO = bytes(ord("0") if chr(byte).isdigit() else byte for byte in range(128)) + bytes(
    range(128, 256)
)
#: The shortest number is a French one without its zero.
_NINE_DIGITS = b"0" * 9
#: A number as people write it; before it, what has as many digits but is no number.
_NUMBER = re.compile(
    r"""
    (?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])         # an IPv4 address
    | (?<!\d)20\d\d-[01]\d-[0-3]\d(?!\d)               # a day
    | (?P<number> \+?\d (?:[ .\-/()+_\u00a0\u202f]{0,3}\d){8,} )
    """,
    re.VERBOSE | re.ASCII,
)
#: Ids of calls: Asterisk's own (node, epoch seconds, counter) and `tickets.channel_of`.
_CALL = re.compile(r"[a-z][a-z0-9-]{0,39}-[12]\d{9}\.\d{1,9}|callback-[0-9a-f]{24}", re.ASCII)

_leaks = 0


def leaks() -> int:
    """Return how many values have been kept out of the log because they could be numbers."""
    return _leaks


def leaked(count: int = 1) -> None:
    """Count `count` more: here, or in a process that reports them."""
    global _leaks
    _leaks += count


def only_known_fields(logger: Any, method: str, entry: _Entry) -> _Entry:
    """Keep the fields on the list, and only the names of the others."""
    if not FIELDS.issuperset(entry):
        strangers = sorted(entry.keys() - FIELDS)
        for name in strangers:
            del entry[name]
        entry["dropped"] = strangers
    return entry


def without_numbers(logger: Any, method: str, entry: _Entry) -> _Entry:
    """Replace what could be a telephone number. Call it before the timestamp is set.

    Every line passes here, so it is first looked at as a whole, with each digit a zero and
    nothing between them: 1.5 µs in total. Only if nine are in a row, which does not happen in
    our own lines, is each value looked at separately.
    """
    call, at = entry.pop("call", None), entry.pop("service_time", None)
    text = orjson.dumps(entry, repr)
    if _NINE_DIGITS in text.translate(_EACH_DIGIT_ZERO, _APART):
        for name, value in entry.items():
            entry[name] = _masked(value)
    if call is not None:
        entry["call"] = call if _CALL.fullmatch(str(call)) else _masked(call)
    if at is not None:
        entry["service_time"] = at if isinstance(at, float) else _masked(at)
    return entry


def _masked(value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(one) for one in value]
    if isinstance(value, dict):
        return {_masked(name): _masked(one) for name, one in value.items()}
    if value is None or isinstance(value, bool) or (isinstance(value, float) and value < 1e8):
        return value
    text = value if isinstance(value, str) else str(value)
    masked = _NUMBER.sub(lambda found: MASK if found["number"] else found[0], text)
    if masked == text:
        return value
    leaked()
    return masked


class Libraries(logging.Handler):
    """Logs that a library has logged something, and where: never in its words."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one line for the record."""
        error = record.exc_info[1] if record.exc_info else None
        trace = error.__traceback__ if error is not None else None
        where = place(trace) if trace is not None else f"{record.filename}:{record.lineno}"
        more = {} if error is None else {"error": type(error).__name__}
        logger = structlog.get_logger()
        logger.log(record.levelno, "library", library=record.name, place=where, **more)


def _uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """Log what ends a thread or the process."""
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        structlog.get_logger().error("defect", error=kind.__name__, place=place(trace))


def place(trace: TracebackType | None) -> str:
    """Return file and line of where the traceback ends, "unknown" without one."""
    if trace is None:
        return "unknown"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _dumps(entry: Any, default: Callable[[Any], Any], **_: Any) -> str:
    return orjson.dumps(entry, default=default).decode()


class _Sturdy:
    """A stream whose failures stop nobody: a log on a full disk must not end a call.

    What cannot be written is lost.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if that can be done."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that can be done."""
        with suppress(OSError):
            self._stream.flush()


#: The class of every logger, whose methods are those of the level: nothing is spent on a line that
#: is not written.
_Logger: Any = type("Logger", (structlog.make_filtering_bound_logger("debug"),), {})


def set_level(level: str) -> None:
    """Log from `level` up from now on, in loggers that there are already too."""
    of_level = structlog.make_filtering_bound_logger(level)
    for name, method in vars(of_level).items():
        if not name.startswith("__"):
            setattr(_Logger, name, method)


def configure(stream: TextIO = sys.stdout, *, level: str = "info", console: bool = False) -> None:
    """Log to `stream` from `level` up, for people if `console`; libraries from warning up.

    Warnings, and whatever nobody catches, become lines of the same log.
    """
    set_level(level)
    logging.basicConfig(level=logging.WARNING, handlers=[Libraries()])
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            only_known_fields,
            without_numbers,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer()
            if console
            else structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=_Logger,
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Sturdy(stream))),
        cache_logger_on_first_use=True,
    )
