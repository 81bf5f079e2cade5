"""A private Asterisk: laid out, started, asked, stopped.

As any user, with nothing outside `state_dir` but a run folder when the control socket's path
would be too long. As a child of ours in the demo and the tests; by itself after
`./allo asterisk start`, where `process_of`, `ask` and `ended` find it again.
"""

import array
import asyncio
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import BinaryIO

import aiohttp
import G722

from router import ports
from router.asterisk import configuration, install
from router.asterisk.install import Toolbox
from router.asterisk.settings import SOCKET_NAME, UNTOLD_PAIR, AsteriskSettings, check
from router.errors import ConfigError, SetupError
from router.lifeline import tied_to_us
from router.places import writing
from router.ports import Address

#: Calm pieces of the distribution's music (CC BY-SA 3.0), each with the gain in dB that
#: brings it to -26 dB RMS: a little below the prompts.
MUSIC = {"macroform-the_simplicity": 6, "manolo_camp-morning_coffee": -1}
# Plucked fifths and a rest, for a minute.
_CHORDS = "synth 4 pluck A3 pluck E4 remix - fade 0.02 4 1.5 pad 0 2 repeat 9 gain -n -4"

#: What prompts are rendered in (voice/rendering.py).
_PROMPT_FORMATS = ("alaw", "sln16", "g722")

_BOOT_S = 30.0  # two seconds are usual; a loaded machine takes longer
_STOP_S = 5.0
_OPEN_FILES = 16384


class AsteriskServer:
    """One Asterisk process with the configuration that `settings` describe.

    Call `start()`, and `stop()` when done. With `dies_with_parent` the kernel kills
    Asterisk when the thread that called `start()` ends (`lifeline.py`); without, calls
    outlive us.
    """

    def __init__(
        self, settings: AsteriskSettings, toolbox: Toolbox, *, dies_with_parent: bool = True
    ) -> None:
        self.settings = settings
        self._toolbox = toolbox
        self._dies_with_parent = dies_with_parent
        # Not asyncio's: it kills what is left when its loop ends, and calls must outlive us.
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id. Raises RuntimeError when it has not been started."""
        if self._process is None:
            raise RuntimeError("Asterisk has not been started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def log_path(self) -> Path:
        """Warnings and errors of Asterisk; empty but for one line when all is well."""
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
                is in use, or Asterisk stops or does not get ready.
            DiskError: If a folder cannot be written.
        """
        check_version(self._toolbox)
        check_modules(self._toolbox)
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
            raise SetupError("Asterisk did not get ready", self.last_words()) from None
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
        """End Asterisk and the calls in it; a second call does nothing."""
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
            await ended(self._process.pid)
            self._process.wait()  # it has: only to be reaped

    async def cli(self, command: str) -> str:
        """Return what the console says to `command`, as `asterisk -rx` does.

        Raises:
            OSError: If Asterisk does not listen.
        """
        return await ask(self.settings, command, self.pid)

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
            raise SetupError(f"ARI does not serve us ({error})", self.last_words()) from None

    def _open_output(self) -> BinaryIO:
        with writing(self.output_path):
            return open(self.output_path, "wb")

    def last_words(self) -> str:
        """Return where Asterisk's log is, and what it says that may be the reason."""
        lines: list[str] = []
        for path in (self.output_path, self.log_path):
            with contextlib.suppress(OSError):
                lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
        told = [line for line in lines if "ERROR" in line or "WARNING" in line] or lines
        return "\n".join([f"See {self.log_path}.", *told[-5:]])


async def ask(settings: AsteriskSettings, command: str, pid: int | None = None) -> str:
    """Return what the console of the Asterisk in these folders says to `command`.

    Raises:
        OSError: If none listens there, or (given `pid`) another.
    """
    reader, writer = await asyncio.open_unix_connection(str(settings.run_dir / SOCKET_NAME))
    try:
        # main/asterisk.c, netconsole(): "host/pid/version", then one command and its answer.
        greeting = (await reader.readline()).decode()
        if pid is not None and greeting.split("/")[1:2] != [str(pid)]:
            raise ConnectionError(f"another Asterisk listens in {settings.run_dir}")
        writer.write(b"cli quit after " + command.encode() + b"\0")
        return (await reader.read()).decode().strip("\0")
    finally:
        writer.close()


def process_of(settings: AsteriskSettings) -> int | None:
    """Return the process of the Asterisk that runs in these folders; None if none does."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(settings.run_dir / SOCKET_NAME))
        except OSError:
            return None  # none, or only the socket that a killed one left
        probe.settimeout(_STOP_S)
        greeting = probe.recv(512).decode(errors="replace").split("/")
    return int(greeting[1])


async def ended(pid: int) -> None:
    """Wait until the process has ended, ours or another's."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(watch, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(watch)
        os.close(watch)


def clear_away(settings: AsteriskSettings) -> None:
    """Remove the run folder where it is not below `state_dir`."""
    if not settings.run_dir.is_relative_to(settings.state_dir):
        shutil.rmtree(settings.run_dir, ignore_errors=True)


def check_version(toolbox: Toolbox) -> None:
    """Refuse an Asterisk that is too old.

    Raises:
        SetupError: If the version is below `install.OLDEST_ASTERISK` or cannot be read.
    """
    found = install.version_of(f"Asterisk {toolbox.asterisk_version}")
    if (found or (0, 0, 0)) < install.OLDEST_ASTERISK:
        oldest = ".".join(map(str, install.OLDEST_ASTERISK))
        raise SetupError(
            f"Asterisk {toolbox.asterisk_version} is too old, {oldest} or later is needed",
            "Upgrade it, or remove it: ./allo then lays out a private copy.",
        )


def check_modules(toolbox: Toolbox) -> None:
    """Look for each module that `modules.conf` requires.

    Raises:
        SetupError: Naming the missing ones.
    """
    missing = install.missing_modules(toolbox, required_modules())
    if missing:
        raise SetupError(
            f"Asterisk lacks {', '.join(missing)} in {toolbox.modules_dir}",
            "Install the package asterisk-modules, or build Asterisk with these modules.",
        )


def required_modules() -> list[str]:
    """Return the file names of the modules that `modules.conf` requires, in its order."""
    text = (configuration.TEMPLATES / "modules.conf").read_text(encoding="utf-8")
    return re.findall(r"^require = (\S+)", text, flags=re.MULTILINE)


def check_unused(settings: AsteriskSettings) -> None:
    """Look for an Asterisk that already uses these folders.

    Raises:
        SetupError: If there is one, naming its process.
    """
    if (pid := process_of(settings)) is not None:
        raise SetupError(
            f"Asterisk already runs in {settings.state_dir}, with process {pid}",
            "Stop it (./allo asterisk stop --config FILE), or use another state_dir.",
        )


def check_ports(settings: AsteriskSettings) -> None:
    """Try every address that Asterisk will listen on.

    Raises:
        SetupError: If one is taken or is not this machine's, naming it and who holds it.
    """
    wanted = [
        (socket.SOCK_DGRAM, settings.trunk_bind, "the SIP trunk"),
        (socket.SOCK_DGRAM, settings.agents_bind, "informateurs' phones"),
        (socket.SOCK_STREAM, f"{settings.ari_host}:{settings.ari_port}", "ARI"),
    ]
    for kind, address, purpose in wanted:
        host, _, port = address.rpartition(":")
        ports.check_free(
            Address(kind, host, int(port), purpose),
            "Stop what holds it, or use other ports (in the settings, or --port-offset of the "
            "demo).",
        )


def lay_out(settings: AsteriskSettings, toolbox: Toolbox) -> None:
    """Create the folders that Asterisk writes to, its data folder, and its music.

    The data folder is made of links to the distribution's, except that
    `sounds/fr/allo` leads to the rendered prompts, and `sounds/fr_05/allo/pair` to "05".

    Raises:
        SetupError: If the run folder in the temporary folder belongs to someone else.
        DiskError: If a folder cannot be written.
    """
    with writing(settings.state_dir):
        _lay_out(settings, toolbox)


def _lay_out(settings: AsteriskSettings, toolbox: Toolbox) -> None:
    for folder in ("cache", "spool", "data/sounds/fr"):
        (settings.state_dir / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.log_dir.mkdir(exist_ok=True, mode=0o700)
    settings.run_dir.mkdir(exist_ok=True, mode=0o700)
    if settings.run_dir.stat().st_uid != os.getuid():
        raise SetupError(
            f"{settings.run_dir} belongs to another user", "Choose a shorter --state folder."
        )
    for name in ("documentation", "rest-api"):
        _link(settings.data_dir / name, toolbox.data_dir / name)
    sounds = settings.data_dir / "sounds"
    _link(sounds / "fr" / "allo", settings.prompts_dir)
    for pair in (f"{n:02}" for n in range(100)):
        untold = sounds / f"fr_{pair}" / "allo"
        untold.mkdir(parents=True, exist_ok=True, mode=0o700)
        for form in _PROMPT_FORMATS:
            _link(untold / f"{UNTOLD_PAIR}.{form}", settings.prompts_dir / f"pair-{pair}.{form}")
    _render_music(settings, toolbox)


def _link(link: Path, target: Path) -> None:
    if not link.is_symlink() or link.readlink() != target:
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _limits() -> list[str]:
    """Return the command prefix that sets limits on the process (util-linux, on every Debian)."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _OPEN_FILES if most == resource.RLIM_INFINITY else min(_OPEN_FILES, most)
    # Cores would hold SIP messages.
    return ["prlimit", "--core=0:0", f"--nofile={files}:"]


def _render_music(settings: AsteriskSettings, toolbox: Toolbox) -> None:
    """Write each piece in each codec, once; chords of our own where there is no music."""
    if settings.music_dir.is_dir():
        return
    fresh = Path(tempfile.mkdtemp(prefix=".music-", dir=settings.state_dir))
    try:
        pieces = [
            (name, [str(toolbox.data_dir / "moh" / f"{name}.wav")], ["gain", str(gain_db)])
            for name, gain_db in MUSIC.items()
            if (toolbox.data_dir / "moh" / f"{name}.wav").exists()
        ] or [("chords", ["-n", "-r", "16000"], _CHORDS.split())]
        for name, source, effects in pieces:
            for codec, form in (("alaw", "al"), ("ulaw", "ul")):
                target = str(fresh / f"{name}.{codec}")
                _sox(toolbox, *source, "-t", form, "-r", "8000", "-c", "1", target, *effects)
            raw = ("-t", "raw", "-e", "signed", "-b", "16", "-r", "16000", "-c", "1", "-")
            samples = _sox(toolbox, *source, *raw, *effects)
            # 64 kbit/s, the only rate in RTP (RFC 3551 section 4.5.2).
            encoded = G722.G722(16000, 64000).encode(array.array("h", samples))
            (fresh / f"{name}.g722").write_bytes(encoded)
        fresh.rename(settings.music_dir)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _sox(toolbox: Toolbox, *arguments: str) -> bytes:
    """Run sox and return its output. Raises SetupError with sox's own words."""
    done = subprocess.run(
        [*toolbox.command("sox"), "-V1", *arguments],
        env={**os.environ, **toolbox.environment("sox")},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(
            f"sox could not render the music: {done.stderr.decode(errors='replace').strip()}",
            "Is the disk full?",
        )
    return done.stdout
