"""The one way to ring an informateur, for a caller, a ticket or a consultation."""

from collections.abc import Callable

import pytest

from router.core.commands import Ring
from router.core.desk.agents import AgentState
from router.core.events import LegRang
from router.core.ids import AgentId
from router.core.legs import Role
from router.core.requests import Consult
from tests.exchange import Exchange
from tests.service_plan import HOUSING, WORK, agent, day_plan, working_desk

SECOND = AgentId("102")


def by_a_caller(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.choose_housing()


def by_a_ticket(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.ask_callback("ticket", HOUSING)


def by_a_colleague(exchange: Exchange) -> None:
    exchange.appear("101")
    exchange.talk("101")
    exchange.appear("102")
    exchange.ask("101", Consult(WORK))


WAYS = pytest.mark.parametrize("reserve", [by_a_caller, by_a_ticket, by_a_colleague])
Way = Callable[[Exchange], None]


@pytest.fixture
def exchange() -> Exchange:
    """101 and 102 serve housing, only 102 serves work; nothing is ringing yet."""
    agents = (agent("101", logement=1), agent("102", logement=1, travail=1))
    return Exchange(day_plan(working_desk(), agents=agents), rings=False)


def ring_of(exchange: Exchange) -> Ring:
    """Return the only command that rang the second informateur."""
    commands = [command for _, _, commands in exchange.told for command in commands]
    [ring] = [one for one in commands if isinstance(one, Ring) and one.agent == SECOND]
    return ring


@WAYS
def test_the_informateur_is_reserved_with_the_reason(exchange: Exchange, reserve: Way) -> None:
    reserve(exchange)
    ring, desk = ring_of(exchange), exchange.engine.board.roster.desks[SECOND]
    leg = exchange.engine.board.legs.get(ring.leg)

    assert desk.state is AgentState.RESERVED
    assert (desk.call, desk.leg) == (ring.call, ring.leg)
    assert desk.why is not None
    assert leg is not None
    assert leg.role is (Role.COLLEAGUE if reserve is by_a_colleague else Role.INFORMATEUR)
    assert leg.agent == SECOND


@WAYS
def test_asterisk_itself_gives_up_a_little_later(exchange: Exchange, reserve: Way) -> None:
    reserve(exchange)
    targets = exchange.plan.targets

    assert ring_of(exchange).timeout_s > targets.reserve_s + targets.ring_s


@WAYS
def test_a_phone_that_does_not_begin_to_ring_is_unreachable(
    exchange: Exchange, reserve: Way
) -> None:
    reserve(exchange)
    exchange.wait(exchange.plan.targets.reserve_s)

    assert exchange.engine.board.roster.desks[SECOND].reason == "unreachable"


@WAYS
def test_the_time_to_pick_up_counts_from_the_first_ring(exchange: Exchange, reserve: Way) -> None:
    reserve(exchange)
    exchange.wait(exchange.plan.targets.reserve_s - 0.5)
    exchange.tell(LegRang(ring_of(exchange).call, ring_of(exchange).leg))
    desk = exchange.engine.board.roster.desks[SECOND]
    exchange.wait(exchange.plan.targets.ring_s - 0.5)
    assert desk.state is AgentState.RINGING

    exchange.wait(0.5)
    assert desk.reason == "missed"


@WAYS
def test_a_leg_that_was_picked_up_is_no_longer_given_up(exchange: Exchange, reserve: Way) -> None:
    reserve(exchange)
    exchange.answer("102")

    assert exchange.engine.board.roster.desks[SECOND].state is AgentState.TALKING
    assert ("ring", ring_of(exchange).leg) not in exchange.engine.board.timers
