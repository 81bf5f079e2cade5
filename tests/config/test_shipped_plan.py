"""The shipped plan says what the service has said about itself (in 2021 and 2025)."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date, time
from itertools import pairwise
from pathlib import Path

import pytest

import router.config
from router.config import load_plan
from router.core.hours import Closed
from router.core.ids import EntryId, FicheId, MenuId, PageId, SectorId
from router.core.menus import SAY_HOURS, Back, Choice, Repeat, ToMenu, ToPage, ToSector
from router.core.plan import CodePolicy, Desk, LogInBy, Plan
from router.core.speech import ask_reason
from router.simulation.workload import SHIPPED, load_workload
from router.voice.catalogue import load_catalogue

PLANS = Path(router.config.__file__).parents[1] / "plans"
CATALOGUE = Path(router.config.__file__).parents[2] / "prompts" / "catalogue.toml"

LONG_DAY = ((time(8, 30), time(18, 15)),)
MORNING = ((time(8, 30), time(13)),)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(
        PLANS / "3939.toml", PLANS / "agents.toml", load_catalogue(CATALOGUE).prompts.keys()
    )


def test_hours_of_the_week(plan: Plan) -> None:
    assert plan.hours.zone == "Europe/Paris"
    assert [plan.hours.week[day] for day in range(1, 8)] == [
        LONG_DAY,
        MORNING,
        MORNING,
        LONG_DAY,
        ((time(13), time(17)),),
        (),
        (),
    ]


def test_holidays_are_those_of_moselle(plan: Plan) -> None:
    named = {
        day: name
        for number in range(365)
        if (
            name := plan.hours.holiday_name(
                day := date.fromordinal(date(2026, 1, 1).toordinal() + number)
            )
        )
    }
    assert len(named) == 13
    assert named[date(2026, 4, 3)] == "Vendredi saint"
    assert named[date(2026, 12, 26)] == "Saint-Étienne"
    noon_on_armistice_day = 1_794_394_800.0
    assert plan.hours.local(noon_on_armistice_day).date() == date(2026, 11, 11)
    assert not plan.hours.is_open(noon_on_armistice_day)
    assert plan.hours.why_closed(noon_on_armistice_day) is Closed.HOLIDAY


def test_domains_and_ministries(plan: Plan) -> None:
    ministries = Counter(sector.ministry.split()[-1] for sector in plan.domains.values())
    assert ministries == {
        "travail": 3,
        "l’intérieur": 4,
        "justice": 4,
        "logement": 3,
        "(DGCCRF)": 1,
    }
    assert all(sector.prompt == f"sector-{sector.id}" for sector in plan.sectors.values())


def test_the_menu_tree(plan: Plan) -> None:
    main = plan.menus[plan.first_menu]
    assert main.keys["4"] == ToMenu(MenuId("menu-logement"))
    assert main.keys["5"] == ToSector(SectorId("consommation"))
    assert plan.menus[MenuId("menu-logement")].keys["1"] == ToSector(SectorId("logement-location"))
    led_to = [
        choice.sector
        for menu in plan.menus.values()
        for choice in menu.keys.values()
        if isinstance(choice, ToSector)
    ]
    assert sorted(led_to) == sorted(plan.domains)


def test_every_menu_repeats_goes_back_and_leads_to_information(plan: Plan) -> None:
    for menu in plan.menus.values():
        assert menu.keys["0"] == Repeat()
        assert menu.keys["*"] == Back()
        if menu.id != plan.information_menu:
            assert menu.keys["#"] == ToMenu(plan.information_menu)
    assert "#" not in plan.menus[plan.information_menu].keys


def test_the_information_says_the_hours(plan: Plan) -> None:
    assert plan.menus[plan.information_menu].keys["1"] == ToPage(PageId("horaires"))
    assert SAY_HOURS in plan.pages[PageId("horaires")].prompts


def test_the_welcome_says_price_and_scope_and_the_information_the_rest(plan: Plan) -> None:
    prompts = load_catalogue(CATALOGUE).prompts
    welcome = " ".join(prompts[one].text for one in plan.welcome)
    assert "gratuit" in welcome
    assert "sans accès aux dossiers personnels" in welcome
    price = plan.menus[plan.information_menu].keys["2"]
    assert isinstance(price, ToPage)
    told = " ".join(prompts[one].text for one in plan.pages[price.page].prompts)
    assert "anonyme" in told
    assert "pas enregistré" in told


def test_callers_who_press_no_key_are_served_by_whoever_is_free(plan: Plan) -> None:
    assert plan.no_key == "general"
    assert plan.sectors[plan.no_key].for_all
    assert plan.no_key not in plan.domains
    assert all(agent.skills[plan.no_key] == 1 for agent in plan.agents.values())


def test_codes_begin_with_digits_that_choose_nothing(plan: Plan) -> None:
    assert plan.code_leads == "6789"
    assert replace(plan, code=CodePolicy(required=True)).code_leads == "0123456789"


def test_the_most_frequent_choices_come_first_in_every_menu(plan: Plan) -> None:
    asked = load_workload(SHIPPED / "2025.toml", plan).callers.sectors

    def weights(menu: MenuId) -> list[float]:
        keys = plan.menus[menu].keys
        return [weight(keys[key]) for key in "12345" if key in keys]

    def weight(choice: Choice) -> float:
        if isinstance(choice, ToSector):
            return asked[choice.sector]
        assert isinstance(choice, ToMenu)
        return sum(weights(choice.menu))

    for menu in plan.menus.keys() - {plan.information_menu}:
        assert weights(menu) == sorted(weights(menu), reverse=True), menu


def test_fiches(plan: Plan) -> None:
    assert len(plan.fiches) >= 60
    assert plan.fiches[FicheId("F1234")].sector == "logement-location"
    assert {fiche.sector for fiche in plan.fiches.values()} == set(plan.domains)
    titles = sorted(fiche.title for fiche in plan.fiches.values())
    assert all(one != other for one, other in pairwise(titles))


def test_informateurs(plan: Plan) -> None:
    assert list(plan.agents) == [str(number) for number in range(101, 146)]
    for sector in plan.sectors:
        levels = [agent.skills[sector] for agent in plan.agents.values() if sector in agent.skills]
        assert len(levels) >= 3
        assert 1 in levels


def test_the_code_of_a_sector_is_the_way_to_it_in_the_menus(plan: Plan) -> None:
    ways = {
        choice.sector: first + key
        for first, to in plan.menus[plan.first_menu].keys.items()
        if isinstance(to, ToMenu)
        for key, choice in plan.menus[to.menu].keys.items()
        if isinstance(choice, ToSector)
    }
    ways |= {
        to.sector: f"{key}0"
        for key, to in plan.menus[plan.first_menu].keys.items()
        if isinstance(to, ToSector)
    }
    assert {sector.id: sector.code for sector in plan.domains.values()} == ways


def test_pauses_are_said_with_their_keys(plan: Plan) -> None:
    prompts = load_catalogue(CATALOGUE).prompts
    assert list(plan.desk.reasons) == ["pause", "dejeuner", "formation", "reunion", "administratif"]
    for reason in plan.desk.reasons.values():
        assert prompts[ask_reason(reason.id)].text.endswith(f", tapez {reason.key}.")
        assert 600 <= reason.longest_s <= 8 * 3600


def test_the_desk(plan: Plan) -> None:
    assert plan.desk.log_in is LogInBy.PHONE
    assert plan.desk.codes == Desk().codes
    assert plan.desk.keys == Desk().keys
    assert plan.desk.supervisor_phones == ("901",)


def test_directory(plan: Plan) -> None:
    numbers = {entry.id: entry.number for entry in plan.directory.values()}
    assert len(numbers) == 15
    assert numbers[EntryId("assurance-maladie")] == "3646"
    assert numbers[EntryId("france-victimes")] == "116006"
    assert [id_ for id_, number in numbers.items() if number is None] == ["prefecture", "adil"]


def test_questions_are_said_with_their_keys(plan: Plan) -> None:
    prompts = load_catalogue(CATALOGUE).prompts
    assert [question.id for question in plan.questions] == ["satisfaction", "reponse"]
    for question in plan.questions:
        text = prompts[question.prompt].text
        said = re.findall(r"\b([0-9])\b", text)
        keys = list(question.scores)
        assert said in (keys, [keys[0], keys[-1]])  # each, or "de 1 … à 4"


def test_names_and_titles_are_typeset(plan: Plan) -> None:
    read = [sector.name + sector.ministry for sector in plan.sectors.values()]
    read += [fiche.title for fiche in plan.fiches.values()]
    read += [entry.name for entry in plan.directory.values()]
    read += [reason.name for reason in plan.desk.reasons.values()]
    assert not [text for text in read if "'" in text or '"' in text]
