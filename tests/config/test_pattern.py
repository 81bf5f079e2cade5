"""The settings file as a pattern, and keys set in what somebody has made of it."""

import tomllib
from pathlib import Path

import pytest

from router.config.pattern import set_values, settings_pattern
from router.config.reference import has_section, settings_sections
from router.config.settings import Settings, read_settings
from router.config.tables import Report


def test_every_key_is_there_once_with_its_default() -> None:
    lines = settings_pattern({}, "ours").splitlines()
    for section in settings_sections():
        for key, column in section.table.model_fields.items():
            if not has_section(column.annotation):
                assert sum(line.startswith(f"#{key} = ") for line in lines) >= 1, key
    assert lines[0] == "# ours"
    assert max(map(len, lines)) <= 100


def test_a_pattern_without_values_is_the_defaults(tmp_path: Path) -> None:
    file, report = tmp_path / "allo.toml", Report("allo.toml")
    file.write_text(settings_pattern({}, "ours"))
    read = read_settings(file, report)
    assert report.problems == []
    assert read is not None
    shipped = Settings()
    assert (read.asterisk, read.http, read.voice) == (
        shipped.asterisk,
        shipped.http,
        shipped.voice,
    )


def test_values_are_set_where_their_key_is() -> None:
    text = settings_pattern(
        {"": {"plan": "p.toml"}, "asterisk": {"trunk_hosts": ("192.0.2.1",)}}, "ours"
    )
    assert tomllib.loads(text)["asterisk"] == {"trunk_hosts": ["192.0.2.1"]}
    assert "#trunk_hosts" not in text

    changed = set_values(text, {"asterisk": {"max_calls": 30}, "http": {"port": 8049}})
    before, after = text.splitlines(), changed.splitlines()
    assert [one for one in after if one not in before] == ["max_calls = 30", "port = 8049"]
    assert len(after) == len(before)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "\n\n[asterisk]\nmax_calls = 30\n"),
        ("[http]\nport = 1\n", "[http]\nport = 1\n\n[asterisk]\nmax_calls = 30\n"),
        ("[asterisk]\nmax_calls = 4 # ours\n", "[asterisk]\nmax_calls = 30\n"),
        ("[asterisk]\nnode = 'a'\n[http]\n", "[asterisk]\nmax_calls = 30\nnode = 'a'\n[http]\n"),
        ("[asterisk]\n#max_calls = 1\nmax_calls = 2\n", None),
    ],
)
def test_a_key_that_is_not_there_is_added(text: str, expected: str | None) -> None:
    changed = set_values(text, {"asterisk": {"max_calls": 30}})
    assert tomllib.loads(changed)["asterisk"]["max_calls"] == 30
    assert expected is None or changed == expected


@pytest.mark.parametrize(
    "text",
    ["[asterisk]\nmax_calls = \\\n", "asterisk.max_calls = 4\n", "asterisk = { max_calls = 4 }\n"],
)
def test_a_key_that_is_written_otherwise_is_not_guessed_at(text: str) -> None:
    with pytest.raises(ValueError, match=r"asterisk\.max_calls|Invalid"):
        set_values(text, {"asterisk": {"max_calls": 30}})
