"""The line: informateurs' phones, transfers, callbacks, and what breaks."""

from typing import Any

import pytest

from router.core.callback.tickets import Failure, Refusal, TicketState
from router.core.commands import Step
from router.core.facts import Door, Outcome
from router.core.plan import CallbackPolicy, Plan, Targets
from router.simulation.roster import Stint
from tests.service_plan import HOUSING, MONDAY_10H, WORK, agent, small_plan
from tests.simulation.scene import workload
from tests.simulation.story import SAID_S, Story, person

ONE = (agent("101", travail=1, logement=1),)
TWO = (agent("101", travail=1), agent("102", travail=1))
TEN = MONDAY_10H
MORNING, EVENING = MONDAY_10H - 5400.0, MONDAY_10H + 8.25 * 3600
PROMISE = CallbackPolicy(assumed_handling_s=60, busy_retry_s=180, no_answer_retry_s=600)


def plan_of(agents: Any, **changes: Any) -> Plan:
    return small_plan(agents, **{"callbacks": PROMISE, "targets": Targets(wrap_up_s=0), **changes})


def at_work(*outages: tuple[float, float]) -> list[Stint]:
    """The first of two informateurs has these outages, in seconds after 10:00."""
    spans = tuple((TEN + begin, TEN + end) for begin, end in outages)
    return [
        Stint(TWO[0].id, MORNING, EVENING, outages=spans),
        Stint(TWO[1].id, MORNING, EVENING),
    ]


# Conversations.


def test_two_talk_for_as_long_as_there_is_to_say() -> None:
    lived = Story(plan_of(ONE), workload(), [person(talk_s=250.0)])

    assert lived.at(Step.ENDED)[0] - lived.at(Step.TALKING)[0] == pytest.approx(250)
    assert lived.heard.facts[0].talked_s == 250


def test_the_informateur_may_hang_up_first() -> None:
    lived = Story(plan_of(ONE), workload(callers={"hangs_up_first": 0.0}), [person()])

    assert len(lived.of(Step.AGENT_DONE)) == 1
    assert lived.outcomes == [Outcome.ANSWERED]


def test_a_phone_takes_its_time_to_ring_and_to_be_picked_up() -> None:
    slow = workload(ring_delay_s=0.5, informateurs={"picks_up": {"mean_s": 3.0, "kind": "fixed"}})
    lived = Story(plan_of(ONE), slow, [person()])

    assert lived.at(Step.WHISPERED)[0] - lived.at(Step.RINGING)[0] == pytest.approx(3.5)
    # The informateur hears what it is about: a sentence, a domain, a wait.
    assert lived.at(Step.TALKING)[0] - lived.at(Step.WHISPERED)[0] >= SAID_S


def test_a_transfer_is_asked_for_and_carried_out() -> None:
    agents = (agent("101", travail=1), agent("102", logement=1))
    plan = plan_of(agents)
    lived = Story(plan, workload(informateurs={"transfers": 1.0}), [person(talk_s=60.0)])

    assert len(lived.of(Step.TRANSFERRED)) == 1
    assert [one.agent for one in lived.of(Step.TALKING)] == ["101", "102"]
    assert lived.heard.facts[0].transfers == 1  # once: the second informateur does not transfer
    assert lived.heard.facts[0].talked_s == 120
    assert lived.outcomes == [Outcome.ANSWERED]


def test_a_transferred_caller_may_lose_patience_in_the_next_queue() -> None:
    agents = (agent("101", travail=1), agent("102", logement=1))
    busy, given_on = person(0.0, HOUSING, talk_s=2000.0), person(5.0, talk_s=60.0, patience_s=300.0)
    lived = Story(plan_of(agents), workload(informateurs={"transfers": 1.0}), [busy, given_on])
    joined = lived.at(Step.QUEUED)[1]

    assert lived.of(Step.TRANSFERRED)[0].sector == HOUSING
    assert lived.at(Step.ENDED)[0] == pytest.approx(joined + 300)


def test_a_transfer_that_is_refused_ends_the_talk_as_ever() -> None:
    """Nobody of the other sector is on duty."""
    plan = plan_of((agent("101", travail=1),))
    lived = Story(plan, workload(informateurs={"transfers": 1.0}), [person(talk_s=60.0)])

    assert not lived.of(Step.TRANSFERRED)
    assert lived.outcomes == [Outcome.ANSWERED]
    assert lived.heard.facts[0].talked_s == 60
    # And the informateur is free for the next caller.
    again = Story(
        plan, workload(informateurs={"transfers": 1.0}), [person(talk_s=60.0), person(at_s=500.0)]
    )
    assert again.outcomes == [Outcome.ANSWERED] * 2


# Phones that are not answered, or break.


def test_a_call_that_is_missed_goes_to_the_next_one() -> None:
    lived = Story(plan_of(TWO), workload(informateurs={"misses": 1.0}), [person(patience_s=200.0)])

    assert len({one.agent for one in lived.of(Step.RINGING)}) == 2
    assert {one.detail for one in lived.of(Step.MISSED)} == {"no answer"}
    assert lived.at(Step.MISSED)[0] - lived.at(Step.RINGING)[0] == pytest.approx(15)
    assert lived.outcomes == [Outcome.ABANDONED]


def test_a_call_that_is_rejected_goes_to_the_next_one() -> None:
    lived = Story(plan_of(TWO), workload(informateurs={"rejects": 1.0}), [person(patience_s=200.0)])

    assert {one.detail for one in lived.of(Step.MISSED)} == {"rejected"}


def test_an_outage_cuts_the_call_off_and_the_caller_is_served_again() -> None:
    lived = Story(plan_of(TWO), workload(), [person(talk_s=300.0)], working=at_work((100, 4000)))

    assert lived.at(Step.REQUEUED) == [100]
    assert [one.agent for one in lived.of(Step.TALKING)] == ["101", "102"]
    assert lived.outcomes == [Outcome.ANSWERED]
    # The whole conversation takes place again.
    assert lived.at(Step.ENDED)[0] - lived.at(Step.TALKING)[1] == pytest.approx(300)


def test_an_outage_with_nobody_else_leaves_the_caller_waiting_until_it_is_over() -> None:
    alone = [at_work((100, 400))[0]]
    lived = Story(plan_of(TWO), workload(), [person(talk_s=300.0)], working=alone)

    assert lived.at(Step.TALKING)[1] >= 400
    assert lived.outcomes == [Outcome.ANSWERED]


def test_a_phone_that_is_not_there_is_not_rung() -> None:
    people = [person(at_s=200.0 * place) for place in range(6)]
    lived = Story(plan_of(TWO), workload(), people, working=at_work((0, 3000)))

    assert {one.agent for one in lived.of(Step.RINGING)} == {"102"}
    assert lived.outcomes == [Outcome.ANSWERED] * 6


# Callbacks.


def called(attempts: int, **rules: Any) -> Story:
    lived = Story(plan_of(ONE), workload(called=rules), asking=[person(talk_s=60.0)])
    (record,) = lived.heard.records
    assert record.attempts == attempts
    assert not lived.line.requests  # nothing is kept once it is over
    return lived


def test_who_asked_is_called_back_and_presses_the_key() -> None:
    lived = called(1)

    assert lived.heard.answers == [None]
    assert lived.heard.records[0].state is TicketState.DONE
    assert lived.outcomes == [Outcome.ANSWERED]
    assert lived.heard.facts[0].door is Door.CALLBACK
    assert lived.heard.facts[0].kept is True
    # Rung, whisper while dialling; picked up, question, key, joined.
    assert lived.at(Step.PICKED_UP)[0] == pytest.approx(lived.at(Step.DIALLED)[0] + 3)
    assert lived.at(Step.TALKING)[0] == pytest.approx(lived.at(Step.PICKED_UP)[0] + 2, abs=SAID_S)


@pytest.mark.parametrize(
    ("why", "failure", "retry_s"),
    [
        ("busy", Failure.BUSY, 180),
        ("no_answer", Failure.NO_ANSWER, 600),
        ("voicemail", Failure.VOICEMAIL, 600),
    ],
)
def test_who_is_not_reached_is_tried_once_more(why: str, failure: Failure, retry_s: int) -> None:
    lived = called(2, **{why: 1.0})

    assert lived.heard.records[0].state is TicketState.FAILED
    assert lived.heard.records[0].failure is failure
    first, second = lived.at(Step.DIALLED)
    assert retry_s < second - first < retry_s + 60
    assert lived.outcomes == [Outcome.NOT_REACHED]
    assert not lived.of(Step.TALKING)


def test_a_number_that_cannot_be_reached_is_over() -> None:
    lived = called(2, unreachable=1.0)

    assert lived.heard.records[0].failure is Failure.UNASSIGNED


def test_nobody_presses_a_key_on_a_voicemail() -> None:
    lived = called(2, voicemail=1.0)

    assert len(lived.of(Step.PICKED_UP)) == 2
    assert not lived.of(Step.TALKING)


def test_a_phone_picked_up_too_late_is_not_answered() -> None:
    lived = called(2, picks_up={"mean_s": 40.0, "kind": "fixed"})

    assert lived.heard.records[0].failure is Failure.NO_ANSWER


def test_a_request_is_cancelled_before_it_is_called() -> None:
    """Half-way to the promise, while the only informateur talks for longer."""
    lived = Story(
        plan_of(ONE),
        workload(called={"cancels": 1.0}),
        calling=[person(talk_s=2500.0)],
        asking=[person(at_s=20.0)],
    )

    assert lived.heard.tickets == {TicketState.CANCELLED: 1}
    assert not lived.of(Step.DIALLED)


def test_a_request_that_cannot_be_promised_is_refused() -> None:
    lived = Story(
        plan_of(ONE), workload(), asking=[person(at_s=10 * 3600.0), person(at_s=EVENING - TEN - 60)]
    )

    assert set(lived.heard.answers) == {Refusal.CLOSED, Refusal.CLOSING}
    assert lived.heard.admissions[Refusal.CLOSED] == 1
    assert not lived.heard.records


def test_an_informateur_whose_phone_breaks_while_dialling_is_replaced() -> None:
    slow = workload(called={"dial_s": 10.0, "picks_up": {"mean_s": 10.0, "kind": "fixed"}})
    lived = Story(plan_of(TWO), slow, asking=[person(talk_s=60.0)], working=at_work((10.0, 4000.0)))

    assert lived.heard.records[0].state is TicketState.DONE
    assert lived.of(Step.TALKING)[-1].agent == "102"


# All together.


def test_nothing_is_left_on_the_line_in_the_evening() -> None:
    people = [
        person(40.0 * place, WORK if place % 3 else HOUSING, talk_s=90.0, luck=place % 50 / 50)
        for place in range(400)
    ]
    asking = [person(55.0 * place, talk_s=90.0, luck=place % 47 / 47) for place in range(100)]
    habits = workload(
        callers={
            **{"with_code": 0.4, "mistypes": 0.1, "silent": 0.02, "gives_up": 0.05},
            **{"information": 0.05, "wrong_key": 0.1, "takes_offer": 0.4, "votes": 0.5},
            **{"hangs_up_first": 0.5, "patience": {"mean_s": 300.0}},
        },
        called={"busy": 0.1, "no_answer": 0.1, "voicemail": 0.1, "cancels": 0.1},
        informateurs={"misses": 0.1, "rejects": 0.05, "transfers": 0.2, "ends_wrap_up": 0.5},
    )
    plan = plan_of((agent("101", logement=1), *TWO[1:], agent("103", travail=1, logement=2)))
    lived = Story(plan, habits, people, asking)
    engine = lived.engine

    assert sum(engine.call_states().values()) == 0
    assert not engine.open_ticket_ids()
    assert engine.known() == (frozenset(), frozenset())
    assert len(lived.heard.facts) >= 400  # every call has its fact, and every ticket
    accepted = lived.heard.admissions[None]
    assert sum(lived.heard.tickets.values()) == accepted
    assert not lived.public.callers
    assert not lived.line.requests
    assert not lived.line.playing
