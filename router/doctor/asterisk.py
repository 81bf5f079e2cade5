"""Asterisk itself: its version, its modules, how long it has run."""

import re
from datetime import datetime
from fnmatch import fnmatchcase

from router.asterisk.preflight import required_modules
from router.asterisk.programs import OLDEST_ASTERISK, dotted, version_in
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

PLACE = "Asterisk"

#: Releases that are new enough and yet will not do, each with what happens.
KNOWN_BAD = {
    (22, 11, 0): "it crashes when a websocket's client answers a ping (Asterisk issue 2085)",
}
#: What must not be loaded, each with what it would do (asterisk-conf/modules.conf).
UNWANTED = {
    "cdr_*": "writes call records",
    "cel_*": "writes call records",
    "app_queue*": "writes queue_log",
    "app_voicemail*": "keeps messages and who left them",
    "app_mixmonitor*": "records calls",
    "app_record*": "records calls",
    "app_dictate*": "records calls",
    "res_monitor*": "records calls",
    "app_privacy*": "writes callers into Asterisk's database",
    "func_blacklist*": "writes callers into Asterisk's database",
    "func_db*": "writes into Asterisk's database",
    "app_db*": "writes into Asterisk's database",
    "res_pjsip_caller_id*": "reads the caller's number from the SIP message",
    "res_pjsip_diversion*": "reads the caller's number from the SIP message",
    "res_pjsip_header_funcs*": "lets anybody who has ARI read any header",
    "res_pjsip_logger*": "can print whole SIP messages",
    "res_pjsip_history*": "keeps whole SIP messages",
    "res_hep*": "sends whole SIP messages over the network",
    "res_security_log*": "writes callers' addresses",
    "res_snmp*": "shows callers",
    "res_stir_shaken*": "shows callers",
    "res_prometheus*": "shows callers",
    "func_shell*": "runs programs",
    "func_curl*": "sends what it is told to anywhere",
    "app_system*": "runs programs",
    "pbx_spool*": "dials what lies in a folder",
}
#: Asterisk and the router start one after the other, within this.
_TOGETHER_S = 60.0
#: A restart is news for this long.
_NEWS_S = 24 * 3600.0


async def version(around: Surroundings) -> list[Finding]:
    """Look for an Asterisk that is too old, or known to fail."""
    said = str((await around.ari.get("asterisk/info"))["system"]["version"])
    found = version_in(f"Asterisk {said}")
    if found is None or found < OLDEST_ASTERISK:
        return [
            fault(
                "asterisk-old",
                PLACE,
                f"it is release {said}; {dotted(OLDEST_ASTERISK)} or later is needed, which "
                "closed holes in ARI",
                "Upgrade Asterisk, then restart it.",
            )
        ]
    if found in KNOWN_BAD:
        return [
            fault(
                "asterisk-known-bad",
                PLACE,
                f"release {dotted(found)} will not do: {KNOWN_BAD[found]}",
                f"Install another release, {dotted(OLDEST_ASTERISK)} for instance, and restart "
                "Asterisk.",
            )
        ]
    return []


async def modules(around: Surroundings) -> list[Finding]:
    """Look for modules that are missing, and for those that must not be there."""
    listed = await around.ari.get("asterisk/modules")
    running = {one["name"] for one in listed if one["status"] == "Running"}
    wanted = required_modules(around.asterisk)
    findings = [
        fault(
            "module-missing",
            PLACE,
            f"the module {name} is not running",
            f'./allo asterisk cli "module load {name}", and see Asterisk\'s log if it does not.',
        )
        for name in wanted
        if name not in running
    ]
    for name in sorted(running - set(wanted)):
        if not name.endswith(".so"):
            continue  # part of Asterisk's core
        why = next((why for form, why in UNWANTED.items() if fnmatchcase(name, form)), None)
        remedy = (
            f'./allo asterisk cli "module unload {name}"; it is not in our modules.conf, so find '
            "out who loaded it."
        )
        if why is not None:
            text = f"the module {name} is loaded, which {why}"
            findings.append(fault("module-unwanted", PLACE, text, remedy))
        else:
            text = f"the module {name} is loaded, and nothing here needs it"
            findings.append(warning("module-stray", PLACE, text, remedy))
    return findings


async def restarted(around: Surroundings) -> list[Finding]:
    """Look for a restart beneath the running router: it ended every call."""
    status = (await around.ari.get("asterisk/info"))["status"]
    started_at = moment(status["startup_time"])
    router = around.host.router_process()
    since_s = around.host.now() - started_at
    if router is None or since_s > _NEWS_S or started_at < router.started_at + _TOGETHER_S:
        return []
    return [
        warning(
            "asterisk-restarted",
            PLACE,
            f"it was restarted {_minutes(since_s)} ago beneath the router, which ended every call",
            "If nobody did that on purpose, see its log and the system's journal for the reason.",
        )
    ]


async def calls_allowed(around: Surroundings) -> list[Finding]:
    """Look for another limit of calls than the settings say."""
    found = (await around.ari.get("asterisk/info"))["config"].get("max_channels")
    wanted = around.asterisk.max_calls
    if found == wanted:
        return []
    return [
        warning(
            "calls-limited",
            f"{around.name}: asterisk.max_calls",
            f"Asterisk runs with a limit of {found or 'no'} calls, and the settings say {wanted}",
            "Restart Asterisk in a quiet hour: it reads this limit only then.",
        )
    ]


def moment(text: str) -> float:
    """Return an ISO 8601 time of ARI as UTC epoch seconds."""
    return datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text)).timestamp()


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"


CHECKS = (version, modules, restarted, calls_allowed)
