"""Whether callers come in masked: shown by a call that carries a number, looked for everywhere.

The probe comes in by a door of its own with the trunk's template (asterisk-conf/pjsip_probe.conf).
So what is shown of it holds of the trunk as far as the trunk's own section changes nothing of the
mask, which is looked at as well.
"""

import secrets
from collections.abc import Mapping, Sequence
from functools import partial

from router.asterisk.settings import PROBE_ENDPOINT
from router.doctor.conf import is_true
from router.doctor.endpoints import from_outside
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings
from router.errors import AriError
from router.probe.call import Caller
from router.probe.steps import Line, ProbeFailed, channel_of, dismiss, reach

#: A number kept for fiction, its last four digits drawn anew each time.
_FICTION = "019900"
#: What tells a number in every way of writing it: its nine digits after the zero.
_TOLD = 9

#: Where Asterisk keeps callers.
_VARIABLES = (
    *(
        f"CALLERID({part})"
        for part in (
            *("all", "name", "num", "ani", "ani-all", "ani-name", "ani-num", "ani-tag", "dnid"),
            *("rdnis", "subaddr", "tag", "priv-all", "priv-name", "priv-num", "priv-tag", "ani2"),
        )
    ),
    *(f"CONNECTEDLINE({part})" for part in ("all", "name", "num", "tag", "priv-all")),
    *(
        f"REDIRECTING({side}-{part})"
        for side in ("from", "to", "orig", "priv-from", "priv-to", "priv-orig")
        for part in ("all", "name", "num", "tag")
    ),
)
#: Files are stamped by a coarser clock.
_CLOCK_S = 1.0
_PROBE = "a call of the service to itself"


async def shown(around: Surroundings) -> list[Finding]:
    """Call with a number in From, PAI, RPID, Diversion and History-Info, and look for it."""
    canary = f"{_FICTION}{secrets.randbelow(10_000):04}"
    try:
        seen = await _seen(around, canary)
    except ProbeFailed as failed:
        return [fault("probe-failed", _PROBE, failed.reason, failed.remedy)]
    except (AriError, OSError) as error:
        return [fault("probe-failed", _PROBE, str(error), "See Asterisk's log.")]
    findings = [
        fault(
            "masking",
            where,
            "the number that the caller's SIP messages carry is there",
            "Write the configuration anew (./allo configure) and restart Asterisk; until then take "
            "the service off the trunk.",
        )
        for where, texts in seen.items()
        if any(canary[-_TOLD:] in text for text in texts)
    ]
    if not findings:
        findings = [
            warning(
                "masking-unproven",
                where,
                "nothing of the probe's call was heard there, so nothing is shown of it",
                "Run ./allo doctor again; see that manager.conf and ari.conf are ours.",
            )
            for where in ("ARI's events", "AMI's events")
            if not any(PROBE_ENDPOINT in text for text in seen[where])
        ]
    return findings


async def _seen(around: Surroundings, canary: str) -> Mapping[str, Sequence[str]]:
    """Make the call; return all that is told of it, by where."""
    source = f"endpoint:PJSIP/{PROBE_ENDPOINT}"
    began_at = around.host.now()
    async with around.ari.listening(source) as ari, around.ami.listening() as ami:
        async with Line.of(around.asterisk).call(Caller(canary)) as call:
            await reach(call)
            channel = await channel_of(call, partial(around.ari.get, "channels"))
            variables = await _variables(around, str(channel["id"]))
            asked = [*map(str, await around.ami.ask("CoreShowChannels"))]
            asked += map(str, await around.ami.ask("Status"))
            held = str(await around.ari.get(f"endpoints/PJSIP/{PROBE_ENDPOINT}"))
            await dismiss(call)
        await around.ami.ask("Ping")  # what was said before has been heard by then
        logs = _logs(around, began_at)
        return {
            "ARI's events": tuple(ari),
            "ARI's channels": (str(channel), held),
            "AMI's events": tuple(ami),
            "AMI's channels": tuple(asked),
            "a channel's variables": tuple(variables),
            **logs,
        }


async def _variables(around: Surroundings, channel: str) -> list[str]:
    path = f"channels/{channel}/variable"
    return [str(await around.ari.get(path, variable=name) or "") for name in _VARIABLES]


def _logs(around: Surroundings, since: float) -> dict[str, tuple[str, ...]]:
    """Return what is in those of Asterisk's logs that were written `since`."""
    folder = around.asterisk.log_dir
    files = [folder / name for name in sorted(around.host.names(folder))]
    written = [file for file in files if around.host.changed_at(file) >= since - _CLOCK_S]
    return {str(file): (around.host.text(file),) for file in written}


async def mask(around: Surroundings) -> list[Finding]:
    """Look for a trunk whose own section takes the mask off."""
    findings = []
    for name, is_ in (await from_outside(around)).items():
        wrong = {
            "callerid": "anonymous" not in is_["callerid"],
            "callerid_privacy": not is_["callerid_privacy"].startswith("prohib"),
            "trust_id_inbound": is_true(is_["trust_id_inbound"]),
            "trust_connected_line": is_true(is_["trust_connected_line"]),
        }
        findings += [
            fault(
                "masking-trunk",
                f"pjsip.conf: [{name}] {key}",
                "it takes the caller's mask off: the number reaches every channel",
                "Write the configuration anew (./allo configure) and restart Asterisk; until then "
                "take the service off the trunk.",
            )
            for key, is_wrong in wrong.items()
            if is_wrong
        ]
    return findings


CHECKS = (shown, mask)
