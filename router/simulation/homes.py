"""Where an informateur belongs: to the domain known best."""

from router.core.ids import SectorId
from router.core.plan import Agent, Plan

Skills = tuple[tuple[SectorId, int], ...]


def known(agent: Agent, plan: Plan) -> Skills:
    """Return the domains with their levels, without the sectors that everybody serves."""
    return tuple((one, level) for one, level in agent.skills.items() if one in plan.domains)


def home(agent: Agent, plan: Plan) -> SectorId:
    """Return where an informateur belongs: the sector of the best level."""
    return best_of(known(agent, plan))


def best_of(skills: Skills) -> SectorId:
    """Return the sector of the best level, the first of several."""
    return min(skills, key=lambda skill: skill[1])[0]
