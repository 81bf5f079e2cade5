"""Every fault at once."""

import shutil
from pathlib import Path

import pytest

from router import check, provision
from router.config import load, new_secrets
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
        "catalogue.toml: prompts.goodbye: is missing: callers need it"
    ]


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
    secrets.write_text(new_secrets(load(None).plan.agents))
    told = "\n".join(map(str, check.problems(settings, said.append)))
    assert "prompts.welcome: has no audio yet: run ./allo prompts" in told
