"""Real calls: SIPp, RTP and a real Asterisk, through the whole service."""

import pytest

pytest.register_assert_rewrite("tests.real.cast", "tests.real.telephones")
