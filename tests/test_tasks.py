"""Tasks of one owner."""

import asyncio

from structlog.testing import capture_logs

from router.tasks import Tasks


async def test_what_fails_is_logged_once_and_by_its_type_alone() -> None:
    async def fail() -> None:
        raise ValueError("0639980000")

    with capture_logs() as lines:
        tasks = Tasks()
        tasks.start(fail())
        await asyncio.sleep(0.01)
        await tasks.close()
    [line] = lines
    assert line.pop("place").startswith("test_tasks.py:")
    assert line == {"event": "defect", "error": "ValueError", "log_level": "error"}


async def test_closing_cancels_what_runs_and_waits_for_its_end() -> None:
    ends: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ends.append("ended")

    tasks = Tasks()
    tasks.start(work())
    await asyncio.sleep(0)
    with capture_logs() as lines:
        await tasks.close()
    assert ends == ["ended"]
    assert lines == []
