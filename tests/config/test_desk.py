"""Informateurs' tools in the plan: desk, directory, goals and questions."""

import pytest

from router.core.ids import EntryId, PhoneId, PromptId, QuestionId, ReasonId, SectorId
from router.core.plan import (
    Desk,
    DeskAction,
    Entry,
    Feature,
    LogInBy,
    PauseReason,
    Question,
    QuestionKind,
    SecondLogIn,
)
from tests.config.scene import PLAN, Service

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


def test_the_informateurs_tools_are_read_completely(service: Service) -> None:
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


def test_codes_and_keys_of_the_desk_may_be_changed(service: Service) -> None:
    service.change("plan.toml", "away_s = 0", 'log_in = "code"\nsecond_log_in = "take over"')
    service.write("plan.toml", service.text("plan.toml") + CODES + KEYS)
    desk = service.plan().desk
    assert desk.log_in is LogInBy.CODE
    assert desk.second_log_in is SecondLogIn.TAKE_OVER
    assert desk.codes["*10"] is DeskAction.LOG_IN
    assert len(desk.codes) == 5
    assert desk.keys["#9"] is Feature.CANCEL
    assert len(desk.keys) == 8


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
    ('["901"]', '["901", "901"]', "desk.supervisor_phones.2: 901 is given twice"),
    # Codes that are dialled, and keys during a call.
    ('"*10" = "log in"', '"*10" = "log im"',
     "desk.codes.*10: unknown action `log im`; did you mean `log in`?"),
    ('"*10" = "log in"', '"*10" = "hold"', "desk.codes.*10: unknown action `hold`; known: "
     "`log in`, `log out`, `pause`, `ready` and `note`"),
    ('"*10" = "log in"', '"*10" = 1', 'desk.codes.*10: must be text in "quotes", got 1'),
    ('"*10" = "log in"\n', "", 'desk.codes: has nothing for "log in"'),
    ('"*14" = "note"', '"*131" = "note"',
     'desk.codes.*131: cannot be told from "*13": one key begins the other'),
    ('"*11" = "log out"', '"1A" = "log out"',
     'desk.codes.1A: a key is made of 0-9, * and #, got "1A"'),
    ('"*11" = "log out"', '3939 = "log out"',
     "desk.codes.3939: is also one of `numbers`, which callers dial"),
    ('"#5" = "refer spoken"', '"#5" = "refer spokn"',
     "desk.keys.#5: unknown feature `refer spokn`; did you mean `refer spoken`?"),
    ('"#5" = "refer spoken"\n', "", 'desk.keys: has nothing for "refer spoken"'),
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
    # What the service aims at, and what it has published.
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
     "published.2.year: 2025 is given twice"),
    # Questions.
    ('id = "reponse"', 'id = "avis"', 'questions.2.id: "avis" is given twice'),
    *(
        ('first_menu = "main"\n', f'first_menu = "main"\nfiche_url = "{url}"\n',
         'fiche_url: must be a web page with {fiche} in it, "https://www.example.org/{fiche}", '
         f'got "{url}"')
        for url in ("https://www.example.org/", "javascript:alert('{fiche}')", "{fiche}")
    ),
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
     "questions.1.scores: are no and yes, which have no mean: "
     'write kind = "yes/no", yes = "3", no = "4"'),
    ('kind = "yes/no"', 'kind = "oui/non"',
     "questions.2.kind: must be 'score' or 'yes/no', got \"oui/non\""),
    ('yes = "1"\n', "", 'questions.2.yes: is missing: the key that says yes, for instance "1"'),
    ('no = "2"', 'no = "#"', 'questions.2.no: must be one digit, got "#"'),
    ('no = "2"', 'no = "1"', 'questions.2.no: "1" already says yes'),
    ('no = "2"', 'no = "2"\nsatisfied = [1]',
     'questions.2.satisfied: is for the kind "score"; a question of kind "yes/no" has `yes` '
     "and `no`"),
    ("satisfied = [2, 3]", 'satisfied = [2, 3]\nyes = "1"',
     'questions.1.yes: is for the kind "yes/no"; a question of kind "score" has `scores` '
     "and `satisfied`"),
    ('"reponse-ou-non"', '"reponse-ou-nom"', "questions.2.prompt: unknown prompt "
     "`reponse-ou-nom`; did you mean `reponse-ou-non`? (prompts/catalogue)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), DESK_FAULTS)
def test_each_fault_of_the_informateurs_tools_is_reported(
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


def test_an_entry_needs_both_prompts(service: Service) -> None:
    service.change("plan.toml", "caf =", "impots =")
    assert [problem.split("`")[:2] for problem in service.plan_problems()] == [
        ["plan.toml: directory.impots.prompt: unknown prompt ", "directory-impots"],
        ["plan.toml: directory.impots.hours_prompt: unknown prompt ", "directory-impots-hours"],
    ]
