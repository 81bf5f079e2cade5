"""The router: whether it is the one of these settings, alone, and up to date with its files."""

import re

from router import __version__
from router.ari.away import LEASE, is_renewed
from router.ari.client import presence
from router.doctor.ari import APP
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

#: Files are written and the router started in one step of the demo.
_SAME_STEP_S = 2.0


async def alone(around: Surroundings) -> list[Finding]:
    """Look for another router at the same Asterisk."""
    apps = {one["name"] for one in await around.ari.get("applications")}
    ours = presence(around.asterisk.app)
    findings = []
    router = around.host.router_process()
    if ours in apps and router is None:
        findings.append(
            fault(
                "router-foreign",
                f"Asterisk: application {around.asterisk.app}",
                "a router serves it that does not use the state folder of these settings",
                "Find it (ps ax | grep 'allo.* run'): stop it, or name its settings with --config.",
            )
        )
    suffix = presence("")
    theirs = {app for app in apps if app.endswith(suffix)} - {ours, presence(APP)}
    others = sorted(app.removesuffix(suffix) for app in theirs)
    findings += [
        warning(
            "router-second",
            f"Asterisk: application {app}",
            "another router is connected to the same Asterisk",
            "Give each router an Asterisk of its own, or stop that one.",
        )
        for app in others
    ]
    return findings


async def connected(around: Surroundings) -> list[Finding]:
    """Look for a router that runs and has no connection to Asterisk."""
    apps = {one["name"] for one in await around.ari.get("applications")}
    if presence(around.asterisk.app) in apps or around.host.router_process() is None:
        return []
    return [
        fault(
            "router-unconnected",
            f"Asterisk: application {around.asterisk.app}",
            "the router runs and is not connected: callers hear the apology",
            "See the router's log; compare asterisk.app, ari_port and ari_password with those that "
            "Asterisk was started with.",
        )
    ]


async def up_to_date(around: Surroundings) -> list[Finding]:
    """Look for files that changed after the router read them."""
    router = around.host.router_process()
    if router is None:
        return []
    settings = around.config.settings
    read_at = await read_configuration_at(around) or router.started_at
    files = {
        "the settings": settings.file,
        "the plan": settings.plan,
        "the informateurs": settings.agents,
        "the secrets": settings.secrets,
    }
    findings = [
        warning(
            "plan-stale",
            str(file),
            f"{what} changed after the router read them: it still goes by the old ones",
            f"./allo reload --config {around.name}: no call ends.",
        )
        for what, file in files.items()
        if file is not None and around.host.changed_at(file) > read_at + _SAME_STEP_S
    ]
    return findings


async def same_release(around: Surroundings) -> list[Finding]:
    """Look for a router that still runs an older program."""
    page = await around.web.router("/metrics")
    found = re.search(r'^allo_build_info{version="([^"]*)"}', page.text, re.MULTILINE)
    if found is None or found[1] == __version__:
        return []
    return [
        warning(
            "router-old",
            "the router",
            f"release {found[1]} runs, and {__version__} is installed",
            "Restart the router; calls go on meanwhile.",
        )
    ]


async def fallback(around: Surroundings) -> list[Finding]:
    """Look for nobody who would look after callers while the router is away."""
    lease = await around.ari.get("asterisk/variable", variable=LEASE)
    if is_renewed((lease or {}).get("value") or "", around.host.now()):
        return []
    remedy = f"./allo fallback --config {around.name}, or start its unit; see its log."
    if around.host.lacks("panoramisk"):
        remedy = "Install panoramisk, which it speaks FastAGI with, then restart the fallback."
    return [
        warning(
            "fallback-away",
            f"FastAGI, port {around.asterisk.agi_port}",
            "the fallback does not tell Asterisk that it can be asked: while the router is away, "
            "callers hear an apology and music alone",
            remedy,
        )
    ]


async def read_configuration_at(around: Surroundings) -> float:
    """Return when the router last read its files, as its metrics say; 0: they do not."""
    page = await around.web.router("/metrics")
    for line in page.text.splitlines():
        if line.startswith("allo_config_last_reload_success_timestamp_seconds "):
            return float(line.split()[1])
    return 0.0


CHECKS = (alone, connected, up_to_date, same_release, fallback)
