"""The router, and the fallback, as processes of their own, as `./allo` starts them."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from router.errors import SetupError
from router.lifeline import tied_to_us
from router.places import TOP, writing

#: Long enough to end every conversation with Asterisk; a router that takes longer is killed.
_STOP_S = 5.0


class RouterProcess:
    """A router, or the fallback, that has been started; `await stop()` ends it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, command: str) -> None:
        self._process = process
        self._log = log
        self._command = command

    @classmethod
    async def start(
        cls, log: Path, *words: str, command: str = "run", told: Mapping[str, str] | None = None
    ) -> "RouterProcess":
        """Start `./allo run`, or another command, with these words; its log is appended to `log`.

        `told` are more variables of its environment.

        Raises:
            DiskError: If the log cannot be written.
        """
        with writing(log):
            output = log.open("ab")
        with output:
            process = await asyncio.create_subprocess_exec(
                *tied_to_us(sys.executable, "-P", "-m", "router.cli", command, *words),
                env={**os.environ, "PYTHONPATH": str(TOP), **(told or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            )
        return cls(process, log, command)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.returncode is None

    def check(self) -> None:
        """Raise SetupError if the process has ended."""
        if not self.running:
            what = "router" if self._command == "run" else self._command
            raise SetupError(f"the {what} stopped", f"See {self._log}.")

    async def wait(self) -> int:
        """Wait until the process has ended; return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask the router to stop, and kill it if it does not."""
        if not self.running:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                await self.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the router as a crash would."""
        if self.running:
            self._process.kill()
            await self.wait()
