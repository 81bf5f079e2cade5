"""Asterisk's configuration: what is on disk, what these settings make, what Asterisk has read."""

from pathlib import Path

from router.doctor import conf
from router.doctor.asterisk import moment
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

_REWRITE = (
    "./allo configure --config {name}, then restart Asterisk in a quiet hour: its unit, or ./allo "
    "asterisk stop and start."
)
#: Writing and starting are one step of ./allo asterisk start.
_SAME_STEP_S = 2.0
#: ms. A garbage collection or a slow disk takes longer than Asterisk's default of 100.
_LEAST_TIMEOUT_MS = 1000
#: The router's connections at a busy time.
_LEAST_SESSIONS = 500


async def as_rendered(around: Surroundings) -> list[Finding]:
    """Look for files that are not what these settings make."""
    wanted = around.rendered(_modules_dir(around))
    folder = around.asterisk.config_dir
    there = around.host.names(folder)
    if not there:
        return [
            fault(
                "configuration-missing",
                str(folder),
                "there is no configuration of Asterisk",
                _REWRITE.format(name=around.name),
            )
        ]
    differ = sorted(
        name
        for name in {*wanted, *there}
        if name not in wanted
        or name not in there
        or around.host.text(folder / name) != wanted[name]
    )
    if not differ:
        return []
    return [
        warning(
            "configuration-stale",
            str(folder),
            f"{_listed(differ)} not what these settings make: settings, plan or secrets have "
            "changed since, or somebody edited there",
            _REWRITE.format(name=around.name),
        )
    ]


async def as_read(around: Surroundings) -> list[Finding]:
    """Look for files written after Asterisk last read them."""
    folder = around.asterisk.config_dir
    names = around.host.names(folder)
    if not names:
        return []
    status = (await around.ari.get("asterisk/info"))["status"]
    read_at = max(moment(status["startup_time"]), moment(status["last_reload_time"]))
    late = sorted(
        name for name in names if around.host.changed_at(folder / name) > read_at + _SAME_STEP_S
    )
    if not late:
        return []
    return [
        warning(
            "configuration-unread",
            str(folder),
            f"{_listed(late)} newer than what Asterisk has read",
            "Restart Asterisk in a quiet hour: its unit, or ./allo asterisk stop and start.",
        )
    ]


async def connections(around: Surroundings) -> list[Finding]:
    """Look for limits that would cut the router off from Asterisk."""
    findings: list[Finding] = []
    if not around.host.names(around.asterisk.config_dir):
        return findings  # as_rendered says so
    timeout = conf.value(
        around.configuration("ari.conf"), "general", "websocket_write_timeout", "100"
    )
    if not timeout.isdecimal() or int(timeout) < _LEAST_TIMEOUT_MS:
        findings.append(
            fault(
                "websocket-timeout",
                "ari.conf: websocket_write_timeout",
                f"Asterisk drops the router after {timeout} ms without reading",
                "Set websocket_write_timeout = 5000, and restart Asterisk.",
            )
        )
    sessions = conf.value(around.configuration("http.conf"), "general", "sessionlimit", "100")
    if not sessions.isdecimal() or int(sessions) < _LEAST_SESSIONS:
        findings.append(
            fault(
                "session-limit",
                "http.conf: sessionlimit",
                f"Asterisk closes connections of the router beyond {sessions} without an answer",
                "Set sessionlimit = 1000, and restart Asterisk.",
            )
        )
    return findings


def _modules_dir(around: Surroundings) -> Path:
    text = around.configuration("asterisk.conf")
    return Path(conf.values(text).get("directories", {}).get("astmoddir", "/"))


def _listed(names: list[str]) -> str:
    first = ", ".join(names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{first}{more} {'is' if len(names) == 1 else 'are'}"


CHECKS = (as_rendered, as_read, connections)
