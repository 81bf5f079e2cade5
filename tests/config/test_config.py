"""All files of one deployment, read together."""

import pytest

from router.config import Settings, load, new_secrets
from router.errors import ConfigError
from tests.config.scene import PLAN, Service


def test_all_faults_are_reported_at_once(service: Service) -> None:
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


def test_a_missing_file(service: Service) -> None:
    (service.folder / "agents.toml").unlink()
    assert service.plan_problems() == [
        "agents.toml: cannot be read (No such file or directory): write it, or name another"
    ]


def test_a_syntax_error_is_reported_with_its_line(service: Service) -> None:
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


def test_another_encoding_is_reported_with_its_line(service: Service) -> None:
    (service.folder / "plan.toml").write_bytes(PLAN.replace("Essai", "Été").encode("latin-1"))
    assert service.plan_problems() == [
        "plan.toml: is not UTF-8 text (at line 1): save it in that encoding"
    ]


def test_places_name_no_folder(service: Service) -> None:
    service.change("plan.toml", "wrap_up_s", "warp_up_s")
    service.change("allo.toml", "plan =", "port = 1\nplan =")
    assert not [problem for problem in service.problems() if str(service.folder) in problem]


def test_without_settings_the_shipped_plan_is_read() -> None:
    config = load(None)
    assert config.plan.numbers == ("3939",)
    assert config.secrets is None
    assert config.settings == Settings()
    with pytest.raises(ConfigError, match="secrets: are missing"):
        config.asterisk()


def test_faults_of_all_files_are_reported_together(service: Service) -> None:
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
