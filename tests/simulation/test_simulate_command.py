"""`./allo simulate` as its users see it, on a whole small year."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli import provision
from router.cli.year import workload_file
from router.simulation.workload import SHIPPED

#: A fault that is only found once the files to be written have been checked.
LATER = ("--workload", "1984")
COMMAND = (sys.executable, "-m", "router.cli", "simulate")


def simulate(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        cwd=provision.TOP,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def changed(text: str, **numbers: str) -> str:
    for key, value in numbers.items():
        text, times = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert times, key
    return text


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A workload of a few calls a day."""
    path = tmp_path / "small.toml"
    text = (SHIPPED / "2025.toml").read_text()
    path.write_text(changed(text, direct_calls="900", callback_requests="600", closed_calls="90"))
    return path


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(small: Path) -> None:
    words = ("--workload", str(small), "--agents", "4", "--json")
    once = simulate(*words, PYTHONHASHSEED="1")
    again = simulate(*words, PYTHONHASHSEED="4242")
    other = simulate(*words, "--seed", "2")
    assert once.returncode == 0, once.stderr
    assert once.stdout == again.stdout
    assert once.stdout != other.stdout
    assert once.stderr == ""
    document = json.loads(once.stdout)
    assert (document["from"], document["to"]) == ("2025-01-01", "2025-12-31")
    assert document["reconciles"]
    staff = {one["id"]: one["value"] for one in document["sections"]["staff"]}
    assert staff["agents/1"] == 4


def test_text_page_and_picture_of_another_year(small: Path, tmp_path: Path) -> None:
    page, picture = tmp_path / "year.html", tmp_path / "year.svg"
    sheet = tmp_path / "director.html"
    words = ("--year", "2024", "--agents", "3", "--html", str(page), "--plot", str(picture))
    shown = simulate(*words, "--director", str(sheet), "--workload", str(small))
    assert shown.returncode == 0, shown.stderr
    assert "simulation de l’année 2024" in shown.stdout
    assert shown.stderr.splitlines() == [
        f"The page is in {page}.",
        f"The director's page is in {sheet}.",
        f"The picture is in {picture}.",
    ]
    assert page.read_text().startswith("<!doctype html>")
    assert picture.read_text().startswith("<svg ")
    assert "Chiffres simulés de l’année 2024" in sheet.read_text()
    assert "Publié pour 2025" in sheet.read_text()


def test_a_year_without_a_workload_has_the_people_of_2025(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert workload_file(None, 2025) == SHIPPED / "2025.toml"
    assert workload_file("2025", 2031) == SHIPPED / "2025.toml"
    assert capsys.readouterr().err == ""
    assert workload_file(None, 2031) == SHIPPED / "2025.toml"
    assert capsys.readouterr().err == "There is no workload 2031: people behave as in 2025.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--agents", "0"), "--agents"),
        (("--agents", "-1"), "--agents"),
        (("--seed", "-1"), "--seed"),
        (("--year", "1492"), "--year"),
        (("--html", "/nowhere/page.html", *LATER), "/nowhere/page.html cannot be written"),
        (("--director", "/nowhere/page.html", *LATER), "/nowhere/page.html cannot be written"),
        (("--plot", "/nowhere/year.svg", *LATER), "/nowhere/year.svg cannot be written"),
        (("--plot", "/", *LATER), "/ cannot be written"),
        (("--plot", "year.pdf", *LATER), "must end in .svg or .png"),
        (LATER, "neither a file nor a workload that ships with allo (2025)"),
    ],
)
def test_bad_words_get_a_sentence_before_anything_runs(
    words: tuple[str, ...], sentence: str
) -> None:
    shown = simulate(*words)
    assert shown.returncode == 2
    assert sentence in shown.stderr
    assert shown.stdout == ""
    assert "Traceback" not in shown.stderr


def test_a_png_needs_a_program_that_draws_it(small: Path, tmp_path: Path) -> None:
    shown = simulate("--workload", str(small), "--plot", str(tmp_path / "a.png"), PATH="")
    assert shown.returncode == 2
    assert "name a file that ends in .svg" in shown.stderr


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("direct_calls", "-5", "year.direct_calls"),
        ("with_code", "1.5", "callers.with_code"),
        ("misses", "-0.1", "informateurs.misses"),
    ],
)
def test_a_wrong_workload_is_named(key: str, value: str, place: str, small: Path) -> None:
    small.write_text(changed(small.read_text(), **{key: value}))
    shown = simulate("--workload", str(small))
    assert shown.returncode == 2
    assert f"small.toml: {place}" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_informateurs_without_skills_are_named(tmp_path: Path) -> None:
    (tmp_path / "allo.toml").write_text('agents = "agents.toml"\n')
    (tmp_path / "agents.toml").write_text("101 = {}\n")
    shown = simulate("--config", str(tmp_path / "allo.toml"))
    assert shown.returncode == 2
    assert "agents.toml: 101: has no sector" in shown.stderr


def test_a_year_without_opening_days_is_named(tmp_path: Path) -> None:
    plan = (SHIPPED.parent.parent / "plans" / "3939.toml").read_text()
    (tmp_path / "allo.toml").write_text('plan = "plan.toml"\n')
    week = re.sub(r"(\[hours\.week\]\n)(?:\w+ = .*\n)+", r"\1", plan)
    assert week != plan
    (tmp_path / "plan.toml").write_text(week)
    shown = simulate("--config", str(tmp_path / "allo.toml"))
    assert shown.returncode == 2
    assert "hours.week: the service is never open" in shown.stderr


def test_ctrl_c_says_how_far_it_came() -> None:
    """On a terminal, where a bar shows the day reached."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--json"],
        cwd=provision.TOP,
        stdout=subprocess.PIPE,
        stderr=theirs,
        # A shell that runs these tests in the background has it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    os.close(theirs)
    shown = ""
    try:
        while "-02-" not in shown:
            shown += os.read(ours, 1000).decode()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        shown += rest_of(ours)
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
    assert process.returncode == 130
    assert output == b""
    told = re.search(
        r"allo: interrupted after (\d+) of 365 days, up to (2025-\d\d-\d\d), \d+ events and", shown
    )
    assert told, shown
    assert int(told[1]) > 0
    assert "Traceback" not in shown


def rest_of(terminal: int) -> str:
    rest = b""
    try:
        while part := os.read(terminal, 1000):
            rest += part
    except OSError:  # Linux: nobody is left at the other end
        pass
    return rest.decode()
