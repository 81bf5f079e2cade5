"""Teams of informateurs, and who of them works when a given number is needed.

A team is a group of sectors that the same informateurs serve: two sectors belong together if one
informateur knows both, at levels asked before the last one of the widening. Help that only comes
at the end of the widening does not join teams.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from router.core.ids import AgentId, SectorId
from router.core.plan import Agent, Plan
from router.errors import ConfigError, Problem
from router.simulation.demand import Day
from router.simulation.homes import Skills, home, known
from router.simulation.roster import Stint
from router.simulation.tally import Slot
from router.simulation.workload import Workload

#: A half-hour of the week, for one team.
Cell = tuple[Slot, int]
#: How many informateurs are needed.
Needs = Mapping[Cell, int]


@dataclass(frozen=True, slots=True)
class Team:
    """Sectors served together, and what the plan's informateurs of the team know."""

    sectors: tuple[SectorId, ...]
    #: Each combination of skills once.
    profiles: tuple[Skills, ...]
    #: How many informateurs of the team the plan has.
    people: int


def teams_of(plan: Plan, asked: Mapping[SectorId, float]) -> tuple[Team, ...]:
    """Return the plan's teams, in the order of its sectors.

    `asked` is how often each sector is asked for, as a share or weight; one that is never asked
    for needs nobody.

    Raises:
        ConfigError: If nobody knows a sector that is asked for.
    """
    nobody = [
        Problem("agents", f"no informateur knows {sector}, which the workload asks for")
        for sector, share in asked.items()
        if share and not any(sector in agent.skills for agent in plan.agents.values())
    ]
    if nobody:
        raise ConfigError(nobody)
    first = {sector: sector for sector in plan.domains}

    def root(sector: SectorId) -> SectorId:
        while first[sector] != sector:
            sector = first[sector]
        return sector

    shared = max(1, len(plan.targets.widening_s) - 1)
    for agent in plan.agents.values():
        for sector, level in known(agent, plan):
            if level <= shared:
                first[root(sector)] = root(home(agent, plan))
    for sector in plan.domains:  # also one that is nobody's best: it joins those who know it best
        knowing = [agent for agent in plan.agents.values() if sector in agent.skills]
        if knowing:
            best = min(knowing, key=lambda agent: agent.skills[sector])
            first[root(sector)] = root(home(best, plan))
    members: dict[SectorId, list[SectorId]] = {}
    for sector in plan.domains:
        members.setdefault(root(sector), []).append(sector)
    return tuple(
        Team(
            tuple(sectors),
            tuple(dict.fromkeys(known(agent, plan) for agent in agents)),
            len(agents),
        )
        for sectors in members.values()
        for agents in [[one for one in plan.agents.values() if home(one, plan) in sectors]]
        if agents
    )


class Ranks:
    """The order in which a team's informateurs are called to work.

    However many are called, together they know what is asked for, in the proportions in which it
    is asked for. Each next one has the profile that is furthest below its share (Sainte-Laguë's
    divisors), so calling one more never sends another home. While some sector is known by nobody
    yet, those who know it come first.
    """

    def __init__(self, team: Team, asked: Mapping[SectorId, float]) -> None:
        self._profiles = team.profiles
        best = {
            sector: min(dict(one).get(sector, 99) for one in team.profiles)
            for sector in team.sectors
        }
        self._shares = [0.0] * len(team.profiles)
        for sector in team.sectors:
            experts = [
                place
                for place, one in enumerate(team.profiles)
                if dict(one).get(sector) == best[sector]
            ]
            for place in experts:
                self._shares[place] += asked.get(sector, 0.0) / len(experts)
        self._order: list[int] = []
        self._called: Counter[int] = Counter()
        self._unknown = {one for one in team.sectors if best[one] < 99 and asked.get(one)}
        while self._unknown:
            self._call_next()
        #: How many it takes to know everything that is asked for.
        self.least = max(1, len(self._order))

    def skills(self, rank: int) -> Skills:
        """Return the skills of the informateur called at that rank, from 0."""
        while len(self._order) <= rank:
            self._call_next()
        return self._profiles[self._order[rank]]

    def _call_next(self) -> None:
        def due(place: int) -> float:
            """The share of a profile over 1, 3, 5, …: the highest is next (Sainte-Laguë)."""
            return self._shares[place] / (2 * self._called[place] + 1)

        knows = [len(self._unknown.intersection(dict(one))) for one in self._profiles]
        wanted = max(knows)
        # Of equals, max takes the first: the plan's order.
        chosen = max(
            (place for place, many in enumerate(knows) if many == wanted or not wanted), key=due
        )
        self._called[chosen] += 1
        self._order.append(chosen)
        self._unknown.difference_update(dict(self._profiles[chosen]))


class Shifts:
    """Who works when: as many of each team as each half-hour needs.

    `plan` is the given plan with as many informateurs as that takes. An informateur who works
    twice on a day is two people in it, as the first may still be talking when the second begins.
    """

    def __init__(self, plan: Plan, ranks: list[Ranks], needs: Needs) -> None:
        self._needs = needs
        self._most = [
            max((many for (_, team), many in needs.items() if team == number), default=0)
            for number in range(len(ranks))
        ]
        everybodys = {id_: 1 for id_, sector in plan.sectors.items() if sector.for_all}
        agents = [
            Agent(_id(team, rank, run), dict(ranks[team].skills(rank)) | everybodys)
            for team, most in enumerate(self._most)
            for rank in range(most)
            for run in (0, 1)
        ]
        self.plan = replace(plan, agents={agent.id: agent for agent in agents})

    def __call__(self, seed: int, day: Day, workload: Workload, plan: Plan) -> list[Stint]:
        """Return the stints of a day (`run.Stints`); nobody pauses, since needs count people who
        are there.
        """
        return [
            Stint(_id(team, rank, run % 2), begins_at, ends_at)
            for team, most in enumerate(self._most)
            for rank in range(most)
            for run, (begins_at, ends_at) in enumerate(self._runs(day, team, rank))
        ]

    def _runs(self, day: Day, team: int, rank: int) -> Iterator[tuple[float, float]]:
        """Yield each time, as (begin, end), in which more than `rank` of the team are needed."""
        begins_at = ends_at = None
        for half in day.half_hours:
            needed = self._needs.get((slot_of(day, half.clock), team), 0) > rank
            if (
                begins_at is not None
                and ends_at is not None
                and (not needed or half.begins_at != ends_at)
            ):
                yield begins_at, ends_at
                begins_at = None
            if needed:
                begins_at = half.begins_at if begins_at is None else begins_at
                ends_at = half.ends_at
        if begins_at is not None and ends_at is not None:
            yield begins_at, ends_at


def slot_of(day: Day, clock: str) -> Slot:
    """Return the half-hour of the week of that day which begins at `clock`, as "08:30"."""
    hour, minute = int(clock[:2]), int(clock[3:])
    return day.day.weekday(), hour * 2 + minute // 30


def _id(team: int, rank: int, run: int) -> AgentId:
    return AgentId(f"{(team + 1) * 10_000 + 2 * rank + run}")
