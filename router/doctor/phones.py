"""Informateurs' phones: whether Asterisk knows them, and whether they are there."""

from router.ari.naming import ENDPOINT, phone_of
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

_SHOWN = 5


async def known(around: Surroundings) -> list[Finding]:
    """Look for phones of the plan that Asterisk does not have, and the other way round."""
    there = await _states(around)
    wanted = _wanted(around)
    rewrite = "./allo configure, then restart Asterisk, which reads its phones only then."
    findings = []
    if missing := sorted(wanted - there.keys()):
        findings.append(
            fault(
                "phones-unknown",
                "pjsip_agents.conf, pjsip_browsers.conf",
                f"Asterisk does not have {_listed(missing)}: they cannot register",
                rewrite,
            )
        )
    if strange := sorted(there.keys() - wanted):
        findings.append(
            warning(
                "phones-strange",
                "pjsip_agents.conf, pjsip_browsers.conf",
                f"Asterisk has {_listed(strange)}, which the plan does not name: with their old "
                "passwords they can still register",
                rewrite,
            )
        )
    return findings


async def registered(around: Surroundings) -> list[Finding]:
    """Look for a service without anybody at a phone."""
    wanted = _wanted(around)
    there = {phone: state for phone, state in (await _states(around)).items() if phone in wanted}
    if not there or "online" in there.values():
        return []
    is_open = around.config.plan.hours.is_open(around.host.now())
    how = fault if is_open else warning
    when = ", and the service is open: nobody answers" if is_open else ""
    return [
        how(
            "phones-none",
            "informateurs' phones",
            f"none of {len(there)} is registered{when}",
            f"See that phones reach {_doors(around)}, are in "
            "asterisk.agents_networks, and have the passwords of the secrets' [agents].",
        )
    ]


async def asked(around: Surroundings) -> list[Finding]:
    """Look for phones that are never asked whether they are alive."""
    if around.asterisk.agent_qualify_s:
        return []
    return [
        warning(
            "phones-unasked",
            f"{around.name}: asterisk.agent_qualify_s",
            "phones are never asked whether they are alive (0): a dead one is rung",
            "Set agent_qualify_s = 30.",
        )
    ]


def _wanted(around: Surroundings) -> set[str]:
    """Return every phone that Asterisk should have, on desks and in browsers."""
    options = around.asterisk
    browsers = [phone.in_browser for phone in options.agents] if options.browsers else []
    return {phone.agent for phone in (*options.agents, *browsers)}


async def _states(around: Surroundings) -> dict[str, str]:
    """Return each phone that Asterisk has, and whether it is registered ("online")."""
    listed = await around.ari.get("endpoints/PJSIP")
    names = (one for one in listed if one["resource"].startswith(ENDPOINT))
    return {str(phone_of(one["resource"])): str(one.get("state")) for one in names}


def _doors(around: Surroundings) -> str:
    """Return where phones register."""
    transports = around.asterisk.sip_transports
    names = [f"{kind.upper()} {at}" for name, (kind, at) in transports.items() if "agents" in name]
    return " or ".join(names)


def _listed(phones: list[str]) -> str:
    more = f" and {len(phones) - _SHOWN} more phones" if len(phones) > _SHOWN else ""
    return ("the phone " if len(phones) == 1 else "the phones ") + ", ".join(phones[:_SHOWN]) + more


CHECKS = (known, registered, asked)
