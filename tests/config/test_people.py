"""Informateurs who come and go: the two files afterwards, and what is refused."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from router.config import load, people
from router.config.edits import Edited, editing
from router.core.ids import AgentId
from router.errors import ConfigError
from tests.config.scene import PROMPTS, Service

NOW = datetime(2026, 11, 23, 10, 0, 0, 500, UTC)
#: Comments that must stay where they are.
STAFF = """\
# Travail
101 = { travail = 1, logement = 3 }  # since spring

# Logement
102 = { logement = 1 }

# Who is who.
[names]
101 = "Ana"
"""


def change(service: Service, do: Callable[[Edited], Any]) -> Any:
    with editing(service.folder / "allo.toml") as edited:
        done = do(edited)
        edited.save(service.read)
    return done


def secrets(service: Service) -> dict[str, Any]:
    return tomllib.loads(service.text("secrets.toml"))


def test_somebody_new_has_all_that_is_needed(service: Service) -> None:
    service.write("agents.toml", STAFF)
    before = secrets(service)

    handed = change(
        service, lambda edited: people.add(edited, "146", {"travail": 2, "logement": 1}, NOW, "Zoé")
    )

    assert service.text("agents.toml") == STAFF.replace(
        "\n\n# Who", "\n146 = { travail = 2, logement = 1 }\n\n# Who"
    ).replace('"Ana"\n', '"Ana"\n146 = "Zoé"\n')
    after = secrets(service)
    assert after["agents"] == {**before["agents"], "146": handed.password}
    assert after["pins"] == {**before["pins"], "146": handed.pin}
    assert after["tokens"] == {**before["tokens"], "146": handed.token}
    assert set(after["since"].values()) == {NOW.replace(microsecond=0)}
    assert "# What supervisors present, by the name that the audit keeps.\n[supervisors]" in (
        service.text("secrets.toml")
    )
    assert (service.folder / "secrets.toml").stat().st_mode & 0o777 == 0o600
    loaded = load(service.folder / "allo.toml", PROMPTS)
    assert loaded.plan.agents[AgentId("146")].skills == {"travail": 2, "logement": 1}
    assert handed.password not in repr(handed)


def test_who_goes_leaves_nothing_behind(service: Service) -> None:
    service.write("agents.toml", STAFF)
    files = {name: service.text(name) for name in ("agents.toml", "secrets.toml")}
    change(service, lambda edited: people.add(edited, "146", {"travail": 1}, NOW, "Zoé"))
    service.write(
        "secrets.toml",
        service.text("secrets.toml")
        + '\n[access.ecran]\nscope = "agents"\nagent = "146"\ntoken = "a-second-screen-of-146"\n'
        '[grace."tokens.146"]\nvalue = "what-146-had-before"\nuntil = 2026-11-24T10:00:00Z\n',
    )
    load(service.folder / "allo.toml", PROMPTS)

    change(service, lambda edited: people.remove(edited, "146"))

    assert service.text("agents.toml") == files["agents.toml"]
    assert secrets(service) == tomllib.loads(files["secrets.toml"])


def test_who_comes_back_half_removed_keeps_the_password(service: Service) -> None:
    """As after a machine that lost its power between the two files."""
    change(service, lambda edited: people.add(edited, "146", {"travail": 1}, NOW))
    kept = secrets(service)
    service.write("agents.toml", STAFF)

    handed = change(service, lambda edited: people.add(edited, "146", {"travail": 1}, NOW))

    assert (handed.password, handed.pin, handed.token) == (None, None, None)
    assert secrets(service) == kept


def test_a_new_pin_is_nobody_else_s(service: Service) -> None:
    before = secrets(service)["pins"]
    pin = change(service, lambda edited: people.new_pin(edited, "101", NOW))
    assert secrets(service)["pins"] == {**before, "101": pin}
    assert pin not in before.values()
    assert change(service, lambda edited: people.new_pin(edited, "101", NOW, "4711")) == "4711"
    assert secrets(service)["pins"]["101"] == "4711"


@pytest.mark.parametrize(
    ("do", "told"),
    [
        (
            lambda edited: people.add(edited, "14x", {"travail": 1}, NOW),
            ["agents.toml: 14x: an informateur's number is 1 to 10 digits, as in 101"],
        ),
        (
            lambda edited: people.add(edited, "names", {"travail": 1}, NOW),
            ["agents.toml: names: an informateur's number is 1 to 10 digits, as in 101"],
        ),
        (
            lambda edited: people.add(edited, "102", {"travail": 1}, NOW),
            [
                "agents.toml: 102: is there already: choose another number, remove that one first "
                "(./allo agents remove 102), or change its line"
            ],
        ),
        (
            lambda edited: people.add(edited, "146", {"travial": 4}, NOW, pin="12"),
            [
                "agents.toml: 146.travial: unknown sector `travial`; did you mean `travail`?",
                "agents.toml: 146.travial: the level must be 1 to 3 (targets.widening_s), got 4",
                "secrets.toml: pins.146: must be 4 to 8 digits",
            ],
        ),
        (
            lambda edited: people.add(edited, "146", {}, NOW),
            ["agents.toml: 146: has no sector"],
        ),
        (
            lambda edited: people.add(edited, "901", {"travail": 1}, NOW),
            ["plan.toml: desk.supervisor_phones.1: 901 is an informateur's"],
        ),
        (
            lambda edited: people.remove(edited, "101"),
            ["plan.toml: sectors.travail: no informateur has this sector (agents.toml)"],
        ),
        (
            lambda edited: people.remove(edited, "103"),
            ["agents.toml: 103: no such informateur; did you mean `102`?"],
        ),
        (
            lambda edited: people.new_pin(edited, "names", NOW),
            ["agents.toml: names: no such informateur; known: `101` and `102`"],
        ),
    ],
)
def test_nothing_changes_if_anything_is_wrong(
    service: Service, do: Callable[[Edited], Any], told: list[str]
) -> None:
    files = {path: path.read_bytes() for path in service.folder.iterdir()}
    with pytest.raises(ConfigError) as raised:
        change(service, do)
    assert [str(problem) for problem in raised.value.problems] == told
    assert {path: path.read_bytes() for path in service.folder.iterdir()} == files


def test_a_pin_that_somebody_has(service: Service) -> None:
    taken = secrets(service)["pins"]["102"]
    with pytest.raises(ConfigError) as raised:
        change(service, lambda edited: people.new_pin(edited, "101", NOW, taken))
    assert str(raised.value) == (
        "secrets.toml: pins.101: another informateur has this PIN: leave it out, and one is made"
    )


def test_names_are_of_informateurs(service: Service) -> None:
    service.write("agents.toml", STAFF + '103 = "Max"\n102 = ""\n')
    assert service.problems() == [
        "agents.toml: names.102: must not be empty",
        "agents.toml: names.103: unknown informateur `103`; did you mean `102`?",
    ]
