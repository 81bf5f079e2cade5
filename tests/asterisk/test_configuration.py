"""The text of the rendered configuration."""

import configparser
import errno
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from router.asterisk.carriers import Registration
from router.asterisk.configuration import (
    FORMER_FILES,
    PLACEHOLDER,
    TEMPLATES,
    fill,
    placeholders,
    render,
)
from router.asterisk.settings import as_sent
from router.asterisk.toolbox import Toolbox
from router.errors import ConfigError, DiskError
from tests.asterisk.live import make_settings


@pytest.fixture
def toolbox() -> Toolbox:
    return Toolbox(None, "22.10.1", Path("/modules"), Path("/data"))


def read(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_writes_every_file_for_its_owner_only(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path)
    render(settings, toolbox, settings.config_dir)
    names = {path.name for path in settings.config_dir.iterdir()}
    assert names == {path.name for path in TEMPLATES.glob("*.conf")}
    assert stat.S_IMODE(settings.config_dir.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in settings.config_dir.iterdir()}
    assert modes == {0o600}


def test_every_setting_is_used_in_a_file(tmp_path: Path, toolbox: Toolbox) -> None:
    """A value that no template uses would be a setting without effect."""
    used = {
        name
        for path in TEMPLATES.glob("*.conf")
        for name in PLACEHOLDER.findall(read(TEMPLATES, path.name))
    }
    assert used == set(placeholders(make_settings(tmp_path), toolbox))


def test_no_placeholder_is_left(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(
        tmp_path,
        trunk_peer="192.0.2.1:5060",
        registration=Registration("192.0.2.1", "u"),
        registration_password="p",
    )
    render(settings, toolbox, settings.config_dir)
    for path in settings.config_dir.iterdir():
        assert not PLACEHOLDER.search(path.read_text()), path.name


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"http\.conf: unknown placeholder @ari_prot@"):
        fill("bindport = @ari_prot@", {"ari_port": "1"}, "http.conf")


def test_the_dialplan_keeps_its_own_expressions() -> None:
    text = "GotoIf($[${EPOCH} < ${give_up_at}]?wait) ; a@b @x@"
    assert fill(text, {"x": "y"}, "f") == "GotoIf($[${EPOCH} < ${give_up_at}]?wait) ; a@b y"


def test_service_numbers_become_extensions(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path, service_numbers=("3939", "+33199003939"))
    render(settings, toolbox, settings.config_dir)
    text = read(settings.config_dir, "extensions.conf")
    callers = re.findall(r"^exten = (\S+),1,Goto\(caller,s,1\)$", text, re.MULTILINE)
    assert callers == [*as_sent("3939"), *as_sent("+33199003939")]


def test_a_number_given_in_two_forms_is_one(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path, service_numbers=("0199003939", "+33199003939"))
    render(settings, toolbox, settings.config_dir)
    assert read(settings.config_dir, "extensions.conf").count("exten = 0199003939,") == 1


def test_each_agent_has_a_phone(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path)
    render(settings, toolbox, settings.config_dir)
    text = read(settings.config_dir, "pjsip_agents.conf")
    assert re.findall(r"^\[(.+?)\]\((.+)\)", text, re.MULTILINE) == [
        (f"agent-{name}", template)
        for name in ("lea", "max")
        for template in ("agent", "agent-aor", "agent-auth")
    ]


def test_rendering_again_replaces_everything(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path, trunk_peer="192.0.2.1:5060")
    render(settings, toolbox, settings.config_dir)
    former = [settings.config_dir / name for name in FORMER_FILES]
    for path in former:
        path.write_text("; of an earlier version")
    render(make_settings(tmp_path, ari_port=28089), toolbox, settings.config_dir)
    assert not any(path.exists() for path in former)
    assert "bindport = 28089" in read(settings.config_dir, "http.conf")
    assert list(tmp_path.glob(".etc-*")) == []


def test_refuses_a_folder_that_it_did_not_write(tmp_path: Path, toolbox: Toolbox) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "queues.conf").write_text("[ours]\n")
    with pytest.raises(ConfigError, match=r"queues\.conf: was not written by allo"):
        render(make_settings(tmp_path), toolbox, tmp_path / "etc")
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["queues.conf"]


def test_a_full_disk_keeps_the_old_configuration(
    tmp_path: Path, toolbox: Toolbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    render(settings, toolbox, settings.config_dir)

    really_open = os.open

    def full(path: str, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_CREAT and str(path).endswith("pjsip.conf"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_open(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(DiskError, match=r"No space.*Make room"):
        render(make_settings(tmp_path, ari_port=28089), toolbox, settings.config_dir)
    monkeypatch.undo()
    assert "bindport = 28088" in read(settings.config_dir, "http.conf")
    assert [path.name for path in tmp_path.iterdir()] == ["etc"]


def test_reports_every_fault_at_once_and_writes_nothing(tmp_path: Path, toolbox: Toolbox) -> None:
    settings = make_settings(tmp_path, ari_port=1, rtp_first=3, service_numbers=())
    with pytest.raises(ConfigError) as failed:
        render(settings, toolbox, settings.config_dir)
    places = [problem.place for problem in failed.value.problems]
    assert places == ["asterisk.ari_port", "asterisk.rtp_first", "asterisk.service_numbers"]
    assert list(tmp_path.iterdir()) == []


def test_no_module_that_records_callers_is_loaded() -> None:
    required = set(re.findall(r"^require = (\S+)\.so", read(TEMPLATES, "modules.conf"), re.M))
    keepers = (
        r"cdr_|cel_|app_(queue|voicemail|mixmonitor|record|privacy|db)|func_(db|shell|env|curl)"
    )
    keepers += (
        r"|res_pjsip_(caller_id|diversion|header_funcs|logger|history)|res_(hep|security_log)"
    )
    assert [name for name in required if re.match(keepers, name)] == []
    assert "autoload = no" in read(TEMPLATES, "modules.conf")


def test_the_log_has_warnings_and_errors_only() -> None:
    text = read(TEMPLATES, "logger.conf")
    parser = configparser.ConfigParser(inline_comment_prefixes=";")
    parser.read_string(text)
    assert dict(parser["logfiles"]) == {"asterisk.log": "warning,error"}
    assert parser["general"]["queue_log"] == "no"
