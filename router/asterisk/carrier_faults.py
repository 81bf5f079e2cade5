"""What can be wrong with what the settings say of carriers, and of TLS."""

import ipaddress
import re
from collections.abc import Iterator

from router.asterisk.carriers import ONLY, PRESENTED, Carrier, Registration, port_above
from router.asterisk.settings import AsteriskOptions
from router.asterisk.sip_sections import is_name
from router.errors import Problem

#: The codecs that the loaded modules support, by the names that `allow` takes.
CODECS = ("alaw", "ulaw", "g722")
#: What browsers speak, too (RFC 7874).
BROWSER_CODECS = ("opus", *CODECS)

#: RFC 4028, section 4.
_SHORTEST_SESSION_S = 90
#: Those of today's carriers range from a minute to an hour.
_SHORTEST_REGISTRATION_S = 60

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# Nothing that Asterisk's parser, or a SIP address, could take for something else.
_USER = re.compile(r"[A-Za-z0-9+._-]{1,64}")
_ASSERTED = re.compile(r"\+?[0-9]{2,15}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_REALM = re.compile(r"[^;\\\[\]\x00-\x1f]*")
_BAD_DOMAIN = "must be a domain (sip.example.org), got {!r}"
_BAD_USER = "must be letters, digits, and + . _ - only"


def faults_of_carriers(options: AsteriskOptions) -> Iterator[Problem]:
    """Yield every fault of the carriers and of TLS; places are `asterisk.<key>`."""
    if options.registration:
        yield from _of_account(options.registration, "registration")
    yield from _said_twice(options)
    seen: set[str] = set()
    for place, carrier in enumerate(options.carriers, 1):
        yield from _of_carrier(carrier, f"carriers.{place}")
        if carrier.name in seen:
            yield _fault(f"carriers.{place}.name", f"{carrier.name} is given twice")
        seen.add(carrier.name)
    yield from _overlapping(options.carriers)
    yield from _of_tls(options)
    if options.agents_encryption == "required" and not options.agent_qualify_s:
        yield _fault(
            "agent_qualify_s",
            'must be above 0 where agents_encryption is "required": a phone that registers without '
            "TLS is known by it",
        )


def _fault(name: str, reason: str) -> Problem:
    return Problem(f"asterisk.{name}", reason)


def _said_twice(options: AsteriskOptions) -> Iterator[Problem]:
    """Find former keys beside the list, which takes their place."""
    if not options.carriers:
        return
    usual = AsteriskOptions()
    for name in ("trunk_hosts", "trunk_peer", "registration"):
        if getattr(options, name) != getattr(usual, name):
            key = name.removeprefix("trunk_")
            yield _fault(
                name,
                "has no meaning beside [[asterisk.carriers]]: write it there, as "
                f"`{key}` of a carrier",
            )


def _of_carrier(carrier: Carrier, place: str) -> Iterator[Problem]:
    if not _NAME.fullmatch(carrier.name) or carrier.name == ONLY:
        yield _fault(
            f"{place}.name",
            f'must be lower-case letters, digits and hyphens, at most 40, and not "{ONLY}", '
            f'got "{carrier.name}"',
        )
    if not carrier.hosts:
        yield _fault(f"{place}.hosts", "at least one address, network or name is needed")
    for host in carrier.hosts:
        if reason := _bad_host(host):
            yield _fault(f"{place}.hosts", reason)
    if carrier.peer is not None and (reason := bad_host_port(carrier.peer, port_needed=False)):
        yield _fault(f"{place}.peer", reason)
    for codec in carrier.codecs:
        if codec not in CODECS:
            yield _fault(f"{place}.codecs", f"must be among {', '.join(CODECS)}, got {codec!r}")
    if carrier.from_user and not _USER.fullmatch(carrier.from_user):
        yield _fault(f"{place}.from_user", _BAD_USER)
    if carrier.from_domain and not _HOST.fullmatch(carrier.from_domain):
        yield _fault(f"{place}.from_domain", _BAD_DOMAIN.format(carrier.from_domain))
    if carrier.asserted not in ("", PRESENTED) and not _ASSERTED.fullmatch(carrier.asserted):
        yield _fault(
            f"{place}.asserted",
            f'must be "{PRESENTED}" or a number of 2 to 15 digits, with or without +',
        )
    if carrier.srtp and carrier.transport != "tls":
        yield _fault(
            f"{place}.srtp",
            f'its keys would travel in the clear: set transport = "tls", got "{carrier.transport}"',
        )
    if carrier.session_expires_s < _SHORTEST_SESSION_S:
        yield _fault(
            f"{place}.session_expires_s",
            f"must be at least {_SHORTEST_SESSION_S}, got {carrier.session_expires_s}",
        )
    if carrier.qualify_s is not None and carrier.qualify_s < 0:
        yield _fault(f"{place}.qualify_s", f"must be at least 0, got {carrier.qualify_s}")
    if carrier.registration:
        yield from _of_account(carrier.registration, f"{place}.registration")


def _of_account(account: Registration, place: str) -> Iterator[Problem]:
    if reason := bad_host_port(account.server, port_needed=False):
        yield _fault(f"{place}.server", reason)
    if account.domain and not _HOST.fullmatch(account.domain):
        yield _fault(f"{place}.domain", _BAD_DOMAIN.format(account.domain))
    if not _USER.fullmatch(account.user):
        yield _fault(f"{place}.user", _BAD_USER)
    if not _REALM.fullmatch(account.realm):
        yield _fault(f"{place}.realm", "must not hold semicolons, brackets or backslashes")
    if account.expires_s < _SHORTEST_REGISTRATION_S:
        reason = f"must be at least {_SHORTEST_REGISTRATION_S}, got {account.expires_s}"
        yield _fault(f"{place}.expires_s", reason)


def _overlapping(carriers: tuple[Carrier, ...]) -> Iterator[Problem]:
    """Find an address of two carriers: it would not be known whose call comes from there."""
    seen: list[tuple[ipaddress.IPv4Network, str]] = []
    for place, carrier in enumerate(carriers, 1):
        networks = [
            ipaddress.IPv4Network(host)
            for host in carrier.hosts
            if not is_name(host) and _bad_host(host) is None
        ]
        for network in networks:
            for other, name in seen:
                if network.overlaps(other):
                    reason = f"{network} is also {name}'s: a call is known by where it comes from"
                    yield _fault(f"carriers.{place}.hosts", reason)
        seen += [(network, carrier.name) for network in networks]


def _of_tls(options: AsteriskOptions) -> Iterator[Problem]:
    tls = options.tls
    if tls is None:
        for place, carrier in enumerate(options.carriers, 1):
            if carrier.transport == "tls":
                yield _fault(
                    f"carriers.{place}.transport",
                    '"tls" needs [asterisk.tls], with certificate and key',
                )
        if options.agents_encryption != "none":
            yield _fault(
                "agents_encryption",
                f'"{options.agents_encryption}" needs [asterisk.tls], with certificate and key',
            )
        return
    for file in ("certificate", "key", "ca_file"):
        if re.search(r"[;\[\\\x00-\x1f]", path := str(getattr(tls, file))):
            reason = f"Asterisk cannot read a path with semicolons or brackets: {path}"
            yield _fault(f"tls.{file}", reason)
    held = {options.trunk_bind: "trunk_bind", options.agents_bind: "agents_bind"}
    binds: tuple[tuple[str, str | None, str], ...] = (
        ("trunk_bind", tls.trunk_bind, options.trunk_bind),
        ("agents_bind", tls.agents_bind, options.agents_bind),
    )
    for name, given, usual in binds:
        if given is None and bad_address(usual):
            continue  # told already
        address = given or port_above(usual)
        if wrong := bad_address(address):
            yield _fault(f"tls.{name}", wrong)
        elif address in held:
            yield _fault(f"tls.{name}", f"must differ from asterisk.{held[address]} ({address})")
        held[address] = f"tls.{name}"


def _bad_host(host: str) -> str | None:
    if not is_name(host):
        return bad_network(host)
    if _HOST.fullmatch(host) and "." in host:
        return None
    return f"must be an IPv4 address, a network (192.0.2.0/24) or a name, got {host!r}"


def bad_address(address: str) -> str | None:
    """Say what is wrong with an address to listen on; None if nothing is."""
    host, _, port = address.rpartition(":")
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return f"must be an IPv4 address and a port (192.0.2.1:5060), got {address!r}"
    return bad_port(port)


def bad_host_port(address: str, *, port_needed: bool = True) -> str | None:
    """Say what is wrong with `host:port`; None if nothing is."""
    host, colon, port = address.partition(":")
    if not _HOST.fullmatch(host):
        return f"must be host:port, got {address!r}"
    return bad_port(port) if colon or port_needed else None


def bad_port(port: str) -> str | None:
    """Say what is wrong with a port; None if nothing is."""
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        return f"the port must be between 1 and 65535, got {port!r}"
    return None


def bad_network(network: str) -> str | None:
    """Say what is wrong with an address or a network; None if nothing is."""
    try:
        whole = ipaddress.IPv4Network(network, strict=False)
    except ValueError:
        return f"must be an IPv4 address or network (192.0.2.0/24), got {network!r}"
    address, slash, _ = network.partition("/")
    if slash and address != str(whole.network_address):
        return (
            f"{network} has host bits set: write {whole} for the network, or {address} for that "
            "address alone"
        )
    return None
