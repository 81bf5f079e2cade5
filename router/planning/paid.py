"""What a staffing costs: hours at work, full-time equivalents, and people to put on the roster."""

from collections import Counter
from math import ceil

from router.planning.teams import Needs
from router.planning.typical_week import Week
from router.simulation.tally import Slot
from router.simulation.workload import Workload

#: The legal working week, in hours: article L. 3121-27 of the code du travail.
FULL_TIME_H = 35.0


def hours(needs: Needs, week: Week) -> float:
    """Return the hours at work in a week, of all informateurs together."""
    return sum(many * week.open_s[slot] for (slot, _), many in needs.items()) / 3600


def of_team(needs: Needs, team: int) -> Needs:
    """Return what the team with that number needs."""
    return {cell: many for cell, many in needs.items() if cell[1] == team}


def most(needs: Needs) -> int:
    """Return how many are needed at the same time in the busiest half-hour."""
    together: Counter[Slot] = Counter()
    for (slot, _), many in needs.items():
        together[slot] += many
    return max(together.values(), default=0)


class Paid:
    """From informateurs at work to those paid: breaks are paid, and not all who are due come.

    Attributes:
        at_work: The share of a shift that is not a break (0 to 1).
        present: The share of those due who come (0 to 1).
    """

    def __init__(self, workload: Workload) -> None:
        rules = workload.informateurs
        self.at_work = max(0.0, 1 - rules.break_s / rules.break_every_s)
        self.present = rules.present

    def full_time(self, worked_h: float) -> float | None:
        """Return the full-time equivalents of `worked_h` hours at work a week; None: nobody comes.

        With breaks of 10 % and 80 % present, 252 hours at work take 10 people full time:
        252 / 0.9 / 0.8 / 35 = 10.
        """
        share = self.at_work * self.present
        return worked_h / share / FULL_TIME_H if share else None

    def people(self, at_once: int) -> int | None:
        """Return how many must be due for `at_once` to be at work on average; None: nobody comes.

        With the same shares, 9 at work take 13 who are due: 9 / 0.9 / 0.8 = 12.5, rounded up.
        """
        share = self.at_work * self.present
        return ceil(at_once / share - 1e-9) if share else None
