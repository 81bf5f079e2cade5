"""What differs from one Asterisk to another: the settings, and what can be wrong with them."""

import hashlib
import ipaddress
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from router.errors import Problem

#: Codecs that the module list can carry, as `allow` names them.
CODECS = ("alaw", "ulaw", "g722")

#: What is played, in the language "fr_05", to say a pair of digits that the log must not tell.
#: Of a playback that fails, as when the caller hangs up, Asterisk logs the media alone; a
#: variant of a language has a folder of its own (res_stasis_playback.c, main/file.c).
UNTOLD_PAIR = "pair"

#: The control socket, in `AsteriskSettings.run_dir`.
SOCKET_NAME = "asterisk.ctl"
# sockaddr_un.sun_path holds 108 bytes with the final NUL (unix(7)).
_SOCKET_PATH_MAX = 107
_SERVICE_NUMBER = re.compile(r"\+?[0-9]{2,15}")
# French numbers without prefix, and those that have none: 15, 112, 3939, 118 000.
_FRANCE = "33"
_SIGNIFICANT = re.compile(r"[1-9][0-9]{8}")
_SHORT = re.compile(r"[1-9][0-9]{1,3}|118[0-9]{3}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_AGENT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# Nothing that Asterisk's parser could take for a comment, a separator or a template.
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}")
_ACCOUNT = re.compile(r"[A-Za-z0-9+._-]{1,64}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class AgentPhone:
    """An informateur's phone, or a supervisor's.

    Endpoint, user name and address of record are `agent-<agent>`.
    """

    agent: str
    """The phone's id in the plan, an informateur's own: lower-case letters, digits, hyphens."""
    secret: str = field(repr=False)
    """The phone's password."""

    @property
    def endpoint(self) -> str:
        """The PJSIP endpoint, as in `PJSIP/agent-lea`."""
        return f"agent-{self.agent}"


@dataclass(frozen=True, slots=True)
class Registration:
    """The account that some carriers want us to register (RFC 3261 section 10)."""

    server: str
    """`host` or `host:port` of the carrier's registrar."""
    user: str
    password: str = field(repr=False)
    domain: str = ""
    """Domain of our address there; empty: the registrar's host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    """Everything that differs from one Asterisk to another.

    An address is `host:port`, the host a literal IPv4 address (Asterisk binds and
    matches addresses, not names).
    """

    state_dir: Path
    """Holds all that Asterisk writes: configuration, log, spool, music."""
    prompts_dir: Path
    """The rendered prompts, one file per prompt and codec; ARI plays `sound:allo/<id>`."""
    ari_password: str = field(repr=False)
    """Password of the router's ARI user."""

    node: str = "allo-1"
    """This machine's name: first part of every channel's unique id."""
    service_numbers: tuple[str, ...] = ("3939",)
    """Numbers that callers dial, in any one of the forms that carriers send (`as_sent`); calls
    to any other are answered 404."""
    app: str = "allo"
    """Name of the Stasis application."""

    trunk_bind: str = "127.0.0.1:5060"
    """Where the carrier's calls come in (UDP)."""
    trunk_hosts: tuple[str, ...] = ("127.0.0.1",)
    """Addresses or networks that the carrier calls from; nobody else is the trunk."""
    trunk_peer: str | None = None
    """`host:port` through which calls go out; None: no outgoing calls."""
    trunk_qualify_s: int = 30
    """Seconds between two questions to `trunk_peer` whether it is there; 0: never."""
    trunk_silence_s: int = 20
    """Seconds without any answer after which a call out has failed at the carrier. Shorter than
    a callback rings (`callbacks.ring_s`): else nobody was there, it would seem."""
    registration: Registration | None = None
    """The carrier's account, if it wants one."""
    trunk_codecs: tuple[str, ...] = ("alaw", "g722", "ulaw")
    """Codecs for callers, best first."""
    trunk_rtp_timeout_s: int = 300
    """Seconds without a packet of sound after which a caller is held to be gone."""

    agents_bind: str = "127.0.0.1:5062"
    """Where informateurs' phones register (UDP)."""
    agents_networks: tuple[str, ...] = ("127.0.0.0/8",)
    """Networks that informateurs' phones are in."""
    agents_behind_nat: bool = True
    """Whether to call a phone back where its registration came from (rewrite_contact)."""
    agents: tuple[AgentPhone, ...] = ()
    """Every phone that may register."""
    agent_codecs: tuple[str, ...] = ("g722", "alaw")
    """Codecs for informateurs; the caller's own leads when there is a caller."""
    agent_qualify_s: int = 30
    """Seconds between two questions to a phone whether it is there; 0: never."""
    agent_rtp_timeout_s: int = 120
    """Seconds without a packet of sound after which an informateur's phone is gone."""

    ari_host: str = "127.0.0.1"
    ari_port: int = 8088
    ari_user: str = "allo"

    rtp_first: int = 10000
    """First port for sound; even."""
    rtp_last: int = 11999
    """Last port for sound. A call with an informateur takes four."""

    max_calls: int = 400
    """Calls in progress at most; one more is refused."""
    longest_call_s: int = 7200
    """Seconds after which any call ends."""
    retry_every_s: int = 5
    """Router away: seconds of music between two attempts to hand the caller over."""
    retry_for_s: int = 180
    """Router away: seconds after which the caller is told to call again."""

    @property
    def config_dir(self) -> Path:
        """Where the rendered configuration lies."""
        return self.state_dir / "etc"

    @property
    def data_dir(self) -> Path:
        """Sounds and descriptions: links to the distribution's, and to the prompts."""
        return self.state_dir / "data"

    @property
    def music_dir(self) -> Path:
        """Music for waiting callers."""
        return self.state_dir / "music"

    @property
    def log_dir(self) -> Path:
        """Asterisk's log."""
        return self.state_dir / "log"

    @property
    def run_dir(self) -> Path:
        """The control socket's folder; in the temporary folder when the path is too long."""
        usual = self.state_dir / "run"
        if len(os.fsencode(usual / SOCKET_NAME)) <= _SOCKET_PATH_MAX:
            return usual
        mark = hashlib.sha256(os.fsencode(self.state_dir)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"allo-{mark}"

    @property
    def ari_url(self) -> str:
        """ARI's root, without user and password."""
        return f"http://{self.ari_host}:{self.ari_port}/ari"

    @property
    def entity_id(self) -> str:
        """The node's name as a locally administered MAC address (IEEE 802 bit 1)."""
        digest = hashlib.sha256(self.node.encode()).digest()
        return ":".join(f"{octet:02x}" for octet in (0x02, *digest[:5]))


def as_sent(number: str) -> tuple[str, ...]:
    """Return every form in which carriers send a call to `number`, itself the first.

    "0199003939" is also +33199003939, 0033199003939 and 33199003939; the short "3939" also
    +333939, 00333939 and 333939.
    """
    digits = number.removeprefix("+")
    if digits.startswith("00"):
        international = digits[2:]
    elif digits.startswith("0"):
        international = _FRANCE + digits[1:]
    elif _SHORT.fullmatch(number):
        international = _FRANCE + number
    else:
        international = digits
    forms = [number, f"+{international}", f"00{international}", international]
    if international.startswith(_FRANCE):
        national = international.removeprefix(_FRANCE)
        if _SIGNIFICANT.fullmatch(national):
            forms.append(f"0{national}")
        elif _SHORT.fullmatch(national):
            forms.append(national)
    return tuple(dict.fromkeys(forms))


def check(settings: AsteriskSettings) -> list[Problem]:
    """Return every fault of the settings, in the order of their fields."""
    faults: list[Problem] = []

    def fault(name: str, reason: str) -> None:
        faults.append(Problem(f"asterisk.{name}", reason))

    for name in ("state_dir", "prompts_dir"):
        path: Path = getattr(settings, name)
        if not path.is_absolute():
            fault(name, f"must be an absolute path, got {path}")
        elif re.search(r"[;\[\\\x00-\x1f]", str(path)):
            fault(name, f"Asterisk cannot read a path with semicolons or brackets: {path}")
    for name in ("node", "app", "ari_user"):
        if not _NAME.fullmatch(getattr(settings, name)):
            fault(name, "must be lower-case letters, digits and hyphens, at most 40")
    if not _SECRET.fullmatch(settings.ari_password):
        fault("ari_password", "must be 16 to 128 letters, digits, hyphens or underscores")

    if not settings.service_numbers:
        fault("service_numbers", "at least one number that callers dial is needed")
    for number in settings.service_numbers:
        if not _SERVICE_NUMBER.fullmatch(number):
            fault("service_numbers", f"must be 2 to 15 digits, with or without +, got {number!r}")
    for number in _repeated(settings.service_numbers):
        fault("service_numbers", f"{number} is there twice")

    for name in ("trunk_bind", "agents_bind"):
        if reason := _bad_address(getattr(settings, name)):
            fault(name, reason)
    if settings.trunk_bind == settings.agents_bind:
        fault("agents_bind", f"must differ from asterisk.trunk_bind ({settings.trunk_bind})")
    for name in ("trunk_hosts", "agents_networks"):
        networks: tuple[str, ...] = getattr(settings, name)
        if not networks:
            fault(name, "at least one address or network is needed")
        for network in networks:
            if reason := _bad_network(network):
                fault(name, reason)
    if settings.trunk_peer is not None and (reason := _bad_host_port(settings.trunk_peer)):
        fault("trunk_peer", reason)
    if settings.registration:
        faults.extend(_registration_faults(settings.registration))
    for name in ("trunk_codecs", "agent_codecs"):
        codecs: tuple[str, ...] = getattr(settings, name)
        if not codecs:
            fault(name, f"at least one of {', '.join(CODECS)} is needed")
        for codec in codecs:
            if codec not in CODECS:
                fault(name, f"must be among {', '.join(CODECS)}, got {codec!r}")

    for phone in settings.agents:
        if not _AGENT.fullmatch(phone.agent):
            fault(f"agents.{phone.agent}", "id must be lower-case letters, digits and hyphens")
        if not _SECRET.fullmatch(phone.secret):
            fault(
                f"agents.{phone.agent}.secret",
                "must be 16 to 128 letters, digits, hyphens or underscores",
            )
    for agent in _repeated(phone.agent for phone in settings.agents):
        fault(f"agents.{agent}", "is there twice")

    if _bad_network(settings.ari_host):
        fault("ari_host", f"must be an IPv4 address, got {settings.ari_host!r}")
    elif not ipaddress.ip_network(settings.ari_host).is_loopback:
        fault("ari_host", f"ARI is for this machine only (127.0.0.1), got {settings.ari_host}")
    if not 1024 <= settings.ari_port <= 65535:
        fault("ari_port", f"must be between 1024 and 65535, got {settings.ari_port}")
    if settings.rtp_first < 1024 or settings.rtp_first % 2:
        fault("rtp_first", f"must be even and at least 1024, got {settings.rtp_first}")
    if not settings.rtp_first + 7 <= settings.rtp_last <= 65535:
        fault("rtp_last", f"must leave 8 ports or more, up to 65535, got {settings.rtp_last}")
    for name, least in (
        ("trunk_qualify_s", 0),
        ("trunk_silence_s", 7),
        ("trunk_rtp_timeout_s", 0),
        ("agent_qualify_s", 0),
        ("agent_rtp_timeout_s", 0),
        ("max_calls", 1),
        ("longest_call_s", 60),
        ("retry_every_s", 1),
        ("retry_for_s", 0),
    ):
        value: int = getattr(settings, name)
        if value < least:
            fault(name, f"must be at least {least}, got {value}")
    return faults


def _registration_faults(registration: Registration) -> list[Problem]:
    faults = []
    if reason := _bad_host_port(registration.server, port_needed=False):
        faults.append(Problem("asterisk.registration.server", reason))
    if registration.domain and not _HOST.fullmatch(registration.domain):
        faults.append(
            Problem("asterisk.registration.domain", f"not a domain: {registration.domain!r}")
        )
    if not _ACCOUNT.fullmatch(registration.user):
        faults.append(
            Problem("asterisk.registration.user", "must be letters, digits, and + . _ - only")
        )
    if not registration.password or re.search(r"[;\s\\]", registration.password):
        faults.append(
            Problem(
                "asterisk.registration.password",
                "must not be empty or hold spaces, semicolons or backslashes",
            )
        )
    return faults


def _bad_address(address: str) -> str | None:
    host, _, port = address.rpartition(":")
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return f"must be an IPv4 address and a port (192.0.2.1:5060), got {address!r}"
    return _bad_port(port)


def _bad_host_port(address: str, *, port_needed: bool = True) -> str | None:
    host, colon, port = address.partition(":")
    if not _HOST.fullmatch(host):
        return f"must be host:port, got {address!r}"
    return _bad_port(port) if colon or port_needed else None


def _bad_port(port: str) -> str | None:
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        return f"the port must be between 1 and 65535, got {port!r}"
    return None


def _bad_network(network: str) -> str | None:
    try:
        whole = ipaddress.IPv4Network(network, strict=False)
    except ValueError:
        return f"must be an IPv4 address or network (192.0.2.0/24), got {network!r}"
    address, slash, _ = network.partition("/")
    if slash and address != str(whole.network_address):
        return (
            f"{network} has bits of a host: write {whole} for the network, {address} for the "
            "one address"
        )
    return None


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    repeated: dict[str, None] = {}
    for name in names:
        if name in seen:
            repeated[name] = None
        seen.add(name)
    return list(repeated)
