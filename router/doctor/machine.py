"""The machine beneath: the interpreter, and what processes may use."""

from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Process, Surroundings

_OLDEST_PYTHON = (3, 11)
#: What a call costs, and what there is without one (asterisk-conf/asterisk.conf).
_FILES_A_CALL = 5
_FILES_AT_REST = 200
_OPEN_FILES = "Max open files"


async def python(around: Surroundings) -> list[Finding]:
    """Look for an interpreter that is too old."""
    found = around.host.python()
    if found >= _OLDEST_PYTHON:
        return []
    return [
        fault(
            "python-old",
            "Python",
            f"it is {found[0]}.{found[1]}, and 3.11 or later is needed",
            "Install a newer Python, then start ./allo once, which sets itself up anew.",
        )
    ]


async def open_files(around: Surroundings) -> list[Finding]:
    """Look for limits that `max_calls` do not fit in."""
    needed = around.asterisk.max_calls * _FILES_A_CALL + _FILES_AT_REST
    processes = {"Asterisk": around.host.asterisk(), "the router": around.host.router_process()}
    findings = []
    for what, process in processes.items():
        limit = None if process is None else process.limits.get(_OPEN_FILES)
        wanted = needed if what == "Asterisk" else around.asterisk.max_calls + _FILES_AT_REST
        if process is not None and limit is not None and limit < wanted:
            findings.append(_too_few(what, process, limit, wanted))
    return findings


async def running(around: Surroundings) -> list[Finding]:
    """Look for an Asterisk that answers and is not the one of these settings."""
    if around.host.asterisk() is not None:
        return []
    await around.ari.get("asterisk/info")  # that it is away is found here too
    return [
        warning(
            "asterisk-unseen",
            str(around.asterisk.run_dir),
            "Asterisk answers, and does not run in the folders of these settings: its process is "
            "not examined, and what it reads is another configuration",
            f"Stop that one, then: ./allo asterisk start --config {around.name}.",
        )
    ]


def _too_few(what: str, process: Process, limit: int, wanted: int) -> Finding:
    return warning(
        "open-files",
        f"process {process.pid} ({what})",
        f"it may open {limit} files, and {wanted} are needed for asterisk.max_calls",
        f"prlimit --pid {process.pid} --nofile={wanted}:, and LimitNOFILE={wanted} in its unit.",
    )


CHECKS = (python, open_files, running)
