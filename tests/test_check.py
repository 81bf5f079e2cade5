"""Every fault at once."""

import shutil
from pathlib import Path

import pytest

from router import check, provision
from router.config import load, new_secrets
from router.core.requests import Reply
from router.voice import load_catalogue


@pytest.fixture
def said() -> list[str]:
    return []


def test_no_sentence_of_the_engine_is_missing() -> None:
    assert check.missing_sentences(load_catalogue(provision.CATALOGUE)) == []


def test_a_missing_sentence_is_named(tmp_path: Path) -> None:
    text = provision.CATALOGUE.read_text(encoding="utf-8")
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(text.replace("[prompts.goodbye]", "[prompts.good-bye]"), encoding="utf-8")
    problems = check.missing_sentences(load_catalogue(catalogue))
    assert [str(problem) for problem in problems] == [
        "catalogue.toml: prompts.goodbye: is missing: callers or informateurs need it"
    ]


@pytest.mark.parametrize(
    "prompt", ["desk-locked", "desk-ask-pin", "consult-over", "vote-thanks", "watch-caller"]
)
def test_what_informateurs_hear_is_needed_too(prompt: str) -> None:
    assert prompt in check.NEEDED


def test_every_reply_is_needed() -> None:
    assert {f"desk-{reply}" for reply in Reply} <= check.NEEDED


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("desk-ask-reason-dejeuner", "desk.reasons.dejeuner"),
        ("directory-adil", "directory.adil.prompt"),
        ("directory-impots-hours", "directory.impots.hours_prompt"),
        ("vote-reponse", "questions.2.prompt"),
    ],
)
def test_a_sentence_that_the_plan_needs_is_told_by_its_key(
    tmp_path: Path, said: list[str], prompt: str, place: str
) -> None:
    text = provision.CATALOGUE.read_text(encoding="utf-8")
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(text.replace(f"[prompts.{prompt}]", "[prompts.other]"), encoding="utf-8")
    told = map(str, check.problems(None, said.append, catalogue=catalogue))
    assert any(one.startswith(f"3939.toml: {place}: unknown prompt `{prompt}`") for one in told)


def test_faults_of_all_files_come_together(tmp_path: Path, said: list[str]) -> None:
    plan = (provision.TOP / "router/plans/3939.toml").read_text(encoding="utf-8")
    (tmp_path / "plan.toml").write_text(
        plan.replace("wrap_up_s", "wrapup_s", 1).replace("sector:consommation", "sector:conso"),
        encoding="utf-8",
    )
    shutil.copy(provision.TOP / "router/plans/agents.toml", tmp_path / "agents.toml")
    settings = tmp_path / "allo.toml"
    settings.write_text(
        'plan = "plan.toml"\nagents = "agents.toml"\nprompts_dir = "empty"\n[http]\nport = 0\n'
    )
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(
        provision.CATALOGUE.read_text(encoding="utf-8")
        + '\n[prompts.empty-one]\ntext = ""\nheard = "never"\n',
        encoding="utf-8",
    )
    told = "\n".join(map(str, check.problems(settings, said.append, catalogue=catalogue)))
    assert "plan.toml: targets.wrapup_s: unknown key; did you mean `wrap_up_s`?" in told
    assert "plan.toml: menus.menu-main.keys.5" in told
    assert "did you mean" in told
    assert "allo.toml: http.port" in told
    assert "catalogue.toml: prompts.empty-one" in told
    assert "secrets.toml" in told


def test_audio_that_is_not_there_is_a_fault(tmp_path: Path, said: list[str]) -> None:
    settings = tmp_path / "allo.toml"
    settings.write_text('prompts_dir = "empty"\n')
    secrets = tmp_path / "secrets.toml"
    secrets.touch(mode=0o600)
    plan = load(None).plan
    secrets.write_text(new_secrets(plan.agents, plan.desk.supervisor_phones))
    told = "\n".join(map(str, check.problems(settings, said.append)))
    assert "prompts.welcome: has no audio yet: run ./allo prompts" in told
