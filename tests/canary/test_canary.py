"""Nobody's number is kept: a day with hundreds of them, then a scan of all that was written."""

import pytest

from tests.canary.day import Day

pytestmark = [
    pytest.mark.canary,
    pytest.mark.real,
    pytest.mark.asyncio(loop_scope="session"),
]


async def test_smoke(day: Day) -> None:
    print({way: len(numbers) for way, numbers in day.numbers.used.items()}, day.outcomes)
    print(day.stage.state_dir)
