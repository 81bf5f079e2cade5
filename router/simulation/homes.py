"""Where an informateur belongs: in the sector that he or she knows best."""

from router.core.ids import SectorId
from router.core.plan import Agent, Plan

#: Sectors with their levels, 1 the most expert, in the plan's order.
Skills = tuple[tuple[SectorId, int], ...]


def known(agent: Agent, plan: Plan) -> Skills:
    """Return the informateur's skills, without the sectors that everybody serves."""
    return tuple((one, level) for one, level in agent.skills.items() if one in plan.domains)


def home(agent: Agent, plan: Plan) -> SectorId:
    """Return the sector in which the informateur has the best level."""
    return best_of(known(agent, plan))


def best_of(skills: Skills) -> SectorId:
    """Return the sector with the best level; of several, the first."""
    return min(skills, key=lambda skill: skill[1])[0]
