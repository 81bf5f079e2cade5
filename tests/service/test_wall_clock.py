"""The machine's clock is set while the service runs."""

import asyncio
from contextlib import suppress

import pytest
import structlog
from structlog.testing import capture_logs

from router.clock import Clock
from router.service import wall_clock
from tests.patience import PATIENCE_S


class Set(Clock):
    """A clock beside which the machine's is set."""

    ahead = 0.0

    def ahead_s(self) -> float:
        return self.ahead


async def test_it_is_told_once_by_how_much_it_is_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_clock, "LOOK_EVERY_S", 0.001)
    clock, told = Set(), asyncio.Queue[float]()
    with capture_logs() as lines:
        watching = asyncio.create_task(
            wall_clock.watch(clock, 0.0, told.put_nowait, structlog.get_logger())
        )
        for ahead in (3600.0, 3600.5, 0.0, -3600.0):
            clock.ahead = ahead
            for _ in range(5):
                await asyncio.sleep(0.002)
        async with asyncio.timeout(PATIENCE_S):
            assert [await told.get() for _ in range(3)] == [3600.0, 0.0, -3600.0]
        assert told.empty()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    assert [line["seconds"] for line in lines] == [3600.0, -3600.0, -3600.0]
