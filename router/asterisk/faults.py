"""What can be wrong with the settings of an Asterisk."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from router.asterisk.carrier_faults import (
    BROWSER_CODECS,
    CODECS,
    bad_address,
    bad_host_port,
    bad_network,
    faults_of_carriers,
)
from router.asterisk.carriers import ONLY, Carrier
from router.asterisk.settings import AgentPhone, AsteriskOptions, AsteriskSettings
from router.errors import Problem

#: `longest_call_s` at least, in seconds.
SHORTEST_LIMIT_S = 60

_DAY_S = 86_400
#: The least and the most of each number. `qualify_frequency` ends at a day in Asterisk itself, and
#: an INVITE without any answer must have failed before anybody gives up.
_LIMITS = {
    "trunk_qualify_s": (0, _DAY_S),
    "trunk_silence_s": (7, 600),
    "trunk_rtp_timeout_s": (0, _DAY_S),
    "agent_qualify_s": (0, _DAY_S),
    "agent_rtp_timeout_s": (0, _DAY_S),
    "browser_rtp_timeout_s": (2, _DAY_S),
    "max_calls": (1, 100_000),
    "retry_every_s": (1, 3600),
    "retry_for_s": (0, _DAY_S),
}

_SERVICE_NUMBER = re.compile(r"\+?[0-9]{2,15}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_AGENT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# Nothing that Asterisk's parser could take for a comment, a separator or a template.
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}")
_ACCOUNT_PASSWORD = re.compile(r"[^;\s\\]+")
_BAD_SECRET = "must be 16 to 128 letters, digits, hyphens or underscores"


def check_options(options: AsteriskOptions) -> list[Problem]:
    """Return every fault of the settings file's [asterisk]; places are `asterisk.<key>`."""
    return [
        *_faults_of_names(options),
        *_faults_of_addresses(options),
        *faults_of_carriers(options),
        *_faults_of_codecs(options),
        *_faults_of_numbers(options),
    ]


def check(settings: AsteriskSettings) -> list[Problem]:
    """Return every fault of the settings: those of the options, then of what is added to them."""
    return [
        *check_options(settings),
        *check_paths(settings.state_dir, settings.prompts_dir),
        *_faults_of_service(settings),
        *check_passwords(
            settings.ari_password,
            {
                password_key(carrier): settings.password_at(carrier)
                for carrier in settings.trunks
                if carrier.registration
            },
            settings.agents,
        ),
    ]


def password_key(carrier: Carrier) -> str:
    """Return the key in the secrets of the account's password."""
    return "registration_password" if carrier.name == ONLY else f"carriers.{carrier.name}"


def check_paths(state_dir: Path, prompts_dir: Path) -> list[Problem]:
    """Return what is wrong with the folders; places are `asterisk.state_dir` and the like."""
    faults = []
    for name, path in (("state_dir", state_dir), ("prompts_dir", prompts_dir)):
        if not path.is_absolute():
            faults.append(_fault(name, f"must be an absolute path, got {path}"))
        elif re.search(r"[;\[\\\x00-\x1f]", str(path)):
            reason = f"Asterisk cannot read a path with semicolons or brackets: {path}"
            faults.append(_fault(name, reason))
    return faults


def check_passwords(
    ari_password: str, accounts: Mapping[str, str], agents: Iterable[AgentPhone]
) -> list[Problem]:
    """Return what is wrong with the passwords, without quoting any.

    `accounts` are those at carriers, by their key in the secrets. Places are
    `asterisk.ari_password`, `asterisk.<key>` and `asterisk.agents.<id>.secret`.
    """
    faults = []
    if not _SECRET.fullmatch(ari_password):
        faults.append(_fault("ari_password", _BAD_SECRET))
    for key, password in accounts.items():
        if not _ACCOUNT_PASSWORD.fullmatch(password):
            reason = "must not hold spaces, semicolons or backslashes"
            lacks = "is missing: the password of the account at the carrier"
            faults.append(_fault(key, reason if password else lacks))
    seen: set[str] = set()
    for phone in agents:
        place = f"agents.{phone.agent}"
        if not _AGENT.fullmatch(phone.agent):
            faults.append(_fault(place, "id must be lower-case letters, digits and hyphens"))
        if not _SECRET.fullmatch(phone.secret):
            faults.append(_fault(f"{place}.secret", _BAD_SECRET))
        if phone.agent in seen:
            faults.append(_fault(place, "is given twice"))
        seen.add(phone.agent)
    return faults


def _fault(name: str, reason: str) -> Problem:
    return Problem(f"asterisk.{name}", reason)


def _faults_of_names(options: AsteriskOptions) -> Iterator[Problem]:
    names = {"node": options.node, "app": options.app, "ari_user": options.ari_user}
    for name, value in names.items():
        if not _NAME.fullmatch(value):
            yield _fault(name, "must be lower-case letters, digits and hyphens, at most 40")


def _faults_of_addresses(options: AsteriskOptions) -> Iterator[Problem]:
    for name, address in (
        ("trunk_bind", options.trunk_bind),
        ("agents_bind", options.agents_bind),
    ):
        if reason := bad_address(address):
            yield _fault(name, reason)
    if options.trunk_bind == options.agents_bind:
        yield _fault("agents_bind", f"must differ from asterisk.trunk_bind ({options.trunk_bind})")
    for name, address in (
        ("trunk_bind", options.trunk_bind),
        ("agents_bind", options.agents_bind),
    ):
        if address.rpartition(":")[2] == str(options.probe_port):
            yield _fault("probe_port", f"must differ from the port of asterisk.{name} ({address})")
    for name, networks in (
        ("trunk_hosts", options.trunk_hosts),
        ("agents_networks", options.agents_networks),
    ):
        if not networks:
            yield _fault(name, "at least one address or network is needed")
        for network in networks:
            if reason := bad_network(network):
                yield _fault(name, reason)
    if options.trunk_peer is not None and (reason := bad_host_port(options.trunk_peer)):
        yield _fault("trunk_peer", reason)
    if bad_network(options.ari_host):
        yield _fault("ari_host", f"must be an IPv4 address, got {options.ari_host!r}")
    elif not ipaddress.ip_network(options.ari_host).is_loopback:
        yield _fault(
            "ari_host", f"ARI is for this machine only (127.0.0.1), got {options.ari_host}"
        )


def _faults_of_codecs(options: AsteriskOptions) -> Iterator[Problem]:
    for name, codecs, known in (
        ("trunk_codecs", options.trunk_codecs, CODECS),
        ("agent_codecs", options.agent_codecs, CODECS),
        ("browser_codecs", options.browser_codecs, BROWSER_CODECS),
    ):
        if not codecs:
            yield _fault(name, f"at least one of {', '.join(known)} is needed")
        for codec in codecs:
            if codec not in known:
                yield _fault(name, f"must be among {', '.join(known)}, got {codec!r}")


def _faults_of_numbers(options: AsteriskOptions) -> Iterator[Problem]:
    names = ("ari_port", "ami_port", "agi_port", "probe_port")
    ports = {name: getattr(options, name) for name in names}
    for name, port in ports.items():
        if not 1024 <= port <= 65535:
            yield _fault(name, f"must be between 1024 and 65535, got {port}")
    if options.ami_port == options.ari_port:
        yield _fault("ami_port", f"must differ from asterisk.ari_port ({options.ari_port})")
    for name in ("ari_port", "ami_port"):
        if options.agi_port == ports[name]:
            yield _fault("agi_port", f"must differ from asterisk.{name} ({ports[name]})")
    first, last = options.rtp_first, options.rtp_last
    if not 1024 <= first <= 65528 or first % 2:
        yield _fault("rtp_first", f"must be even, at least 1024 and at most 65528, got {first}")
    elif not first + 7 <= last <= 65535:
        yield _fault("rtp_last", f"must be from {first + 7} (8 ports) to 65535, got {last}")
    for name, (least, most) in _LIMITS.items():
        number = getattr(options, name)
        if not least <= number <= most:
            yield _fault(name, f"must be from {least} to {most}, got {number}")


def _faults_of_service(settings: AsteriskSettings) -> Iterator[Problem]:
    if not settings.service_numbers:
        yield _fault("service_numbers", "at least one number for callers to dial is needed")
    for place, number in enumerate(settings.service_numbers):
        if not _SERVICE_NUMBER.fullmatch(number):
            yield _fault(
                "service_numbers", f"must be 2 to 15 digits, with or without +, got {number!r}"
            )
        if number in settings.service_numbers[:place]:
            yield _fault("service_numbers", f"{number} is given twice")
    if settings.longest_call_s < SHORTEST_LIMIT_S:
        yield _fault(
            "longest_call_s", f"must be at least {SHORTEST_LIMIT_S}, got {settings.longest_call_s}"
        )
