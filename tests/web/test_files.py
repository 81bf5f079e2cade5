"""A file over HTTP: as it is, compressed, or not again."""

import gzip

import pytest
from aiohttp.test_utils import make_mocked_request

from router.web.files import File

STYLE = b"body { margin: 0 }\n" * 40


def ask(file: File, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = file.answer(make_mocked_request("GET", "/x.css", headers=given), {"X-More": "1"})
    body = answer.body
    return answer.status, body if isinstance(body, bytes) else b"", dict(answer.headers)


def test_it_is_sent_as_it_is_to_whoever_unpacks_nothing() -> None:
    status, body, headers = ask(File.of("text/css", STYLE))
    assert (status, body) == (200, STYLE)
    assert headers["Content-Type"] == "text/css; charset=utf-8"
    assert headers["X-More"] == "1"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in headers


def test_it_is_compressed_for_browsers() -> None:
    status, body, headers = ask(File.of("text/css", STYLE), Accept_Encoding="gzip, br")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert len(body) < 100
    assert gzip.decompress(body) == STYLE


@pytest.mark.parametrize("weak", ["", "W/"])
def test_it_is_not_sent_again(weak: str) -> None:
    file = File.of("text/css", STYLE)
    status, body, headers = ask(file, If_None_Match=f"{weak}{file.tag}")
    assert (status, body) == (304, b"")
    assert headers["ETag"] == file.tag


def test_a_change_is_sent() -> None:
    old = File.of("text/css", STYLE)
    status, body, _ = ask(File.of("text/css", STYLE + b" "), If_None_Match=old.tag)
    assert (status, body) == (200, STYLE + b" ")
