"""The day so far: what is counted as calls end, by sector, until midnight."""

from collections import Counter
from collections.abc import Iterable, Mapping

from router.core.facts import CallFact
from router.core.hours import Hours
from router.core.ids import SectorId
from router.report.columns import Counts
from router.report.counting import add


class RunningDay:
    """Counts the calls that came today and have ended, as the report will count them.

    `hours` tell which day it is, `live_target_s` is the target of the service level. Calls that
    came before midnight are yesterday's, whenever they end.
    """

    def __init__(self, hours: Hours, live_target_s: int, now: float) -> None:
        self._hours = hours
        self._live_target_s = live_target_s
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._day = self._hours.day_of(now)
        #: The day's first instant, as calls are counted: by the machine's clock.
        self.begins_at = self._hours.wall(self._hours.begins_at(self._day))
        self._counts: dict[SectorId | None, Counts] = {}

    def change_plan(self, hours: Hours, live_target_s: int) -> None:
        """Go by these hours and this target; what has been counted by an earlier one stays."""
        self._hours, self._live_target_s = hours, live_target_s

    def take_up(self, calls: Iterable[CallFact]) -> None:
        """Count the calls of today that were stored before a restart."""
        for call in calls:
            self._add(call)

    def count(self, call: CallFact, now: float) -> None:
        """Count a call that ended at `now`, UTC epoch seconds."""
        self._turn_to(now)
        self._add(call)

    def by_sector(self, now: float) -> Mapping[SectorId | None, Counts]:
        """Return what has been counted of each sector; under None, before one was chosen."""
        self._turn_to(now)
        return self._counts

    def _add(self, call: CallFact) -> None:
        if call.period_at >= self.begins_at:
            add(call, self._live_target_s, self._counts.setdefault(call.sector, Counter()))

    def _turn_to(self, now: float) -> None:
        if self._hours.day_of(now) != self._day:
            self._begin(now)
