"""What only a person knows: the carrier, the number shown, the public name, the phones' networks.

Each is a flag of `allo install`; on a terminal, those that are not given are asked for.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from router.asterisk.settings import AsteriskOptions
from router.config.settings import Http
from router.deploy.surroundings import addresses, facing, free_port, sound_ports
from router.errors import ConfigError, Problem

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PRESENTED = re.compile(r"\+[1-9][0-9]{5,14}|[1-9][0-9]{1,5}")
_SIP = 5060
#: Ports that only this machine needs, by their key.
_OF_THIS_MACHINE = (
    ("ari_port", socket.SOCK_STREAM, "ARI"),
    ("ami_port", socket.SOCK_STREAM, "AMI"),
    ("agi_port", socket.SOCK_STREAM, "FastAGI"),
    ("probe_port", socket.SOCK_DGRAM, "the probe's calls"),
)
_USUAL = AsteriskOptions()

Values = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered; None or empty: not yet."""

    #: The carrier's servers, each `host` or `host:port`. Calls go out to the first.
    carriers: tuple[str, ...] = ()
    #: What is shown to people who are called back: "+33…", or a short number.
    presented: str | None = None
    #: The name under which browsers reach the pages.
    public_name: str | None = None
    #: The networks of informateurs' phones.
    phones: tuple[str, ...] = ()

    def faults(self) -> list[Problem]:
        """Return what is wrong with the answers, by the flags that give them."""
        found: list[Problem] = []
        for carrier in self.carriers:
            if reason := bad_carrier(carrier):
                found.append(Problem("--carrier", reason))
        if self.presented is not None and (reason := bad_presented(self.presented)):
            found.append(Problem("--presented", reason))
        if self.public_name is not None and (reason := bad_name(self.public_name)):
            found.append(Problem("--public-name", reason))
        for network in self.phones:
            if reason := bad_network(network):
                found.append(Problem("--phones-network", reason))
        return found


def bad_carrier(carrier: str) -> str | None:
    """Say what is wrong with a carrier's server; None if nothing is."""
    host, colon, port = carrier.partition(":")
    if not _HOST.fullmatch(host):
        return f'must be host or host:port, as in sip.example.net:5060, got "{carrier}"'
    if colon and not (port.isdecimal() and 0 < int(port) < 65536):
        return f'the port must be between 1 and 65535, got "{port}"'
    if not addresses(host):
        return f"{host} has no IPv4 address here: check the name, or give the address"
    return None


def bad_presented(number: str) -> str | None:
    """Say what is wrong with a number to show; None if nothing is. It is not repeated."""
    if _PRESENTED.fullmatch(number):
        return None
    return 'must be "+" and 6 to 15 digits, as in +33…, or a short number of up to 6'


def bad_name(name: str) -> str | None:
    """Say what is wrong with a public name; None if nothing is."""
    if _HOST.fullmatch(name) and "." in name:
        return None
    return f'must be a name without https:// or a path, as in www.example.org, got "{name}"'


def bad_network(network: str) -> str | None:
    """Say what is wrong with a network of phones; None if nothing is."""
    try:
        ipaddress.IPv4Network(network)
    except ValueError:
        return f'must be an IPv4 address or network, as in 192.0.2.0/24, got "{network}"'
    return None


@dataclass(frozen=True, slots=True)
class Question:
    """A question on the terminal; an empty answer leaves it for later."""

    field: str
    text: str
    bad: Callable[[str], str | None]
    many: bool = False


QUESTIONS = (
    Question(
        "carriers",
        "The carrier's SIP server, as host or host:port (Enter: later)",
        bad_carrier,
        many=True,
    ),
    Question(
        "presented",
        "The number shown to people who are called back (Enter: no callbacks yet)",
        bad_presented,
    ),
    Question(
        "public_name",
        "The public name of the web pages, as in www.example.org (Enter: later)",
        bad_name,
    ),
    Question(
        "phones",
        "The network of the informateurs' phones, as in 192.0.2.0/24 (Enter: this machine alone)",
        bad_network,
        many=True,
    ),
)


def asked(
    answers: Answers,
    known: Callable[[str], bool],
    ask: Callable[[str], str],
    tell: Callable[[str], None],
) -> Answers:
    """Return the answers with those added that `ask` gives; what is `known` is not asked for."""
    for question in QUESTIONS:
        if getattr(answers, question.field) or known(question.field):
            continue
        if question.field == "presented" and not (answers.carriers or known("carriers")):
            continue  # without a way out there are no callbacks
        while given := ask(question.text).strip():
            reason = question.bad(given)
            if reason is None:
                value: Any = (given,) if question.many else given
                answers = replace(answers, **{question.field: value})
                break
            tell(f"That {reason}." if reason.startswith("must") else f"{reason}.")
    return answers


def settings_of(answers: Answers) -> Values:
    """Return the settings that the answers mean, with the addresses of this machine.

    Raises:
        ConfigError: If this machine has no way to the carrier or to the phones.
    """
    values: Values = {}
    asterisk: dict[str, Any] = {}
    if answers.carriers:
        hosts = [one.partition(":")[0] for one in answers.carriers]
        first, _, port = answers.carriers[0].partition(":")
        asterisk["trunk_bind"] = f"{_facing(hosts[0], '--carrier')}:{_SIP}"
        asterisk["trunk_hosts"] = tuple(one for host in hosts for one in addresses(host))
        asterisk["trunk_peer"] = f"{first}:{port or _SIP}"
    if answers.phones:
        network = ipaddress.IPv4Network(answers.phones[0])
        host = str(network[1] if network.num_addresses > 2 else network[0])
        usual = _USUAL.agents_bind.rpartition(":")[2]
        asterisk["agents_bind"] = f"{_facing(host, '--phones-network')}:{usual}"
        asterisk["agents_networks"] = answers.phones
    if asterisk:
        values["asterisk"] = asterisk
    callbacks: dict[str, Any] = {}
    if answers.presented:
        callbacks["presented"] = answers.presented
    if answers.public_name:
        callbacks["origins"] = (f"https://{answers.public_name}",)
    if callbacks:
        values["callbacks"] = callbacks
    return values


def _facing(host: str, flag: str) -> str:
    address = facing(host)
    if address is None:
        reason = f"this machine has no route to {host}: set its network up first"
        raise ConfigError([Problem(flag, reason)])
    return address


def with_free_ports(
    values: Mapping[str, Mapping[str, Any]], other: tuple[int, int] | None
) -> tuple[Values, list[str]]:
    """Return the settings with ports that nothing else holds, and what is to be said of them.

    `other` are the RTP ports of another Asterisk on this machine.
    """
    found: Values = {table: dict(keys) for table, keys in values.items()}
    asterisk = found.setdefault("asterisk", {})
    told: list[str] = []

    taken: dict[socket.SocketKind, list[int]] = {socket.SOCK_DGRAM: [], socket.SOCK_STREAM: []}

    def choose(kind: socket.SocketKind, host: str, usual: int, purpose: str, key: str) -> int:
        choice = free_port(kind, host, usual, purpose, taken[kind])
        taken[kind].append(choice.port)
        if choice.because:
            told.append(f"{choice.because}: {key} is {choice.port} instead")
        return choice.port

    for key, purpose in (("trunk_bind", "the SIP trunk"), ("agents_bind", "informateurs' phones")):
        bind = str(asterisk.get(key, getattr(_USUAL, key)))
        host, _, usual = bind.rpartition(":")
        port = choose(socket.SOCK_DGRAM, host, int(usual), purpose, f"asterisk.{key}")
        if port != int(usual):
            asterisk[key] = f"{host}:{port}"
    for key, kind, purpose in _OF_THIS_MACHINE:
        usual_port: int = getattr(_USUAL, key)
        port = choose(kind, _USUAL.ari_host, usual_port, purpose, f"asterisk.{key}")
        if port != usual_port:
            asterisk[key] = port
    http = Http()
    port = choose(socket.SOCK_STREAM, http.host, http.port, "HTTP", "http.port")
    if port != http.port:
        found.setdefault("http", {})["port"] = port
    rtp = sound_ports(other, _USUAL.rtp_first, _USUAL.rtp_last)
    if rtp != (_USUAL.rtp_first, _USUAL.rtp_last):
        asterisk["rtp_first"], asterisk["rtp_last"] = rtp
        told.append(f"/etc/asterisk uses our usual ports for sound: ours are {rtp[0]} to {rtp[1]}")
    if not asterisk:
        del found["asterisk"]
    return found, told
