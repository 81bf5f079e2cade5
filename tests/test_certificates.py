"""When certificates end, read without a library."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.certificates import ends_at

LOCALHOST = (Path(__file__).parent / "deploy" / "localhost.pem").read_text()
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


def test_the_end_of_a_certificate_is_read() -> None:
    ends = datetime.fromtimestamp(ends_at(LOCALHOST), UTC)
    assert ends == datetime(2126, 11, 5, 11, 9, 17, tzinfo=UTC)


def test_what_else_is_in_the_file_does_not_matter() -> None:
    assert ends_at(KEY + "text\n" + LOCALHOST + LOCALHOST) == ends_at(LOCALHOST)


@pytest.mark.parametrize("text", ["", KEY, "nothing of the kind"])
def test_no_certificate_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="holds no certificate"):
        ends_at(text)


def test_a_broken_one_is_said() -> None:
    head, _, rest = LOCALHOST.partition("\n")
    for cut in (40, 80, 120, 200):
        broken = f"{head}\n{rest.replace(chr(10), '')[:cut]}\n-----END CERTIFICATE-----\n"
        with pytest.raises(ValueError, match="cannot be read"):
            ends_at(broken)
