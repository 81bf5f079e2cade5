"""How many informateurs a simulated run would have needed, half-hour by half-hour, with hindsight.

By Erlang C alone, from how busy each team really was; `staffing` answers the question properly,
for a service still to be staffed.
"""

from collections.abc import Iterable, Mapping
from math import ceil

from router.core.ids import SectorId
from router.planning.erlang import Queue
from router.planning.teams import slot_of, teams_of
from router.report.counting import merged
from router.report.figures import figure
from router.simulation.run import Simulation
from router.simulation.tally import Presence, Slot

#: The share of callers to answer within the target: the default aim of ./allo staff.
_IN_TIME = 0.8


def needed_of(run: Simulation) -> dict[Slot, int]:
    """Return the number needed in each half-hour of the week in which the service opened.

    Each team is a queue of its own. Empty if nobody talked in the run.
    """
    talk_s = figure("talk/1", merged(run.tally.cells.values())).value
    if not talk_s:
        return {}
    plan, presence = run.plan, run.tally.presence
    handling_s, target_s = talk_s + plan.targets.wrap_up_s, plan.targets.live_target_s
    teams = teams_of(plan, {})
    slots = {
        slot_of(day, half.clock)
        for day in run.days
        if day.day in run.tally.days
        for half in day.half_hours
    }
    return {
        slot: sum(
            least_agents(_busy(presence, slot, team.sectors), handling_s, target_s)
            for team in teams
        )
        for slot in slots
    }


def least_agents(load: float, handling_s: float, target_s: float) -> int:
    """Return the fewest informateurs who answer 80 % of calls within `target_s` seconds.

    `load` is in erlangs, `handling_s` the mean length of a call with its notes, in seconds; those
    who wait have patience without end (Erlang C).

    Ten erlangs of 200 s calls, 80 % answered within 20 s:

    >>> least_agents(10.0, 200.0, 20.0)
    14
    >>> [round(Queue(n, 10.0 / 200.0, 200.0).served_within(20.0), 3) for n in (13, 14)]
    [0.789, 0.883]
    """
    agents = ceil(load) if load else 0
    while load and Queue(agents, load / handling_s, handling_s).served_within(target_s) < _IN_TIME:
        agents += 1
    return agents


def _busy(
    presence: Mapping[tuple[Slot, SectorId], Presence], slot: Slot, sectors: Iterable[SectorId]
) -> float:
    """Return how many informateurs of these sectors were busy on average: erlangs of work done."""
    seen = [presence[slot, one] for one in sectors if (slot, one) in presence]
    return sum(one.busy / one.looks for one in seen)
