import re
import tomllib
from datetime import date, time
from pathlib import Path

import pytest

from router.config import (
    Settings,
    asterisk_settings,
    load,
    load_plan,
    load_secrets,
    new_secrets,
)
from router.core.hours import DayException
from router.core.ids import (
    AgentId,
    EntryId,
    FicheId,
    MenuId,
    PageId,
    PhoneId,
    PromptId,
    QuestionId,
    ReasonId,
    SectorId,
)
from router.core.plan import (
    Back,
    Desk,
    DeskAction,
    Entry,
    Feature,
    LogInBy,
    PauseReason,
    Plan,
    Question,
    QuestionKind,
    Repeat,
    SecondLogIn,
    ToMenu,
    ToPage,
    ToSector,
)
from router.errors import ConfigError

PLAN = """\
name = "Essai"
numbers = ["3939"]
welcome = ["welcome"]
first_menu = "main"
information_menu = "info"

[hours]
zone = "Europe/Paris"
holidays = "FR-57"
[hours.week]
monday = ["08:30-12:00", "13:00-24:00"]

[code]
tries = 2

[targets]
wrap_up_s = 0

[sectors.travail]
name = "Travail"
ministry = "ministère"
code = "11"
[sectors.logement]
name = "Logement"
ministry = "ministère"
code = "12"
prompt = "sector-maison"

[keys]
repeat = "0"
back = "*"
information = "#"

[menus.main.keys]
1 = "sector:travail"
2 = "menu:sub"
[menus.sub]
prompts = ["sub-intro", "@next-opening"]
[menus.sub.keys]
11 = "sector:logement"
[menus.info.keys]
1 = "page:horaires"

[pages]
horaires = ["page-hours", "@hours"]

[fiches]
F1234 = { sector = "logement", title = "Bail" }

[desk]
away_s = 0
supervisor_phones = ["901"]
[desk.reasons]
pause = { name = "Pause courte", key = "1", longest_s = 900 }
repas = { name = "Déjeuner", key = "2", longest_s = 3600 }

[directory]
caf = { name = "Caf", code = "11", number = "3230" }
mairie = { name = "Mairie", code = "12", prompt = "mairie", hours_prompt = "annuaire" }

[[questions]]
id = "avis"
scores = { 1 = 1, 2 = 2, 3 = 3 }
satisfied = [2, 3]
[[questions]]
id = "reponse"
kind = "yes/no"
prompt = "reponse-ou-non"
yes = "1"
no = "2"
"""

AGENTS = """\
101 = { travail = 1, logement = 3 }
102 = { logement = 1 }
"""

#: Codes and keys other than those of `Desk`.
CODES = """
[desk.codes]
"*10" = "log in"
"*11" = "log out"
"*12" = "pause"
"*13" = "ready"
"*14" = "note"
"""
KEYS = """
[desk.keys]
"#1" = "hold"
"##" = "hold"
"#2" = "transfer"
"#3" = "consult"
"#4" = "refer"
"#5" = "refer spoken"
"#6" = "complete"
"#9" = "cancel"
"""

PROMPTS = frozenset(
    {"welcome", "main", "sub-intro", "info", "page-hours", "sector-travail", "sector-maison"}
    | {"desk-ask-reason-pause", "desk-ask-reason-repas", "vote-avis", "reponse-ou-non"}
    | {"directory-caf", "directory-caf-hours", "mairie", "annuaire"}
)


class Service:
    """The files of a small service, to be changed and read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("plan.toml", PLAN)
        self.write("agents.toml", AGENTS)
        self.write("allo.toml", 'plan = "plan.toml"\nagents = "agents.toml"\n')
        self.write("secrets.toml", new_secrets(["101", "102"], ["901"]))

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = self.text(name)
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def plan(self) -> Plan:
        return load_plan(self.folder / "plan.toml", self.folder / "agents.toml", PROMPTS)

    def plan_problems(self) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            self.plan()
        return [str(problem) for problem in raised.value.problems]

    def problems(self) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load(self.folder / "allo.toml", PROMPTS)
        return [str(problem) for problem in raised.value.problems]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


# --- The plan that is read ------------------------------------------------------------


def test_a_plan_is_read_whole(service: Service) -> None:
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


def test_the_informateurs_tools_are_read_whole(service: Service) -> None:
    plan = service.plan()
    assert plan.sectors[SectorId("logement")].code == "12"
    assert plan.desk == Desk(
        away_s=0,
        supervisor_phones=(PhoneId("901"),),
        reasons={
            ReasonId("pause"): PauseReason(ReasonId("pause"), "Pause courte", "1", 900),
            ReasonId("repas"): PauseReason(ReasonId("repas"), "Déjeuner", "2", 3600),
        },
    )
    assert plan.directory == {
        EntryId("caf"): Entry(
            EntryId("caf"),
            "Caf",
            "11",
            "3230",
            PromptId("directory-caf"),
            PromptId("directory-caf-hours"),
        ),
        EntryId("mairie"): Entry(
            EntryId("mairie"), "Mairie", "12", None, PromptId("mairie"), PromptId("annuaire")
        ),
    }
    assert plan.questions == (
        Question(
            QuestionId("avis"), PromptId("vote-avis"), {"1": 1, "2": 2, "3": 3}, frozenset({2, 3})
        ),
        Question(
            QuestionId("reponse"),
            PromptId("reponse-ou-non"),
            {"1": 1, "2": 0},
            frozenset({1}),
            QuestionKind.YES_NO,
        ),
    )


def test_codes_and_keys_of_the_desk_may_be_others(service: Service) -> None:
    service.change("plan.toml", "away_s = 0", 'log_in = "code"\nsecond_log_in = "take over"')
    service.write("plan.toml", service.text("plan.toml") + CODES + KEYS)
    desk = service.plan().desk
    assert desk.log_in is LogInBy.CODE
    assert desk.second_log_in is SecondLogIn.TAKE_OVER
    assert desk.codes["*10"] is DeskAction.LOG_IN
    assert len(desk.codes) == 5
    assert desk.keys["#9"] is Feature.CANCEL
    assert len(desk.keys) == 8


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


# --- Each fault of the plan, told once --------------------------------------------------

PLAN_FAULTS = [
    # Shapes: keys, types, ranges.
    ("wrap_up_s = 0", "warp_up_s = 0", "targets.warp_up_s: unknown key; did you mean `wrap_up_s`?"),
    ("wrap_up_s = 0", "colour = 0", "targets.colour: unknown key"),
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
     "hours.exceptions.2.date: 2026-12-24 is there twice"),
    ("[code]", "[[hours.exceptions]]\ndate = 2026-12-24\nopen = ['12:00-08:00']\n[code]",
     "hours.exceptions.1.open.1: closes before it opens: 12:00-08:00"),
    # Numbers and targets.
    ('["3939"]', '["3939", "39 39"]',
     'numbers.2: must be 2 to 15 digits, with or without +, got "39 39"'),
    ('["3939"]', '["3939", "3939"]', "numbers.2: 3939 is there twice"),
    ("wrap_up_s = 0", "live_target_s = 2701",
     "targets.live_target_s: must not exceed longest_wait_s (2700), got 2701"),
    ("wrap_up_s = 0", "longest_call_s = 2700",
     "targets.longest_call_s: must exceed longest_wait_s (2700), got 2700"),
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
    ('"page:horaires"', '"page:xyz"', "menus.info.keys.1: unknown page `xyz`"),
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
    # Who presses nothing.
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
def test_each_fault_of_the_plan_is_told(service: Service, old: str, new: str, problem: str) -> None:
    service.change("plan.toml", old, new)
    assert service.plan_problems() == [f"plan.toml: {problem}"]


DESK_FAULTS = [
    # Codes of sectors.
    ('code = "11"\n[sectors.logement]', "[sectors.logement]",
     "sectors.travail.code: is missing"),
    ('ministry = "ministère"\ncode = "12"', 'ministry = "ministère"\ncode = "11"',
     'sectors.logement.code: "11" is also sectors.travail.code'),
    ('ministry = "ministère"\ncode = "12"', 'ministry = "ministère"\ncode = "112"',
     'sectors.logement.code: must be as long as sectors.travail.code ("11"), got "112"'),
    ('ministry = "ministère"\ncode = "12"', 'ministry = "ministère"\ncode = "*2"',
     'sectors.logement.code: must be 1 to 6 digits, got "*2"'),
    ("F1234 =", "F11 =", 'sectors.travail.code: "11" is also the number of fiche F11'),
    # The desk.
    ("away_s = 0", "away = 0", "desk.away: unknown key; did you mean `away_s`?"),
    ("away_s = 0", "away_s = -1", "desk.away_s: must be >= 0, got -1"),
    ("away_s = 0", "pin_tries = 0", "desk.pin_tries: must be > 0, got 0"),
    ("away_s = 0", 'log_in = "pin"', "desk.log_in: must be 'phone' or 'code', got \"pin\""),
    ("away_s = 0", 'second_log_in = "take-over"',
     "desk.second_log_in: must be 'refuse' or 'take over', got \"take-over\""),
    ('["901"]', '["901", 902]', 'desk.supervisor_phones.2: must be text in "quotes", got 902'),
    ('["901"]', '["lea"]',
     'desk.supervisor_phones.1: a phone is 1 to 10 digits, as in "901", got "lea"'),
    ('["901"]', '["901", "101"]', "desk.supervisor_phones.2: 101 is an informateur's"),
    ('["901"]', '["901", "901"]', "desk.supervisor_phones.2: 901 is there twice"),
    # Codes that are dialled and keys during a call.
    ('"*10" = "log in"', '"*10" = "log im"',
     "desk.codes.*10: unknown action `log im`; did you mean `log in`?"),
    ('"*10" = "log in"', '"*10" = "hold"', "desk.codes.*10: unknown action `hold`"),
    ('"*10" = "log in"', '"*10" = 1', 'desk.codes.*10: must be text in "quotes", got 1'),
    ('"*10" = "log in"\n', "", 'desk.codes: nothing is for "log in"'),
    ('"*14" = "note"', '"*131" = "note"',
     'desk.codes.*131: cannot be told from "*13": one key begins the other'),
    ('"*11" = "log out"', '"1A" = "log out"',
     'desk.codes.1A: a key is made of 0-9, * and #, got "1A"'),
    ('"*11" = "log out"', '3939 = "log out"',
     "desk.codes.3939: is also one of `numbers`, which callers dial"),
    ('"#5" = "refer spoken"', '"#5" = "refer spokn"',
     "desk.keys.#5: unknown feature `refer spokn`; did you mean `refer spoken`?"),
    ('"#5" = "refer spoken"\n', "", 'desk.keys: nothing is for "refer spoken"'),
    ('"#9" = "cancel"', '"#91" = "cancel"\n"#9" = "cancel"',
     'desk.keys.#9: cannot be told from "#91": one key begins the other'),
    # Reasons for a pause.
    ('key = "2"', 'key = "1"', 'desk.reasons.repas.key: "1" is also desk.reasons.pause'),
    ('key = "2"', 'key = "22"', 'desk.reasons.repas.key: must be one digit, got "22"'),
    ('key = "2"', "key = 2", 'desk.reasons.repas.key: must be text in "quotes", got 2'),
    ("longest_s = 3600", "longest_s = 0", "desk.reasons.repas.longest_s: must be > 0, got 0"),
    (", longest_s = 3600", "", "desk.reasons.repas.longest_s: is missing"),
    ("repas =", "repos =", "desk.reasons.repos: unknown prompt `desk-ask-reason-repos`; "
     "did you mean `desk-ask-reason-repas`? (prompts/catalogue)"),
    # The directory.
    ('"3230"', '"32 30"', 'directory.caf.number: must be 2 to 15 digits, got "32 30"'),
    ('"3230"', '"+33"', 'directory.caf.number: must be 2 to 15 digits, got "+33"'),
    ('"3230"', "3230", 'directory.caf.number: must be text in "quotes", got 3230'),
    ('"3230"', '"3939"', "directory.caf.number: 3939 is this service's own number"),
    ('number = "3230"', 'numero = "3230"', "directory.caf.numero: unknown key; "
     "did you mean `number`?"),
    ('name = "Mairie", code = "12"', 'name = "Mairie", code = "11"',
     'directory.mairie.code: "11" is also directory.caf.code'),
    ('name = "Mairie", code = "12"', 'name = "Mairie", code = "1"',
     'directory.mairie.code: must be as long as directory.caf.code ("11"), got "1"'),
    ("mairie =", "Mairie =",
     "directory.Mairie: a name is lower-case letters, digits and hyphens"),
    ('"annuaire"', '"annuaires"', "directory.mairie.hours_prompt: unknown prompt `annuaires`; "
     "did you mean `annuaire`? (prompts/catalogue)"),
    # What the service aims at, and has published.
    ("[desk]\n", "[goals]\nin_time = 80\n[desk]\n", "goals.in_time: must be <= 1, got 80"),
    ("[desk]\n", "[goals]\nsatisfied = -0.1\n[desk]\n",
     "goals.satisfied: must be >= 0, got -0.1"),
    ("[desk]\n", "[goals]\nin_tine = 0.8\n[desk]\n",
     "goals.in_tine: unknown key; did you mean `in_time`?"),
    ("[desk]\n", '[[published]]\nyear = 2025\nanswered = 7\n[desk]\n',
     "published.1.source: is missing"),
    ("[desk]\n", '[[published]]\nyear = 25\nsource = "Bilan"\nanswered = 7\n[desk]\n',
     "published.1.year: must be >= 1900, got 25"),
    ("[desk]\n", '[[published]]\nyear = 2025\nsource = "Bilan"\n[desk]\n',
     "published.1: names no figure: answered, answered_callback, mobilised or satisfaction"),
    ("[desk]\n", '[[published]]\nyear = 2025\nsource = "Bilan"\nsatisfaction = 90.0\n[desk]\n',
     "published.1.satisfaction: must be <= 1, got 90.0"),
    ("[desk]\n", '[[published]]\nyear = 2025\nsource = "Bilan"\nanswered = 7\n'
     'answered_callback = 8\n[desk]\n',
     "published.1.answered_callback: 8 of 7 answered calls cannot have been callbacks"),
    ("[desk]\n", '[[published]]\nyear = 2025\nsource = "A"\nanswered = 7\n'
     '[[published]]\nyear = 2025\nsource = "B"\nanswered = 7\n[desk]\n',
     "published.2.year: 2025 is there twice"),
    # Questions.
    ('id = "reponse"', 'id = "avis"', 'questions.2.id: "avis" is there twice'),
    ("[desk]\n", '[relay]\nname = "Relais"\nurl = "javascript:alert(1)"\n[desk]\n',
     'relay.url: must be a web page, "https://www.example.org/", got "javascript:alert(1)"'),
    ("[desk]\n", '[relay]\nname = "Relais"\n[desk]\n', "relay.url: is missing"),
    ('id = "reponse"\n', "", "questions.2.id: is missing"),
    ('id = "reponse"', 'id = "La réponse"',
     "questions.2.id: a name is lower-case letters, digits and hyphens"),
    ("3 = 3 }", "30 = 3 }", 'questions.1.scores.30: must be one digit, got "30"'),
    ("scores = { 1 = 1, 2 = 2, 3 = 3 }", "scores = {}",
     "questions.1.scores: must not be empty: a score for each key, as { 1 = 1 }"),
    ("3 = 3 }", '3 = "3" }', 'questions.1.scores.3: must be a whole number, got "3"'),
    ("satisfied = [2, 3]", "satisfied = [2, 5]",
     "questions.1.satisfied.2: 5 is none of the scores"),
    ("satisfied = [2, 3]", "satisfied = []",
     "questions.1.satisfied: must not be empty: the scores that count as satisfied"),
    ("{ 1 = 1, 2 = 2, 3 = 3 }\nsatisfied = [2, 3]", "{ 4 = 0, 3 = 1 }\nsatisfied = [1]",
     "questions.1.scores: are no and yes, not scores to average; "
     'write kind = "yes/no", yes = "3", no = "4"'),
    ('kind = "yes/no"', 'kind = "oui/non"',
     "questions.2.kind: must be 'score' or 'yes/no', got \"oui/non\""),
    ('yes = "1"\n', "", 'questions.2.yes: is missing: the key that says yes, as "1"'),
    ('no = "2"', 'no = "#"', 'questions.2.no: must be one digit, got "#"'),
    ('no = "2"', 'no = "1"', 'questions.2.no: "1" says yes already'),
    ('no = "2"', 'no = "2"\nsatisfied = [1]',
     'questions.2.satisfied: is of kind "score"; one of kind "yes/no" has `yes` and `no`'),
    ("satisfied = [2, 3]", 'satisfied = [2, 3]\nyes = "1"',
     'questions.1.yes: is of kind "yes/no"; one of kind "score" has `scores` and `satisfied`'),
    ('"reponse-ou-non"', '"reponse-ou-nom"', "questions.2.prompt: unknown prompt "
     "`reponse-ou-nom`; did you mean `reponse-ou-non`? (prompts/catalogue)"),
]  # fmt: skip


GENERAL = """
[sectors.general]
name = "Sans domaine"
ministry = "tous"
for_all = true
prompt = "main"
"""


def test_every_informateur_serves_the_queue_of_who_presses_nothing(service: Service) -> None:
    """Whatever agents.toml says of it; it needs no code, no key and no page."""
    service.change(
        "plan.toml", 'first_menu = "main"', 'first_menu = "main"\nno_key = "queue:general"'
    )
    service.write("plan.toml", service.text("plan.toml") + GENERAL)
    service.change("agents.toml", "102 = { logement = 1 }", "102 = { logement = 1, general = 3 }")
    plan = load_plan(service.folder / "plan.toml", service.folder / "agents.toml", PROMPTS)

    assert plan.no_key == "general"
    assert [agent.skills[SectorId("general")] for agent in plan.agents.values()] == [1, 1]
    assert set(plan.domains) == {"travail", "logement"}


def test_who_is_asked_once_cannot_be_listened_to(service: Service) -> None:
    first, wraps_up = 'first_menu = "main"', "wrap_up_s = 0"
    service.change("plan.toml", first, f'{first}\nno_key = "queue:general"')
    service.change("plan.toml", wraps_up, f"{wraps_up}\ntries = 1")
    service.write("plan.toml", service.text("plan.toml") + GENERAL)
    [told] = service.plan_problems()
    assert told.startswith("plan.toml: targets.tries: must be 2 or more where unheard_max limits")

    service.change("plan.toml", "tries = 1", "tries = 1\nunheard_max = 0")
    assert service.plan().targets.unheard_max == 0


def test_a_queue_that_all_serve_and_nobody_is_led_to_is_a_fault(service: Service) -> None:
    service.write("plan.toml", service.text("plan.toml") + GENERAL)

    assert service.plan_problems() == [
        'plan.toml: sectors.general: nobody is led there: no_key = "queue:general"'
    ]


@pytest.mark.parametrize(("old", "new", "problem"), DESK_FAULTS)
def test_each_fault_of_the_informateurs_tools_is_told(
    service: Service, old: str, new: str, problem: str
) -> None:
    service.write("plan.toml", service.text("plan.toml") + CODES + KEYS)
    service.change("plan.toml", old, new)
    assert service.plan_problems() == [f"plan.toml: {problem}"]


def test_a_desk_without_reasons(service: Service) -> None:
    pauses = "".join(line for line in PLAN.splitlines(True) if "longest_s" in line)
    service.change("plan.toml", pauses, "")
    assert service.plan_problems() == [
        "plan.toml: desk.reasons: must not be empty: an informateur may need a pause"
    ]


def test_prompts_of_an_entry_are_both_needed(service: Service) -> None:
    service.change("plan.toml", "caf =", "impots =")
    assert [problem.split("`")[:2] for problem in service.plan_problems()] == [
        ["plan.toml: directory.impots.prompt: unknown prompt ", "directory-impots"],
        ["plan.toml: directory.impots.hours_prompt: unknown prompt ", "directory-impots-hours"],
    ]


AGENT_FAULTS = [
    ("logement = 3", "logment = 3", "101.logment: unknown sector `logment`; "
     "did you mean `logement`?"),
    ("logement = 3", "logement = 4", "101.logement: the level must be 1 to 3 "
     "(targets.widening_s), got 4"),
    ("logement = 3", "logement = 0", "101.logement: the level must be 1 to 3 "
     "(targets.widening_s), got 0"),
    ("logement = 3", 'logement = "x"', '101.logement: must be a whole number, got "x"'),
    ("102 = { logement = 1 }", "102 = {}", "102: has no sector"),
    ("102 = { logement = 1 }", "102 = 1", "102: must be a table, got 1"),
    ("102 =", "lea =", "lea: an informateur's id is digits, as in 101"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), AGENT_FAULTS)
def test_each_fault_of_the_informateurs_is_told(
    service: Service, old: str, new: str, problem: str
) -> None:
    service.change("agents.toml", old, new)
    assert service.plan_problems() == [f"agents.toml: {problem}"]


def test_an_informateur_twice_is_told_with_its_line(service: Service) -> None:
    service.change("agents.toml", "102 =", "101 =")
    (problem,) = service.plan_problems()
    assert problem.startswith("agents.toml: is not valid TOML: a key is there twice (at line 2")


def test_no_informateur_at_all(service: Service) -> None:
    service.write("agents.toml", "")
    assert service.plan_problems() == ["agents.toml: names no informateur"]


def test_a_sector_without_informateur(service: Service) -> None:
    service.write("agents.toml", "101 = { logement = 1 }")
    assert service.plan_problems() == [
        "plan.toml: sectors.travail: no informateur has this sector (agents.toml)"
    ]


# --- Faults together --------------------------------------------------------------------


def test_all_faults_are_told_at_once(service: Service) -> None:
    service.change("plan.toml", "wrap_up_s", "warp_up_s")
    service.change("plan.toml", '"08:30-12:00"', '"12:00-08:30"')
    service.change("plan.toml", '"sector:travail"', '"sector:travial"')
    service.change("agents.toml", "logement = 3", "logement = 9")
    told = service.plan_problems()
    assert [problem.split(": ")[1] for problem in told] == [
        "targets.warp_up_s",
        "hours.week.monday.1",
        "menus.main.keys.1",
        "101.logement",
    ]


def test_one_fault_is_told_once(service: Service) -> None:
    """A table that is missing or of a wrong type is not told again by what refers to it."""
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
def test_any_value_at_any_key_gets_plain_words(service: Service, key: str, value: str) -> None:
    lines = re.sub(rf"^\[\[?{key}\b[^\n]*\n([^\[\n][^\n]*\n)*", "", PLAN, flags=re.MULTILINE)
    lines = re.sub(rf"^{key} = [^\n]*\n", "", lines, flags=re.MULTILINE)
    service.write("plan.toml", f"{key} = {value}\n{lines}")
    try:
        service.plan()
    except ConfigError as error:
        told = str(error)
        for jargon in ("pydantic", "input", "valid dictionary", "is not valid", "stopgap", "Table"):
            assert jargon not in told


# --- Files --------------------------------------------------------------------------------


def test_a_missing_file(service: Service) -> None:
    (service.folder / "agents.toml").unlink()
    assert service.plan_problems() == ["agents.toml: cannot be read: No such file or directory"]


def test_a_syntax_error_has_its_line(service: Service) -> None:
    service.change("plan.toml", "tries = 2", "tries == 2")
    (problem,) = service.plan_problems()
    assert problem.startswith("plan.toml: is not valid TOML: ")
    line = PLAN.splitlines().index("tries = 2") + 1
    assert f"at line {line}" in problem


def test_a_date_that_does_not_exist(service: Service) -> None:
    service.change("plan.toml", "[code]", "[[hours.exceptions]]\ndate = 2026-02-30\n[code]")
    (problem,) = service.plan_problems()
    assert problem.startswith("plan.toml: is not valid TOML: ")
    assert "line" in problem


def test_another_encoding_has_its_line(service: Service) -> None:
    (service.folder / "plan.toml").write_bytes(PLAN.replace("Essai", "Été").encode("latin-1"))
    assert service.plan_problems() == ["plan.toml: is not UTF-8 text (at line 1)"]


def test_places_hold_no_folder(service: Service) -> None:
    service.change("plan.toml", "wrap_up_s", "warp_up_s")
    service.change("allo.toml", "plan =", "port = 1\nplan =")
    assert not [problem for problem in service.problems() if str(service.folder) in problem]


# --- Settings and secrets -----------------------------------------------------------------


def test_without_settings_the_shipped_plan_is_read() -> None:
    config = load(None)
    assert config.plan.numbers == ("3939",)
    assert config.secrets is None
    assert config.settings == Settings()
    with pytest.raises(ConfigError, match="secrets: are missing"):
        config.asterisk()


def test_settings_are_read_whole(service: Service) -> None:
    (service.folder / "voix.onnx").touch()
    service.write(
        "allo.toml",
        """
        plan = "plan.toml"
        agents = "agents.toml"
        state_dir = "state"
        [asterisk]
        node = "metz-1"
        trunk_peer = "sip.example.org:5060"
        trunk_bind = "192.0.2.1:5060"
        trunk_hosts = ["192.0.2.2"]
        rtp_first = 20000
        rtp_last = 21999
        [asterisk.registration]
        server = "sip.example.org"
        user = "allo"
        [http]
        port = 8040
        machines = ["192.0.2.7", "2001:db8::/32"]
        [callbacks]
        origins = ["https://www.example.org", "http://127.0.0.1:8039"]
        presented = "+33139390000"
        number_format = "national"
        vault_dir = "vault"
        recycle_s = 60
        [voice]
        engine = "piper"
        model = "voix.onnx"
        [log]
        level = "debug"
        """,
    )
    secrets = service.text("secrets.toml").replace(
        "[agents]", 'registration_password = "p"\n[agents]'
    )
    service.write("secrets.toml", secrets)
    config = load(service.folder / "allo.toml", PROMPTS)
    assert config.settings.state_dir == service.folder / "state"
    assert config.settings.http.port == 8040
    assert config.settings.http.machines == ("192.0.2.7", "2001:db8::/32")
    callbacks = config.settings.callbacks
    assert callbacks.origins == ("https://www.example.org", "http://127.0.0.1:8039")
    assert callbacks.presented == "+33139390000"
    assert callbacks.number_format == "national"
    assert callbacks.vault_dir == service.folder / "vault"
    assert (callbacks.recycle_numbers, callbacks.recycle_s) == (100, 60)
    assert config.settings.voice.model == service.folder / "voix.onnx"
    assert config.settings.log.level == "debug"
    asterisk = config.asterisk()
    assert asterisk.node == "metz-1"
    assert asterisk.trunk_hosts == ("192.0.2.2",)
    assert asterisk.rtp_first == 20000
    assert asterisk.service_numbers == ("3939",)
    assert asterisk.longest_call_s == 7200
    assert asterisk.registration is not None
    assert asterisk.registration.password == "p"
    phones = [phone.endpoint for phone in asterisk.agents]
    assert phones == ["agent-101", "agent-102", "agent-901"]
    assert config.secrets is not None
    assert asterisk.ari_password == config.secrets.ari_password
    assert asterisk == asterisk_settings(config.settings, config.plan, config.secrets)


SETTINGS_FAULTS = [
    ("[asterisk]\ntrunk_bnid = 1", "allo.toml: asterisk.trunk_bnid: unknown key; "
     "did you mean `trunk_bind`?"),
    ('[asterisk]\ntrunk_bind = "here"', "allo.toml: asterisk.trunk_bind: must be an IPv4 address "
     "and a port (192.0.2.1:5060), got 'here'"),
    ("[asterisk]\nrtp_first = 10001", "allo.toml: asterisk.rtp_first: must be even and at least "
     "1024, got 10001"),
    ("[http]\nport = 70000", "allo.toml: http.port: must be <= 65535, got 70000"),
    ("[http]\nport = 8088", "allo.toml: http.port: 8088 is also asterisk.ari_port"),
    ('[http]\nmachines = ["192.0.2.0/24", "here"]', "allo.toml: http.machines.2: must be an "
     'address or a network (192.0.2.0/24), got "here"'),
    ('[http]\nmachines = ["192.0.2.7/24"]', "allo.toml: http.machines.1: must be an address or "
     'a network (192.0.2.0/24), got "192.0.2.7/24"; did you mean 192.0.2.0/24, or 192.0.2.7?'),
    ('[voice]\nengine = "espeak"', "allo.toml: voice.engine: must be 'espeak-ng' or 'piper', "
     'got "espeak"'),
    ('[voice]\nengine = "piper"', "allo.toml: voice.model: is missing: the .onnx file of the "
     "Piper voice"),
    ('[voice]\nengine = "piper"\nmodel = "x"', "allo.toml: voice.model: no such file: x"),
    ('[log]\nlevel = "loud"', "allo.toml: log.level: must be 'debug', 'info', 'warning' or "
     "'error', got \"loud\""),
    ('[callbacks]\norigins = ["https://a.example.org", "https://b.example.org/"]',
     "allo.toml: callbacks.origins.2: must be as browsers send it, "
     '"https://www.example.org", got "https://b.example.org/"'),
    ('[callbacks]\npresented = "01 39 39"', "allo.toml: callbacks.presented: must be "
     '"+" and 6 to 15 digits, or a short number, got "01 39 39"'),
    ('[callbacks]\nnumber_format = "E164"', "allo.toml: callbacks.number_format: must be 'e164', "
     "'+e164' or 'national', got \"E164\""),
    ("[callbacks]\nper_day = 0", "allo.toml: callbacks.per_day: must be > 0, got 0"),
    ("[callbacks]\ndifficulty = 10", "allo.toml: callbacks.difficulty: must be >= 1000, got 10"),
    ("[callbacks]\nproof_of_work = 1", "allo.toml: callbacks.proof_of_work: must be true or "
     "false, got 1"),
    ("[callbacks]\npresent = 1", "allo.toml: callbacks.present: unknown key; did you mean "
     "`presented`?"),
    ('state_dir = "a;b"', None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), SETTINGS_FAULTS)
def test_each_fault_of_the_settings_is_told(
    service: Service, text: str, problem: str | None
) -> None:
    service.write("allo.toml", f'agents = "agents.toml"\nplan = "plan.toml"\n{text}\n')
    told = service.problems()
    assert len(told) == 1
    if problem is not None:
        assert told == [problem]
    else:
        assert told[0].startswith(
            "allo.toml: state_dir: Asterisk cannot read a path with semicolons"
        )


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "www.example.org",
        "https://",
        "https://WWW.example.org",
        "ftp://example.org",
        "https://example.org/",
        "https://example.org:",
        "https://exa mple.org",
        "https://a@b.org",
    ],
)
def test_an_origin_is_exact(service: Service, origin: str) -> None:
    service.write(
        "allo.toml",
        f'agents = "agents.toml"\nplan = "plan.toml"\n[callbacks]\norigins = ["{origin}"]\n',
    )
    (told,) = service.problems()
    assert told.startswith("allo.toml: callbacks.origins.1: must be as browsers send it")


@pytest.mark.parametrize(("silence_s", "is_told"), [(24, False), (25, True), (40, True)])
def test_a_silent_carrier_must_be_told_before_nobody_was_there(
    service: Service, silence_s: int, is_told: bool
) -> None:
    settings = service.text("allo.toml")
    carrier = f'trunk_peer = "sip.example.org:5060"\ntrunk_silence_s = {silence_s}\n'
    service.write("allo.toml", f'{settings}[asterisk]\n{carrier}[callbacks]\npresented = "3939"\n')
    if is_told:
        assert service.problems() == [
            "allo.toml: asterisk.trunk_silence_s: must be less than callbacks.ring_s of plan.toml "
            f"(25), got {silence_s}"
        ]
    else:
        assert load(service.folder / "allo.toml", PROMPTS).settings.callbacks.presented
    service.write("allo.toml", f"{settings}[asterisk]\n{carrier}")  # no callbacks
    load(service.folder / "allo.toml", PROMPTS)


@pytest.mark.parametrize("number", ["3939", "+33139393939", "+262262393939", "30", "118218"])
def test_a_number_to_be_presented(service: Service, number: str) -> None:
    settings = service.text("allo.toml")
    way_out = '[asterisk]\ntrunk_peer = "sip.example.org:5060"\n'
    service.write("allo.toml", f'{settings}{way_out}[callbacks]\npresented = "{number}"\n')
    assert load(service.folder / "allo.toml", PROMPTS).settings.callbacks.presented == number


@pytest.mark.parametrize(
    "number", ["0139393939", "33139393939", "+", "+0139393939", "3939x", "٣٩٣٩"]
)
def test_a_number_that_no_carrier_presents(service: Service, number: str) -> None:
    settings = service.text("allo.toml")
    service.write("allo.toml", f'{settings}[callbacks]\npresented = "{number}"\n')
    (told,) = service.problems()
    assert told.startswith("allo.toml: callbacks.presented: ")


def test_a_number_to_be_presented_needs_a_way_out(service: Service) -> None:
    settings = service.text("allo.toml")
    service.write("allo.toml", f'{settings}[callbacks]\npresented = "3939"\n')
    assert service.problems() == [
        "allo.toml: callbacks.presented: callbacks need a way out: set asterisk.trunk_peer to the "
        "carrier's host:port, or leave this key out"
    ]
    # A way out that is misspelt is told once.
    service.write(
        "allo.toml",
        f'{settings}[asterisk]\ntrunk_peer = 5\n[callbacks]\npresented = "3939"\n',
    )
    [told] = service.problems()
    assert told.startswith("allo.toml: asterisk.trunk_peer: must be text")


def test_nothing_presented_is_no_number_of_ours() -> None:
    assert Settings().callbacks.presented is None
    assert Settings().callbacks.origins == ()


def test_missing_settings(service: Service) -> None:
    (service.folder / "allo.toml").unlink()
    assert service.problems() == ["allo.toml: cannot be read: No such file or directory"]


def test_new_secrets_are_good_and_never_the_same() -> None:
    one, other = new_secrets(["101"]), new_secrets(["101"])
    assert one != other
    table = tomllib.loads(one)
    values = [table["code_secret"], table["ari_password"], table["api_key"], table["agents"]["101"]]
    assert len(set(values)) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{24,}", value) for value in values)


def test_new_secrets_are_for_everyone_who_works_here() -> None:
    agents = [str(number) for number in range(101, 301)]
    table = tomllib.loads(new_secrets(agents, ["901", "902"]))
    assert list(table["agents"]) == [*agents, "901", "902"]
    assert list(table["pins"]) == list(table["tokens"]) == agents
    assert list(table["supervisors"]) == ["superviseur"]
    assert all(re.fullmatch(r"[0-9]{6}", pin) for pin in table["pins"].values())
    for one_each in (table["pins"], table["tokens"], table["agents"]):
        assert len(set(one_each.values())) == len(one_each)


def test_secrets_are_read_and_not_shown(service: Service) -> None:
    given = load_secrets(service.folder / "secrets.toml")
    table = tomllib.loads(service.text("secrets.toml"))
    assert given.code_secret == table["code_secret"].encode()
    assert given.agents[PhoneId("102")] == table["agents"]["102"]
    assert given.agents[PhoneId("901")] == table["agents"]["901"]
    assert given.pins == table["pins"]
    assert given.tokens == table["tokens"]
    assert given.supervisors == table["supervisors"]
    assert given.callback_keys == table["callback_keys"]
    assert list(given.callback_keys) == ["site"]
    assert repr(given) == "Secrets()"


def test_secrets_that_everyone_can_read(service: Service) -> None:
    service.write("secrets.toml", new_secrets(["101", "102"], ["901"]), mode=0o644)
    assert service.problems() == [
        "secrets.toml: everyone on this machine can read it: chmod 600 secrets.toml"
    ]


def test_secrets_that_the_group_can_read_are_accepted(service: Service) -> None:
    (service.folder / "secrets.toml").chmod(0o640)
    load(service.folder / "allo.toml", PROMPTS)


def test_missing_secrets(service: Service) -> None:
    (service.folder / "secrets.toml").unlink()
    assert service.problems() == ["secrets.toml: cannot be read: No such file or directory"]


def test_each_fault_of_the_secrets_is_told_without_its_value(service: Service) -> None:
    service.write(
        "secrets.toml",
        """
        code_secret = "hush"
        ari_password = "hush, and with spaces in it"
        apikey = "hush"
        [agents]
        101 = "hush"
        103 = "hush-hush-hush-hush"
        901 = "hush-hush-hush-hush"
        [pins]
        101 = "hush"
        102 = "123"
        103 = "123456789"
        [tokens]
        101 = "hush-hush-hush-hush"
        102 = "hush-hush-hush-hush"
        103 = "hush"
        [supervisors]
        "Léa" = "hush-hush-hush-hush-hush"
        lea = "hush-hush-hush-hush"
        [callback_keys]
        site = "hush-hush-hush-hush"
        Site = "hush"
        """,
    )
    told = service.problems()
    assert told == [
        "secrets.toml: code_secret: must have at least 16 characters",
        "secrets.toml: api_key: is missing",
        "secrets.toml: apikey: unknown key; did you mean `api_key`?",
        "secrets.toml: pins.101: must be 4 to 8 digits",
        "secrets.toml: pins.102: must be 4 to 8 digits",
        "secrets.toml: pins.103: must be 4 to 8 digits",
        "secrets.toml: supervisors.Léa: a name is lower-case letters, digits and hyphens",
        "secrets.toml: callback_keys.Site: a name is lower-case letters, digits and hyphens",
        "secrets.toml: tokens.102: is the same as tokens.101",
        "secrets.toml: tokens.103: must be 16 to 128 letters, digits, hyphens or underscores",
        "secrets.toml: supervisors.lea: is the same as tokens.101",
        "secrets.toml: callback_keys.site: is the same as tokens.101",
        "secrets.toml: callback_keys.Site: must be 16 to 128 letters, digits, hyphens or "
        "underscores",
        "secrets.toml: agents.102: is missing: the password of this phone",
        "secrets.toml: agents.103: no such phone; did you mean `102`?",
        "secrets.toml: pins.103: no such informateur; did you mean `102`?",
        "secrets.toml: tokens.103: no such informateur; did you mean `102`?",
        "secrets.toml: ari_password: must be 16 to 128 letters, digits, hyphens or underscores",
        "secrets.toml: agents.101: must be 16 to 128 letters, digits, hyphens or underscores",
    ]
    assert "hush" not in "".join(told)
    assert "123" not in "".join(told)


def test_secrets_of_before_there_were_pins_still_load(service: Service) -> None:
    old = service.text("secrets.toml").partition("# What informateurs type")[0]
    assert "[pins]" not in old
    service.write("secrets.toml", old)
    secrets = load(service.folder / "allo.toml", PROMPTS).secrets
    assert secrets is not None
    assert secrets.pins == secrets.tokens == secrets.supervisors == secrets.callback_keys == {}


def test_a_pin_is_needed_where_it_logs_in(service: Service) -> None:
    pin = re.search(r'(?s)\[pins\].*?(102 = "[0-9]{6}"\n)', service.text("secrets.toml"))
    assert pin is not None
    service.change("secrets.toml", pin[1], "")
    load(service.folder / "allo.toml", PROMPTS)
    service.change("plan.toml", "away_s = 0", 'log_in = "code"')
    assert service.problems() == [
        'secrets.toml: pins.102: is missing, and the plan says desk.log_in = "code"'
    ]


def test_a_phone_of_a_supervisor_needs_its_password(service: Service) -> None:
    service.write("secrets.toml", new_secrets(["101", "102"]))
    assert service.problems() == [
        "secrets.toml: agents.901: is missing: the password of this phone"
    ]


def test_a_token_cannot_be_the_key_of_the_web_site(service: Service) -> None:
    table = tomllib.loads(service.text("secrets.toml"))
    service.change("secrets.toml", table["supervisors"]["superviseur"], table["api_key"])
    assert service.problems() == ["secrets.toml: supervisors.superviseur: is the same as api_key"]


def test_the_token_of_machines_is_nobody_elses(service: Service) -> None:
    table = tomllib.loads(service.text("secrets.toml"))
    for token, told in ((table["api_key"], "is the same as api_key"), ("short", "must be 16 to")):
        service.write(
            "secrets.toml",
            service.text("secrets.toml").replace(
                f'machines_token = "{table["machines_token"]}"', f'machines_token = "{token}"'
            ),
        )
        (problem,) = service.problems()
        assert problem.startswith(f"secrets.toml: machines_token: {told}")
        service.write(
            "secrets.toml",
            service.text("secrets.toml").replace(
                f'machines_token = "{token}"', f'machines_token = "{table["machines_token"]}"'
            ),
        )


def test_faults_of_all_files_come_together(service: Service) -> None:
    service.change("allo.toml", "plan =", "plam = 1\nplan =")
    service.change("plan.toml", "wrap_up_s", "warp_up_s")
    service.change("agents.toml", "logement = 3", "logement = 9")
    service.write("secrets.toml", new_secrets(["101"], ["901"]))
    assert [problem.split(": ")[:2] for problem in service.problems()] == [
        ["allo.toml", "plam"],
        ["plan.toml", "targets.warp_up_s"],
        ["agents.toml", "101.logement"],
        ["secrets.toml", "agents.102"],
    ]
