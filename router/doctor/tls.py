"""Certificates: when they end, and whether their keys are theirs alone."""

import stat
from collections.abc import Mapping
from pathlib import Path

from router.certificates import ends_at, pair_fault
from router.doctor import conf
from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

_DAY_S = 86_400.0
#: Renewals are automatic a month before; this late, one has failed.
_SOON_DAYS = 21
#: After this somebody must do it by hand.
_LAST_DAYS = 7


async def certificates(around: Surroundings) -> list[Finding]:
    """Look for certificates that end soon: the SIP transports', and those the settings name."""
    files = {Path(one["cert_file"]) for one in _transports(around)}
    files |= set(around.config.settings.http.certificates)
    return [finding for file in sorted(files) for finding in _of(around, file)]


async def keys(around: Surroundings) -> list[Finding]:
    """Look for a SIP transport whose private key is not its certificate's, or is everybody's."""
    findings = []
    for one in _transports(around):
        certificate, key = (
            Path(one["cert_file"]),
            Path(one.get("priv_key_file") or one["cert_file"]),
        )
        place = str(key)
        if reason := pair_fault(certificate, key):
            findings.append(
                fault(
                    "certificate-key",
                    place,
                    f"{reason}: nothing connects over TLS once Asterisk reads it",
                    "Put the key beside its own certificate, both in PEM, the key without a "
                    "password.",
                )
            )
        held = around.host.owner_and_mode(key)
        if held is not None and held[1] & stat.S_IRWXO:
            findings.append(
                fault(
                    "certificate-key-readable",
                    place,
                    "every user of this machine can read the private key",
                    f"chmod 640 {key}, with a group that the service's user is in.",
                )
            )
    return findings


def _transports(around: Surroundings) -> list[Mapping[str, str]]:
    """Return the settings of each transport over TLS."""
    sections = conf.values(around.configuration("pjsip.conf")).values()
    return [one for one in sections if one.get("cert_file")]


def _of(around: Surroundings, file: Path) -> list[Finding]:
    try:
        days = (ends_at(around.host.text(file)) - around.host.now()) / _DAY_S
    except ValueError as error:
        return [
            warning(
                "certificate-unread",
                str(file),
                f"it {error}",
                "Name the PEM file with the certificate itself, not its key.",
            )
        ]
    if days > _SOON_DAYS:
        return []
    when = f"it ends in {days:.0f} days" if days > 0 else f"it ended {-days:.0f} days ago"
    how = warning if days > _LAST_DAYS else fault
    return [
        how(
            "certificate-ends",
            str(file),
            f"{when}: phones, carriers and browsers will refuse it",
            "Renew it, and see why that does not happen by itself; then reload what presents it.",
        )
    ]


CHECKS = (certificates, keys)
