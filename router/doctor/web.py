"""The router and its intake, as they answer over HTTP; what they say of themselves."""

import json
import re

from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

#: Counters that must stay 0, and what they count.
_MUST_STAY_0 = {
    "allo_defects": "events whose handling broke off",
    "allo_log_leaks_total": "values kept out of the log because they could be numbers",
    "allo_store_lost_total": "records given up for want of room",
    "allo_outside_table_total": "changes of state that no table allows",
}
#: Parts of readiness that are examined by checks of their own.
_SEEN_ELSEWHERE = frozenset({"application", "phones", "trunk"})
#: What the router says of the others while it has no Asterisk (service/readiness.py).
_UNSEEN = "cannot be seen"
#: A probe is late after so many of its intervals.
_PROBES_MISSED = 3


async def intake(around: Surroundings) -> list[Finding]:
    """Ask the public address: the intake is the one that answers there."""
    await around.web.public("/healthz")
    return []


async def ready(around: Surroundings) -> list[Finding]:
    """Look for parts without which no call reaches a phone."""
    page = await around.web.router("/readyz")
    parts = json.loads(page.text).get("parts", {})
    return [
        fault(
            "part-missing",
            f"the router: {part}",
            f"a call needs it and it is not there: {state['why']}",
            "See the router's log, and what else is found here.",
        )
        for part, state in parts.items()
        if not state["ok"] and part not in _SEEN_ELSEWHERE and not state["why"].startswith(_UNSEEN)
    ]


async def defects(around: Surroundings) -> list[Finding]:
    """Look for counters that must stay 0."""
    page = await around.web.router("/metrics")
    findings = []
    for metric, what in _MUST_STAY_0.items():
        count = sum(_values(page.text, metric))
        if count:
            findings.append(
                warning(
                    "counted",
                    f"the router: {metric}",
                    f"{count:.0f} {what}, since its start",
                    "See the router's log for the lines; report them: it is a defect of ours.",
                )
            )
    return findings


async def probe(around: Surroundings) -> list[Finding]:
    """Look for a service that does not call itself, or whose last call failed."""
    every_s = around.config.settings.probe.every_s
    if not every_s:
        return [
            warning(
                "probe-off",
                f"{around.name}: probe.every_s",
                "the service never calls itself: nobody learns that it does not answer",
                "Set every_s = 60 under [probe].",
            )
        ]
    page = await around.web.router("/metrics")
    last = _values(page.text, "allo_probe_last_success_timestamp_seconds")
    if not last or not last[0]:
        return []  # not yet, or it fails: masking.py makes the same call
    late_s = around.host.now() - last[0]
    if late_s <= _PROBES_MISSED * every_s:
        return []
    return [
        fault(
            "probe-late",
            "the router: allo_probe_last_success_timestamp_seconds",
            f"its last call to itself that was welcomed is {late_s / 60:.0f} min ago",
            "See `probe failed` in the router's log.",
        )
    ]


def _values(text: str, metric: str) -> list[float]:
    pattern = rf"^{metric}(?:{{[^}}]*}})? (\S+)"
    return [float(value) for value in re.findall(pattern, text, re.MULTILINE)]


CHECKS = (intake, ready, defects, probe)
