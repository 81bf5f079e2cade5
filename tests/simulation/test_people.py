"""Callers do what people do on hearing the service; the engine decides what follows."""

from dataclasses import replace
from typing import Any

import pytest

from router.core.commands import Step
from router.core.facts import Door, Outcome
from router.core.plan import Agent, CallbackPolicy, Plan, Targets
from router.simulation.people import Knowledge
from tests.service_plan import (
    DOMAINS,
    GENERAL,
    HOUSING,
    MAIN,
    WORK,
    agent,
    day_plan,
    general_plan,
    small_plan,
)
from tests.simulation.scene import workload
from tests.simulation.story import SAID_S, Story, person

#: How long callers who do not know the way listen to a menu, in seconds.
HEARD_S = 0.7 * SAID_S
#: How long callers with a code listen to the question, which is two sentences.
CODE_HEARD_S = 0.25 * 2 * SAID_S


def story(people: list[Any], plan: Plan | None = None, **habits: Any) -> Story:
    return Story(plan or small_plan(), workload(callers=habits), people)


def test_people_know_which_key_leads_on_to_their_sector() -> None:
    ways = Knowledge(small_plan()).ways

    assert ways[MAIN][WORK] == "1"
    assert ways[DOMAINS][WORK] == "11"
    assert ways[DOMAINS][HOUSING] == "12"


def test_a_caller_with_a_code_types_it() -> None:
    lived = story([person(sector=HOUSING)], with_code=1.0)

    assert lived.heard.facts[0].door is Door.CODE
    assert lived.outcomes == [Outcome.ANSWERED]
    assert not lived.at(Step.MENU)
    # Keys take no time here, and the first words are about the code.
    assert lived.at(Step.QUEUED) == [pytest.approx(SAID_S + CODE_HEARD_S)]


def test_keys_take_time() -> None:
    lived = story([person(sector=HOUSING)], with_code=1.0, key_s=0.5)

    assert lived.at(Step.QUEUED) == [pytest.approx(SAID_S + CODE_HEARD_S + 7 * 0.5)]


def test_who_knows_the_way_does_not_listen() -> None:
    lived = story([person(sector=HOUSING)], with_code=1.0, barges_in=1.0)

    assert lived.at(Step.QUEUED) == [2.0]


def test_a_caller_without_a_code_chooses_by_keys() -> None:
    lived = story([person()])

    assert lived.heard.facts[0].door is Door.MENU
    assert [one.detail for one in lived.of(Step.MENU)] == [DOMAINS]
    assert lived.of(Step.TALKING)[0].sector == WORK


def test_a_sector_without_pages_has_no_codes() -> None:
    assert story([person(sector=WORK)], with_code=1.0).heard.facts[0].door is Door.MENU


def test_a_code_mistyped_is_typed_again() -> None:
    lived = story([person(sector=HOUSING)], with_code=1.0, mistypes=1.0)

    assert len(lived.of(Step.CODE_REFUSED)) == 1
    assert lived.heard.facts[0].door is Door.CODE
    assert lived.outcomes == [Outcome.ANSWERED]


def test_a_wrong_key_is_pressed_once() -> None:
    lived = story([person()], wrong_key=1.0)

    assert len(lived.of(Step.ASKED)) == 2
    assert lived.outcomes == [Outcome.ANSWERED]
    assert lived.at(Step.QUEUED)[0] > story([person()]).at(Step.QUEUED)[0]


def test_who_is_silent_is_thanked_in_the_end() -> None:
    lived = story([person()], silent=1.0)

    assert lived.outcomes == [Outcome.SILENT]
    assert not lived.at(Step.QUEUED)


def silent_with(*agents: Agent) -> Story:
    return story([person(talk_s=300.0)], general_plan(small_plan(agents)), silent=1.0)


def test_who_is_silent_is_answered_where_there_is_a_general_queue() -> None:
    lived = silent_with(agent("101", travail=1))

    assert lived.heard.facts[0].door is Door.NO_KEY
    assert lived.outcomes == [Outcome.ANSWERED]
    assert lived.heard.facts[0].talked_s == 300
    assert lived.heard.facts[0].transfers == 0


def test_a_silent_caller_is_transferred_by_an_informateur_of_another_sector() -> None:
    lived = silent_with(agent("102", logement=1), agent("101", travail=1))

    first, second = lived.of(Step.TALKING)
    assert [first.agent, second.agent] == ["102", "101"]
    assert [first.sector, second.sector] == [GENERAL, WORK]
    assert lived.at(Step.TRANSFERRED)[0] - lived.at(Step.TALKING)[0] == pytest.approx(30.0)
    assert lived.heard.facts[0].talked_s == 330


def test_who_wants_information_hears_it_and_leaves() -> None:
    lived = story([person()], information=1.0)

    assert lived.outcomes == [Outcome.INFORMED]
    assert lived.at(Step.ENDED)[0] > SAID_S + HEARD_S


def test_some_give_up_before_they_have_chosen() -> None:
    lived = story([person(luck=0.2)], gives_up=1.0)

    assert lived.outcomes == [Outcome.LEFT]
    assert lived.at(Step.ENDED) == [pytest.approx(0.4 * SAID_S)]


def test_who_calls_a_closed_service_hears_so_and_leaves() -> None:
    lived = story([person(at_s=10 * 3600)])

    assert lived.outcomes == [Outcome.CLOSED]


def test_patience_counts_from_joining_the_queue() -> None:
    busy, waits, gives_up = (
        person(talk_s=1000.0),
        person(at_s=10.0),
        person(at_s=20.0, patience_s=60.0),
    )
    plan = small_plan((agent("101", travail=1),))
    lived = story([busy, waits, gives_up], plan, hangs_up_first=1.0)
    joined = lived.at(Step.QUEUED)

    assert sorted(lived.outcomes) == [Outcome.ABANDONED, *2 * [Outcome.ANSWERED]]
    assert lived.at(Step.ENDED)[0] == pytest.approx(joined[2] + 60)
    abandoned = next(one for one in lived.heard.facts if one.outcome is Outcome.ABANDONED)
    assert abandoned.waited_s == 60
    # A caller who has been served no longer loses patience.
    assert lived.of(Step.TALKING)[1].seconds == pytest.approx(lived.at(Step.TALKING)[1] - joined[1])


OFFERING = {
    "targets": Targets(announce_every_s=60, wrap_up_s=0),
    "callbacks": CallbackPolicy(offer_after_s=120, assumed_handling_s=60, promise_s=2700),
}


def waiting_long(**habits: Any) -> Story:
    """One talks for long; the other waits and is offered a callback."""
    plan = small_plan((agent("101", travail=1),), **OFFERING)  # type: ignore[arg-type]
    people = [person(talk_s=600.0), person(at_s=5.0, talk_s=50.0)]
    return story(people, plan, **{"types_number_s": 30.0, **habits})


def test_who_takes_the_offer_is_called_back() -> None:
    lived = waiting_long(takes_offer=1.0)
    doors = {fact.door: fact.outcome for fact in lived.heard.facts}

    assert lived.heard.answers == [None]
    assert lived.heard.by_phone == {True: 1}
    assert Outcome.CALLED_BACK in lived.outcomes
    assert doors[Door.CALLBACK] is Outcome.ANSWERED
    assert lived.heard.records[0].attempts == 1
    # Offered once two minutes are over; typed for half a minute.
    (accepted,) = lived.at(Step.TICKET_ACCEPTED)
    assert 120 + 30 < accepted - lived.at(Step.QUEUED)[1] < 120 + 60 + 60


def test_who_does_not_take_the_offer_waits_on() -> None:
    lived = waiting_long(takes_offer=0.0)

    assert lived.outcomes == [Outcome.ANSWERED] * 2
    assert lived.heard.answers == []
    assert (lived.of(Step.TALKING)[1].seconds or 0) > 500


def test_who_is_refused_after_typing_waits_on_with_patience_of_old() -> None:
    """Two take the one callback that can be promised."""
    plan = small_plan(
        (agent("101", travail=1),),
        targets=Targets(announce_every_s=60, wrap_up_s=0),
        callbacks=CallbackPolicy(offer_after_s=120, assumed_handling_s=60, tickets_per_agent=1),
    )
    people = [
        person(talk_s=4000.0),
        person(at_s=5.0, talk_s=50.0),
        person(at_s=6.0, talk_s=50.0, patience_s=500.0),
    ]
    lived = story(people, plan, takes_offer=1.0)

    assert [one is None for one in lived.heard.answers] == [True, False]
    assert Outcome.ABANDONED in lived.outcomes
    abandoned = next(one for one in lived.heard.facts if one.outcome is Outcome.ABANDONED)
    assert abandoned.waited_s == 500


def votes_of(luck: float = 0.5, **habits: float) -> list[tuple[str, int | None]]:
    lived = story([person(luck=luck)], day_plan(), hangs_up_first=0.0, **habits)
    assert len(lived.of(Step.VOTE_ASKED)) == 1
    return ballot(lived)


def ballot(lived: Story) -> list[tuple[str, int | None]]:
    return [(question, score) for question, cast in lived.heard.votes.items() for score in cast]


def test_who_stays_is_asked_to_vote() -> None:
    assert votes_of(votes=0.4) == [("satisfaction", None)]
    assert votes_of(votes=0.6) == [("satisfaction", 4), ("reponse", 1)]
    assert votes_of(votes=1.0, votes_on=0.4) == [("satisfaction", 4), ("reponse", None)]


@pytest.mark.parametrize(
    ("luck", "score"), [(0.0, 3), (0.39, 3), (0.41, 4), (0.79, 4), (0.81, 1), (0.91, 2), (0.99, 2)]
)
def test_who_is_satisfied_gives_any_favourable_score(luck: float, score: int) -> None:
    cast = votes_of(luck, votes=1.0, satisfied=0.8, says_yes=0.4)

    assert cast == [("satisfaction", score), ("reponse", 1 if luck < 0.4 else 0)]


def test_who_cannot_be_displeased_votes_all_the_same() -> None:
    """A plan in which every score is a favourable one."""
    (first, second) = day_plan().questions
    plan = day_plan(questions=(replace(first, satisfied=frozenset({1, 2, 3, 4})), second))
    lived = story([person()], plan, hangs_up_first=0.0, votes=1.0, satisfied=0.0)

    assert [score for _, score in ballot(lived)] == [3, 1]


def test_who_hangs_up_first_does_not_vote() -> None:
    lived = story([person()], day_plan(), hangs_up_first=1.0, votes=1.0)

    assert not lived.of(Step.VOTE_ASKED)
    assert lived.outcomes == [Outcome.ANSWERED]
    assert lived.heard.facts[0].talked_s == 100


def test_what_callers_were_told_of_the_wait_is_compared_with_it() -> None:
    """Calls are equally long and many have been served, so waits are announced."""
    plan = small_plan((agent("101", travail=1),), targets=Targets(wrap_up_s=0))
    people = [person(at_s=100.0 * place, talk_s=50.0) for place in range(60)]
    people += [person(at_s=7000.0 + place, talk_s=50.0) for place in range(8)]
    lived = story(people, plan)

    said = lived.heard.said
    assert 0 < said.told < 8
    assert said.within == said.told  # nobody talks for longer than expected
    assert sum(said.ratios.values()) == said.told
    assert min(said.ratios) >= 100
