"""The carrier: whether it is there, what is spoken with it, and what is shown to those we call."""

import re

from router.doctor.endpoints import from_outside
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

#: The ranges that Arcep keeps for fiction, as they are after the country's code.
_FICTION = ("19900", "26191", "35301", "46571", "53649", "63998")
#: RFC 4733 where it is offered, SIP INFO where it is not: both come through.
_KEYS = frozenset({"auto_info", "rfc4733"})
_REGISTERED = "Registered"


async def reachable(around: Surroundings) -> list[Finding]:
    """Look for a carrier that does not answer."""
    trunks = await from_outside(around)
    if not trunks:
        return [
            fault(
                "trunk-missing",
                "pjsip.conf: [trunk]",
                "Asterisk has no endpoint for the carrier: nobody can call",
                "See Asterisk's log for what is wrong in pjsip.conf; ./allo configure writes it.",
            )
        ]
    options = around.asterisk
    if options.trunk_peer is None:
        return []
    if not options.trunk_qualify_s:
        return [
            warning(
                "trunk-unasked",
                f"{around.name}: asterisk.trunk_qualify_s",
                "the carrier is never asked whether it is alive (0): nobody learns that it is not",
                "Set trunk_qualify_s = 30, unless the carrier does not answer OPTIONS.",
            )
        ]
    findings = []
    for name in trunks:
        endpoint = await around.ari.get(f"endpoints/PJSIP/{name}")
        if endpoint is not None and trunks[name]["aors"] and endpoint.get("state") != "online":
            findings.append(
                fault(
                    "trunk-unreachable",
                    f"the carrier, {options.trunk_peer}",
                    "it does not answer OPTIONS: callbacks fail, and callers may not get through",
                    "See that its address is right and that a firewall lets UDP through; ask the "
                    "carrier.",
                )
            )
    return findings


async def registered(around: Surroundings) -> list[Finding]:
    """Look for an account at the carrier that is not registered."""
    if around.asterisk.registration is None:
        return []
    told = await around.ami.ask("PJSIPShowRegistrationsOutbound")
    # Besides, it tells the account's password: only the one field is looked at.
    states = [one.get("Status", "") for one in told if "ClientUri" in one]
    if states and all(state == _REGISTERED for state in states):
        return []
    state = next((state for state in states if state != _REGISTERED), "missing")
    return [
        fault(
            "trunk-unregistered",
            "the account at the carrier",
            f"it is not registered ({state}): no call comes in",
            "Compare [asterisk.registration] and registration_password with what the carrier gave; "
            './allo asterisk cli "pjsip show registrations".',
        )
    ]


async def spoken(around: Surroundings) -> list[Finding]:
    """Look for codecs and keys that carriers do not have."""
    findings = []
    for name, is_ in (await from_outside(around)).items():
        codecs = set(re.findall(r"\w+", is_["allow"]))
        if "alaw" not in codecs:
            findings.append(
                fault(
                    "trunk-codecs",
                    f"{around.name}: asterisk.trunk_codecs",
                    f"[{name}] does not take A-law, which every French carrier offers",
                    "Put alaw first in trunk_codecs, then ./allo configure and restart Asterisk.",
                )
            )
        elif missing := set(around.asterisk.trunk_codecs) - codecs:
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


async def at_hand(around: Surroundings) -> list[Finding]:
    """Look for a trunk that only this machine can reach."""
    hosts = (around.asterisk.trunk_bind, *around.asterisk.trunk_hosts)
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


CHECKS = (reachable, registered, spoken, at_hand, number_shown)
