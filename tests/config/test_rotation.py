"""Secrets replaced: with grace, at once, or not at all."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.access import Keyring, Scope
from router.config import Secrets, load, load_secrets, tokens_of
from router.config.edits import editing
from router.config.rotation import grant, how, listed, revoke, rotate
from router.errors import ConfigError
from tests.config.scene import PROMPTS, Service

NOW = datetime(2026, 11, 23, 10, 0, 0, 0, UTC)
DAY = timedelta(days=1)
ACCESS = '\n[access.portail]\nscope = "read"\ntoken = "token-of-the-portal-page"\n'

with_grace = pytest.mark.parametrize(
    ("name", "value_of"),
    [
        ("api_key", lambda table: table["api_key"]),
        ("machines_token", lambda table: table["machines_token"]),
        ("tokens.101", lambda table: table["tokens"]["101"]),
        ("supervisors.superviseur", lambda table: table["supervisors"]["superviseur"]),
        ("callback_keys.site", lambda table: table["callback_keys"]["site"]),
        ("access.portail", lambda table: table["access"]["portail"]["token"]),
    ],
)


@pytest.fixture
def service(service: Service) -> Service:
    service.write("secrets.toml", service.text("secrets.toml") + ACCESS)
    return service


def given(service: Service) -> Secrets:
    return load_secrets(service.folder / "secrets.toml")


def turn(service: Service, name: str, grace: timedelta = DAY, now: datetime = NOW) -> str:
    with editing(service.folder / "allo.toml") as edited:
        new = rotate(edited, given(service), name, grace, now)
        edited.save(service.read)
    return new


def give(service: Service, name: str, scope: Scope, agent: str | None) -> str:
    with editing(service.folder / "allo.toml") as edited:
        token = grant(edited, name, scope, agent, NOW)
        edited.save(service.read)
    return token


def holder(service: Service, value: str, at: datetime) -> str | None:
    """Whom the token opens for, at that time."""
    found = Keyring(tokens_of(given(service)), at.timestamp).holder(value)
    return None if found is None else f"{found.name} {found.scope}"


@with_grace
def test_old_and_new_open_until_the_grace_is_over(
    service: Service, name: str, value_of: Callable[[Any], str]
) -> None:
    old = value_of(tomllib.loads(service.text("secrets.toml")))
    whom = holder(service, old, NOW)

    new = turn(service, name)

    assert value_of(tomllib.loads(service.text("secrets.toml"))) == new != old
    for at, opens in ((NOW, True), (NOW + DAY * 0.999, True), (NOW + DAY, False)):
        assert holder(service, new, at) == whom
        assert holder(service, old, at) == (whom if opens else None)
    load(service.folder / "allo.toml", PROMPTS)


@with_grace
def test_without_a_grace_the_old_one_opens_nothing_more(
    service: Service, name: str, value_of: Callable[[Any], str]
) -> None:
    old = value_of(tomllib.loads(service.text("secrets.toml")))
    new = turn(service, name, timedelta())
    assert holder(service, old, NOW) is None
    assert holder(service, new, NOW) is not None
    assert "grace" not in service.text("secrets.toml")


def test_a_second_turn_ends_the_first_one_s_grace(service: Service) -> None:
    first = given(service).api_key
    second = turn(service, "api_key")
    third = turn(service, "api_key")
    assert [holder(service, one, NOW) for one in (first, second, third)] == [
        None,
        "api_key admin",
        "api_key admin",
    ]


def test_a_grace_that_is_over_goes_with_the_next_turn(service: Service) -> None:
    turn(service, "api_key", DAY)
    turn(service, "tokens.101", 3 * DAY)
    turn(service, "tokens.102", DAY, NOW + 2 * DAY)
    assert list(given(service).grace) == ["tokens.101", "tokens.102"]


def test_a_phone_s_password_is_replaced_at_once(service: Service) -> None:
    new = turn(service, "agents.901", timedelta())
    assert tomllib.loads(service.text("secrets.toml"))["agents"]["901"] == new
    assert how("agents.901", given(service)) == "at once"
    assert how("ari_password", given(service)) == "restart"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("api_kay", "no such secret; did you mean `api_key`?"),
        ("zzz", "no such secret; ./allo secrets list names them all"),
        ("grace.api_key", "no such secret; did you mean `api_key`?"),
        ("pins.101", "a new PIN is given by ./allo agents pin 101"),
        (
            "code_secret",
            "would change every access code of every page at once: edit the file, and tell the "
            "web site, if it must be",
        ),
        (
            "agents.101",
            "has no grace, as Asterisk knows one password at a time: say --grace 0",
        ),
        (
            "ari_password",
            "has no grace, as Asterisk knows one password at a time: say --grace 0",
        ),
    ],
)
def test_what_cannot_be_replaced_like_this(service: Service, name: str, told: str) -> None:
    before = service.text("secrets.toml")
    with pytest.raises(ConfigError) as raised:
        turn(service, name)
    assert str(raised.value) == f"secrets.toml: {name}: {told}"
    assert service.text("secrets.toml") == before


def test_the_list_has_every_secret_and_no_value(service: Service) -> None:
    new = turn(service, "api_key")
    known = {one.name: one for one in listed(given(service), NOW)}
    table = tomllib.loads(service.text("secrets.toml"))
    named = {
        *("code_secret", "ari_password", "api_key", "machines_token", "access.portail"),
        *(
            f"{kind}.{name}"
            for kind in ("agents", "pins", "tokens", "supervisors", "callback_keys")
            for name in table[kind]
        ),
    }
    assert known.keys() == named
    assert (known["api_key"].since, known["api_key"].grace_until) == (NOW, NOW + DAY)
    assert (known["tokens.101"].since, known["tokens.101"].grace_until) == (None, None)
    assert new not in repr(known)
    later = {one.name: one for one in listed(given(service), NOW + DAY)}
    assert later["api_key"].grace_until is None


def test_a_token_comes_and_goes(service: Service) -> None:
    before = service.text("secrets.toml")
    settings = service.folder / "allo.toml"
    token = give(service, "ecran", Scope.AGENTS, "101")
    assert holder(service, token, NOW) == "ecran agents"
    assert given(service).access["ecran"].agent == "101"
    new = turn(service, "access.ecran")
    assert [holder(service, one, NOW) for one in (token, new)] == ["ecran agents"] * 2
    with editing(settings) as edited:
        revoke(edited, "ecran")
        edited.save(service.read)
    assert [holder(service, one, NOW) for one in (token, new)] == [None, None]
    assert tomllib.loads(service.text("secrets.toml")) == tomllib.loads(before)


@pytest.mark.parametrize(
    ("name", "scope", "agent", "told"),
    [
        ("portail", Scope.READ, None, "access.portail: is there already: choose another name"),
        ("ecran", Scope.AGENTS, None, "access.ecran.agent: is missing"),
        ("ecran", Scope.AGENTS, "109", "access.ecran.agent: no such informateur: 109"),
        ("Écran", Scope.READ, None, "access.Écran: a name is lower-case letters"),
        ("superviseur", Scope.READ, None, "access.superviseur: is also supervisors.superviseur"),
    ],
)
def test_a_token_that_cannot_be(
    service: Service, name: str, scope: Scope, agent: str | None, told: str
) -> None:
    before = service.text("secrets.toml")
    with pytest.raises(ConfigError) as raised:
        give(service, name, scope, agent)
    assert str(raised.value).startswith(f"secrets.toml: {told}")
    assert service.text("secrets.toml") == before
