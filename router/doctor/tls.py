"""Certificates: when they end."""

from pathlib import Path

from router.certificates import ends_at
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
    transports = conf.values(around.configuration("pjsip.conf")).values()
    files = {Path(one["cert_file"]) for one in transports if one.get("cert_file")}
    files |= set(around.config.settings.http.certificates)
    return [finding for file in sorted(files) for finding in _of(around, file)]


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


CHECKS = (certificates,)
