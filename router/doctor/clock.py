"""Time: the clock, time zones, and the calendar of public holidays."""

import re
from datetime import UTC, date, datetime

from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings

#: An hour's opening is told to the minute.
_APART_S = 30.0
_RELEASE = re.compile(r"(20\d\d)[a-z]?")
#: Time zones change several times a year; France's rules may from 2027 on.
_OLD_YEARS = 2
_LABOUR_DAY = (5, 1)


async def synchronised(around: Surroundings) -> list[Finding]:
    """Look for a clock that nobody sets."""
    if around.host.clock_is_synchronised():
        return []
    return [
        warning(
            "clock-free",
            "the machine's clock",
            "it follows no other clock: opening hours and promises drift with it",
            "apt-get install chrony (or systemd-timesyncd), and see timedatectl.",
        )
    ]


async def same(around: Surroundings) -> list[Finding]:
    """Look for a router whose opening hours follow another clock than the machine's."""
    page = await around.web.router("/metrics")
    found = re.search(r"^allo_service_time_seconds (\S+)", page.text, re.MULTILINE)
    if found is None:
        return []
    apart_s = float(found[1]) - around.host.now()
    if abs(apart_s) < _APART_S:
        return []
    return [
        warning(
            "clock-shifted",
            "the router's clock",
            f"it is {abs(apart_s):.0f} s {'ahead of' if apart_s > 0 else 'behind'} the machine's: "
            "it was shifted for a rehearsal",
            "Restart the router without --clock-offset; calls go on meanwhile.",
        )
    ]


async def zones(around: Surroundings) -> list[Finding]:
    """Look for rules of time zones that are too old."""
    release = around.host.time_zones()
    found = _RELEASE.fullmatch(release)
    this_year = datetime.fromtimestamp(around.host.now(), UTC).year
    if found is not None and int(found[1]) > this_year - _OLD_YEARS:
        return []
    return [
        warning(
            "time-zones-old",
            "tzdata",
            f"the rules of time zones are of release {release or 'unknown'}: a change of "
            "summer time since then is not known",
            "apt-get install --only-upgrade tzdata, then restart the router.",
        )
    ]


async def holidays(around: Surroundings) -> list[Finding]:
    """Look for a calendar that ends."""
    hours = around.config.plan.hours
    next_year = hours.local(around.host.now()).year + 1
    this = date(next_year - 1, *_LABOUR_DAY)
    if hours.holiday_name(this) is None or hours.holiday_name(date(next_year, *_LABOUR_DAY)):
        return []
    return [
        fault(
            "holidays-end",
            f"{around.config.settings.plan.name}: hours.holidays",
            f"public holidays of {next_year} are not known: the service would be open on them",
            "Upgrade allo, or name the days under [hours.exceptions].",
        )
    ]


CHECKS = (synchronised, same, zones, holidays)
