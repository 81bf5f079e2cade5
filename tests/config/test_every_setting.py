"""Every key of every file, wrong in every way: one line that names file, key and remedy.

Keys, types and limits come from the tables that the reference is made of, so a new setting is
tested as soon as it exists.
"""

import re
import shutil
import tomllib
import types
import typing
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import tomlkit
from pydantic.fields import FieldInfo

from router.config import load, new_secrets
from router.config.reference import FILES, Section, has_section
from router.config.tables import LONGEST, MOST
from tests.config.scene import AGENTS, PLAN, PROMPTS, Service

#: What tables have that the small service of the other tests leaves out.
ALSO = """
[[hours.exceptions]]
date = "2026-12-24"
open = ["08:30-12:00"]
reason = "veille"
[[published]]
year = 2025
source = "rapport"
answered = 9
[relay]
name = "Acceo"
url = "https://www.example.org/"
"""
SETTINGS = """
plan = "plan.toml"
agents = "agents.toml"
[asterisk.registration]
server = "sip.example.org"
user = "allo"
[asterisk.tls]
certificate = "sip.pem"
key = "sip.pem"
ca_file = "sip.pem"
"""
#: Takes the place of `registration`.
CARRIERS = [{"name": "one", "hosts": ["192.0.2.1"]}]
ACCESS = """
[access.portail]
scope = "read"
token = "portail-portail-portail"
[grace.api_key]
value = "another-another-another"
until = 2026-11-23T10:00:00+01:00
"""
#: A certificate and its key.
CERTIFICATE = Path(__file__).parents[1] / "deploy" / "localhost.pem"
NAMES = {"settings": "allo.toml", "secrets": "secrets.toml", "plan": "plan.toml"}
SECTIONS = [(file.name, section) for file in FILES for section in file.sections]
#: How a line tells what to do.
REMEDY = re.compile(
    r"must |did you mean|known: |is missing|is made of|take it out|is for the kind|a name is|"
    r"prompts/catalogue|Asterisk cannot read a path with|cannot be read \(.+\): |no such file: |"
    r"at least one |is none of the scores|unknown (sector|menu) `"
)


#: The files of a service that has every table.
WHOLE: dict[str, dict[str, Any]] = {
    "allo.toml": tomllib.loads(SETTINGS),
    "plan.toml": tomllib.loads(PLAN + ALSO),
    "agents.toml": tomllib.loads(AGENTS),
    "secrets.toml": {
        **tomllib.loads(new_secrets(["101", "102"], ["901"]) + ACCESS),
        "registration_password": "password",
    },
}


def problems(service: Service, name: str, content: dict[str, Any]) -> list[str]:
    service.write(name, tomlkit.dumps(content))
    return service.problems()


def place_in(content: dict[str, Any], section: Section) -> tuple[dict[str, Any], list[str]]:
    """Return the table of that section, and its dotted key."""
    if "carriers" in section.heading:
        content["asterisk"].pop("registration", None)
        content["asterisk"]["carriers"] = deepcopy(CARRIERS)
    table: Any = content
    keys: list[str] = []
    for part in re.findall(r"[\w*]+", section.heading) if "[" in section.heading else ():
        name = next(iter(table)) if part == "*" else part
        table = table.setdefault(name, {})
        keys.append(name)
        if isinstance(table, list):
            table = table[0]
            keys.append("1")
    return table, keys


def wrong_values(kind: Any, limits: Any) -> Iterator[Any]:
    """Yield values of another type, out of range, and such as break files, lines and clocks."""
    kind = getattr(kind, "__supertype__", kind)
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):  # only with None
        yield from wrong_values(inside[0], limits)
    elif origin is Annotated:
        yield from wrong_values(inside[0], [*limits, *inside[1:]])
    elif origin is Literal:
        yield from (5, "neither")
    elif origin is tuple:
        yield from (5, *([one] for one in wrong_values(inside[0], [])))
    elif origin is dict:
        yield from (5, [1])
    elif kind is bool:
        yield from ("yes", 1)
    elif kind in (int, float):
        yield from ("many", True, [], -1, MOST + 1, 10**20, *([1.5] if kind is int else ()))
        yield from (limit.le + 1 for limit in limits if hasattr(limit, "le"))
        yield from (limit.ge - 1 for limit in limits if hasattr(limit, "ge"))
        yield from (limit.gt for limit in limits if hasattr(limit, "gt"))
    elif kind is str:
        yield from (5, "two\nlines", "\0", "long " * LONGEST)
    else:
        assert kind in (Any, datetime)
        yield from (5, "tomorrow")


@pytest.fixture
def service(service: Service) -> Service:
    for name, content in WHOLE.items():
        service.write(name, tomlkit.dumps(content))
    shutil.copy(CERTIFICATE, service.folder / "sip.pem")
    load(service.folder / "allo.toml", PROMPTS)
    return service


def check_line(told: list[str], where: str, what: object) -> None:
    assert len(told) == 1, (where, what, told)
    assert re.match(rf"{re.escape(where)}(\.1)?: ", told[0]), (where, what, told)
    assert "\n" not in told[0], (where, what, told)
    assert REMEDY.search(told[0]), f"without a remedy: {told[0]}"


def keys_of(section: Section) -> Iterator[tuple[str, FieldInfo]]:
    for key, column in section.table.model_fields.items():
        if not has_section(column.annotation):
            yield key, column


@pytest.mark.parametrize(("file", "section"), SECTIONS)
def test_every_wrong_value_is_one_line(service: Service, file: str, section: Section) -> None:
    name = NAMES[file]
    for key, column in keys_of(section):
        for value in wrong_values(column.annotation, column.metadata):
            content = deepcopy(WHOLE[name])
            table, keys = place_in(content, section)
            table[key] = value
            told = problems(service, name, content)
            check_line(told, f"{name}: {'.'.join([*keys, key])}", value)
            if file == "secrets":
                assert not re.search("two|long|many", told[0])


@pytest.mark.parametrize(("file", "section"), SECTIONS)
def test_every_misspelt_key_is_one_line(service: Service, file: str, section: Section) -> None:
    name = NAMES[file]
    for key, _ in keys_of(section):
        content = deepcopy(WHOLE[name])
        table, keys = place_in(content, section)
        table[f"{key}x"] = 1
        told = problems(service, name, content)
        check_line(told, f"{name}: {'.'.join([*keys, f'{key}x'])}", "misspelt")
        assert told[0].endswith(f"unknown key; did you mean `{key}`?")
    content = deepcopy(WHOLE[name])
    table, keys = place_in(content, section)
    table["zz"] = 1
    told = problems(service, name, content)
    check_line(told, f"{name}: {'.'.join([*keys, 'zz'])}", "unheard of")


@pytest.mark.parametrize(
    ("skills", "fault"),
    [
        ({"101": 1}, "101: must be a table, got 1"),
        ({"101": {"travail": "1"}}, '101.travail: must be a whole number, got "1"'),
        ({"101": {"travail": 4}}, "101.travail: the level must be 1 to 3"),
        ({"101": {"travial": 1}}, "101.travial: unknown sector `travial`; did you mean `travail`?"),
        ({"l01": {"travail": 1}}, "l01: an informateur's id is digits, as in 101"),
        ({"101": {}}, "101: has no sector"),
    ],
)
def test_each_fault_of_an_informateur(service: Service, skills: dict[str, Any], fault: str) -> None:
    told = problems(service, "agents.toml", WHOLE["agents.toml"] | skills)
    told = [one for one in told if not one.startswith("secrets.toml: ")]
    assert len(told) == 1
    assert told[0].startswith(f"agents.toml: {fault}")


@pytest.mark.parametrize("name", ["allo.toml", "plan.toml", "agents.toml", "secrets.toml"])
def test_each_file_that_cannot_be_read(service: Service, name: str) -> None:
    path = service.folder / name
    content = path.read_bytes()
    path.write_bytes(b"\xe9" + content)
    assert service.problems() == [
        f"{name}: is not UTF-8 text (at line 1): save it in that encoding"
    ]
    path.unlink()
    assert service.problems() == [
        f"{name}: cannot be read (No such file or directory): write it, or name another"
    ]
    path.mkdir()
    assert service.problems() == [
        f"{name}: cannot be read (Is a directory): name a file, not a folder"
    ]


def test_a_file_of_somebody_else(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    path = service.folder / "secrets.toml"
    read_text = type(path).read_text

    def refuse(self: Any, *args: Any, **words: Any) -> str:
        if self.name == path.name:
            raise PermissionError(13, "Permission denied")
        return read_text(self, *args, **words)

    monkeypatch.setattr(type(path), "read_text", refuse)  # root may read everything
    assert service.problems() == [
        "secrets.toml: cannot be read (Permission denied): give it to the user that runs allo "
        "(chown), or run as its owner"
    ]


def test_a_file_whose_name_is_wrong_is_not_read(service: Service) -> None:
    for name in ("plan", "agents", "secrets"):
        content = WHOLE["allo.toml"] | {name: 5}
        assert problems(service, "allo.toml", content) == [
            f'allo.toml: {name}: must be text in "quotes", got 5'
        ]
