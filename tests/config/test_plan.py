"""The plan that is read, and each of its faults, reported once."""

import re
import tomllib
from datetime import date, time

import pytest

from router.config import load_plan
from router.core.hours import DayException
from router.core.ids import AgentId, FicheId, MenuId, PageId, SectorId
from router.core.menus import Back, Repeat, ToMenu, ToPage, ToSector
from router.errors import ConfigError
from tests.config.scene import PLAN, Service


def test_a_plan_is_read_completely(service: Service) -> None:
    plan = service.plan()
    assert plan.name == "Essai"
    assert plan.numbers == ("3939",)
    assert plan.hours.week[1] == ((time(8, 30), time(12)), (time(13), time(0)))
    assert plan.hours.holiday_name(date(2026, 12, 26)) == "Saint-Étienne"
    assert plan.code.tries == 2
    assert plan.code.period_s == 604_800
    assert plan.targets.wrap_up_s == 0
    assert plan.targets.widening_s == (0, 20, 40)
    assert plan.sectors[SectorId("travail")].prompt == "sector-travail"
    assert plan.sectors[SectorId("logement")].prompt == "sector-maison"
    assert plan.menus[MenuId("main")].prompts == ("main",)
    assert plan.menus[MenuId("main")].keys == {
        "1": ToSector(SectorId("travail")),
        "2": ToMenu(MenuId("sub")),
        "0": Repeat(),
        "*": Back(),
        "#": ToMenu(MenuId("info")),
    }
    assert plan.menus[MenuId("sub")].prompts == ("sub-intro", "@next-opening")
    assert plan.menus[MenuId("info")].keys == {
        "1": ToPage(PageId("horaires")),
        "0": Repeat(),
        "*": Back(),
    }
    assert plan.pages[PageId("horaires")].prompts == ("page-hours", "@hours")
    assert plan.fiches[FicheId("F1234")].sector == "logement"
    assert plan.agents[AgentId("101")].skills == {"travail": 1, "logement": 3}


def test_exceptions_may_be_dates_or_text(service: Service) -> None:
    service.change(
        "plan.toml",
        "[code]",
        '[[hours.exceptions]]\ndate = 2026-12-24\nopen = ["08:30-12:00"]\nreason = "veille"\n'
        '[[hours.exceptions]]\ndate = "2026-12-31"\n[code]',
    )
    assert service.plan().hours.exceptions == {
        date(2026, 12, 24): DayException(((time(8, 30), time(12)),), "veille"),
        date(2026, 12, 31): DayException(),
    }


def test_without_a_catalogue_prompts_are_not_checked(service: Service) -> None:
    service.change("plan.toml", '["welcome"]', '["anything"]')
    load_plan(service.folder / "plan.toml", service.folder / "agents.toml")


PLAN_FAULTS = [
    # Shapes: keys, types, ranges.
    ("wrap_up_s = 0", "warp_up_s = 0", "targets.warp_up_s: unknown key; did you mean `wrap_up_s`?"),
    ("wrap_up_s = 0", "colour = 0", "targets.colour: unknown key: take it out, or see "
     "docs/configuration.md"),
    ("wrap_up_s = 0", "wrap_up_s = -1", "targets.wrap_up_s: must be >= 0, got -1"),
    ("wrap_up_s = 0", "ring_s = 0", "targets.ring_s: must be > 0, got 0"),
    ("wrap_up_s = 0", 'ring_s = "15"', 'targets.ring_s: must be a whole number, got "15"'),
    ("wrap_up_s = 0", "ring_s = 1.5", "targets.ring_s: must be a whole number, got 1.5"),
    ("wrap_up_s = 0", "ring_s = true", "targets.ring_s: must be a whole number, got true"),
    ("wrap_up_s = 0", "first_key_s = inf", "targets.first_key_s: must be a finite number, got inf"),
    ("wrap_up_s = 0", "first_key_s = []", "targets.first_key_s: must be a number, got a list"),
    ("wrap_up_s = 0", "widening_s = 0", "targets.widening_s: must be a list, got 0"),
    ("tries = 2", "period_s = 0", "code.period_s: must be > 0, got 0"),
    ("tries = 2", "required = 1", "code.required: must be true or false, got 1"),
    ("tries = 2", "delay_s = -0.5", "code.delay_s: must be >= 0, got -0.5"),
    ('name = "Essai"', "name = 3939", 'name: must be text in "quotes", got 3939'),
    ('name = "Essai"', 'name = ""', "name: must not be empty"),
    ('name = "Essai"\n', "", "name: is missing"),
    ('["3939"]', "[]", "numbers: must not be empty"),
    ('["welcome"]', '["welcome", 1]', 'welcome.2: must be text in "quotes", got 1'),
    ('name = "Travail"\n', "", "sectors.travail.name: is missing"),
    ("[sectors.travail]", "[sectors.travail]\nnane = 1", "sectors.travail.nane: unknown key; "
     "did you mean `name`?"),
    ('title = "Bail"', "titel = 1, title = \"Bail\"", "fiches.F1234.titel: unknown key; "
     "did you mean `title`?"),
    ("[pages]\nhoraires = ", "[pages]\nhoraires = 3 #", "pages.horaires: must be a list, got 3"),
    # Hours.
    ('"08:30-12:00", ', '"8h30-12h", ',
     'hours.week.monday.1: must be "HH:MM-HH:MM", 00:00 to 24:00, got "8h30-12h"'),
    ('"08:30-12:00", ', '"08:30-25:00", ',
     'hours.week.monday.1: must be "HH:MM-HH:MM", 00:00 to 24:00, got "08:30-25:00"'),
    ('"08:30-12:00", ', '"08:60-12:00", ',
     'hours.week.monday.1: must be "HH:MM-HH:MM", 00:00 to 24:00, got "08:60-12:00"'),
    ('"08:30-12:00", ', '"12:00-08:30", ',
     "hours.week.monday.1: closes before it opens: 12:00-08:30"),
    ('"13:00-24:00"', '"13:00-00:00"',
     "hours.week.monday.2: closes before it opens: 13:00-00:00; midnight is 24:00"),
    ('"13:00-24:00"', '"11:59-24:00"',
     "hours.week.monday: openings overlap: 08:30-12:00, 11:59-24:00"),
    ('"08:30-12:00", ', '"23:00-23:30", ',
     "hours.week.monday: openings overlap: 23:00-23:30, 13:00-24:00"),
    ('monday = ["08:30-12:00", "13:00-24:00"]\n', "", "hours.week: the service is never open"),
    ("monday =", "mondays =", "hours.week.mondays: unknown key; did you mean `monday`?"),
    ("Europe/Paris", "Europe/Pariss",
     "hours.zone: unknown time zone `Europe/Pariss`; did you mean `Europe/Paris`?"),
    ("Europe/Paris", "Europe",
     "hours.zone: unknown time zone `Europe`; did you mean `Europe/Rome`?"),
    ('"FR-57"', '"FR-999"',
     'hours.holidays: must be country-subdivision as in "FR-57", got "FR-999"'),
    ("[code]", '[[hours.exceptions]]\ndate = "24/12/2026"\n[code]',
     "hours.exceptions.1.date: must be a date as in 2026-12-24, got 24/12/2026"),
    ("[code]", "[[hours.exceptions]]\ndate = 2026-12-24T08:00:00\n[code]",
     "hours.exceptions.1.date: must be a date as in 2026-12-24, got 2026-12-24 08:00:00"),
    ("[code]", "[[hours.exceptions]]\nreason = 'x'\n[code]",
     "hours.exceptions.1.date: is missing"),
    ("[code]", "[[hours.exceptions]]\ndate = 2026-12-24\n" * 2 + "[code]",
     "hours.exceptions.2.date: 2026-12-24 is given twice"),
    ("[code]", "[[hours.exceptions]]\ndate = 2026-12-24\nopen = ['12:00-08:00']\n[code]",
     "hours.exceptions.1.open.1: closes before it opens: 12:00-08:00"),
    # Numbers and targets.
    ('["3939"]', '["3939", "39 39"]',
     'numbers.2: must be 2 to 15 digits, with or without +, got "39 39"'),
    ('["3939"]', '["3939", "3939"]', "numbers.2: 3939 is given twice"),
    ("wrap_up_s = 0", "live_target_s = 2701",
     "targets.live_target_s: must not exceed longest_wait_s (2700), got 2701"),
    ("wrap_up_s = 0", "longest_call_s = 2700",
     "targets.longest_call_s: must exceed longest_wait_s (2700), got 2700"),
    ("wrap_up_s = 0", "live_target_s = 20\nlongest_wait_s = 30\nlongest_call_s = 59",
     "targets.longest_call_s: must be at least 60, got 59"),
    ("wrap_up_s = 0", "ring_s = 5", "targets.reserve_s: must be less than ring_s (5), got 5"),
    ("wrap_up_s = 0", "misses_max = 0", "targets.misses_max: must be > 0, got 0"),
    ("wrap_up_s = 0", "widening_s = [30, 60, 90]",
     "targets.widening_s: must begin with 0: level 1 is asked at once"),
    ("wrap_up_s = 0", "widening_s = [0, 60, 60]",
     "targets.widening_s: each level must be asked later than the one before"),
    # References.
    ('"sector:travail"', '"sector:travial"',
     "menus.main.keys.1: unknown sector `travial`; did you mean `travail`?"),
    ('"menu:sub"', '"menu:subs"', "menus.main.keys.2: unknown menu `subs`; did you mean `sub`?"),
    ('"page:horaires"', '"page:xyz"', "menus.info.keys.1: unknown page `xyz`; known: "
     "`horaires` alone"),
    ('sector = "logement"', 'sector = "logment"',
     "fiches.F1234.sector: unknown sector `logment`; did you mean `logement`?"),
    ('first_menu = "main"', 'first_menu = "mian"',
     "first_menu: unknown menu `mian`; did you mean `main`?"),
    ('information_menu = "info"', 'information_menu = "infos"',
     "information_menu: unknown menu `infos`; did you mean `info`?"),
    ('["welcome"]', '["welcom"]',
     "welcome.1: unknown prompt `welcom`; did you mean `welcome`? (prompts/catalogue)"),
    ('"sector-maison"', '"nothing"',
     "sectors.logement.prompt: unknown prompt `nothing` (prompts/catalogue)"),
    ('"sub-intro", ', '"sub-outro", ',
     "menus.sub.prompts.1: unknown prompt `sub-outro`; did you mean `sub-intro`? "
     "(prompts/catalogue)"),
    ('"@hours"', '"@hour"', "pages.horaires.2: unknown prompt `@hour`; did you mean `@hours`?"),
    ("[menus.info.keys]", '[menus.info]\nprompts = ["x"]\n[menus.info.keys]',
     "menus.info.prompts.1: unknown prompt `x` (prompts/catalogue)"),
    # Keys.
    ('2 = "menu:sub"', '2 = "menu:sub"\n10 = "page:horaires"',
     'menus.main.keys.10: cannot be told from "1": one key begins the other'),
    ('2 = "menu:sub"', '2 = "menu:sub"\n01 = "page:horaires"',
     'menus.main.keys.01: cannot be told from "0": one key begins the other'),
    ('2 = "menu:sub"', '2 = "menu:sub"\n0 = "page:horaires"',
     'menus.main.keys.0: "0" is taken in every menu (keys.repeat)'),
    ('2 = "menu:sub"', '2 = "menu:sub"\nA = "page:horaires"',
     'menus.main.keys.A: a key is made of 0-9, * and #, got "A"'),
    ('2 = "menu:sub"', '2 = "menu:sub"\n"" = "page:horaires"',
     'menus.main.keys.: a key is made of 0-9, * and #, got ""'),
    ('back = "*"', 'back = "**"\ninformations = 1',
     "keys.informations: unknown key; did you mean `information`?"),
    ('back = "*"', 'back = "0"', 'keys.back: "0" is also keys.repeat'),
    ('back = "*"', 'back = "B"', 'keys.back: a key is made of 0-9, * and #, got "B"'),
    ('back = "*"', 'back = "#1"\n', 'keys.information: cannot be told from "#1": '
     "one key begins the other"),
    ('2 = "menu:sub"', '2 = "menu:sub"\n3 = "travail"',
     'menus.main.keys.3: must be "menu:…", "sector:…" or "page:…", got "travail"'),
    ('2 = "menu:sub"', '2 = "menu:sub"\n3 = "sectr:travail"',
     'menus.main.keys.3: must be "menu:…", "sector:…" or "page:…", got "sectr:travail"; '
     "did you mean `sector`?"),
    ('11 = "sector:logement"\n', "", "menus.sub.keys: must not be empty"),
    ('2 = "menu:sub"', '2 = "menu:sub"\n' + "".join(f'{n} = "page:horaires"\n' for n in "3456"),
     "menus.main.keys: offers 6 choices, at most 5 can be kept in mind: put some in a menu of "
     "their own"),
    # Callers who press no key.
    ('first_menu = "main"', 'first_menu = "main"\nno_key = "queue:"',
     'no_key: must be "queue:" and a sector, as in "queue:general", got "queue:"'),
    ('name = "Travail"', 'name = "Travail"\nfor_all = true',
     "sectors.travail.for_all: a key or a fiche leads to this sector: only the queue of no_key "
     "is for all"),
    ('information_menu = "info"', 'information_menu = "main"',
     "information_menu: must be another menu than first_menu, which leads there"),
    ('first_menu = "main"', 'first_menu = "main"\nno_key = "sector:travail"',
     'no_key: must be "queue:" and a sector, as in "queue:general", got "sector:travail"'),
    ('first_menu = "main"', 'first_menu = "main"\nno_key = "queue:travaux"',
     "no_key: unknown sector `travaux`; did you mean `travail`?"),
    ('first_menu = "main"', 'first_menu = "main"\nno_key = "queue:travail"',
     "no_key: not every informateur serves travail: sectors.travail.for_all = true"),
    # Reach.
    ("[menus.info.keys]", '[menus.lost]\nprompts = ["main"]\n[menus.lost.keys]\n1 = "menu:main"\n'
     "[menus.info.keys]", "menus.lost: no key leads to this menu"),
    ("[sectors.travail]", '[sectors.lost]\nname = "x"\nministry = "x"\ncode = "13"\n'
     'prompt = "main"\n[sectors.travail]',
     "sectors.lost: neither a key nor a fiche leads to this sector"),
    ("[pages]", '[pages]\nlost = ["main"]', "pages.lost: no key leads to this page"),
    ("[pages]", "[pages]\nlost = []", "pages.lost: must not be empty"),
    # Names.
    ('F1234 = { sector = "logement"', '1234 = { sector = "logement"',
     "fiches.1234: a fiche is named F and its number, as in F1234"),
    ("[pages]", '[pages]\n"A b" = ["main"]',
     "pages.A b: a name is lower-case letters, digits and hyphens"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), PLAN_FAULTS)
def test_each_fault_of_the_plan_is_reported(
    service: Service, old: str, new: str, problem: str
) -> None:
    service.change("plan.toml", old, new)
    assert service.plan_problems() == [f"plan.toml: {problem}"]


def test_one_fault_is_reported_once(service: Service) -> None:
    """References to a table that is missing or of the wrong type are not reported as well."""
    without_sectors = re.sub(r"\[sectors.*?(?=\[keys\])", "", PLAN, flags=re.DOTALL)
    service.write("plan.toml", without_sectors)
    assert service.plan_problems() == ["plan.toml: sectors: is missing"]
    service.write("plan.toml", PLAN.replace('1 = "sector:travail"', "1 = 5"))
    assert service.plan_problems() == [
        'plan.toml: menus.main.keys.1: must be text in "quotes", got 5'
    ]
    service.write("plan.toml", PLAN.replace('first_menu = "main"\n', ""))
    assert service.plan_problems() == ["plan.toml: first_menu: is missing"]


def test_an_empty_plan_names_what_it_lacks(service: Service) -> None:
    service.write("plan.toml", "")
    told = service.plan_problems()
    assert "plan.toml: name: is missing" in told
    assert "plan.toml: hours: is missing" in told
    assert all(problem.endswith("is missing") for problem in told)


@pytest.mark.parametrize("key", sorted(tomllib.loads(PLAN)))
@pytest.mark.parametrize("value", ["5", "'x'", "[]", "{}", "{ x = 1 }", "[1]"])
def test_any_value_at_any_key_is_reported_in_plain_words(
    service: Service, key: str, value: str
) -> None:
    lines = re.sub(rf"^\[\[?{key}\b[^\n]*\n([^\[\n][^\n]*\n)*", "", PLAN, flags=re.MULTILINE)
    lines = re.sub(rf"^{key} = [^\n]*\n", "", lines, flags=re.MULTILINE)
    service.write("plan.toml", f"{key} = {value}\n{lines}")
    try:
        service.plan()
    except ConfigError as error:
        told = str(error)
        for jargon in ("pydantic", "input", "valid dictionary", "is not valid", "stopgap", "Table"):
            assert jargon not in told
