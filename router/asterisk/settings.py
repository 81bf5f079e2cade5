"""What differs from one Asterisk to another."""

import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from router.asterisk.carriers import ONLY, PRESENTED, Carrier, Registration, Tls, port_above
from router.core.ids import PhoneId, browser_of

#: Played in the language "fr_05" to say a pair of digits that must not reach the log. When a
#: playback fails, as when the caller hangs up, Asterisk logs the media alone; a variant of a
#: language has a folder of its own (res_stasis_playback.c, main/file.c).
UNTOLD_PAIR = "pair"

#: The name of doctor's AMI user.
AMI_USER = "allo-doctor"
#: The name of the AMI user who hears whom Asterisk refuses.
REFUSALS_USER = "allo-refusals"
#: The endpoint of the service's calls to itself (asterisk-conf/pjsip_probe.conf).
PROBE_ENDPOINT = "probe"
#: Characters of a secret derived from another: 128 bits.
_DERIVED = 32

#: The control socket, in `AsteriskSettings.run_dir`.
SOCKET_NAME = "asterisk.ctl"
# sockaddr_un.sun_path holds 108 bytes with the final NUL (unix(7)).
_SOCKET_PATH_MAX = 107
# French numbers without prefix, and those that have none: 15, 112, 3939, 118 000.
_FRANCE = "33"
_SIGNIFICANT = re.compile(r"[1-9][0-9]{8}")
_SHORT = re.compile(r"[1-9][0-9]{1,3}|118[0-9]{3}")


@dataclass(frozen=True, slots=True)
class AgentPhone:
    """An informateur's phone, or a supervisor's.

    Endpoint, user name and address of record are `agent-<agent>`.
    """

    #: The phone's id in the plan, which is the informateur's own: lower-case letters, digits and
    #: hyphens.
    agent: str
    #: The phone's password.
    secret: str = field(repr=False)

    @property
    def phone(self) -> PhoneId:
        """What the plan and the engine call it."""
        return PhoneId(self.agent)

    @property
    def endpoint(self) -> str:
        """The PJSIP endpoint, as in `PJSIP/agent-lea`."""
        return f"agent-{self.agent}"

    @property
    def in_browser(self) -> "AgentPhone":
        """The phone in the browser of whoever has this one."""
        return AgentPhone(browser_of(self.agent), derived(self.secret, "browser"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskOptions:
    """What a deployment may choose about Asterisk, the carrier and the phones.

    An address is `host:port`, its host a literal IPv4 address: Asterisk binds and matches
    addresses, not names.
    """

    #: This machine's name, the first part of every channel's unique id: lower-case letters,
    #: digits and hyphens. No two Asterisks of one service have the same.
    node: str = "allo-1"
    #: The name of the Stasis application.
    app: str = "allo"

    #: The address at which the carriers' calls come in, over UDP or TCP.
    trunk_bind: str = "127.0.0.1:5060"
    #: The addresses or networks that the carrier calls from; nobody else can use the trunk.
    trunk_hosts: tuple[str, ...] = ("127.0.0.1",)
    #: The carrier's `host:port`, to which outgoing calls go. Without it there are none.
    trunk_peer: str | None = None
    #: How often `trunk_peer` is asked whether it is alive (SIP OPTIONS); 0: never.
    trunk_qualify_s: int = 30
    #: After this long without any answer, an outgoing call has failed at the carrier. Shorter than
    #: `callbacks.ring_s` of the plan, or a silent carrier would look like nobody at home; at least
    #: 7.
    trunk_silence_s: int = 20
    #: The codecs that callers may use, best first: `alaw`, `ulaw`, `g722`.
    trunk_codecs: tuple[str, ...] = ("alaw", "g722", "ulaw")
    #: After this long without a packet of sound, a caller is assumed to have gone; 0: never.
    trunk_rtp_timeout_s: int = 300
    #: The account at the carrier, if it expects one to be registered.
    registration: Registration | None = None
    #: The carriers. If empty there is one, and `trunk_hosts`, `trunk_peer` and `registration` say
    #: all about it; otherwise those keys stay out.
    carriers: tuple[Carrier, ...] = ()
    #: SIP over TLS, if carriers or phones use it.
    tls: Tls | None = None

    #: The address at which informateurs' phones register, over UDP.
    agents_bind: str = "127.0.0.1:5062"
    #: The networks that informateurs' phones are in.
    agents_networks: tuple[str, ...] = ("127.0.0.0/8",)
    #: Whether phones are behind NAT: a phone is then called at the address that its registration
    #: came from (rewrite_contact).
    agents_behind_nat: bool = True
    #: Whether informateurs' phones speak TLS and SRTP: "none", "offered" to those that can, or
    #: "required" of all: there is then no way in without it. Needs `[asterisk.tls]`.
    agents_encryption: Literal["none", "offered", "required"] = "none"
    #: The codecs that informateurs' phones may use. The caller's own is offered first.
    agent_codecs: tuple[str, ...] = ("g722", "alaw")
    #: How often a phone is asked whether it is alive (SIP OPTIONS); 0: never.
    agent_qualify_s: int = 30
    #: After this long without a packet of sound, an informateur's phone is assumed to be gone;
    #: 0: never.
    agent_rtp_timeout_s: int = 120

    #: Whether informateurs may work with a phone in their browser (WebRTC), beside the desk phones.
    browsers: bool = True
    #: The codecs that phones in browsers may use: `opus`, `alaw`, `ulaw`, `g722`. The caller's own
    #: is offered first.
    browser_codecs: tuple[str, ...] = ("opus", "alaw")
    #: After this long without a packet of sound from a browser, its page is assumed to be gone, and
    #: the caller is first in the queue. Browsers send sound all the time.
    browser_rtp_timeout_s: int = 5

    #: The address of ARI, on this machine's loopback.
    ari_host: str = "127.0.0.1"
    #: The TCP port of ARI; 1024 at least.
    ari_port: int = 8088
    #: The name of the router's ARI user. Its password is `ari_password` of the secrets.
    ari_user: str = "allo"
    #: The TCP port of AMI, on 127.0.0.1, by which the doctor examines Asterisk; 1024 at least.
    ami_port: int = 5038

    #: The TCP port, on 127.0.0.1, at which Asterisk asks `./allo fallback` (FastAGI) while the
    #: router is away; 1024 at least.
    agi_port: int = 4573

    #: The UDP port, on 127.0.0.1, at which the service calls itself to see that it answers; 1024
    #: at least.
    probe_port: int = 5066

    #: The first UDP port for sound; even, and 1024 at least.
    rtp_first: int = 10000
    #: The last UDP port for sound. A call with an informateur takes four.
    rtp_last: int = 11999

    #: The number of calls in progress at most; one more is refused.
    max_calls: int = 400
    #: While the router is away: how long a caller hears music between two attempts to reach it.
    retry_every_s: int = 5
    #: While the router is away: how long a caller is kept before being asked to call again.
    retry_for_s: int = 180

    @property
    def trunks(self) -> tuple[Carrier, ...]:
        """The carriers, however they are written, in the order in which calls go out to them."""
        if self.carriers:
            return self.carriers
        account = self.registration
        return (
            Carrier(
                name=ONLY,
                hosts=self.trunk_hosts,
                peer=self.trunk_peer,
                # From names the account, so the number that is shown needs another place.
                from_user=account.user if account else "",
                from_domain=account.at if account else "",
                asserted=PRESENTED if account else "",
                registration=account,
            ),
        )

    @property
    def carrier_hosts(self) -> tuple[str, ...]:
        """Every address, network or name that a carrier calls from."""
        return tuple(host for carrier in self.trunks for host in carrier.hosts)

    @property
    def ways_out(self) -> tuple[Carrier, ...]:
        """The carriers that calls can go out to."""
        return tuple(carrier for carrier in self.trunks if carrier.peer)

    def qualify_s(self, carrier: Carrier) -> int:
        """Return how often the carrier is asked whether it is alive; 0: never."""
        return self.trunk_qualify_s if carrier.qualify_s is None else carrier.qualify_s

    @property
    def sip_transports(self) -> dict[str, tuple[str, str]]:
        """What SIP comes in by: name of the transport -> ("udp", "tcp" or "tls", its address)."""
        kinds = {carrier.transport for carrier in self.trunks}
        found: dict[str, tuple[str, str]] = {
            f"trunk-{kind}": (kind, self.trunk_bind) for kind in ("udp", "tcp") if kind in kinds
        }
        if "tls" in kinds and self.tls:
            found["trunk-tls"] = ("tls", self.tls.trunk_bind or port_above(self.trunk_bind))
        if self.agents_encryption != "required":
            found["agents-udp"] = ("udp", self.agents_bind)
        if self.agents_encryption != "none" and self.tls:
            found["agents-tls"] = ("tls", self.tls.agents_bind or port_above(self.agents_bind))
        return found

    @property
    def ari_url(self) -> str:
        """ARI's root, without user and password."""
        return f"http://{self.ari_host}:{self.ari_port}/ari"

    @property
    def browsers_url(self) -> str:
        """The websocket of phones in browsers."""
        return f"ws://{self.ari_host}:{self.ari_port}/ws"

    @property
    def entity_id(self) -> str:
        """The node's name as a locally administered MAC address (IEEE 802 bit 1)."""
        digest = hashlib.sha256(self.node.encode()).digest()
        return ":".join(f"{octet:02x}" for octet in (0x02, *digest[:5]))


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings(AsteriskOptions):
    """Everything that differs from one Asterisk to another: what its configuration is made from.

    The options of the settings file, with what its other tables, the plan and the secrets give.
    """

    #: The folder for everything that Asterisk writes: configuration, log, spool, music.
    state_dir: Path
    #: The rendered prompts, one file for each prompt and codec; ARI plays `sound:allo/<id>`.
    prompts_dir: Path
    #: The numbers that callers dial, each in any of the forms that carriers send (`as_sent`);
    #: calls to any other number are answered 404.
    service_numbers: tuple[str, ...]
    #: Any call ends after this many seconds.
    longest_call_s: int
    #: The password of the router's ARI user.
    ari_password: str = field(repr=False)
    #: The password of the carrier's account; empty without a `registration`.
    registration_password: str = field(default="", repr=False)
    #: Those of the accounts at `carriers`, by the carrier's name.
    carrier_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: The number that is shown to whoever is called back; empty: nobody is.
    presented: str = ""
    #: Every phone that may register.
    agents: tuple[AgentPhone, ...] = ()

    def password_at(self, carrier: Carrier) -> str:
        """Return the password of the account at a carrier; empty: there is none."""
        if carrier.name == ONLY:
            return self.registration_password
        return self.carrier_passwords.get(carrier.name, "")

    @property
    def ami_password(self) -> str:
        """The password of doctor's AMI user; whoever knows it does not know ARI's."""
        return self._derived("AMI")

    @property
    def refusals_password(self) -> str:
        """The password of the AMI user who hears whom Asterisk refuses."""
        return self._derived("refusals")

    @property
    def probe_token(self) -> str:
        """What the probe's calls are known by."""
        return self._derived("probe")

    def _derived(self, purpose: str) -> str:
        return derived(self.ari_password, purpose)

    @property
    def config_dir(self) -> Path:
        """The folder of the rendered configuration."""
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
        """The folder of the control socket; in the temporary folder if its path is too long."""
        usual = self.state_dir / "run"
        if len(os.fsencode(usual / SOCKET_NAME)) <= _SOCKET_PATH_MAX:
            return usual
        mark = hashlib.sha256(os.fsencode(self.state_dir)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"allo-{mark}"


def derived(secret: str, purpose: str) -> str:
    """Return a secret made from another, which it does not tell."""
    return hmac.digest(secret.encode(), f"allo {purpose}".encode(), "sha256").hex()[:_DERIVED]


def as_sent(number: str) -> tuple[str, ...]:
    """Return every form in which carriers send a call to `number`, itself the first.

    "0199003939" is also +33199003939, 0033199003939 and 33199003939; the short "3939" is also
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
