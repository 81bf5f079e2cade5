import re

import pytest

from router.intake.proxy import pattern_of


@pytest.mark.parametrize(
    ("pattern", "path", "known"),
    [
        ("/", "/", True),
        ("/", "/x", False),
        ("/v1/agents/{agent}/events", "/v1/agents/101/events", True),
        ("/v1/agents/{agent}/events", "/v1/agents/101/x/events", False),
        ("/v1/agents/{agent}", "/v1/agents/", False),
        ("/v1/a.b", "/v1/aXb", False),
    ],
)
def test_addresses_of_the_router(pattern: str, path: str, known: bool) -> None:
    assert bool(re.fullmatch(pattern_of(pattern), path)) == known
