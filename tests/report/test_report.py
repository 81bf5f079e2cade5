"""The report: what it says, what it withholds, and how it answers a wrong command line."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.cli import provision
from router.core.facts import BallotFact, CallFact, Door, DutyFact, Outcome, SubjectFact, VoteFact
from router.core.ids import AgentId, EntryId, FicheId, PromptId, QuestionId
from router.core.plan import Entry, Plan, Question
from router.report import Report, as_json, as_text, publish, write_page
from router.report.figures import DEFINITIONS, OFFERED_IDS
from router.report.words import duration, number, percent, promised, range_text, span
from router.store import FILE_NAME, Store
from tests.report.days import call_facts, realistic, repeated, subject_facts
from tests.service_plan import HOUSING, MONDAY_10H, small_plan
from tests.sums import faults

MONDAY = date(2026, 11, 23)
SUNDAY, TUESDAY = MONDAY - timedelta(days=1), MONDAY + timedelta(days=1)
QUESTION = Question(
    QuestionId("satisfaction"),
    PromptId("vote-satisfaction"),
    {"1": 1, "2": 2, "3": 3, "4": 4},
    frozenset({3, 4}),
)
PREFECTURE = EntryId("prefecture")
PLAN = small_plan(
    questions=(QUESTION,),
    directory={
        PREFECTURE: Entry(PREFECTURE, "Préfecture", "23", None, PromptId("d"), PromptId("h"))
    },
)
VOTES = st.builds(VoteFact, st.just(MONDAY), st.just(QUESTION.id), st.none() | st.integers(1, 4))


def made(
    calls: list[CallFact],
    notes: list[SubjectFact] | None = None,
    votes: list[VoteFact] | None = None,
    first: date = SUNDAY,
    last: date = TUESDAY,
    plan: Plan = PLAN,
) -> Report:
    duty = [DutyFact(MONDAY, AgentId("101"))] if calls else []
    return publish(plan, first, last, calls, Counter(notes), Counter(votes), duty)


def answered(times: int, **changes: Any) -> list[CallFact]:
    fields: dict[str, Any] = {
        "period_at": int(MONDAY_10H),
        "door": Door.MENU,
        "sector": HOUSING,
        "outcome": Outcome.ANSWERED,
        "waited_s": 30,
        "talked_s": 200,
        "attempts": 1,
        "kept": True,
    }
    return [CallFact(**{**fields, **changes})] * times


reports = st.builds(made, repeated(call_facts()), repeated(subject_facts()), repeated(VOTES))


def told(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every figure of the breakdowns: table, line, figure."""
    votes = {one["question"]: one["answers"] for one in document["votes"]}
    tables = {**document["tables"], **votes}
    del tables["modes"]  # totals of the service
    for table, content in tables.items():
        for line in content["lines"]:
            for figure in line["figures"]:
                yield table, line["key"], figure


# What is withheld


@given(report=reports)
def test_no_breakdown_publishes_one_to_four(report: Report) -> None:
    document = json.loads(as_json(report))
    for table, line, figure in told(document):
        counts = [figure[part] for part in ("numerator", "denominator") if part in figure]
        if "denominator" not in figure:
            counts.append(figure["value"])
        elif (
            figure["numerator"] is not None
            and document["definitions"][figure["id"]]["unit"] == "share"
        ):
            counts.append(figure["denominator"] - figure["numerator"])
        elif figure["id"] == "asa/1":
            counts = counts[1:]  # the numerator is seconds
        assert not [n for n in counts if n is not None and 0 < n < 5], (table, line, figure)
        assert figure.get("withheld", False) <= (figure["value"] is None)
    for vote in document["votes"]:
        share = vote["figures"][0]
        if share["value"] is not None:
            rest = share["denominator"] - share["numerator"]
            assert not 0 < share["numerator"] < 5
            assert not 0 < rest < 5


@given(calls=repeated(call_facts()))
def test_nothing_withheld_can_be_solved_from_what_is_published(calls: list[CallFact]) -> None:
    """An attacker's equations, from the JSON alone: rows, columns, and the crossed table."""
    document = json.loads(as_json(made(calls)))
    ids = list(OFFERED_IDS)
    known: dict[Any, int | None] = {
        ("service", figure["id"]): figure["value"] for figure in document["figures"]
    }
    equations: list[tuple[Any, list[Any]]] = []
    for table in ("sectors", "half-hours", "evolution"):
        lines = document["tables"][table]["lines"]
        for line in lines:
            for figure in line["figures"][: len(ids)]:
                known[table, line["key"], figure["id"]] = figure["value"]
            offered, *parts = [(table, line["key"], id_) for id_ in ids]
            equations.append((offered, parts))
        for id_ in ids:
            equations.append((("service", id_), [(table, line["key"], id_) for line in lines]))
    crossed = document["tables"]["sectors-half-hours"]["lines"]
    slots = [line["key"] for line in document["tables"]["half-hours"]["lines"]]
    for line in crossed:
        for slot, figure in zip(slots, line["figures"], strict=True):
            known["cross", line["key"], slot] = figure["value"]
        cells = [("cross", line["key"], slot) for slot in slots]
        equations.append((("sectors", line["key"], "offered/2"), cells))
    for slot in slots:
        cells = [("cross", line["key"], slot) for line in crossed]
        equations.append((("half-hours", slot, "offered/2"), cells))

    for key in _solved(known, equations):
        beside = [one for one in equations if key in (one[0], *one[1])]
        free = [
            other
            for total, parts in beside
            for other in (total, *parts)
            if other[0] != "service" and known[other] is not None
        ]
        assert not free, key


def _solved(known: dict[Any, int | None], equations: list[tuple[Any, list[Any]]]) -> list[Any]:
    unknown = [key for key, value in known.items() if value is None]
    if not unknown:
        return []
    place = {key: n for n, key in enumerate(unknown)}
    matrix = np.zeros((len(equations), len(unknown)))
    for row, (total, parts) in enumerate(equations):
        for key, sign in ((total, -1), *((part, 1) for part in parts)):
            if key in place:
                matrix[row, place[key]] += sign
    _, singular, right = np.linalg.svd(matrix)
    null = right[int((singular > 1e-9).sum()) :]
    return [key for key, n in place.items() if np.allclose(null[:, n], 0)]


def test_what_is_drawn_on_the_page_is_what_is_published(tmp_path: Path) -> None:
    calls = answered(40) + answered(3, sector=None, outcome=Outcome.ABANDONED)
    report = made(calls)
    write_page(report, tmp_path / "page.html")
    assert "n.\u00a0p." in (tmp_path / "page.html").read_text()
    assert json.loads(as_json(report))["tables"]["sectors"]["lines"][-1]["figures"][2] == {
        "id": "abandoned/2",
        "value": None,
        "withheld": True,
    }


# What it says


@given(report=reports)
def test_every_report_reconciles_and_names_its_definitions(report: Report) -> None:
    document = json.loads(as_json(report))
    assert document["reconciles"]
    figures = {figure["id"]: figure["value"] for figure in document["figures"]}
    assert not faults(
        [
            ("service", report.figures),
            ("votes", report.turnout),
            *((one.text, one.figures) for one in report.votes),
        ],
        {**report.tables, **{one.table.id: one.table for one in report.votes}},
        DEFINITIONS,
    )
    used = chain(figures, (figure["id"] for _, _, figure in told(document)))
    assert set(used) <= document["definitions"].keys()
    as_text(report)


def test_the_key_figures_are_those_that_the_service_publishes() -> None:
    calls = answered(30) + answered(12, door=Door.CALLBACK)
    votes = [VoteFact(MONDAY, QUESTION.id, 4)] * 9 + [VoteFact(MONDAY, QUESTION.id, None)] * 21
    text = as_text(made(calls, votes=votes + [VoteFact(MONDAY, QUESTION.id, 1)] * 6))
    lines = text.splitlines()
    assert lines[0] == "Service d'essai du 22 au 24 novembre 2026"
    assert [" ".join(line.split()) for line in lines[5:9]] == [
        "42 appels traités answered/1",
        "12 dont appels traités via le service de rappel answered-callback/1",
        "1 informateurs mobilisés mobilised/1",
        "60,0 % taux de satisfaction des usagers (taux de réponse : 41,7 %) "
        "satisfaction/1, response-rate/1",
    ]
    assert "Sujets" not in text


def test_an_empty_period_says_so_with_zeroes() -> None:
    report = made([])
    assert "Aucun appel n’a été compté sur cette période." in as_text(report)
    document = json.loads(as_json(report))
    assert document["empty"]
    assert document["reconciles"]
    assert {figure["value"] for figure in document["figures"]} == {0, None}
    assert [line["figures"][0]["value"] for line in document["tables"]["sectors"]["lines"]] == [
        0,
        0,
    ]


def test_half_hours_are_local_and_closed_hours_stand_together() -> None:
    closed = answered(7, period_at=int(MONDAY_10H) - 7 * 3600, outcome=Outcome.CLOSED, sector=None)
    calls = answered(9) + answered(8, period_at=int(MONDAY_10H) + 3600) + closed
    lines = made(calls).tables["half-hours"].lines
    counted = [{one.id: one.value for one in line.figures} for line in lines]
    assert [line.key for line in lines] == ["10:00", "10:30", "11:00", "other"]
    assert [one["offered/2"] for one in counted] == [9, 0, 8, 0]
    assert [one["closed/1"] for one in counted] == [0, 0, 0, 7]


@pytest.mark.parametrize(
    ("last", "keys"),
    [
        (date(2026, 12, 23), ["2026-11-23", "2026-11-24", "2026-11-25"]),
        (date(2026, 12, 24), ["2026-W48"]),
        (date(2027, 11, 22), ["2026-11"]),
    ],
)
def test_long_ranges_are_told_in_weeks_or_months(last: date, keys: list[str]) -> None:
    calls = answered(9) + answered(9, period_at=int(MONDAY_10H) + 2 * 86_400)
    lines = made(calls, first=MONDAY, last=last).tables["evolution"].lines
    assert [line.key for line in lines] == keys


def test_rare_subjects_stand_together() -> None:
    def note(fiche: str, times: int) -> list[SubjectFact]:
        from router.core.requests import Result

        return [
            SubjectFact(MONDAY, HOUSING, FicheId(fiche), Result.ANSWERED, None, improve=False)
        ] * times

    notes = note("F1234", 20) + note("F2", 3) + note("F3", 2) + note("F4", 1)
    report = made([], notes)
    assert [
        (line.key, line.name, line.figures[0].value) for line in report.tables["subjects"].lines
    ] == [("F1234", "Bail (F1234)", 20), ("others", "Autres, et non publiés", 6)]
    assert "Sujets de la semaine" in as_text(report)
    assert "Sujets de la période" in as_text(made([], notes, first=date(2026, 11, 1)))


def test_a_year_is_told_with_almost_nothing_withheld() -> None:
    plan = small_plan(questions=(QUESTION,))
    facts = list(realistic(plan, date(2025, 9, 1), date(2025, 12, 31), seed=3, calls_per_hour=40))
    report = publish(
        plan,
        date(2025, 9, 1),
        date(2025, 12, 31),
        [one for one in facts if isinstance(one, CallFact)],
        Counter(one for one in facts if isinstance(one, SubjectFact)),
        Counter(one for one in facts if isinstance(one, VoteFact)),
        [one for one in facts if isinstance(one, DutyFact)],
    )
    assert report.figures[-1].value == 45
    sectors = report.tables["sectors"].lines
    assert not any(figure.withheld for line in sectors for figure in line.figures)
    assert report.votes[0].share.value == pytest.approx(0.875, abs=0.02)


def test_french_words() -> None:
    assert number(207_174) == "207\u202f174"
    assert [percent(x) for x in (0, 0.0001, 0.9, 0.9999, 1)] == [
        f"{text}\u00a0%" for text in ("0", "0,1", "90,0", "99,9", "100")
    ]
    assert [duration(x) for x in (0, 59.6, 65)] == [
        "0\u00a0s",
        "1\u00a0min\u00a000\u00a0s",
        "1\u00a0min\u00a005\u00a0s",
    ]
    assert (
        range_text(date(2025, 12, 1), date(2026, 1, 1))
        == "du 1er décembre 2025 au 1er janvier 2026"
    )
    assert range_text(MONDAY, MONDAY) == "le 23 novembre 2026"
    assert span(date(2025, 1, 1), date(2025, 12, 31)) == "de l’année 2025"
    assert span(date(2025, 1, 1), date(2025, 12, 30)) == "du 1er janvier au 30 décembre 2025"


def test_a_promise_is_told_in_minutes() -> None:
    assert promised(2700) == "45\u00a0minutes"
    assert promised(60) == "1\u00a0minute"
    assert promised(90) == "1\u00a0min\u00a030\u00a0s"
    assert promised(20) == "20\u00a0s"


# The command line


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment that has counted one Monday."""
    folder = tmp_path_factory.mktemp("deployment")
    state = folder / "state"
    (folder / "secrets.toml").write_text(_secrets())
    (folder / "secrets.toml").chmod(0o600)
    (folder / "allo.toml").write_text('state_dir = "state"\n')
    store = Store(state / FILE_NAME)
    for fact in answered(12, sector="logement-location"):
        store.record(fact)
    store.flush(MONDAY, final=True)
    store.close()
    return folder / "allo.toml"


def _secrets() -> str:
    from router.config import load, new_secrets

    plan = load(None).plan
    return new_secrets(plan.agents, plan.desk.supervisor_phones)


def allo(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "router.cli", "report", *words],
        cwd=provision.TOP,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "300", "PYTHONUTF8": "1"},
    )


def test_the_command_prints_text_json_and_writes_the_page(deployment: Path, tmp_path: Path) -> None:
    days = ("--from", "2026-11-23", "--to", "2026-11-23", "--config", str(deployment))
    shown = allo(*days)
    assert shown.returncode == 0, shown.stderr
    assert "12  appels traités" in shown.stdout
    page = tmp_path / "page.html"
    page.write_text("old")
    shown = allo(*days, "--json", "--html", str(page))
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["figures"][0] == {"id": "total/1", "value": 12}
    assert page.read_text().startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [page]


def test_the_command_writes_the_directors_page_with_the_year_before(
    deployment: Path, tmp_path: Path
) -> None:
    """The same weekday 52 weeks before, from the same file; its clock is ahead of ours."""
    copied = shutil.copytree(deployment.parent, tmp_path / "copy")
    store = Store(copied / "state" / FILE_NAME)
    store.record(DutyFact(date(2027, 11, 22), AgentId("101")))
    store.flush(date(2027, 11, 22))
    store.close()
    words = ("--config", str(copied / deployment.name), "--director", str(tmp_path / "page.html"))
    shown = allo("--from", "2027-11-22", "--to", "2027-11-22", *words)
    assert shown.returncode == 0, shown.stderr
    later = (tmp_path / "page.html").read_text()
    assert "Mesuré un an plus tôt, le 23 novembre 2026" in later
    assert 'class="before">12</td>' in later
    shown = allo("--from", "2026-11-23", "--to", "2026-11-23", *words)
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == f"The director's page is in {tmp_path / 'page.html'}.\n"
    page = (tmp_path / "page.html").read_text()
    for words_of_it in ("207\u202f174", "84\u202f354", "90,0\u00a0%", "Publié pour 2025"):
        assert words_of_it in page
    assert "D’un an plus tôt, rien n’est connu" in page


def test_the_command_says_which_votes_are_late(deployment: Path, tmp_path: Path) -> None:
    """While a service runs whose clock is ahead, and after it was killed."""
    today = date(2031, 1, 6)
    copied = shutil.copytree(deployment.parent, tmp_path / "copy")
    store = Store(copied / "state" / FILE_NAME)
    store.record(DutyFact(today, AgentId("101")))
    for score in (4, None):
        store.record(BallotFact(today, QUESTION.id))
        store.record(VoteFact(today, QUESTION.id, score))
    store.flush(today)
    words = ("--from", "2031-01-06", "--config", str(copied / deployment.name))

    shown = allo(*words, "--to", "2031-01-06")
    assert "2 votes attendent d’être publiés\u00a0: un vote n’est publié" in shown.stdout
    store.close()  # as it was killed: the votes that waited are lost
    store = Store(copied / "state" / FILE_NAME)
    store.record(DutyFact(today + timedelta(days=1), AgentId("101")))
    store.flush(today + timedelta(days=1))
    store.close()
    shown = allo(*words, "--to", "2031-01-07")
    assert "2 votes ont été perdus" in shown.stdout


def test_an_empty_period_is_no_error(deployment: Path) -> None:
    shown = allo(
        "--from", "2026-11-02", "--to", "2026-11-08", "--json", "--config", str(deployment)
    )
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["empty"] is True


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--from", "2026-11-24", "--to", "2026-11-23"), "--to: 2026-11-23 is before 2026-11-24"),
        (("--from", "2026-11-23", "--to", "2226-11-23"), "--to: 2226-11-23 is in the future; give"),
        (("--from", "2226-11-01", "--to", "2226-11-23"), "--to: 2226-11-23 is in the future; give"),
        (("--from", "lundi", "--to", "2026-11-23"), "--from: lundi is not a day; write it as"),
        (("--from", "2026-11-23", "--to", "2026-02-30"), "--to: 2026-02-30 is not a day"),
        (
            ("--from", "2026-11-23", "--to", "2026-11-23", "--html", "/nowhere/page.html"),
            "--html: /nowhere/page.html cannot be written",
        ),
        (
            ("--from", "2026-11-23", "--to", "2026-11-23", "--html", "/tmp"),
            "--html: /tmp cannot be written (Is a directory)",
        ),
        (
            ("--from", "2026-11-23", "--to", "2026-11-23", "--director", "/nowhere/page.html"),
            "--director: /nowhere/page.html cannot be written",
        ),
        (("--from", "2026-11-23"), "Missing option '--to'"),
    ],
)
def test_bad_words_get_a_sentence(deployment: Path, words: tuple[str, ...], sentence: str) -> None:
    shown = allo(*words, "--config", str(deployment))
    assert shown.returncode == 2
    assert sentence in shown.stderr
    assert shown.stdout == ""
    assert "Traceback" not in shown.stderr


def test_without_a_database_it_says_where_it_looked(deployment: Path, tmp_path: Path) -> None:
    elsewhere = deployment.with_name("other.toml")
    elsewhere.write_text('state_dir = "nothing-here"\n')
    shown = allo("--from", "2026-11-23", "--to", "2026-11-23", "--config", str(elsewhere))
    assert shown.returncode == 2
    assert "nothing-here/facts.sqlite3 does not exist: nothing has been counted yet" in shown.stderr


def test_a_page_that_cannot_be_made_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    page.write_text("old")

    def fail(report: Report) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("router.report.files.as_page", fail)
    with pytest.raises(OSError, match="No space"):
        write_page(made([]), page)
    assert page.read_text() == "old"
    assert list(tmp_path.iterdir()) == [page]
