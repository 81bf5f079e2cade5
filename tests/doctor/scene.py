"""A healthy service in fakes, each part of which a test can break before it is examined."""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import orjson

from router.ari.client import presence
from router.asterisk.configuration import texts
from router.asterisk.preflight import required_modules
from router.asterisk.settings import PROBE_ENDPOINT
from router.asterisk.toolbox import Toolbox
from router.config import Config, load, new_secrets
from router.doctor.findings import Unseen, fault
from router.doctor.host import Machine
from router.doctor.surroundings import Disk, Page, Process, Surroundings, UdpSocket
from router.errors import Problem
from router.service.readiness import PARTS
from router.voice.rendering import FORMATS
from tests.probe.sip_server import Server

#: Monday 2026-11-23, 10:00 in Paris.
NOW = 1_795_424_400.0
#: An address that is not private, and a carrier's (RFC 5737: in no network).
OURS, CARRIER = "203.0.113.5", "198.51.100.7"
ROUTER, ASTERISK = 4001, 4002
MODULES = Path("/usr/lib/asterisk/modules")

SETTINGS = f"""\
secrets = "secrets.toml"
plan = "3939.toml"
agents = "agents.toml"
state_dir = "state"
prompts_dir = "prompts"
[asterisk]
trunk_bind = "{OURS}:5060"
trunk_hosts = ["{CARRIER}"]
trunk_peer = "{CARRIER}:5060"
rtp_last = 11999
probe_port = PROBE_PORT
[callbacks]
presented = "3939"
vault_dir = "vault"
"""


def write_files(folder: Path, probe_port: int) -> None:
    """Write the files of a deployment, as ./allo and its admin would."""
    shipped = load(None)
    shutil.copy(shipped.settings.plan, folder / "3939.toml")
    shutil.copy(shipped.settings.agents, folder / "agents.toml")
    secrets = folder / "secrets.toml"
    secrets.touch(mode=0o600)
    secrets.write_text(new_secrets(shipped.plan.agents, shipped.plan.desk.supervisor_phones))
    (folder / "allo.toml").write_text(SETTINGS.replace("PROBE_PORT", str(probe_port)))
    prompts = folder / "prompts"
    prompts.mkdir()
    for sentence in ("welcome", "closed"):
        for form in FORMATS:
            (prompts / f"{sentence}.{form}").write_bytes(b"\xd5" * 160)
    (folder / "vault").mkdir(mode=0o700)


def write_state(config: Config) -> None:
    """Write what Asterisk and the router have in the state folder."""
    settings = config.asterisk()
    for made in (settings.config_dir, settings.log_dir, settings.music_dir):
        made.mkdir(mode=0o700, parents=True)
    tools = Toolbox(None, "", MODULES, Path("/"))
    for name, text in texts(settings, tools, settings.config_dir).items():
        (settings.config_dir / name).write_text(text)
    (settings.music_dir / "morning.alaw").write_bytes(b"\xd5" * 160)
    (settings.log_dir / "asterisk.log").write_text("Asterisk 22.10.1 built by nobody\n")
    link = settings.data_dir / "sounds" / "fr" / "allo"
    link.parent.mkdir(parents=True)
    link.symlink_to(settings.prompts_dir)


class FakeAri:
    """ARI's answers by path. `heard` is what the doctor hears of its own call."""

    def __init__(self, config: Config, server: Server) -> None:
        self._server = server
        settings = config.asterisk()
        endpoint = {
            **{"context": "trunk", "aors": "trunk-peer", "dtmf_mode": "auto_info"},
            **{"callerid": '"Anonyme" <anonymous>', "callerid_privacy": "prohib"},
            **{"trust_id_inbound": "false", "trust_connected_line": "no"},
            "allow": "(alaw|g722|ulaw)",
        }
        phones = [one.endpoint for phone in settings.agents for one in (phone, phone.in_browser)]
        self.trunk: dict[str, str] = endpoint
        self.states = dict.fromkeys(["trunk", *phones], "online") | {"replaces": "offline"}
        self.modules = dict.fromkeys([*required_modules(settings), "acl"], "Running")
        self.info: dict[str, Any] = {
            "system": {"version": "22.10.1+dfsg"},
            "config": {"max_channels": settings.max_calls},
            "status": {
                "startup_time": "2026-11-23T06:00:00.000+0000",
                "last_reload_time": "2026-11-23T06:00:00.000+0000",
            },
        }
        self.logging = [{"channel": "asterisk.log", "status": "Enabled", "configuration": "ERROR"}]
        self.applications = ["allo", presence("allo"), presence("allo-doctor")]
        self.variables: dict[str, str] = {"CALLERID(num)": "anonymous"}
        self.heard = [f'{{"type": "ChannelCreated", "name": "PJSIP/{PROBE_ENDPOINT}-1"}}']
        self.away = False
        self.fallback_until = str(int(NOW) + 5)

    async def get(self, path: str, **query: str) -> Any:
        if self.away:
            raise Unseen(fault("asterisk-away", "ARI", "it does not answer", "Start it."))
        match path.split("/"):
            case ["asterisk", "info"]:
                return self.info
            case ["asterisk", "variable"]:
                return {"value": self.fallback_until}
            case ["asterisk", "modules"]:
                return [{"name": name, "status": is_} for name, is_ in self.modules.items()]
            case ["asterisk", "logging"]:
                return self.logging
            case ["asterisk", "config", *_, name]:
                known = self.trunk if name.startswith("trunk") and name in self.states else {}
                return [{"attribute": key, "value": value} for key, value in known.items()]
            case ["applications"]:
                return [{"name": name} for name in self.applications]
            case ["endpoints", "PJSIP"]:
                return [{"resource": name, "state": is_} for name, is_ in self.states.items()]
            case ["endpoints", "PJSIP", name]:
                return {"resource": name, "state": self.states.get(name)}
            case ["channels"]:
                call = self._server.called.first("call-id")
                where = {"app_name": "Stasis"}
                return [
                    {"id": "1.1", "name": "PJSIP/probe-1", "protocol_id": call, "dialplan": where}
                ]
            case ["channels", _, "variable"]:
                value = self.variables.get(query["variable"])
                return None if value is None else {"value": value}
        raise AssertionError(path)

    @asynccontextmanager
    async def listening(self, source: str) -> AsyncIterator[list[str]]:
        yield self.heard


class FakeAmi:
    """AMI's answers by action."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Mapping[str, str]]] = {
            "CoreSettings": [{"Response": "Success", "CoreCDRenabled": "No"}],
            "CoreShowChannels": [{"Response": "Success"}],
            "Status": [{"Response": "Success"}],
            "Ping": [{"Response": "Success"}],
            "PJSIPShowRegistrationsOutbound": [{"Response": "Success"}],
        }
        self.heard = [f"Event: Newchannel\nChannel: PJSIP/{PROBE_ENDPOINT}-1"]

    async def ask(self, action: str, **fields: str) -> list[Mapping[str, str]]:
        return self.answers[action]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[list[str]]:
        yield self.heard


class FakeWeb:
    """The router's pages, from what it knows."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        self.metrics = {
            "allo_defects": 0.0,
            "allo_log_leaks_total": 0.0,
            'allo_store_lost_total{store="facts"}': 0.0,
            "allo_service_time_seconds": NOW,
            "allo_probe_last_success_timestamp_seconds": NOW - 20,
        }
        #: Why the intake, or the router, does not answer: the name of the finding.
        self.intake = self.router_away = ""

    async def public(self, path: str) -> Page:
        _unless(self.intake)
        return Page(200, '{"status": "ok"}', {})

    async def router(self, path: str) -> Page:
        _unless(self.router_away)
        if path == "/metrics":
            lines = (f"{name} {value}" for name, value in self.metrics.items())
            return Page(200, "\n".join(lines), {})
        parts = {
            part: {"ok": part not in self.missing, "why": self.missing.get(part, "")}
            for part in PARTS
        }
        return Page(200, orjson.dumps({"parts": parts}).decode(), {})


def _unless(away: str) -> None:
    if away:
        raise Unseen(fault(away, "HTTP", "nothing answers", "See its log."))


class FakeHost(Machine):
    """The real files of the scene; all else as it is told."""

    def __init__(self, config: Config) -> None:
        super().__init__(config.asterisk())
        limits = {"Max open files": 65536, "Max core file size": 0}
        owner = config.settings.state_dir.stat().st_uid
        self.running: dict[int, Process] = {
            ROUTER: Process(ROUTER, NOW - 7200, owner, ("allo", "run"), limits),
            ASTERISK: Process(ASTERISK, NOW - 7300, owner, ("asterisk",), limits),
        }
        self.time = NOW
        self.udp: list[UdpSocket] = []
        self.swap: list[str] = []
        self.synchronised = True
        self.zones = "2026b"
        self.lacking: set[str] = set()
        self.interpreter = (3, 11)
        self.source = OURS
        self.disks: dict[Path, Disk] = {}
        #: Files that say something else than what is in them.
        self.texts: dict[Path, Callable[[], str]] = {}

    def text(self, path: Path) -> str:
        return self.texts[path]() if path in self.texts else super().text(path)

    def now(self) -> float:
        return self.time

    def disk(self, folder: Path) -> Disk:
        return self.disks.get(folder, Disk(5000, 0.9, is_memory=True, is_noswap=False))

    def process(self, pid: int) -> Process | None:
        return self.running.get(pid)

    def asterisk(self) -> Process | None:
        return self.running.get(ASTERISK)

    def router_process(self) -> Process | None:
        return self.running.get(ROUTER)

    def open_sockets(self, pid: int) -> frozenset[str]:
        return frozenset({"1", "2"})

    def udp_sockets(self) -> Sequence[UdpSocket]:
        return self.udp

    def address_towards(self, host: str) -> str:
        return self.source

    def swaps(self) -> Sequence[str]:
        return self.swap

    def clock_is_synchronised(self) -> bool:
        return self.synchronised

    def time_zones(self) -> str:
        return self.zones

    def python(self) -> tuple[int, int]:
        return self.interpreter

    def lacks(self, package: str) -> bool:
        return package in self.lacking


class Scene:
    """A healthy service. Break something, then examine `around`."""

    def __init__(self, config: Config, server: Server) -> None:
        self.config = config
        self.server = server
        self.ari = FakeAri(config, server)
        self.ami = FakeAmi()
        self.web = FakeWeb()
        self.host = FakeHost(config)
        self.stale: list[Problem] = []

    @property
    def around(self) -> Surroundings:
        settings = self.config.asterisk()

        def rendered(modules_dir: Path) -> dict[str, str]:
            return texts(settings, Toolbox(None, "", modules_dir, Path("/")), settings.config_dir)

        return Surroundings(
            self.config,
            settings,
            self.ari,
            self.ami,
            self.web,
            self.host,
            lambda: self.stale,
            rendered,
        )

    @property
    def etc(self) -> Path:
        """Asterisk's configuration on disk."""
        return self.config.asterisk().config_dir

    @property
    def folder(self) -> Path:
        """The files of the deployment."""
        file = self.config.settings.file
        assert file is not None
        return file.parent

    def set_asterisk(self, **changes: Any) -> None:
        """Change the settings' [asterisk], and have everything written and running by them."""
        options = replace(self.config.settings.asterisk, **changes)
        self._set(asterisk=options)

    def set_callbacks(self, **changes: Any) -> None:
        """Change the settings' [callbacks]."""
        self._set(callbacks=replace(self.config.settings.callbacks, **changes))

    def set_http(self, **changes: Any) -> None:
        """Change the settings' [http]."""
        self._set(http=replace(self.config.settings.http, **changes))

    def set(self, **changes: Any) -> None:
        """Change the settings' other tables."""
        self._set(**changes)

    def _set(self, **changes: Any) -> None:
        self.config = replace(self.config, settings=replace(self.config.settings, **changes))
        settings = self.config.asterisk()
        for name, text in self.around.rendered(MODULES).items():
            self._write(settings.config_dir / name, text)

    def edit(self, name: str, old: str, new: str) -> None:
        """Edit a file of Asterisk's configuration, which Asterisk then reads."""
        path = self.etc / name
        text = path.read_text()
        assert old in text, f"{name} has no {old}"
        self._write(path, text.replace(old, new, 1))

    def _write(self, path: Path, text: str) -> None:
        """Write without a sign of when: Asterisk has read it since."""
        before = path.stat() if path.exists() else None
        path.write_text(text)
        if before is not None:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def udp(self, port: int, inode: str) -> None:
        """Have somebody hold a UDP port."""
        self.host.udp.append(UdpSocket(IPv4Address("0.0.0.0"), port, inode))
