"""A new plan while calls go on: what becomes of everybody who is there."""

from dataclasses import replace

import pytest

from router.core.commands import DeskChanged, Noted, Step, TicketChanged
from router.core.events import PhoneAppeared
from router.core.facts import Outcome
from router.core.hours import Hours
from router.core.ids import AgentId, MenuId, PhoneId, PromptId, SectorId, TicketId
from router.core.menus import Menu, ToSector
from router.core.plan import Plan
from router.core.requests import Consult, LogIn, LogOut, Note, Ready, Refer, Reply
from tests.exchange import MUSIC, Exchange
from tests.rules import check_engine, check_exchange, check_queue
from tests.service_plan import (
    FICHE,
    GENERAL,
    HEALTH,
    HOUSING,
    MAIN,
    WORK,
    agent,
    day_plan,
    general_plan,
    small_plan,
)

PLAN = general_plan(day_plan())
ALL = ("101", "102", "103")


def with_agents(plan: Plan, *names: str) -> Plan:
    return replace(plan, agents={one: plan.agents[AgentId(one)] for one in map(AgentId, names)})


def without_housing(plan: Plan = PLAN) -> Plan:
    """The plan has neither the sector nor a page about it; 101 now serves work."""
    agents = (agent("101", travail=1, general=1), agent("103", travail=1, general=1))
    menus = {MAIN: replace(plan.menus[MAIN], keys={"1": ToSector(WORK)})}
    return replace(
        plan,
        sectors={id_: one for id_, one in plan.sectors.items() if id_ != HOUSING},
        fiches={},
        menus={**menus, plan.information_menu: plan.menus[plan.information_menu]},
        agents={one.id: one for one in agents},
    )


def open_exchange(*present: str, plan: Plan = PLAN) -> Exchange:
    exchange = Exchange(plan)
    exchange.appear(*present)
    return exchange


def waiting(exchange: Exchange) -> list[str]:
    items = exchange.engine.board.queue.items()
    return [item.call for item in sorted(items, key=lambda one: (one.due_at, one.sequence))]


def all_is_well(exchange: Exchange) -> None:
    check_engine(exchange.engine, exchange.now)
    check_queue(exchange.engine, exchange.now)
    check_exchange(exchange)


# Callers.


def test_nobody_notices_the_same_plan_again() -> None:
    exchange = open_exchange("101")
    exchange.talk("101", "talking")
    exchange.choose_housing("first", "second")

    assert exchange.change_plan(PLAN) == []
    assert exchange.together("talking", "101")
    assert waiting(exchange) == ["first", "second"]
    all_is_well(exchange)


def test_a_caller_in_a_menu_hears_it_out_as_it_began() -> None:
    """The key means what the caller was told, even if another menu is played to the next."""
    exchange = open_exchange(*ALL)
    exchange.arrive("before")
    exchange.press("#", "before")
    menu = Menu(MAIN, (PromptId("menu-other"),), {"2": ToSector(WORK)})
    exchange.change_plan(replace(PLAN, menus={**PLAN.menus, MAIN: menu}))
    exchange.arrive("after")
    exchange.press("#", "after")
    assert "menu-other" in exchange.hears("after")

    exchange.press("2", "before")
    exchange.press("2", "after")

    calls = exchange.engine.board.calls.values()
    assert [call.item.sector for call in calls if call.item] == [HOUSING, WORK]


def test_a_caller_who_chooses_a_sector_that_is_gone_is_sent_to_the_general_queue() -> None:
    exchange = open_exchange(*ALL)
    exchange.arrive()
    exchange.press("#")
    exchange.change_plan(without_housing())
    exchange.press("2")

    assert exchange.ringing() == {"101": "caller"}
    [call] = exchange.engine.board.calls.values()
    assert call.item is not None
    assert call.item.sector == GENERAL


def test_a_caller_in_a_sub_menu_that_is_gone_goes_back_to_its_own() -> None:
    exchange = open_exchange(*ALL)
    exchange.arrive()
    exchange.press("#")
    exchange.press("1")
    assert exchange.state() == "menu"
    exchange.change_plan(without_housing())
    exchange.press("*")

    assert exchange.hears()[0] == "code-ask"
    all_is_well(exchange)


def test_a_code_is_looked_up_by_the_new_plan() -> None:
    exchange = open_exchange(*ALL)
    code = exchange.code
    exchange.arrive("late", "later")
    exchange.change_plan(without_housing())
    exchange.press(code, "late")
    assert exchange.steps("late")[-2] is Step.CODE_REFUSED

    exchange.change_plan(PLAN)
    exchange.press(code, "later")
    assert Step.CODE_ACCEPTED in exchange.steps("later")


def test_those_who_wait_keep_promise_and_rank() -> None:
    exchange = open_exchange("101", "103")
    exchange.talk("101", "talking")
    exchange.choose_housing("first")
    exchange.wait(5.0)
    exchange.choose_housing("second")
    before = {item.call: item.due_at for item in exchange.engine.board.queue.items()}
    sooner = replace(PLAN.targets, live_target_s=10, widening_s=(0, 5))
    exchange.change_plan(replace(PLAN, targets=sooner))
    exchange.choose_housing("third")

    after = {item.call: item.due_at for item in exchange.engine.board.queue.items()}
    assert {call: after[call] for call in before} == before
    assert waiting(exchange)[0] == "third"  # promised sooner, so due sooner
    assert waiting(exchange)[1:] == ["first", "second"]
    all_is_well(exchange)


def test_those_who_wait_in_a_sector_that_is_gone_wait_on_in_the_general_queue() -> None:
    exchange = open_exchange("101")
    exchange.talk("101", "talking")
    exchange.choose_housing("first", "second")
    exchange.change_plan(without_housing())

    assert waiting(exchange) == ["first", "second"]
    assert {item.sector for item in exchange.engine.board.queue.items()} == {GENERAL}
    assert exchange.steps("first")[-1] is Step.MOVED
    exchange.end_leg("101")
    exchange.wait(40.0)
    assert exchange.ringing() == {"101": "first"}
    all_is_well(exchange)


def test_whoever_read_a_page_goes_where_the_page_goes() -> None:
    exchange = open_exchange("101")
    exchange.talk("101", "talking")
    exchange.arrive()
    exchange.press(exchange.code)
    page = replace(PLAN.fiches[FICHE], sector=WORK)
    exchange.change_plan(replace(without_housing(), fiches={FICHE: page}))

    [item] = exchange.engine.board.queue.items()
    assert item.sector == WORK


def test_a_new_skill_serves_those_who_wait_at_once() -> None:
    exchange = open_exchange("101", "103")
    exchange.talk("101", "talking")
    exchange.choose_housing("caller")
    assert exchange.ringing() == {}
    able = agent("103", travail=1, logement=1, general=1)
    exchange.change_plan(replace(PLAN, agents={**PLAN.agents, able.id: able}))

    assert exchange.ringing() == {"103": "caller"}


def test_a_shorter_widening_opens_a_caller_to_everybody_at_once() -> None:
    exchange = open_exchange("101", "102")  # 102: level 2 in housing, asked after 60 s
    exchange.talk("101", "talking")
    exchange.choose_housing("caller")
    exchange.wait(5.0)
    assert exchange.ringing() == {}
    exchange.change_plan(replace(PLAN, targets=replace(PLAN.targets, widening_s=(0, 3, 6))))

    assert exchange.ringing() == {"102": "caller"}


def test_a_talk_goes_on_though_its_sector_is_gone_and_ends_as_any_other() -> None:
    exchange = open_exchange("101")
    exchange.talk("101")
    exchange.change_plan(without_housing())
    assert exchange.together("caller", "101")

    exchange.end_leg("101")
    assert exchange.hears()[0] == "vote-intro"
    assert exchange.ask("101", Note()) is Reply.NOTED
    exchange.leave()
    assert exchange.outcome() is Outcome.ANSWERED
    all_is_well(exchange)


def test_a_consultation_about_a_sector_that_is_gone_can_be_completed() -> None:
    exchange = open_exchange("101", "103")
    exchange.talk("101")
    assert exchange.ask("101", Consult(WORK)) is Reply.CONSULTING
    sectors = {id_: one for id_, one in PLAN.sectors.items() if id_ != WORK}
    agents = {one: agent(one, logement=1, general=1) for one in map(AgentId, ("101", "103"))}
    menus = {MAIN: replace(PLAN.menus[MAIN], keys={"2": ToSector(HOUSING)})}
    menus[PLAN.information_menu] = PLAN.menus[PLAN.information_menu]
    exchange.change_plan(replace(PLAN, sectors=sectors, agents=agents, menus=menus))
    exchange.answer("103")
    exchange.hear_whisper("103")
    exchange.end_leg("101")

    assert exchange.together("caller", "103")
    all_is_well(exchange)


def test_a_referral_under_way_is_read_out_as_it_was_asked_for() -> None:
    exchange = open_exchange("101")
    exchange.talk("101")
    assert exchange.ask("101", Refer(HEALTH, spoken=False)) is Reply.REFERRED
    exchange.change_plan(replace(PLAN, directory={}))
    exchange.end_leg("101")
    [entry] = [leg for leg in exchange.legs if leg.alive]
    exchange.end_leg(entry)

    assert exchange.hears()[1] == "dir-sante"
    all_is_well(exchange)


def test_a_vote_goes_on_with_the_questions_it_began_with() -> None:
    exchange = open_exchange("101")
    exchange.talk("101")
    exchange.end_leg("101")
    exchange.change_plan(replace(PLAN, questions=()))
    exchange.press("4")
    assert exchange.hears() == ("vote-reponse",)
    exchange.press("1")
    assert exchange.hears() == ("vote-thanks",)


# Informateurs.


def test_whoever_is_gone_is_logged_out_at_once_if_free() -> None:
    exchange = open_exchange(*ALL)
    commands = exchange.change_plan(with_agents(PLAN, "101", "102"))

    assert DeskChanged(AgentId("103"), None) in commands
    assert list(exchange.engine.board.roster.desks) == ["101", "102"]
    assert exchange.engine.desk(AgentId("103")) is None
    exchange.tell(PhoneAppeared(PhoneId("103")))  # ignored
    all_is_well(exchange)


def test_whoever_is_gone_finishes_the_talk_and_is_then_off_for_good() -> None:
    exchange = open_exchange("101", "102")
    exchange.talk("101")
    exchange.choose_housing("next")
    exchange.change_plan(with_agents(PLAN, "102", "103"))
    assert exchange.together("caller", "101")
    assert exchange.ask("101", Ready()) is Reply.AFTER_CALL  # changes nothing: no longer theirs

    exchange.end_leg("101")

    assert AgentId("101") not in exchange.engine.board.roster.desks
    assert exchange.ask("101", LogIn()) is Reply.NOT_LOGGED_IN
    assert waiting(exchange) == ["next"] or exchange.ringing() == {"102": "next"}
    all_is_well(exchange)


def test_a_phone_that_is_gone_stops_ringing_and_the_next_one_rings() -> None:
    exchange = open_exchange("101", "102")
    exchange.wait(PLAN.targets.widening_s[1])
    exchange.choose_housing()
    assert exchange.ringing() == {"101": "caller"}
    exchange.change_plan(with_agents(PLAN, "102", "103"))
    assert AgentId("101") not in exchange.engine.board.roster.desks
    exchange.wait(PLAN.targets.widening_s[1])

    assert exchange.ringing() == {"102": "caller"}
    all_is_well(exchange)


@pytest.mark.parametrize("answers", [True, False])
def test_another_s_phone_rings_on_for_whoever_is_gone(answers: bool) -> None:
    exchange = open_exchange("102", "103")
    exchange.vanish("102")
    exchange.tell(PhoneAppeared(PhoneId("190")))  # a supervisor's
    assert exchange.ask("102", LogOut()) is Reply.LOGGED_OUT
    assert exchange.ask("102", LogIn(PhoneId("190"))) is Reply.LOGGED_IN
    exchange.choose_housing()
    exchange.wait(PLAN.targets.widening_s[1])
    assert exchange.ringing() == {"102": "caller"}
    exchange.change_plan(with_agents(PLAN, "101", "103"))
    assert exchange.ringing() == {"102": "caller"}
    if answers:
        exchange.answer("102")
        exchange.hear_whisper("102")
        assert exchange.together("caller", "102")
        exchange.end_leg("102")
    else:
        exchange.wait(PLAN.targets.ring_s)

    assert AgentId("102") not in exchange.engine.board.roster.desks
    all_is_well(exchange)


def test_whoever_comes_back_before_the_talk_is_over_stays() -> None:
    exchange = open_exchange("101")
    exchange.talk("101")
    exchange.change_plan(with_agents(PLAN, "102", "103"))
    exchange.change_plan(PLAN)
    exchange.appear("101")
    exchange.end_leg("101")
    exchange.wait(PLAN.targets.wrap_up_s)

    assert exchange.agent("101") == "ready"
    all_is_well(exchange)


def test_whoever_is_new_logs_in_and_is_given_calls() -> None:
    exchange = open_exchange("101")
    exchange.talk("101", "talking")
    exchange.choose_housing("caller")
    new = agent("104", logement=1, general=1)
    exchange.change_plan(replace(PLAN, agents={**PLAN.agents, new.id: new}))
    assert exchange.agent("104") == "logged out"
    exchange.appear("104")

    assert exchange.ringing() == {"104": "caller"}
    all_is_well(exchange)


def test_whoever_sits_at_a_phone_that_is_gone_is_logged_out() -> None:
    exchange = open_exchange("102")
    exchange.tell(PhoneAppeared(PhoneId("190")))  # a supervisor's
    exchange.ask("102", LogOut())
    assert exchange.ask("102", LogIn(PhoneId("190"))) is Reply.LOGGED_IN
    exchange.change_plan(replace(PLAN, desk=replace(PLAN.desk, supervisor_phones=())))

    assert exchange.agent("102") == "logged out"
    assert exchange.ask("102", LogIn()) is Reply.LOGGED_IN
    all_is_well(exchange)


# Callbacks.


def test_a_callback_keeps_its_promise_and_moves_with_its_sector() -> None:
    exchange = open_exchange("101", "103")
    exchange.talk("101", "talking")
    admission = exchange.ask_callback("t", HOUSING)
    assert admission.refusal is None
    code = exchange.saved[TicketId("t")].code
    commands = exchange.change_plan(without_housing())

    [saved] = [one.record for one in commands if isinstance(one, TicketChanged)][:1]
    assert (saved.sector, saved.due_at, saved.code) == (GENERAL, admission.due_at, code)
    assert Step.MOVED in [one.step for one in commands if isinstance(one, Noted)]
    assert exchange.ringing() == {"103": exchange.attempt_after("t")}
    check_engine(exchange.engine, exchange.now)


def test_a_callback_that_is_being_dialled_goes_on() -> None:
    exchange = open_exchange("101")
    exchange.ask_callback("t", HOUSING)
    exchange.answer("101")
    exchange.change_plan(without_housing())
    call = exchange.pick_up("t")
    exchange.press("1", call)

    assert exchange.together(call, "101")
    check_engine(exchange.engine, exchange.now)


# Hours.


def test_new_hours_that_close_now_are_told_to_those_who_wait_and_they_are_served() -> None:
    exchange = open_exchange("101")
    exchange.talk("101", "talking")
    exchange.choose_housing("caller")
    exchange.change_plan(replace(PLAN, hours=Hours()))
    assert exchange.hears("caller") == ("queue-closing",)
    exchange.arrive("late")
    assert "closed" in exchange.hears("late")

    exchange.hear_out("caller")
    assert exchange.hears("caller") == MUSIC
    exchange.end_leg("101")
    exchange.wait(PLAN.targets.wrap_up_s)
    assert exchange.ringing() == {"101": "caller"}


def test_the_new_hour_of_closing_is_told_when_it_comes() -> None:
    exchange = open_exchange("101")
    exchange.talk("101", "talking")
    exchange.choose_housing("caller")
    exchange.hear_out("caller")
    start = exchange.engine.board.plan.hours.local(exchange.now)
    soon = (start.time(), start.replace(minute=start.minute + 1).time())
    week = {start.isoweekday(): (soon,)}
    exchange.change_plan(replace(PLAN, hours=Hours(week=week)))
    exchange.wait(59.0)
    assert "queue-closing" not in exchange.hears("caller")
    exchange.wait(1.5)
    assert exchange.hears("caller") == ("queue-closing",)


def test_sectors_and_menus_of_the_new_plan_are_there_at_once() -> None:
    exchange = open_exchange("101", plan=small_plan())
    exchange.change_plan(PLAN)

    assert SectorId("general") in {one.sector for one in exchange.engine.sectors()}
    assert MenuId("menu-main") in exchange.engine.board.plan.menus
