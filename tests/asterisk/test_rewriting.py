"""What a running Asterisk is to read again, and what is left alone."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from router.asterisk.carriers import Carrier, Registration, Tls
from router.asterisk.configuration import render, texts
from router.asterisk.rewriting import MODULES, OPTIONS, differing, rewrite
from router.asterisk.settings import (
    AgentPhone,
    AsteriskOptions,
    AsteriskSettings,
)
from router.asterisk.toolbox import Toolbox
from router.errors import ConfigError, DiskError
from tests.asterisk.live import make_settings

PJSIP = list(MODULES["pjsip.conf"])
NEW_SECRET = "another-secret-of-26-chars"


@pytest.fixture
def settings(tmp_path: Path) -> AsteriskSettings:
    """Those of a running Asterisk, whose configuration has been written."""
    settings = make_settings(tmp_path, trunk_peer="192.0.2.1:5060")
    render(settings, Toolbox(None, "22.10.1", Path("/modules"), Path("/data")), settings.config_dir)
    return settings


def contents(settings: AsteriskSettings) -> dict[str, str]:
    return {path.name: path.read_text() for path in settings.config_dir.iterdir()}


def changed(settings: AsteriskSettings, before: dict[str, str]) -> set[str]:
    after = contents(settings)
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_what_is_the_same_is_not_touched(settings: AsteriskSettings) -> None:
    before = {path.name: path.stat() for path in settings.config_dir.iterdir()}
    assert rewrite(settings) == []
    assert {path.name: path.stat() for path in settings.config_dir.iterdir()} == before


@pytest.mark.parametrize(
    ("changes", "files", "modules"),
    [
        (
            {"agents": (AgentPhone("lea", NEW_SECRET),)},
            {"pjsip_agents.conf", "pjsip_browsers.conf"},
            PJSIP,
        ),
        ({"trunk_hosts": ("192.0.2.7",)}, {"pjsip_carriers.conf"}, PJSIP),
        ({"trunk_peer": "192.0.2.2:5060"}, {"pjsip_carriers.conf"}, PJSIP),
        ({"service_numbers": ("3940",)}, {"extensions.conf"}, ["pbx_config.so"]),
        (
            {"longest_call_s": 60, "trunk_codecs": ("alaw",)},
            {"extensions.conf", "pjsip.conf"},
            [*PJSIP, "pbx_config.so"],
        ),
    ],
)
def test_only_what_differs_is_written_and_read_again(
    settings: AsteriskSettings,
    changes: dict[str, Any],
    files: set[str],
    modules: list[str],
) -> None:
    before = contents(settings)
    assert rewrite(replace(settings, **changes)) == modules
    assert changed(settings, before) == files
    modes = {path.stat().st_mode & 0o777 for path in settings.config_dir.iterdir()}
    assert modes == {0o600}


def test_every_option_that_can_change_ends_in_those_files_alone(
    settings: AsteriskSettings,
) -> None:
    """Else a new Asterisk would be needed, and nobody told."""
    values: dict[str, Any] = {
        **dict.fromkeys(("trunk_hosts",), ("192.0.2.9",)),
        **dict.fromkeys(("trunk_codecs", "agent_codecs"), ("ulaw",)),
        **{
            "registration": Registration("192.0.2.4", "compte"),
            "carriers": (Carrier(name="un", hosts=("192.0.2.8",)),),
        },
        **{"agents_behind_nat": False, "trunk_peer": "192.0.2.3:5060"},
    }
    toolbox = Toolbox(None, "22.10.1", Path("/modules"), Path("/data"))
    before = contents(settings)
    for name in OPTIONS:
        changes: dict[str, Any] = {name: values.get(name, 77)}
        after = texts(replace(settings, **changes), toolbox, settings.config_dir)
        different = {one for one in after if after[one] != before[one]}
        assert different, name
        assert different <= MODULES.keys(), name


def test_options_that_need_a_new_asterisk_are_named() -> None:
    before = AsteriskOptions()
    after = replace(before, trunk_bind="127.0.0.1:5070", max_calls=9, trunk_hosts=("192.0.2.1",))
    assert differing(before, after) == ["trunk_bind", "max_calls"]


@pytest.mark.parametrize(
    ("transport", "kept"), [("udp", []), ("tls", ["trunk_hosts", "trunk_peer", "carriers"])]
)
def test_a_carrier_stays_until_the_list_that_takes_its_place_is_in_force(
    transport: Literal["udp", "tls"], kept: list[str]
) -> None:
    tls = Tls(certificate=Path("ours.pem"), key=Path("ours.key"))
    before = AsteriskOptions(trunk_hosts=("192.0.2.1",), trunk_peer="192.0.2.1:5060", tls=tls)
    new = Carrier(name="new", hosts=("192.0.2.1",), transport=transport)
    after = replace(before, carriers=(new,), trunk_hosts=(), trunk_peer=None)
    assert differing(before, after) == kept


def test_wrong_settings_write_nothing(settings: AsteriskSettings) -> None:
    before = contents(settings)
    with pytest.raises(ConfigError):
        rewrite(replace(settings, agents=(AgentPhone("lea", "no"),)))
    assert changed(settings, before) == set()


def test_an_asterisk_whose_configuration_is_elsewhere_is_left_alone(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with pytest.raises(DiskError, match="etc"):
        rewrite(settings)
    assert not settings.config_dir.exists()


def test_a_full_disk_leaves_the_old_file(
    settings: AsteriskSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(settings)

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskError):
        rewrite(replace(settings, trunk_hosts=("192.0.2.7",)))
    monkeypatch.undo()
    assert changed(settings, before) == set()
