"""The carriers: where their calls come from, and how calls go out to them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: The one carrier of the keys `asterisk.trunk_…` has this name, and this endpoint.
ONLY = "trunk"
#: In `Carrier.asserted`: the number that is shown to people who are called back.
PRESENTED = "presented"

#: The usual ports of SIP (RFC 3261, section 19.1.2).
_PLAIN_PORT, _TLS_PORT = 5060, 5061


@dataclass(frozen=True, slots=True)
class Registration:
    """The account that some carriers expect to be registered (RFC 3261 section 10).

    Its password is `registration_password` of the secrets. A carrier of the list has the same
    table as `[asterisk.carriers.registration]`, below it, and its password in `[carriers]`.
    """

    #: The carrier's registrar, as `host` or `host:port`.
    server: str
    #: The account's name.
    user: str
    #: The domain of our address there; if empty, the registrar's host.
    domain: str = ""
    #: The realm whose challenges are answered; if empty, any.
    realm: str = ""
    #: How long a registration lasts; it is renewed in time.
    expires_s: int = 600

    @property
    def at(self) -> str:
        """The domain of our address."""
        return self.domain or self.server.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """One carrier of several, or one that needs more than the keys `asterisk.trunk_…` say.

    Calls come in from all of them. Calls go out to the first, and to the next if that one is away
    or fails. A carrier without `peer` only sends calls.
    """

    #: Its name, in endpoints, logs and findings: lower-case letters, digits and hyphens.
    name: str
    #: How SIP travels. Over TLS, `[asterisk.tls]` is needed too.
    transport: Literal["udp", "tcp", "tls"] = "udp"
    #: The addresses and networks that it calls from, which is how it is known; nobody else can
    #: use it. A name is looked up once, when Asterisk reads its configuration (SRV, then A).
    hosts: tuple[str, ...]
    #: Where outgoing calls go: `host:port`, or a host alone, whose NAPTR and SRV records are then
    #: followed (RFC 3263).
    peer: str | None = None
    #: Whether sound is encrypted (SRTP, its keys in the SDP: RFC 4568), and calls that do not are
    #: refused. Without it: over TLS.
    srtp: bool | None = None
    #: The codecs that callers may use, best first: `alaw`, `ulaw`, `g722`. If empty:
    #: `asterisk.trunk_codecs`.
    codecs: tuple[str, ...] = ()
    #: The form of number that it dials, as in `callbacks.number_format`. Without it: that one.
    number_format: Literal["e164", "+e164", "00e164", "national"] | None = None
    #: The user of From in calls that go out; if empty, the number presented.
    from_user: str = ""
    #: The domain of From and of P-Asserted-Identity in calls that go out; if empty, our address,
    #: and `peer`.
    from_domain: str = ""
    #: The number in P-Asserted-Identity of calls that go out (RFC 3325): usually the one that the
    #: account is billed by; "presented" is the one that is shown. If empty there is no such
    #: header.
    asserted: str = ""
    #: The Privacy header of calls that go out (RFC 3323): "none" asks for the number to be shown,
    #: "id" for P-Asserted-Identity to stay with the carriers. Without it there is none.
    privacy: Literal["none", "id"] | None = None
    #: Whether numbers are marked as such in addresses: `;user=phone` (RFC 3261, section 19.1.1).
    user_phone: bool = False
    #: Session timers (RFC 4028): "no", "yes" if the carrier knows them, "required" refuses calls
    #: without them, "always" has them whether it knows them or not.
    session_timers: Literal["no", "yes", "required", "always"] = "yes"
    #: A session ends this long after its last refresh, which comes at half that time; 90 at least.
    session_expires_s: int = 1800
    #: How often `peer` is asked whether it is alive (SIP OPTIONS); 0: never. Without it:
    #: `asterisk.trunk_qualify_s`.
    qualify_s: int | None = None
    #: The account, if it expects one to be registered.
    registration: Registration | None = None

    @property
    def endpoint(self) -> str:
        """The PJSIP endpoint, as in `PJSIP/…@trunk-name`."""
        return ONLY if self.name == ONLY else f"{ONLY}-{self.name}"

    @property
    def is_srtp(self) -> bool:
        """Whether sound must be encrypted."""
        return self.transport == "tls" if self.srtp is None else self.srtp


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """SIP over TLS 1.2, for carriers and phones that ask for it.

    Asterisk reads the files again when its configuration is reloaded (`./allo asterisk cli "module
    reload res_pjsip.so"`).
    """

    #: The PEM file of our certificate, with the certificates between it and the CA's.
    certificate: Path
    #: The PEM file of its private key, which only the service's user may be able to read.
    key: Path
    #: The PEM file of the CAs by which carriers' certificates are verified.
    ca_file: Path = Path("/etc/ssl/certs/ca-certificates.crt")
    #: Whether calls go out only to a carrier whose certificate is of a known CA, in time, and bears
    #: the name that `peer` gives.
    verify: bool = True
    #: Whether a carrier that connects to us must present such a certificate too.
    verify_clients: bool = False
    #: The address at which carriers come in over TLS. Without it: that of `asterisk.trunk_bind`,
    #: at the port above.
    trunk_bind: str | None = None
    #: The address at which phones register over TLS. Without it: that of `asterisk.agents_bind`,
    #: at the port above.
    agents_bind: str | None = None


def host_of(address: str) -> str:
    """Return the host of `host:port`, or of a host alone."""
    return address.partition(":")[0]


def port_above(address: str) -> str:
    """Return the same address with the next port."""
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + 1}"


def usual_port(transport: str) -> int:
    """Return the port that a SIP address without one means."""
    return _TLS_PORT if transport == "tls" else _PLAIN_PORT
