"""Which requests Asterisk has refused, and of whom that may be said.

Asterisk's own log cannot be had for this: its NOTICE of a refused request repeats the From, and the
line of its security log names the user in From, or both the Call-ID; of a carrier's new address
these would be callers' numbers. AMI's user for this (asterisk-conf/manager.conf) is told of three
events whose account is an endpoint of ours, or "<unknown>", and never what the sender called itself
(res_pjsip/security_events.c); here nothing is read of them but the address.
"""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from router.asterisk.settings import AsteriskOptions
from router.asterisk.sip_sections import is_name
from router.errors import SetupError

#: What is said of each event.
_REASONS = {
    "ChallengeSent": "unknown",
    "ChallengeResponseFailed": "wrong password",
    "FailedACL": "foreign network",
}
_THIS_MACHINE = ("127.0.0.0/8", "::1/128")
#: Addresses whose last line is remembered; more in one second are told of without a limit.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that Asterisk has refused."""

    #: Where it came from.
    address: IPv4Address | IPv6Address
    #: "unknown" (no phone and no carrier of ours), "wrong password", or "foreign network" (a
    #: phone of ours, at an address where none is).
    reason: str

    def __str__(self) -> str:
        return f"refused {self.address}: {self.reason}"


def refusal(event: Mapping[str, str]) -> Refusal | None:
    """Return what an event of AMI tells; None if it is no refusal of SIP."""
    reason = _REASONS.get(event.get("Event", ""))
    # IPV4/UDP/192.0.2.1/5060
    parts = event.get("RemoteAddress", "").split("/")
    if reason is None or event.get("Service") != "PJSIP" or len(parts) != 4:
        return None
    try:
        return Refusal(ip_address(parts[2].strip("[]")), reason)
    except ValueError:
        return None


class Spared:
    """Those of whom nothing is ever said, so that nobody can have them banned.

    Anybody can send a datagram in a carrier's name, and one phone with an old password would shut
    out its whole office.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        """Take addresses and networks; one that is everybody spares nobody."""
        known = (ip_network(network, strict=False) for network in networks)
        self._networks = [network for network in known if network.prefixlen]

    def __contains__(self, address: IPv4Address | IPv6Address) -> bool:
        """Return whether the address is one of them."""
        return any(address in network for network in self._networks)


def spared_by(settings: AsteriskOptions) -> Spared:
    """Return whom these settings spare: this machine, the carriers, and the phones' networks.

    Raises:
        SetupError: If a carrier's name cannot be looked up: it could be banned.
    """
    networks = [*_THIS_MACHINE, *settings.agents_networks]
    for host in settings.carrier_hosts:
        found = _networks_of(host)
        if not found:
            raise SetupError(
                f"{host}, a carrier, cannot be looked up, so it could be banned",
                "See to the name server, or write its addresses into the settings instead "
                "(trunk_hosts, or hosts of asterisk.carriers).",
            )
        networks += found
    for carrier in settings.ways_out:
        # Often the same; where it is a domain of SRV records alone, `hosts` has them.
        networks += _networks_of((carrier.peer or "").partition(":")[0])
    return Spared(networks)


def _networks_of(host: str) -> list[str]:
    if not is_name(host):
        return [host]
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
    except OSError:
        return []
    return [str(address[0]) for *_, address in found]


class Teller:
    """Chooses what is told: of each address one line a second, as a flood tells no more."""

    def __init__(self, spared: Spared) -> None:
        self._spared = spared
        self._told: dict[IPv4Address | IPv6Address, float] = {}

    def line(self, event: Mapping[str, str], now: float) -> str | None:
        """Return the line for an event at `now`, monotonic seconds; None if there is none."""
        refused = refusal(event)
        if refused is None or refused.address in self._spared:
            return None
        if now - self._told.get(refused.address, float("-inf")) < 1:
            return None
        if len(self._told) >= _REMEMBERED:
            self._told.clear()
        self._told[refused.address] = now
        return str(refused)
