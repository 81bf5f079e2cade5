"""The process of a private Asterisk: started, asked, stopped.

It runs as any user, and writes nothing outside `state_dir` but a run folder where the control
socket's path would be too long. It is a child of ours in the demo and the tests; after
`./allo asterisk start` it outlives us, and `console` finds it again.
"""

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
from pathlib import Path
from typing import BinaryIO

import aiohttp

from router.asterisk import configuration, console
from router.asterisk.faults import check
from router.asterisk.folders import clear_away, lay_out
from router.asterisk.preflight import check_modules, check_ports, check_unused, check_version
from router.asterisk.settings import AsteriskSettings
from router.asterisk.toolbox import Toolbox
from router.errors import ConfigError, SetupError
from router.lifeline import tied_to_us
from router.places import writing

_BOOT_S = 30.0  # usually two seconds; a loaded machine takes longer
_STOP_S = 5.0
#: About five for each call.
_OPEN_FILES = 16384


class AsteriskServer:
    """One Asterisk process with the configuration that `settings` describe.

    Call `start()`, and `stop()` when done. With `dies_with_parent` the kernel kills Asterisk when
    the thread that called `start()` ends (`lifeline.py`); without it, calls outlive us.
    """

    def __init__(
        self, settings: AsteriskSettings, toolbox: Toolbox, *, dies_with_parent: bool = True
    ) -> None:
        self.settings = settings
        self._toolbox = toolbox
        self._dies_with_parent = dies_with_parent
        # Not asyncio's own: that kills its children when the loop ends, and calls must outlive us.
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id.

        Raises:
            RuntimeError: If it has not been started.
        """
        if self._process is None:
            raise RuntimeError("Asterisk has not been started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def log_path(self) -> Path:
        """Asterisk's warnings and errors; only one line, about its build, if all is well."""
        return self.settings.log_dir / "asterisk.log"

    @property
    def output_path(self) -> Path:
        """What Asterisk prints before its log is open."""
        return self.settings.log_dir / "start.log"

    async def start(self) -> None:
        """Render the configuration, start Asterisk and wait until it takes calls.

        Raises:
            ConfigError: If the settings are wrong.
            SetupError: If Asterisk is too old, a module is missing, a port or the folder
                is in use, or Asterisk stops or does not become ready.
            DiskError: If a folder cannot be written.
        """
        check_version(self._toolbox)
        check_modules(self.settings, self._toolbox)
        if faults := check(self.settings):
            raise ConfigError(faults)
        check_unused(self.settings)
        check_ports(self.settings)
        configuration.render(self.settings, self._toolbox, self.settings.config_dir)
        await asyncio.to_thread(lay_out, self.settings, self._toolbox)

        self._process = self._spawn()
        booted = asyncio.create_task(self._booted())
        exited = asyncio.create_task(self.ended())
        try:
            async with asyncio.timeout(_BOOT_S):
                await asyncio.wait({booted, exited}, return_when=asyncio.FIRST_COMPLETED)
                if exited.done():
                    raise SetupError("Asterisk stopped while starting", self.last_words())
                await booted
                await self._check_ari()
        except TimeoutError:
            await self.crash()
            raise SetupError("Asterisk did not become ready", self.last_words()) from None
        except BaseException:
            await self.crash()
            raise
        finally:
            booted.cancel()
            exited.cancel()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [
            *_limits(),
            *self._toolbox.command("asterisk"),
            *("-C", str(self.settings.config_dir / "asterisk.conf")),
            "-f",  # stay in the foreground: our child, not a daemon
        ]
        if self._dies_with_parent:
            command = [*tied_to_us(*command)]
        with self._open_output() as output:
            return subprocess.Popen(
                command,
                env={**os.environ, **self._toolbox.environment("asterisk")},
                cwd=self.settings.state_dir,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            )

    async def stop(self) -> None:
        """End Asterisk and the calls in it; does nothing if it is not running."""
        if self._process is None or not self.running:
            return
        self._process.terminate()  # Asterisk takes SIGTERM as `core stop now`
        try:
            async with asyncio.timeout(_STOP_S):
                await self.ended()
        except TimeoutError:
            await self.crash()
        clear_away(self.settings)

    async def crash(self) -> None:
        """Kill Asterisk as a power cut would (SIGKILL), and reap it."""
        if self._process is None or not self.running:
            return
        self._process.send_signal(signal.SIGKILL)
        await self.ended()

    async def ended(self) -> None:
        """Wait until Asterisk has ended, for whatever reason."""
        if self._process is not None and self.running:
            await console.ended(self._process.pid)
            self._process.wait()  # it has ended, and is only reaped here

    async def cli(self, command: str) -> str:
        """Return the console's answer to `command`, as `asterisk -rx` would print it.

        Raises:
            OSError: If Asterisk is not listening.
        """
        return await console.ask(self.settings, command, self.pid)

    async def _booted(self) -> None:
        while True:
            try:
                if "fully booted" in await self.cli("core waitfullybooted"):
                    return
            except OSError:
                pass  # no control socket yet
            await asyncio.sleep(0.02)

    async def _check_ari(self) -> None:
        settings = self.settings
        credentials = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password)
        headers = {"Authorization": credentials}
        url = f"{settings.ari_url}/asterisk/ping"
        try:
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.get(url) as answer,
            ):
                answer.raise_for_status()
        except aiohttp.ClientError as error:
            raise SetupError(f"ARI does not answer ({error})", self.last_words()) from None

    def _open_output(self) -> BinaryIO:
        with writing(self.output_path):
            return open(self.output_path, "wb")

    def last_words(self) -> str:
        """Return the path of Asterisk's log, and its last lines that may give the reason."""
        lines: list[str] = []
        for path in (self.output_path, self.log_path):
            with contextlib.suppress(OSError):
                lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
        relevant = [line for line in lines if "ERROR" in line or "WARNING" in line] or lines
        return "\n".join([f"See {self.log_path}.", *relevant[-5:]])


def _limits() -> list[str]:
    """Return the command prefix that limits the process's resources (util-linux)."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _OPEN_FILES if most == resource.RLIM_INFINITY else min(_OPEN_FILES, most)
    # A core file would hold SIP messages.
    return ["prlimit", "--core=0:0", f"--nofile={files}:"]
