"""What is measured: one Asterisk, the router as it is run, and the same IVR in dialplan.

Both IVRs live in the same Asterisk under the shipped configuration and play the same
three files; the number that is dialled chooses. The router is a process of its own with
the shipped plan.
"""

import asyncio
import math
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from router.asterisk.server import AsteriskServer
from router.asterisk.toolbox import Toolbox
from router.cli import provision
from router.config import Config, load, load_plan, new_secrets
from router.config.settings import SHIPPED
from router.demo.script import Addresses
from router.errors import SetupError
from router.lifeline import tied_to_us

#: Only a router that fails is waited for this long; on a busy machine half a minute is usual.
_READY_S = 120.0

#: The prompts of the journey welcome -(#)-> question -(#)-> information, and their
#: tones in Hz: divisors of 8000/160, so that each 20 ms frame of a prompt is the same.
TONES = {"welcome": 400, "code-ask": 500, "information-menu": 800}
#: Longer than any call of the benchmark: only keys end a prompt.
_PROMPT_FRAMES = 500
#: What is heard besides lasts 0.2 s.
_SPOKEN_FRAMES = 10
#: How many frames another prompt with a tone has.
SHORT_FRAMES = 25

#: What to dial.
NUMBERS = {"router": "3939", "dialplan": "3940"}


_DIALPLAN = """
; --- Benchmark: the same three prompts without a router ---
[from-trunk](+)
exten = 3940,1,Goto(plain,s,1)
[plain]
exten = s,1,Answer()
 same = n,Background(allo/welcome)
 same = n,WaitExten(6)
exten = #,1,Goto(plain-question,s,1)
[plain-question]
exten = s,1,Background(allo/code-ask)
 same = n,WaitExten(6)
exten = #,1,Playback(allo/information-menu)
 same = n,Hangup()
"""


@dataclass(frozen=True, slots=True)
class Service:
    """The plan and the informateurs, as TOML: the shipped ones, unless something must differ."""

    plan: str = field(default_factory=(SHIPPED / "3939.toml").read_text)
    agents: str = field(default_factory=(SHIPPED / "agents.toml").read_text)
    #: Prompts of the catalogue that are heard besides the three: short silences.
    spoken: tuple[str, ...] = ()
    #: Those of them that must be known when they are heard, and their tones in Hz.
    tones: Mapping[str, int] = field(default_factory=dict)
    #: More of the settings, as TOML: lines of [asterisk], and all of [callbacks].
    asterisk: str = ""
    callbacks: str = ""


_T = TypeVar("_T")


def on_a_rig(
    measure: Callable[["Rig"], Awaitable[_T]],
    port_offset: int,
    say: Callable[[str], None],
    service: Service | None = None,
) -> _T:
    """Set a rig up, measure, and take it down.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """

    async def run() -> _T:
        state = provision.HOME / f"bench-{port_offset}"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        async with Rig(state, port_offset, provision.toolbox(say), service or Service()) as rig:
            return await measure(rig)

    return asyncio.run(run())


class Rig:
    """Use with `async with`: both IVRs take calls inside. Ports are moved by `port_offset`."""

    def __init__(
        self, state_dir: Path, port_offset: int, toolbox: Toolbox, service: Service
    ) -> None:
        self.state_dir = state_dir
        self.toolbox = toolbox
        at = Addresses(port_offset)
        host, _, port = at.agents_sip.rpartition(":")
        self.sip = at.sip
        self.phones = (host, int(port))
        self.http = at.http
        #: The one frame that each prompt with a tone is made of; and of the three, in their order.
        self.tones = _write_prompts(state_dir / "prompts", service.spoken, service.tones)
        self.frames = [self.tones[name] for name in TONES]
        self.config = _write_configuration(state_dir, at, service)
        self.asterisk = AsteriskServer(self.config.asterisk(), toolbox)
        # Within opening hours, whenever the benchmark is run.
        opens_at = self.config.plan.hours.next_opening(time.time())
        self._clock_offset_s = 0.0 if opens_at is None else opens_at + 600 - time.time()
        self._router: asyncio.subprocess.Process | None = None

    @property
    def router_pid(self) -> int:
        assert self._router is not None, "use with `async with`"
        return self._router.pid

    async def __aenter__(self) -> "Rig":
        try:
            await self.asterisk.start()
            dialplan = self.asterisk.settings.config_dir / "extensions.conf"
            with dialplan.open("a", encoding="utf-8") as file:
                file.write(_DIALPLAN)
            await self.asterisk.cli("dialplan reload")
            await self.start_router()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def steps(self) -> dict[str, float]:
        """Return how many steps of each kind the router has noted since it started."""
        return await self._counted('allo_steps_total{step="')

    async def _counted(self, prefix: str) -> dict[str, float]:
        async with aiohttp.ClientSession() as session, session.get(self.http + "/metrics") as got:
            lines = (await got.text()).splitlines()
        counted = (line[len(prefix) :].split('"} ') for line in lines if line.startswith(prefix))
        return {step: float(number) for step, number in counted}

    def complaints(self) -> int:
        """Return how many lines Asterisk and the router have complained in.

        Not counted: Asterisk's "Playback failed", for every caller who leaves in a prompt.
        """
        asterisk = self.asterisk.log_path.read_text(encoding="utf-8", errors="replace")
        router = (self.state_dir / "router.log").read_text(encoding="utf-8", errors="replace")
        said = [line for line in asterisk.splitlines() if "WARNING" in line or "ERROR" in line]
        said = [line for line in said if "Playback failed for" not in line]
        said += [line for line in router.splitlines() if '"level":"info"' not in line]
        return len(said)

    async def calls(self) -> dict[str, float]:
        """Return how many calls the router has in each state."""
        return await self._counted('allo_calls{state="')

    async def kill_router(self) -> None:
        """End the router as a crash would."""
        assert self._router is not None, "use with `async with`"
        self._router.kill()
        await self._router.wait()

    async def start_router(self) -> None:
        """Start the router, and wait until it is ready.

        Raises:
            SetupError: If it stops or does not become ready.
        """
        log_path = self.state_dir / "router.log"
        with log_path.open("ab") as log:
            self._router = await asyncio.create_subprocess_exec(
                *tied_to_us(
                    *(sys.executable, "-P", "-m", "router.cli"),
                    *("run", "--config", str(self.state_dir / "allo.toml")),
                    *("--clock-offset", str(self._clock_offset_s)),
                ),
                env={**os.environ, "PYTHONPATH": str(provision.TOP)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            )
        try:
            async with asyncio.timeout(_READY_S):
                while not await self._router_ready():
                    if self._router.returncode is not None:
                        raise SetupError("the router stopped", f"See {log_path}.")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise SetupError("the router did not get ready", f"See {log_path}.") from None

    async def _router_ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(self.http + "/readyz") as answer,
            ):
                status: dict[str, Any] = await answer.json()
        except aiohttp.ClientError:
            return False
        return bool(status["ready"])

    async def _stop(self) -> None:
        if self._router is not None and self._router.returncode is None:
            self._router.terminate()
            await self._router.wait()
        await self.asterisk.stop()


def _write_prompts(
    folder: Path, spoken: tuple[str, ...], tones: Mapping[str, int]
) -> dict[str, bytes]:
    """Write the prompts and return the one frame that each of those with a tone is made of."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in spoken:
        (folder / f"{name}.alaw").write_bytes(b"\xd5" * 160 * _SPOKEN_FRAMES)
    frames = {}
    for name, hertz in {**tones, **TONES}.items():
        frame = frames[name] = bytes(
            _alaw(round(6000 * math.sin(2 * math.pi * hertz * sample / 8000)))
            for sample in range(160)
        )
        times = _PROMPT_FRAMES if name in TONES else SHORT_FRAMES
        (folder / f"{name}.alaw").write_bytes(frame * times)
    return frames


def _alaw(sample: int) -> int:
    """Encode a 16-bit sample (ITU-T G.711 A-law)."""
    sign, magnitude = (0x80, sample) if sample >= 0 else (0, -sample - 1)
    magnitude >>= 3
    segment = max(0, magnitude.bit_length() - 5)
    return (sign | segment << 4 | magnitude >> max(1, segment) & 15) ^ 0x55


def _write_configuration(state_dir: Path, at: Addresses, service: Service) -> Config:
    """Write settings that differ from the defaults in ports, prompts and the call limit only.

    And in what the service asks for.
    """
    settings, secrets = state_dir / "allo.toml", state_dir / "secrets.toml"
    (state_dir / "plan.toml").write_text(service.plan, encoding="utf-8")
    (state_dir / "agents.toml").write_text(service.agents, encoding="utf-8")
    plan = load_plan(state_dir / "plan.toml", state_dir / "agents.toml")
    with open(os.open(secrets, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(new_secrets(plan.agents, plan.desk.supervisor_phones))
    settings.write_text(
        f"""# Written by ./allo bench at every start.
plan = "plan.toml"
agents = "agents.toml"
secrets = "secrets.toml"
state_dir = "asterisk"
prompts_dir = "prompts"

[asterisk]
trunk_bind = "{at.sip}"
agents_bind = "{at.agents_sip}"
ari_port = {at.ari_port}
ami_port = {at.ami_port}
probe_port = {at.probe_port}
rtp_first = {at.rtp_ports[0]}
rtp_last = {at.rtp_ports[0] + 3999}
max_calls = 1000
{service.asterisk}
[http]
port = {at.http_port}

[callbacks]
{service.callbacks}"""
    )
    return load(settings)
