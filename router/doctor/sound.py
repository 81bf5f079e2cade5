"""Sound: its ports, and the address that callers' carriers are told to send it to."""

import os
from ipaddress import IPv4Network

from router.doctor import conf
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

#: Ports of a caller with an informateur: two legs, RTP and RTCP each.
_PORTS_A_CALL = 4
_SHOWN = 5
_ANY = "0.0.0.0"
#: What is not reached from the Internet: this machine, RFC 1918, RFC 6598, RFC 3927.
_PRIVATE = tuple(
    IPv4Network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("100.64.0.0/10", "169.254.0.0/16"),
    )
)


async def wide_enough(around: Surroundings) -> list[Finding]:
    """Look for a range of ports that `max_calls` do not fit in."""
    options = around.asterisk
    holds = (options.rtp_last - options.rtp_first + 1) // _PORTS_A_CALL
    if holds >= options.max_calls:
        return []
    last = options.rtp_first + options.max_calls * _PORTS_A_CALL - 1
    return [
        warning(
            "rtp-narrow",
            f"{around.name}: asterisk.rtp_last",
            f"the ports for sound are enough for {holds} conversations, and "
            f"{options.max_calls} calls are let in",
            f"Set rtp_last = {last} or more, and open it in the firewall; or lower max_calls.",
        )
    ]


async def free(around: Surroundings) -> list[Finding]:
    """Look for other programs in the range."""
    options, asterisk = around.asterisk, around.host.asterisk()
    if asterisk is None:
        return []
    router = around.host.router_process()
    pids = (asterisk.pid, os.getpid(), *([router.pid] if router is not None else ()))
    ours = frozenset[str]().union(*map(around.host.open_sockets, pids))
    taken = sorted(
        socket.port
        for socket in around.host.udp_sockets()
        if options.rtp_first <= socket.port <= options.rtp_last and socket.inode not in ours
    )
    if not taken:
        return []
    shown = ", ".join(map(str, taken[:_SHOWN])) + (" …" if len(taken) > _SHOWN else "")
    return [
        warning(
            "rtp-taken",
            f"{around.name}: asterisk.rtp_first, rtp_last",
            f"other programs hold {len(taken)} of the UDP ports for sound: {shown}",
            f"Find them (ss -ulpn 'sport = :{taken[0]}'), and move them or the range.",
        )
    ]


async def address_told(around: Surroundings) -> list[Finding]:
    """Look for a private address in the SDP that a public carrier is sent."""
    sections = conf.values(around.configuration("pjsip.conf")).values()
    if any(section.get("external_media_address") for section in sections):
        return []
    carrier = next(filter(_is_public, around.asterisk.carrier_hosts), None)
    if carrier is None:
        return []
    host = around.asterisk.trunk_bind.rpartition(":")[0]
    # Bound to every address, Asterisk names the one that the route to the carrier begins at.
    ours = around.host.address_towards(carrier.partition("/")[0]) if host == _ANY else host
    if _is_public(ours):
        return []
    return [
        fault(
            "nat",
            f"{around.name}: asterisk.trunk_bind",
            f"SDP tells the carrier to send the sound to {ours}, which is private: callers hear "
            "us, and we do not hear them",
            "Bind the trunk to a public address, or name the one that NAT gives this machine.",
        )
    ]


def _is_public(host: str) -> bool:
    try:
        network = IPv4Network(host, strict=False)
    except ValueError:
        return True  # a name, which is resolved elsewhere
    return not any(network.subnet_of(private) for private in _PRIVATE)


CHECKS = (wide_enough, free, address_told)
