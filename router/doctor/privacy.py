"""What would write callers down, or show them: records, logs, dumps, doors left open."""

from router.doctor import conf
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Process, Surroundings

#: What Asterisk's log may hold (asterisk-conf/logger.conf).
_LEVELS = frozenset({"WARNING", "ERROR"})
_CORES = "Max core file size"


async def call_records(around: Surroundings) -> list[Finding]:
    """Look for CDR, CEL and queue_log."""
    findings = []
    settings = (await around.ami.ask("CoreSettings"))[0]
    on_disk = conf.value(around.configuration("cdr.conf"), "general", "enable", "yes")
    if settings.get("CoreCDRenabled") != "No" or conf.is_true(on_disk):
        findings.append(
            fault(
                "call-records",
                "cdr.conf: enable",
                "Asterisk makes call records (CDR)",
                "Set enable = no under [general], and restart Asterisk.",
            )
        )
    if conf.is_true(conf.value(around.configuration("cel.conf"), "general", "enable", "no")):
        findings.append(
            fault(
                "event-records",
                "cel.conf: enable",
                "Asterisk records every event of every channel (CEL)",
                "Set enable = no under [general], and restart Asterisk.",
            )
        )
    if conf.is_true(conf.value(around.configuration("logger.conf"), "general", "queue_log", "yes")):
        findings.append(
            fault(
                "queue-log",
                "logger.conf: queue_log",
                "Asterisk writes queue_log",
                'Set queue_log = no under [general], then: ./allo asterisk cli "logger reload".',
            )
        )
    return findings


async def log_levels(around: Surroundings) -> list[Finding]:
    """Look for levels of Asterisk's log that print callers."""
    findings = []
    for channel in await around.ari.get("asterisk/logging"):
        extra = {*channel["configuration"].split()} - _LEVELS
        if extra and channel["status"] == "Enabled":
            findings.append(
                fault(
                    "log-levels",
                    f"Asterisk's log {channel['channel']}",
                    f"it holds {', '.join(sorted(extra))}, which repeat who calls",
                    f'./allo asterisk cli "logger remove channel {channel["channel"]}", and set '
                    "warning,error alone in logger.conf.",
                )
            )
    return findings


async def sip_logs(around: Surroundings) -> list[Finding]:
    """Look for whole SIP messages in a log. (Modules that print them: asterisk.py.)"""
    findings = []
    if conf.is_true(conf.value(around.configuration("pjsip.conf"), "global", "debug", "no")):
        findings.append(
            fault(
                "sip-logger",
                "pjsip.conf: debug",
                "whole SIP messages go to the log, callers included",
                "Set debug = no under [global], and restart Asterisk.",
            )
        )
    errors = conf.value(around.configuration("pjproject.conf"), "log_mappings", "asterisk_error")
    if errors:
        findings.append(
            fault(
                "sip-library-log",
                "pjproject.conf: asterisk_error",
                "the SIP library's errors go to the log, and with them broken messages, whole",
                "Leave asterisk_error empty under [log_mappings], and restart Asterisk.",
            )
        )
    return findings


async def core_dumps(around: Surroundings) -> list[Finding]:
    """Look for processes that would leave their memory on disk when they crash."""
    findings = []
    holders = {"Asterisk": around.host.asterisk(), "the router": around.host.router_process()}
    for what, process in holders.items():
        if process is not None and _leaves_core(process):
            findings.append(
                fault(
                    "core-dumps",
                    f"process {process.pid} ({what})",
                    "a crash would write its memory to disk, numbers included",
                    f"prlimit --pid {process.pid} --core=0:0, and LimitCORE=0 in its unit.",
                )
            )
    if conf.is_true(conf.value(around.configuration("asterisk.conf"), "options", "dumpcore", "no")):
        findings.append(
            fault(
                "core-dumps",
                "asterisk.conf: dumpcore",
                "a crash of Asterisk would write its memory to disk, numbers included",
                "Set dumpcore = no under [options], and restart Asterisk.",
            )
        )
    return findings


async def doors(around: Surroundings) -> list[Finding]:
    """Look for interfaces of Asterisk that others could reach, or that could do more."""
    findings = []
    for file, section in (("http.conf", "general"), ("manager.conf", "general")):
        address = conf.value(around.configuration(file), section, "bindaddr", "127.0.0.1")
        if not address.startswith("127."):
            findings.append(
                fault(
                    "interface-open",
                    f"{file}: bindaddr",
                    f"it listens at {address}, where other machines may reach it",
                    "Set bindaddr = 127.0.0.1, and restart Asterisk.",
                )
            )
    text = around.configuration("asterisk.conf")
    if conf.is_true(conf.value(text, "options", "live_dangerously", "no")):
        findings.append(
            fault(
                "interface-dangerous",
                "asterisk.conf: live_dangerously",
                "whoever has ARI can read files and run programs",
                "Set live_dangerously = no under [options], and restart Asterisk.",
            )
        )
    return findings


async def router_log(around: Surroundings) -> list[Finding]:
    """Look for a router that logs more than it should in service."""
    if around.config.settings.log.level != "debug":
        return []
    return [
        warning(
            "router-log",
            f"{around.name}: log.level",
            "the router logs at debug, which fills disks",
            'Set level = "info" under [log], and restart the router.',
        )
    ]


def _leaves_core(process: Process) -> bool:
    return process.limits.get(_CORES, 0) != 0


CHECKS = (call_records, log_levels, sip_logs, core_dumps, doors, router_log)
