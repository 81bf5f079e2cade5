"""Every fault at once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli import check, provision
from router.config import load, new_secrets
from router.core.requests import ON_SCREEN, Reply
from router.voice import load_catalogue
from tests.test_places import read_only


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
    heard = {reply for reply in Reply if reply not in ON_SCREEN}
    assert {f"desk-{reply}" for reply in heard} <= check.NEEDED
    assert not {f"desk-{reply}" for reply in ON_SCREEN} & check.NEEDED


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
    tmp_path: Path, prompt: str, place: str
) -> None:
    text = provision.CATALOGUE.read_text(encoding="utf-8")
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(text.replace(f"[prompts.{prompt}]", "[prompts.other]"), encoding="utf-8")
    told = map(str, check.problems(None, catalogue=catalogue))
    assert any(one.startswith(f"3939.toml: {place}: unknown prompt `{prompt}`") for one in told)


def test_faults_of_all_files_come_together(tmp_path: Path) -> None:
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
    told = "\n".join(map(str, check.problems(settings, catalogue=catalogue)))
    assert "plan.toml: targets.wrapup_s: unknown key; did you mean `wrap_up_s`?" in told
    assert "plan.toml: menus.menu-main.keys.5" in told
    assert "did you mean" in told
    assert "allo.toml: http.port" in told
    assert "catalogue.toml: prompts.empty-one" in told
    assert "secrets.toml" in told


def test_audio_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    settings = tmp_path / "allo.toml"
    settings.write_text('prompts_dir = "empty"\n')
    secrets = tmp_path / "secrets.toml"
    secrets.touch(mode=0o600)
    plan = load(None).plan
    secrets.write_text(new_secrets(plan.agents, plan.desk.supervisor_phones))
    count = len(provision.sentences(load(None)).prompts)
    assert [str(one) for one in check.problems(settings)] == [
        f"catalogue.toml: prompts.welcome and {count - 1} more: no audio yet: run ./allo prompts"
    ]


# --- files that cannot be read, folders that cannot be written ------------------------------------


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The settings of a whole service in its own folder, without a fault."""
    plans = provision.TOP / "router/plans"
    shutil.copy(plans / "3939.toml", tmp_path / "plan.toml")
    shutil.copy(plans / "agents.toml", tmp_path / "agents.toml")
    shutil.copy(provision.CATALOGUE, tmp_path / "catalogue.toml")
    plan = load(None).plan
    (tmp_path / "secrets.toml").touch(mode=0o600)
    (tmp_path / "secrets.toml").write_text(
        new_secrets(plan.agents, plan.desk.supervisor_phones), encoding="utf-8"
    )
    settings = tmp_path / "allo.toml"
    settings.write_text('plan = "plan.toml"\nagents = "agents.toml"\nstate_dir = "state"\n')
    return settings


def told_of(settings: Path) -> list[str]:
    catalogue = settings.with_name("catalogue.toml")
    return [str(one) for one in check.problems(settings, catalogue=catalogue)]


@pytest.mark.parametrize(
    "name", ["plan.toml", "agents.toml", "secrets.toml", "allo.toml", "catalogue.toml"]
)
@pytest.mark.parametrize("broken", [False, True])
def test_a_file_that_cannot_be_read_is_one_line_and_no_cascade(
    service: Path, name: str, broken: bool
) -> None:
    assert told_of(service) == []
    if broken:
        service.with_name(name).write_text("x = [\n")
    else:
        service.with_name(name).unlink()

    [told] = told_of(service)

    gone = "cannot be read (No such file or directory): write it, or name another"
    why = "is not valid TOML: " if broken else gone
    assert told.startswith(f"{name}: {why}")


def test_other_faults_are_told_beside_a_file_that_cannot_be_read(service: Path) -> None:
    service.with_name("plan.toml").unlink()
    with service.open("a") as settings:
        settings.write('prompts_dir = "empty"\n[http]\nport = 0\n')
    told = told_of(service)
    assert [line.split(": ")[1] for line in told] == [
        "http.port",
        "cannot be read (No such file or directory)",
        told[2].split(": ")[1],
    ]
    assert "no audio yet" in told[2]


def test_a_state_folder_that_cannot_be_made_is_told(service: Path) -> None:
    (service.parent / "a file").touch()
    service.write_text(service.read_text().replace('"state"', '"a file/state"'))
    assert told_of(service) == [
        f"allo.toml: state_dir: {service.parent}/a file/state cannot be a folder: "
        f"{service.parent}/a file is a file"
    ]


def test_a_full_disk_is_told(service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "ROOM_MB", 10**9)
    [told] = told_of(service)
    assert told.startswith(f"allo.toml: state_dir: {service.parent}/state has ")
    assert told.endswith("1000000000 MB are needed")


def test_a_vault_that_cannot_be_written_is_told(service: Path) -> None:
    (service.parent / "a file").touch()
    with service.open("a") as settings:
        settings.write('[callbacks]\nvault_dir = "a file"\n')
    [told] = told_of(service)
    assert told.startswith("allo.toml: callbacks.vault_dir: ")


def test_a_vault_that_follows_from_the_state_is_told_as_such(
    service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (service.parent / "a file").touch()
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{service.parent}/a file")
    assert told_of(service) == []  # no callbacks, no numbers
    with service.open("a") as settings:
        settings.write('[callbacks]\npresented = "3939"\n')
    told = told_of(service)
    assert any(
        one.startswith(f"allo.toml: callbacks.vault_dir by default: {service.parent}/a file/vault-")
        for one in told
    ), told


#: Prints every file that is opened for writing, created, moved or removed, and every program run.
WATCHED = """
import os, sys
def watch(event, words):
    writes = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link",
              "os.truncate", "subprocess.Popen", "os.exec", "os.chmod", "os.utime"}
    flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    if event in writes or event == "open" and isinstance(words[2], int) and words[2] & flags:
        sys.stderr.write(f"{event} {words}\\n")
sys.addaudithook(watch)
from router.cli import main
sys.argv = ["allo", "check", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("faulty", [False, True])
def test_checking_writes_nothing_and_starts_nothing(service: Path, faulty: bool) -> None:
    if faulty:
        service.with_name("agents.toml").unlink()
    words = [sys.executable, "-B", "-c", WATCHED, "--config", str(service)]
    done = subprocess.run(words, cwd=provision.TOP, capture_output=True, text=True, check=False)
    if faulty:
        assert done.stderr == (
            "agents.toml: cannot be read (No such file or directory): write it, or name another\n"
        )
    else:
        assert (done.stderr, done.stdout) == ("", "The configuration is right.\n")
    assert done.returncode == (2 if faulty else 0)


def test_a_read_only_checkout_is_checked_all_the_same(tmp_path: Path) -> None:
    done = read_only(
        provision.TOP, provision.TOP / "allo", "check", XDG_STATE_HOME=str(tmp_path / "state")
    )
    assert (done.stdout, done.stderr) == ("The configuration is right.\n", "")
    assert list(tmp_path.iterdir()) == []
