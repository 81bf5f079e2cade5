"""Where an informateur belongs."""

from router.simulation.homes import home, known
from tests.service_plan import HOUSING, WORK, agent, general_plan, small_plan


def test_an_informateur_belongs_to_the_domain_known_best_and_never_to_everybodys_queue() -> None:
    plan = general_plan(small_plan((agent("101", travail=3, logement=2),)))
    (one,) = plan.agents.values()

    assert home(one, plan) == HOUSING
    assert known(one, plan) == ((WORK, 3), (HOUSING, 2))
