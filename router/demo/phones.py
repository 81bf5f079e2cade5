"""Simulated telephones: SIPp does the signalling, `sound.Person` speaks and listens."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from router.asterisk.toolbox import Toolbox
from router.demo.sound import AGENT_HZ, CALLER_HZ, Person
from router.errors import SetupError
from router.lifeline import tied_to_us
from router.places import writing

SCENARIOS = Path(__file__).parent / "sipp"
#: From a range reserved for fiction (Arcep): nobody's number.
CALLER = "0199001234"
#: The longest registration that Asterisk grants (pjsip.conf).
REGISTERED_S = 120
_BETWEEN_QUESTIONS_S = 3.0


def free_port() -> int:
    """Return a UDP port of the loopback that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


class Sipp:
    """One SIPp process on the loopback, which plays `scenario` towards `remote` (host:port)."""

    def __init__(
        self,
        toolbox: Toolbox,
        scenario: Path,
        remote: str,
        work_dir: Path,
        port: int | None = None,
    ) -> None:
        self._toolbox = toolbox
        self._scenario = scenario
        self._remote = remote
        self._work_dir = work_dir
        self._process: asyncio.subprocess.Process | None = None
        self.port = port or free_port()

    async def start(self, keys: Mapping[str, str], *options: str) -> None:
        """Start SIPp; `keys` replace the scenario's `[name]`s, also those of pauses.

        The filled scenario is written to `work_dir`. What must not be on a disk, such as a caller's
        number, is given as an option: `-key name value` fills names, but only in messages.

        Raises:
            DiskError: If the scenario cannot be written.
        """
        text = self._scenario.read_text(encoding="utf-8")
        for name, value in keys.items():
            text = text.replace(f"[{name}]", value)
        played = self._work_dir / f"{self._scenario.stem}-{self.port}.xml"
        with writing(self._work_dir):
            self._work_dir.mkdir(parents=True, exist_ok=True)
            played.write_text(text, encoding="utf-8")
        command = (
            *self._toolbox.command("sipp"),
            self._remote,
            *("-sf", str(played), "-i", "127.0.0.1", "-p", str(self.port)),
            *("-mp", str(free_port()), "-nostdin", *options),
        )
        self._process = await asyncio.create_subprocess_exec(
            *tied_to_us(*command),
            cwd=self._work_dir,
            env={**os.environ, **self._toolbox.environment("sipp")},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Whether SIPp is still running."""
        return self._process is not None and self._process.returncode is None

    async def wait(self) -> int:
        """Wait for SIPp to end; return its exit code: 0 if every call went as the scenario says."""
        assert self._process is not None, "start() first"
        return await self._process.wait()

    async def stop(self) -> None:
        """Kill SIPp if it is still running."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


class AgentPhone:
    """An informateur's phone. It picks up after `rings_s` seconds and hangs up after `talks_s`."""

    def __init__(
        self,
        toolbox: Toolbox,
        agent: str,
        secret: str,
        registrar: str,
        work_dir: Path,
        *,
        rings_s: float,
        talks_s: float,
    ) -> None:
        self.agent = agent
        self.person = Person(AGENT_HZ, CALLER_HZ)
        self._toolbox = toolbox
        self._secret = secret
        self._registrar = registrar
        self._work_dir = work_dir
        self._keys = {"rings_ms": str(int(rings_s * 1000)), "talks_ms": str(int(talks_s * 1000))}
        self._sipp = Sipp(toolbox, SCENARIOS / "agent.xml", registrar, work_dir)
        self._refresh: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Register, and take calls from now on.

        Raises:
            SetupError: If Asterisk does not accept the registration, or SIPp does not start.
        """
        await self.person.open()
        await self._sipp.start({**self._keys, "rtp_port": str(self.person.port)})
        await self.register()
        if not self._sipp.running:
            raise SetupError(
                f"the phone of agent-{self.agent} did not start", "Is SIPp usable here?"
            )
        self._refresh = asyncio.create_task(self._stay_registered())

    async def register(self, expires_s: int = REGISTERED_S) -> None:
        """Register the phone for `expires_s` seconds; 0 ends its registration.

        Raises:
            SetupError: If Asterisk does not accept it.
        """
        user = f"agent-{self.agent}"
        register = Sipp(self._toolbox, SCENARIOS / "register.xml", self._registrar, self._work_dir)
        keys = {
            "user": user,
            "secret": self._secret,
            "phone_port": str(self._sipp.port),
            "expires_s": str(expires_s),
        }
        await register.start(keys, "-m", "1", "-au", user, "-ap", self._secret, "-timeout", "10")
        if await register.wait() != 0:
            raise SetupError(f"the phone of {user} could not register", "See Asterisk's log.")

    async def leave(self) -> None:
        """Unregister, for good.

        Raises:
            SetupError: If Asterisk does not accept it.
        """
        await self._stop_refreshing()
        await self.register(0)

    async def stop(self) -> None:
        """Hang up, and take no more calls."""
        await self._stop_refreshing()
        await self._sipp.stop()
        self.person.close()

    async def _stop_refreshing(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)

    async def _stay_registered(self) -> None:
        while True:
            await asyncio.sleep(REGISTERED_S / 2)
            with contextlib.suppress(SetupError):  # Asterisk is away: try again later
                await self.register()


class CallerPhone:
    """A caller's phone on the trunk."""

    def __init__(self, toolbox: Toolbox, trunk: str, work_dir: Path, *, number: str) -> None:
        self.person = Person(CALLER_HZ, AGENT_HZ)
        self._number = number
        self._sipp = Sipp(toolbox, SCENARIOS / "caller.xml", trunk, work_dir)

    async def dial(self) -> None:
        """Call; from then on the person listens and types."""
        await self.person.open()
        keys = {"rtp_port": str(self.person.port)}
        options = ("-s", self._number, "-m", "1", "-key", "caller", CALLER)
        await self._sipp.start(keys, *options)

    async def hung_up(self) -> int:
        """Wait for the end of the call; return 0 if it went as it should."""
        return await self._sipp.wait()

    async def stop(self) -> None:
        """Hang up."""
        await self._sipp.stop()
        self.person.close()


class PublicNetwork:
    """Every number of the public network, as one phone.

    It rings and is picked up, and its person presses 1 when asked to, then talks.
    """

    def __init__(self, toolbox: Toolbox, remote: str, work_dir: Path, port: int) -> None:
        self.person = Person(CALLER_HZ, AGENT_HZ)
        self._sipp = Sipp(toolbox, SCENARIOS / "agent.xml", remote, work_dir, port)
        self._answering: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take calls from the trunk."""
        await self.person.open()
        keys = {"rings_ms": "2000", "talks_ms": "600000", "rtp_port": str(self.person.port)}
        await self._sipp.start(keys)
        self._answering = asyncio.create_task(self._press_one())

    async def stop(self) -> None:
        """Hang up, and take no more calls."""
        if self._answering is not None:
            self._answering.cancel()
        await self._sipp.stop()
        self.person.close()

    async def _press_one(self) -> None:
        """Press 1 after each question: it is followed by silence, as a conversation is not."""
        while True:
            with contextlib.suppress(TimeoutError):
                await self.person.question_over(silence_s=0.8)
                self.person.press("1")
                await asyncio.sleep(_BETWEEN_QUESTIONS_S)
