"""Asterisk's configuration files, as far as the doctor reads them."""

import pytest

from router.doctor.conf import is_true, value, values

TEXT = """\
; a comment
[general]
enable = no ; another
key => value

[trunk](!)
trust = yes
allow = alaw
[carrier](trunk)
allow = ulaw
[carrier](+)
aors = peer
"""


def test_sections_follow_their_templates() -> None:
    sections = values(TEXT)
    assert sections["general"] == {"enable": "no", "key": "value"}
    assert sections["carrier"] == {"trust": "yes", "allow": "ulaw", "aors": "peer"}


def test_a_value_may_be_missing() -> None:
    assert value(TEXT, "general", "enable") == "no"
    assert value(TEXT, "general", "other", "yes") == "yes"
    assert value("", "general", "enable", "yes") == "yes"


@pytest.mark.parametrize(
    ("word", "meant"), [("Yes", True), ("1", True), ("no", False), ("", False)]
)
def test_asterisk_s_yes(word: str, meant: bool) -> None:
    assert is_true(word) is meant
