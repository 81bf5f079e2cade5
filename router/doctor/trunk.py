"""The carrier: whether it is there, what is spoken with it, and what is shown to those we call."""

import re
from collections.abc import Mapping

from router.asterisk.carriers import ONLY, Carrier
from router.asterisk.faults import password_key
from router.doctor.endpoints import from_outside
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

#: The ranges that Arcep keeps for fiction, as they are after the country's code.
_FICTION = ("19900", "26191", "35301", "46571", "53649", "63998")
#: RFC 4733 where it is offered, SIP INFO where it is not: both come through.
_KEYS = frozenset({"auto_info", "rfc4733"})
#: As res_pjsip_outbound_registration.c says it, of no answer too; otherwise "Unregistered" or
#: "Stopped".
_REGISTERED, _REJECTED = "Registered", "Rejected"


async def reachable(around: Surroundings) -> list[Finding]:
    """Look for a carrier that does not answer."""
    endpoints = await from_outside(around)
    return [
        finding
        for carrier in around.asterisk.trunks
        for finding in await _reachable(around, carrier, endpoints)
    ]


async def _reachable(
    around: Surroundings, carrier: Carrier, endpoints: Mapping[str, Mapping[str, str]]
) -> list[Finding]:
    options, name = around.asterisk, carrier.endpoint
    if name not in endpoints:
        return [
            fault(
                "trunk-missing",
                f"pjsip_carriers.conf: [{name}]",
                "Asterisk has no endpoint for the carrier: its callers do not get through",
                "See Asterisk's log for what is wrong in its configuration; ./allo configure "
                "writes it.",
            )
        ]
    if carrier.peer is None:
        return []
    if not options.qualify_s(carrier):
        return [
            warning(
                "trunk-unasked",
                f"{around.name}: {_key(around, carrier, 'qualify_s')}",
                "the carrier is never asked whether it is alive (0): nobody learns that it is not",
                f"Set {'' if options.carriers else 'trunk_'}qualify_s = 30, unless the carrier "
                "does not answer OPTIONS.",
            )
        ]
    endpoint = await around.ari.get(f"endpoints/PJSIP/{name}")
    if not endpoints[name]["aors"] or endpoint is None or endpoint.get("state") == "online":
        return []
    way = "UDP" if carrier.transport == "udp" else "TCP"
    known = ", and that we know its certificate" if carrier.transport == "tls" else ""
    return [
        fault(
            "trunk-unreachable",
            f"the carrier, {carrier.peer}",
            "it does not answer OPTIONS: callbacks fail, and callers may not get through",
            f"See that its address is right and that a firewall lets {way} through{known}; ask "
            "the carrier.",
        )
    ]


def _key(around: Surroundings, carrier: Carrier, name: str) -> str:
    """Return the key of the settings where this is written of a carrier."""
    if not around.asterisk.carriers:
        return f"asterisk.trunk_{name}"
    return f"asterisk.carriers.{around.asterisk.carriers.index(carrier) + 1}.{name}"


async def registered(around: Surroundings) -> list[Finding]:
    """Look for an account at a carrier that is not registered."""
    carriers = [carrier for carrier in around.asterisk.trunks if carrier.registration]
    if not carriers:
        return []
    told = await around.ami.ask("PJSIPShowRegistrationsOutbound")
    # Besides, it tells the account's password: only these fields are looked at.
    states = {one["ObjectName"]: one.get("Status", "") for one in told if "ObjectName" in one}
    findings = []
    for carrier in carriers:
        state = states.get(f"{carrier.endpoint}-registration", "missing")
        if state == _REGISTERED:
            continue
        what = "" if carrier.name == ONLY else f", {carrier.name}"
        refused = f"it is {state.lower()}"
        if state == _REJECTED:
            refused = "the carrier refuses it, or does not answer"
        findings.append(
            fault(
                "trunk-unregistered",
                f"the account at the carrier{what}",
                f"it is not registered ({refused}): no call comes in",
                f"Compare its registration in {around.name}, and {password_key(carrier)} of the "
                'secrets, with what the carrier gave; ./allo asterisk cli "pjsip show '
                'registrations".',
            )
        )
    return findings


async def spoken(around: Surroundings) -> list[Finding]:
    """Look for codecs and keys that carriers do not have."""
    findings = []
    wanted = {carrier.endpoint: carrier for carrier in around.asterisk.trunks}
    for name, is_ in (await from_outside(around)).items():
        carrier = wanted.get(name)
        named = (carrier and carrier.codecs) or around.asterisk.trunk_codecs
        codecs = set(re.findall(r"\w+", is_["allow"]))
        if "alaw" not in codecs:
            findings.append(
                fault(
                    "trunk-codecs",
                    f"{around.name}: asterisk.trunk_codecs",
                    f"[{name}] does not take A-law, which every French carrier offers",
                    "Put alaw first in trunk_codecs (or a carrier's codecs), then ./allo configure "
                    "and restart Asterisk.",
                )
            )
        elif missing := set(named) - codecs:
            findings.append(
                warning(
                    "trunk-codecs",
                    f"pjsip.conf: [{name}] allow",
                    f"it does not take {', '.join(sorted(missing))}, which the settings name",
                    "./allo configure, then restart Asterisk.",
                )
            )
        if is_["dtmf_mode"] not in _KEYS:
            findings.append(
                fault(
                    "trunk-keys",
                    f"pjsip.conf: [{name}] dtmf_mode",
                    f"it is {is_['dtmf_mode']}: callers' keys are not heard",
                    "Set dtmf_mode = auto_info (./allo configure writes it), restart Asterisk.",
                )
            )
    return findings


async def encrypted(around: Surroundings) -> list[Finding]:
    """Look for a carrier whose sound is to be encrypted and is not."""
    endpoints = await from_outside(around)
    return [
        fault(
            "trunk-plain",
            f"pjsip_carriers.conf: [{carrier.endpoint}] media_encryption",
            "sound goes to the carrier and comes from it in the clear, against the settings",
            "./allo configure, then restart Asterisk.",
        )
        for carrier in around.asterisk.trunks
        if carrier.is_srtp
        and carrier.endpoint in endpoints
        and endpoints[carrier.endpoint].get("media_encryption") != "sdes"
    ]


async def at_hand(around: Surroundings) -> list[Finding]:
    """Look for a trunk that only this machine can reach."""
    hosts = (around.asterisk.trunk_bind, *around.asterisk.carrier_hosts)
    if not all(host.startswith("127.") for host in hosts):
        return []
    return [
        warning(
            "trunk-loopback",
            f"{around.name}: asterisk.trunk_bind, trunk_hosts",
            "only this machine can call",
            "Set trunk_bind to this machine's address, and trunk_hosts to the carrier's.",
        )
    ]


async def number_shown(around: Surroundings) -> list[Finding]:
    """Look for what is shown to those who are called back."""
    callbacks = around.config.settings.callbacks
    findings = []
    place = f"{around.name}: callbacks.presented"
    if callbacks.presented is None:
        findings.append(
            warning(
                "number-missing",
                place,
                "no number is set to be shown, so no callback is promised",
                'Set presented = "+33…" to a number that the carrier has granted, or leave it: the '
                "service then answers calls alone.",
            )
        )
    elif callbacks.presented.removeprefix("+33").startswith(_FICTION):
        findings.append(
            fault(
                "number-fictional",
                place,
                "the number shown to those who are called back is one kept for fiction",
                "Set it to a number that the carrier has granted.",
            )
        )
    if callbacks.fiction:
        findings.append(
            fault(
                "fiction",
                f"{around.name}: callbacks.fiction",
                "callbacks to numbers that belong to nobody are promised and dialled",
                "Remove fiction = true: it is for tests.",
            )
        )
    return findings


CHECKS = (reachable, registered, spoken, encrypted, at_hand, number_shown)
