import pytest

from router.core.desk.agents import IN_CALL, TABLE, AgentDesk, AgentEvent, AgentState, Roster
from router.core.ids import AgentId, CallId, PhoneId
from router.core.plan import Agent
from tests.service_plan import HOUSING, WORK, agent

A, E = AgentState, AgentEvent


def roster(*agents: Agent) -> Roster:
    """Return a roster in which everybody is registered and ready, and idle since 0."""
    everybody = Roster(agents, [HOUSING, WORK], levels=3)
    for desk in everybody:
        desk.present = True
        everybody.change(desk, E.CAME, 0.0)
    return everybody


def desk_of(everybody: Roster, name: str) -> AgentDesk:
    return everybody.desks[AgentId(name)]


def bring_to(everybody: Roster, desk: AgentDesk, state: AgentState) -> None:
    """Go from READY to `state` in as few events as possible."""
    ways: dict[AgentState, tuple[AgentEvent, ...]] = {
        A.LOGGED_OUT: (E.WENT,),
        A.READY: (),
        A.RESERVED: (E.CHOSEN,),
        A.RINGING: (E.CHOSEN, E.RANG),
        A.TALKING: (E.CHOSEN, E.ANSWERED),
        A.WRAPPING_UP: (E.CHOSEN, E.ANSWERED, E.DONE),
        A.PAUSED: (E.CHOSEN, E.MISSED),
    }
    for event in ways[state]:
        everybody.change(desk, event, 1.0)
    assert desk.state is state


@pytest.mark.parametrize("state", AgentState)
@pytest.mark.parametrize("event", AgentEvent)
def test_every_pair_does_what_the_table_says_and_keeps_the_count(
    state: AgentState, event: AgentEvent
) -> None:
    everybody = roster(agent("101", logement=1, travail=2))
    desk = desk_of(everybody, "101")
    bring_to(everybody, desk, state)
    expected = TABLE.get((state, event), state)

    changed = everybody.change(desk, event, 50.0)

    assert desk.state is expected
    assert changed is (expected is not state)
    assert everybody.on_duty(HOUSING) == everybody.on_duty(WORK) == (expected is not A.LOGGED_OUT)
    assert everybody.ready(HOUSING) == everybody.ready(WORK) == (expected is A.READY)


def test_the_share_of_one_sector_in_another() -> None:
    everybody = roster(
        agent("101", logement=1),
        *(agent(name, logement=1, travail=2) for name in ("102", "103", "104")),
        agent("105", travail=1),
    )

    assert everybody.shares(WORK) == {HOUSING: 0.75, WORK: 1.0}
    assert everybody.shares(HOUSING) == {HOUSING: 1.0, WORK: 0.75}


def test_every_state_can_be_reached_and_left() -> None:
    assert {after for after in TABLE.values()} == set(AgentState)
    assert {before for before, _ in TABLE} == set(AgentState)


@pytest.mark.parametrize(
    ("state", "event"),
    [(A.TALKING, E.DONE), (A.RINGING, E.MISSED), (A.RINGING, E.RELEASED), (A.TALKING, E.MISSED)],
)
def test_without_a_phone_an_informateur_logs_out_when_the_call_is_done(
    state: AgentState, event: AgentEvent
) -> None:
    everybody = roster(agent("101", logement=1))
    desk = desk_of(everybody, "101")
    bring_to(everybody, desk, state)
    desk.present = False

    everybody.change(desk, event, 50.0)

    assert desk.state is A.LOGGED_OUT
    assert everybody.on_duty(HOUSING) == 0


@pytest.mark.parametrize("state", sorted(set(A) - {A.LOGGED_OUT, A.READY}))
def test_every_other_state_can_be_left_by_logging_out_or_ends_with_the_call(
    state: AgentState,
) -> None:
    assert (state, E.WENT) in TABLE or state is A.TALKING
    assert (A.TALKING, E.DONE) in TABLE


def test_how_many_others_are_on_duty() -> None:
    everybody = roster(agent("101", logement=1), agent("102", logement=2), agent("103", travail=1))
    first = desk_of(everybody, "101")
    assert everybody.on_duty(HOUSING, apart_from=first) == 1
    assert everybody.on_duty(WORK, apart_from=first) == 1
    everybody.change(first, E.WENT, 1.0)

    assert everybody.on_duty(HOUSING, apart_from=first) == 1


def test_how_many_are_ready_at_each_level() -> None:
    everybody = roster(agent("101", logement=1), agent("102", logement=2), agent("103", logement=2))
    assert [everybody.ready_at(HOUSING, level) for level in (1, 2, 3)] == [1, 2, 0]
    everybody.change(desk_of(everybody, "102"), E.CHOSEN, 1.0)

    assert [everybody.ready_at(HOUSING, level) for level in (1, 2, 3)] == [1, 1, 0]


def test_where_an_informateur_is_logged_in() -> None:
    everybody = Roster([agent("101", logement=1)], [HOUSING, WORK], levels=3)
    desk = desk_of(everybody, "101")
    everybody.phones.add(PhoneId("102"))
    everybody.sign_in(desk, PhoneId("101"))
    assert (desk.phone, desk.present) == ("101", False)
    everybody.sign_in(desk, PhoneId("102"))
    assert (desk.phone, desk.present, everybody.at) == ("102", True, {"102": desk})
    everybody.sign_out(desk)
    everybody.sign_out(desk)

    assert (desk.phone, desk.present, everybody.at) == (None, False, {})


def test_nobody_is_at_the_desk_without_a_phone() -> None:
    everybody = Roster([agent("101", logement=1)], [HOUSING, WORK], levels=3)
    desk = desk_of(everybody, "101")

    assert not everybody.change(desk, E.CAME, 0.0)
    assert not everybody.change(desk, E.PAUSED, 0.0)
    assert desk.state is A.LOGGED_OUT


def test_longest_idle_first_then_order_of_the_plan() -> None:
    everybody = roster(agent("101", logement=1), agent("102", logement=1), agent("103", logement=1))
    first = everybody.longest_idle(HOUSING, 1)
    assert first is desk_of(everybody, "101")

    bring_to(everybody, first, A.WRAPPING_UP)
    everybody.change(first, E.RESTED, 100.0)

    order = []
    while (desk := everybody.longest_idle(HOUSING, 1)) is not None:
        order.append(desk.agent.id)
        everybody.change(desk, E.CHOSEN, 200.0)
    assert order == ["102", "103", "101"]


def test_the_best_level_comes_before_the_longest_idle() -> None:
    everybody = roster(agent("101", logement=2), agent("102", logement=1))
    expert = desk_of(everybody, "102")
    bring_to(everybody, expert, A.PAUSED)
    everybody.change(expert, E.RESTED, 100.0)

    assert everybody.longest_idle(HOUSING, 2) is expert


def test_a_level_is_chosen_only_once_the_choice_has_widened_to_it() -> None:
    everybody = roster(agent("101", logement=2))

    assert everybody.longest_idle(HOUSING, 1) is None
    assert everybody.longest_idle(HOUSING, 2) is desk_of(everybody, "101")
    assert everybody.ready(HOUSING) == 1


def test_idle_time_counts_on_through_a_ringing_that_the_caller_ended() -> None:
    everybody = roster(agent("101", logement=1), agent("102", logement=1))
    first = desk_of(everybody, "101")
    everybody.change(first, E.CHOSEN, 100.0)
    everybody.change(first, E.RELEASED, 110.0)

    assert first.idle_since == 0.0
    assert everybody.longest_idle(HOUSING, 1) is first


@pytest.mark.parametrize("state", AgentState)
def test_an_informateur_found_talking_is_resumed_unless_busy(state: AgentState) -> None:
    everybody = roster(agent("101", logement=1))
    desk = desk_of(everybody, "101")
    bring_to(everybody, desk, state)

    taken = everybody.adopt(desk, CallId("found"), 60.0)

    assert taken is (state not in IN_CALL)
    assert everybody.on_duty(HOUSING) == 1
    assert everybody.ready(HOUSING) == 0
    if taken:
        assert (desk.state, desk.call) == (A.TALKING, "found")
