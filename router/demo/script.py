"""What a demo plays, and the addresses at which it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.config import Settings
from router.core.ids import FicheId
from router.places import PROMPTS

LOOPBACK = "127.0.0.1"
#: The page whose code the simulated caller types.
FICHE = FicheId("F1234")
#: The id of the first informateur; the others follow.
FIRST_AGENT = 101
#: The UDP port at which the simulated public network takes calls.
PSTN_PORT = 5064

_DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of the settings' defaults, every port moved by `port_offset`."""

    port_offset: int = 0

    @property
    def sip(self) -> str:
        """Where the trunk's calls come in."""
        return self._moved(_DEFAULTS.asterisk.trunk_bind)

    @property
    def agents_sip(self) -> str:
        """Where informateurs' phones register."""
        return self._moved(_DEFAULTS.asterisk.agents_bind)

    @property
    def ari_port(self) -> int:
        """ARI's TCP port."""
        return _DEFAULTS.asterisk.ari_port + self.port_offset

    @property
    def ami_port(self) -> int:
        """AMI's TCP port."""
        return _DEFAULTS.asterisk.ami_port + self.port_offset

    @property
    def agi_port(self) -> int:
        """FastAGI's TCP port."""
        return _DEFAULTS.asterisk.agi_port + self.port_offset

    @property
    def probe_port(self) -> int:
        """The UDP port of the service's calls to itself."""
        return _DEFAULTS.asterisk.probe_port + self.port_offset

    @property
    def rtp_ports(self) -> tuple[int, int]:
        """The first and the last UDP port for sound."""
        options = _DEFAULTS.asterisk
        return options.rtp_first + self.port_offset, options.rtp_last + self.port_offset

    @property
    def http_port(self) -> int:
        """The TCP port of the pages and the HTTP interface."""
        return _DEFAULTS.http.port + self.port_offset

    @property
    def http(self) -> str:
        """The URL of the pages and the HTTP interface."""
        return f"http://{LOOPBACK}:{self.http_port}"

    @property
    def pstn_port(self) -> int:
        """The UDP port of the simulated public network."""
        return PSTN_PORT + self.port_offset

    def _moved(self, address: str) -> str:
        host, _, port = address.rpartition(":")
        return f"{host}:{int(port) + self.port_offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is to be played."""

    #: The folder for everything that the demo writes.
    state_dir: Path
    #: The number of informateurs.
    agents: int
    #: Added to every port.
    port_offset: int = 0
    #: When the service's clock starts, in UTC epoch seconds; None: now.
    opens_at: float | None = None
    #: The `host:port` to which outgoing calls go; None: a simulated public network.
    trunk: str | None = None
    #: Informateurs whose phones are people's own.
    seats: tuple[str, ...] = ()
    #: Web sites that may request callbacks, besides our own pages.
    origins: tuple[str, ...] = ()
    #: The file of the router's recording; None: nothing is recorded.
    record: Path | None = None
    #: Overrides for tests, as key -> value: of the plan's [targets] and [callbacks], …
    targets: Mapping[str, Any] = field(default_factory=dict)
    promise: Mapping[str, Any] = field(default_factory=dict)
    #: … and, as key -> TOML, of the settings' [asterisk] and [callbacks].
    asterisk: Mapping[str, Any] = field(default_factory=dict)
    callbacks: Mapping[str, Any] = field(default_factory=dict)
    #: The seconds between two calls of the service to itself; 0: none.
    probe_every_s: int = 0
    #: For tests: more variables of the environment of router and fallback.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: The rendered prompts.
    prompts_dir: Path = PROMPTS
    #: A simulated informateur picks up after this many seconds,
    rings_s: float = 1.5
    #: and hangs up after this many.
    talks_s: float = 20.0

    @property
    def addresses(self) -> Addresses:
        """Where everything listens."""
        return Addresses(self.port_offset)
