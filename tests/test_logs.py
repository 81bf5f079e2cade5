"""Logs hold a fixed list of fields, no number whatever happens, and nobody else's words."""

import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from router import logs

#: Of the ranges kept for fiction (Arcep), as people and programs write them.
NUMBERS = (
    *("0199001234", "+33199001234", "33199001234", "0033199001234", "199001234"),
    *("01 99 00 12 34", "01.99.00.12.34", "01-99-00-12-34", "01/99/00/12/34", "01_99_00_12_34"),
    *("+33 1 99 00 12 34", "+33 (0)1 99 00 12 34", "00 33 1 99 00 12 34", "0199 001 234"),
    *("01\u00a099\u00a000\u00a012\u00a034", "01\u202f99\u202f00\u202f12\u202f34"),
    *("tel:+33199001234", "PJSIP/33199001234@trunk", "sip:0199001234@192.0.2.1", "code0199001234"),
    *("262639980012", "0639980012,,7", "0199001234-1795562898.5"),
)
#: What we do log.
ORDINARY: tuple[dict[str, Any], ...] = (
    {
        "service_time": 1795424420.806,
        "call": "allo-1-1795562898.5",
        "step": "ringing an informateur",
        "sector": "logement-location",
        "agent": "101",
        "fiche": "F1234",
        "detail": "level 1 of 1 open after 0 s, idle 4 s, longest of 1 ready there",
        "seconds": 2.634,
    },
    {"service_time": 1795424427.0, "call": "allo-1-1795562898.123456"},
    {"call": "callback-123456789012345678901234"},
    {"call": "callback-a1234567890b1234567890ab"},
    {"url": "http://192.168.100.200:8039", "count": 12345678, "seconds": 0.1234567891234},
    {"reason": "Asterisk does not answer at http://192.168.100.200:8088/ari: refused"},
    {"detail": "3646 was dialled on 2026-11-23 10:00"},
)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.configure(stream)
    yield stream
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def leaks() -> Callable[[], int]:
    """Counts the numbers kept out of the log since the test began."""
    before = logs.leaks()
    return lambda: logs.leaks() - before


@pytest.fixture
def library(stream: io.StringIO) -> Iterator[logging.Logger]:
    """A library's logger, beside those that pytest listens to."""
    logger = logging.getLogger("library.of.somebody")
    handler = logs.Libraries()
    logger.addHandler(handler)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)
    logger.propagate = True


def told(stream: io.StringIO) -> dict[str, Any]:
    [line] = stream.getvalue().splitlines()
    entry: dict[str, Any] = json.loads(line)
    return entry


def fail_over(text: str) -> None:
    raise ValueError(f"not a number: {text}")


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    structlog.get_logger().info("step", call="c1", seconds=1.5)
    line = told(stream)
    assert line["event"] == "step"
    assert line["call"] == "c1"
    assert line["seconds"] == 1.5
    assert line["level"] == "info"


def test_an_unknown_field_is_named_but_not_told(stream: io.StringIO) -> None:
    structlog.get_logger().warning("oops", phone="0199001234", call="c1")
    assert "0199001234" not in stream.getvalue()
    assert told(stream)["dropped"] == ["phone"]


def test_debug_is_silent_by_default(stream: io.StringIO) -> None:
    structlog.get_logger().debug("step", call="c1")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("field", ["event", "call", "detail", "reason", "error", "agent"])
def test_a_number_in_any_field_is_masked_and_counted(
    stream: io.StringIO, leaks: Callable[[], int], field: str, number: str
) -> None:
    entry = {"event": "x", field: f"before {number} after", "service_time": 1795424420.806}
    structlog.get_logger().info(**entry)
    line = told(stream)
    assert logs.MASK in line[field]
    assert not set("0123456789") & set(line[field].replace("@192.0.2.1", "").replace(",,7", ""))
    assert line["service_time"] == 1795424420.806
    assert leaks() == 1


@pytest.mark.parametrize(
    "value", [33199001234, 199001234, 33199001234.0, ["0199001234"], {"a": "0199001234"}]
)
def test_a_number_is_found_whatever_its_type(
    stream: io.StringIO, leaks: Callable[[], int], value: Any
) -> None:
    structlog.get_logger().info("x", count=value)
    assert "99001234" not in stream.getvalue()
    assert leaks() == 1
    told(stream)


def test_a_number_as_the_time_or_the_name_of_a_field_is_found(stream: io.StringIO) -> None:
    strange: dict[str, Any] = {"0199001234": 1, "service_time": "0199001235"}
    structlog.get_logger().info("x", **strange)
    assert "019900123" not in stream.getvalue()
    assert told(stream)["dropped"] == [logs.MASK]


@pytest.mark.parametrize("entry", ORDINARY)
def test_what_is_no_number_stays(
    stream: io.StringIO, leaks: Callable[[], int], entry: dict[str, Any]
) -> None:
    structlog.get_logger().info("x", **entry)
    line = told(stream)
    assert {name: line[name] for name in entry} == entry
    assert leaks() == 0


def test_for_people_it_is_masked_too(stream: io.StringIO) -> None:
    logs.configure(stream, console=True)
    structlog.get_logger().info("x", detail="rappeler le 01 99 00 12 34")
    assert "[number]" in stream.getvalue()
    assert "99 00" not in stream.getvalue()


def test_an_exception_is_not_told(stream: io.StringIO) -> None:
    try:
        fail_over("0199001234")
    except ValueError:
        structlog.get_logger().error("x", exc_info=True)
    assert told(stream)["dropped"] == ["exc_info"]
    assert "Traceback" not in stream.getvalue()


def test_libraries_are_told_by_name_and_place(library: logging.Logger, stream: io.StringIO) -> None:
    library.info("nothing")
    library.warning("caller %s is busy", "0199001234")
    line = told(stream)
    assert line["level"] == "warning"
    assert line["library"] == "library.of.somebody"
    assert line["place"].startswith("test_logs.py:")
    assert "busy" not in stream.getvalue()


def test_a_traceback_is_told_by_its_end(
    library: logging.Logger, stream: io.StringIO, leaks: Callable[[], int]
) -> None:
    try:
        fail_over("0199001234")
    except ValueError:
        library.exception("while calling %s", "0199001234")
    line = told(stream)
    assert line["error"] == "ValueError"
    assert line["place"] == f"test_logs.py:{fail_over.__code__.co_firstlineno + 1}"
    assert "not a number" not in stream.getvalue()
    assert leaks() == 0  # nothing of it came as far as the filter


def test_what_nobody_catches_is_told_by_kind_and_place(stream: io.StringIO) -> None:
    thread = threading.Thread(target=fail_over, args=("0199001234",))
    thread.start()
    thread.join()
    line = told(stream)
    assert (line["event"], line["error"]) == ("defect", "ValueError")
    assert line["place"].startswith("test_logs.py:")
    assert "0199001234" not in stream.getvalue()


def test_warnings_are_lines_of_the_log(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", heard.append)
    logging.getLogger("py.warnings").addHandler(handler)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("caller 0199001234", stacklevel=1)
    logging.getLogger("py.warnings").removeHandler(handler)
    assert len(heard) == 1
    logs.Libraries().emit(heard[0])
    assert told(stream)["library"] == "py.warnings"
    assert "0199001234" not in stream.getvalue()


def test_a_log_on_a_full_disk_stops_nobody() -> None:
    """Neither at the line, nor at the flush that it is followed by, nor at the end."""
    code = (
        "from router import logs; import structlog, sys;"
        "logs.configure(); log = structlog.get_logger();"
        "[log.info('step', call='c', count=number) for number in range(9999)];"
        "print('goes on', file=sys.stderr)"
    )
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
    assert done.stderr.startswith("goes on")
    assert "Traceback" not in done.stderr
