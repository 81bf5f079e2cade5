"""docs/configuration.md names every setting, with its meaning, its unit and its true default."""

import typing
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from router.asterisk.settings import AsteriskSettings
from router.config import load
from router.config.plan import PlanTable
from router.config.reference import meanings, reference, tables
from router.config.secrets import SecretsTable
from router.config.settings import Settings, SettingsTable
from router.config.tables import Table
from tests.config.scene import Service

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def inside(kind: Any) -> Iterator[type[Table]]:
    """Yield the table and every table that it can hold."""
    if isinstance(kind, type) and issubclass(kind, Table):
        yield kind
        for column in kind.model_fields.values():
            yield from inside(column.annotation)
    for one in typing.get_args(kind):
        yield from inside(one)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "run: python -m router.config.reference > docs/configuration.md"
    )


def test_every_table_of_every_file_is_described() -> None:
    for file in (SettingsTable, SecretsTable, PlanTable):
        assert set(inside(file)) <= tables()


def test_a_key_has_its_meaning_unit_and_default() -> None:
    lines = reference().splitlines()
    assert (
        "| `ring_s` | An informateur's phone rings this long before the next one is tried. | "
        "whole seconds above 0 | `15` |" in lines
    )
    assert any(line.startswith("| `name` |") and line.endswith("| *required* |") for line in lines)
    assert any("| `true` or `false` | `false` |" in line for line in lines)
    assert any('| list of texts | `["alaw", "g722", "ulaw"]` |' in line for line in lines)


def test_a_meaning_may_have_several_lines_and_be_inherited() -> None:
    found = meanings(AsteriskSettings)
    assert found["trunk_bind"].startswith("The address at which the carriers' calls come in, over")
    assert found["agents"] == "Every phone that may register."
    assert found["trunk_rtp_timeout_s"].endswith("a caller is assumed to have gone; 0: never.")
    assert set(found) == {column.name for column in fields(AsteriskSettings)}


def test_a_settings_file_that_chooses_nothing_has_the_defaults(service: Service) -> None:
    service.write("allo.toml", 'plan = "plan.toml"\nagents = "agents.toml"\n')
    read = load(service.folder / "allo.toml").settings
    shipped = Settings()
    assert (read.asterisk, read.http, read.callbacks) == (
        shipped.asterisk,
        shipped.http,
        shipped.callbacks,
    )
    assert (read.voice, read.log, read.state_dir) == (
        shipped.voice,
        shipped.log,
        shipped.state_dir,
    )
