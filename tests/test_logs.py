"""Logs hold a fixed list of fields."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from router import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.reset_defaults()


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    structlog.get_logger().info("step", call="c1", seconds=1.5)
    line = json.loads(stream.getvalue())
    assert line["event"] == "step"
    assert line["call"] == "c1"
    assert line["seconds"] == 1.5
    assert line["level"] == "info"


def test_an_unknown_field_is_named_but_not_told(stream: io.StringIO) -> None:
    structlog.get_logger().warning("oops", phone="0199001234", call="c1")
    assert "0199001234" not in stream.getvalue()
    assert json.loads(stream.getvalue())["dropped"] == ["phone"]


def test_debug_is_silent_by_default(stream: io.StringIO) -> None:
    structlog.get_logger().debug("step", call="c1")
    assert stream.getvalue() == ""
