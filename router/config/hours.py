"""Opening hours in the plan: times, dates, time zone and public holidays."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays

from router.config.tables import Report, Table, default, did_you_mean
from router.core.hours import MIDNIGHT, DayException, Hours, Opening, no_holidays

_OPENING = re.compile(r"([0-9]{1,2}:[0-9]{2})-([0-9]{1,2}:[0-9]{2})")


class WeekTable(Table):
    """The openings of each weekday, local times as "08:30-13:00"; the day ends at 24:00.

    A weekday without openings is closed.
    """

    #: Openings on Mondays.
    monday: tuple[str, ...] = ()
    #: Openings on Tuesdays.
    tuesday: tuple[str, ...] = ()
    #: Openings on Wednesdays.
    wednesday: tuple[str, ...] = ()
    #: Openings on Thursdays.
    thursday: tuple[str, ...] = ()
    #: Openings on Fridays.
    friday: tuple[str, ...] = ()
    #: Openings on Saturdays.
    saturday: tuple[str, ...] = ()
    #: Openings on Sundays.
    sunday: tuple[str, ...] = ()


class ExceptionTable(Table):
    """One day that does not follow the week, even if it is a public holiday."""

    #: The day: 2026-12-24.
    date: Any
    #: Its openings, written as in the week. Without any the service is closed all day.
    open: tuple[str, ...] = default(DayException, "open")
    #: Why, in French, for pages and logs.
    reason: str = default(DayException, "reason")


class HoursTable(Table):
    """When the service is open."""

    #: The time zone of all local times, by its IANA name.
    zone: str = default(Hours, "zone")
    #: Whose public holidays are kept: country and subdivision (ISO 3166-2), as in "FR-57" for
    #: Moselle; "" for none.
    holidays: str = ""
    week: WeekTable
    exceptions: tuple[ExceptionTable, ...] = ()


def read_hours(table: HoursTable, report: Report) -> Hours:
    """Return the hours; faults go to the report."""
    week = {
        weekday: _openings(getattr(table.week, name), f"hours.week.{name}", report)
        for weekday, name in enumerate(WeekTable.model_fields, 1)
    }
    exceptions: dict[date, DayException] = {}
    for place, entry in enumerate(table.exceptions, 1):
        key = f"hours.exceptions.{place}"
        openings = _openings(entry.open, f"{key}.open", report)
        day = _day(entry.date)
        if day is None:
            report.add(f"{key}.date", f"must be a date as in 2026-12-24, got {entry.date}")
        elif day in exceptions:
            report.add(f"{key}.date", f"{day} is given twice")
        else:
            exceptions[day] = DayException(openings, entry.reason)
    if not any(week.values()) and report.is_sound("hours.week"):
        report.add("hours.week", "the service is never open")
    return Hours(
        zone=_zone(table.zone, report),
        week=week,
        exceptions=exceptions,
        holiday_name=_holiday_name(table.holidays, report),
    )


def _openings(texts: tuple[str, ...], key: str, report: Report) -> tuple[Opening, ...]:
    openings: list[Opening] = []
    for place, text in enumerate(texts, 1):
        match = _OPENING.fullmatch(text)
        opens = _clock(match[1]) if match else None
        closes = _clock(match[2]) if match and match[2] != "24:00" else MIDNIGHT
        if opens is None or closes is None:
            report.add(f"{key}.{place}", f'must be "HH:MM-HH:MM", 00:00 to 24:00, got "{text}"')
        elif text.endswith("-00:00"):
            report.add(f"{key}.{place}", f"closes before it opens: {text}; midnight is 24:00")
        elif closes != MIDNIGHT and closes <= opens:
            report.add(f"{key}.{place}", f"closes before it opens: {text}")
        else:
            openings.append((opens, closes))
    openings.sort()
    for (_, closes), (opens, _) in pairwise(openings):
        if closes == MIDNIGHT or opens < closes:
            report.add(key, f"openings overlap: {', '.join(texts)}")
            break
    return tuple(openings)


def _clock(text: str) -> time | None:
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes)) if int(hours) < 24 and int(minutes) < 60 else None


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _zone(name: str, report: Report) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder ("Europe")
        known = available_timezones()
        report.add("hours.zone", f"unknown time zone `{name}`{did_you_mean(name, sorted(known))}")
        return "UTC"
    return name


def _holiday_name(place: str, report: Report) -> Callable[[date], str | None]:
    if not place:
        return no_holidays
    try:
        return _calendar(place).get
    except NotImplementedError:
        report.add("hours.holidays", f'must be country-subdivision as in "FR-57", got "{place}"')
        return no_holidays


@cache
def _calendar(place: str) -> holidays.HolidayBase:
    """Return the calendar: the same again, so that hours that are alike are equal."""
    country, _, subdivision = place.partition("-")
    # Names in French where the library has them.
    return holidays.country_holidays(country, subdiv=subdivision or None, language="fr")
