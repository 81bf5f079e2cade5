"""What is taken for a telephone number, and what is not."""

import pytest

from router.web.number_shapes import holds_a_number


@pytest.mark.parametrize(
    "target",
    [
        "/?phone=0639981234",
        "/v1/service?tel=06.39.98.12.34",
        "/?p=06%2039%2098%2012%2034",
        "/?p=%2B33639981234",
        "/?p=%2b33%206%2039%2098%2012%2034",
        "/?p=+33639981234",
        "/?p=0033639981234",
        "/?p=+33(0)639981234",
        "/?p=+262692123456",
        "/?p=00262692123456",
        "/?p=06+39+98+12+34",
        "/0639981234",
    ],
)
def test_what_looks_like_a_number(target: str) -> None:
    assert holds_a_number(target)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v1/service",
        "/v1/access-codes/F1234",
        "/v1/agents/101/events?after=1795424400",
        "/v1/agents/101/events?after=1795424400.123456",
        "/v1/report?from=2026-11-23&to=2026-11-30",
        "/v1/access-codes/12345678",
    ],
)
def test_what_does_not(target: str) -> None:
    assert not holds_a_number(target)
