"""Tasks of one owner: kept until they end, logged when they fail, given up together."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from router import logs


class Tasks:
    """The tasks that one owner has started. Call `close` at the end."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()
        self._log = structlog.get_logger()

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Run `work` beside everything else. If it fails, that is logged as a defect."""
        task = asyncio.create_task(work)
        self._running.add(task)  # the event loop alone would let it be collected
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Cancel what is still running, and wait until it has ended."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            place = logs.place(error.__traceback__)
            self._log.error("defect", error=type(error).__name__, place=place)
