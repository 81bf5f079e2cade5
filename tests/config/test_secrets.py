"""The secrets: read and made, and their faults, reported without their values."""

import re
import tomllib
from datetime import UTC, datetime

from router.access import Keyring, Scope
from router.config import load, load_secrets, new_secrets, tokens_of
from router.core.ids import PhoneId
from tests.config.scene import PROMPTS, Service


def test_new_secrets_are_good_and_never_the_same() -> None:
    one, other = new_secrets(["101"]), new_secrets(["101"])
    assert one != other
    table = tomllib.loads(one)
    values = [table["code_secret"], table["ari_password"], table["api_key"], table["agents"]["101"]]
    assert len(set(values)) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{24,}", value) for value in values)


def test_new_secrets_are_for_everyone_in_the_plan() -> None:
    agents = [str(number) for number in range(101, 301)]
    table = tomllib.loads(new_secrets(agents, ["901", "902"]))
    assert list(table["agents"]) == [*agents, "901", "902"]
    assert list(table["pins"]) == list(table["tokens"]) == agents
    assert list(table["supervisors"]) == ["superviseur"]
    assert all(re.fullmatch(r"[0-9]{6}", pin) for pin in table["pins"].values())
    for one_each in (table["pins"], table["tokens"], table["agents"]):
        assert len(set(one_each.values())) == len(one_each)


def test_secrets_are_read_and_not_shown(service: Service) -> None:
    given = load_secrets(service.folder / "secrets.toml")
    table = tomllib.loads(service.text("secrets.toml"))
    assert given.code_secret == table["code_secret"].encode()
    assert given.agents[PhoneId("102")] == table["agents"]["102"]
    assert given.agents[PhoneId("901")] == table["agents"]["901"]
    assert given.pins == table["pins"]
    assert given.tokens == table["tokens"]
    assert given.supervisors == table["supervisors"]
    assert given.callback_keys == table["callback_keys"]
    assert list(given.callback_keys) == ["site"]
    assert repr(given) == "Secrets()"


def test_secrets_that_everyone_can_read(service: Service) -> None:
    service.write("secrets.toml", new_secrets(["101", "102"], ["901"]), mode=0o644)
    assert service.problems() == [
        "secrets.toml: everyone on this machine can read it: chmod 600 secrets.toml"
    ]


def test_secrets_that_the_group_can_read_are_accepted(service: Service) -> None:
    (service.folder / "secrets.toml").chmod(0o640)
    load(service.folder / "allo.toml", PROMPTS)


def test_missing_secrets(service: Service) -> None:
    (service.folder / "secrets.toml").unlink()
    assert service.problems() == [
        "secrets.toml: cannot be read (No such file or directory): write it, or name another"
    ]


def test_each_fault_of_the_secrets_is_reported_without_its_value(service: Service) -> None:
    service.write(
        "secrets.toml",
        """
        code_secret = "hush"
        ari_password = "hush, and with spaces in it"
        apikey = "hush"
        [agents]
        101 = "hush"
        103 = "hush-hush-hush-hush"
        901 = "hush-hush-hush-hush"
        [pins]
        101 = "hush"
        102 = "123"
        103 = "123456789"
        [tokens]
        101 = "hush-hush-hush-hush"
        102 = "hush-hush-hush-hush"
        103 = "hush"
        [supervisors]
        "Léa" = "hush-hush-hush-hush-hush"
        lea = "hush-hush-hush-hush"
        [callback_keys]
        site = "hush-hush-hush-hush"
        Site = "hush"
        """,
    )
    told = service.problems()
    assert told == [
        "secrets.toml: code_secret: must have at least 16 characters",
        "secrets.toml: api_key: is missing",
        "secrets.toml: apikey: unknown key; did you mean `api_key`?",
        "secrets.toml: pins.101: must be 4 to 8 digits",
        "secrets.toml: pins.102: must be 4 to 8 digits",
        "secrets.toml: pins.103: must be 4 to 8 digits",
        "secrets.toml: supervisors.Léa: a name is lower-case letters, digits and hyphens",
        "secrets.toml: callback_keys.Site: a name is lower-case letters, digits and hyphens",
        "secrets.toml: tokens.102: is the same as tokens.101",
        "secrets.toml: tokens.103: must be 16 to 128 letters, digits, hyphens or underscores",
        "secrets.toml: supervisors.lea: is the same as tokens.101",
        "secrets.toml: callback_keys.site: is the same as tokens.101",
        "secrets.toml: callback_keys.Site: must be 16 to 128 letters, digits, hyphens or "
        "underscores",
        "secrets.toml: agents.102: is missing: the password of this phone",
        "secrets.toml: agents.103: no such phone; did you mean `102`?",
        "secrets.toml: pins.103: no such informateur; did you mean `102`?",
        "secrets.toml: tokens.103: no such informateur; did you mean `102`?",
        "secrets.toml: ari_password: must be 16 to 128 letters, digits, hyphens or underscores",
        "secrets.toml: agents.101: must be 16 to 128 letters, digits, hyphens or underscores",
    ]
    assert "hush" not in "".join(told)
    assert "123" not in "".join(told)


def test_secrets_from_before_there_were_pins_still_load(service: Service) -> None:
    old = service.text("secrets.toml").partition("# What informateurs type")[0]
    assert "[pins]" not in old
    service.write("secrets.toml", old)
    secrets = load(service.folder / "allo.toml", PROMPTS).secrets
    assert secrets is not None
    assert secrets.pins == secrets.tokens == secrets.supervisors == secrets.callback_keys == {}


def test_a_pin_is_needed_where_it_logs_in(service: Service) -> None:
    pin = re.search(r'(?s)\[pins\].*?(102 = "[0-9]{6}"\n)', service.text("secrets.toml"))
    assert pin is not None
    service.change("secrets.toml", pin[1], "")
    load(service.folder / "allo.toml", PROMPTS)
    service.change("plan.toml", "away_s = 0", 'log_in = "code"')
    assert service.problems() == [
        'secrets.toml: pins.102: is missing, and the plan says desk.log_in = "code"'
    ]


def test_a_supervisor_s_phone_needs_its_password(service: Service) -> None:
    service.write("secrets.toml", new_secrets(["101", "102"]))
    assert service.problems() == [
        "secrets.toml: agents.901: is missing: the password of this phone"
    ]


def test_a_token_cannot_be_the_key_of_the_web_site(service: Service) -> None:
    table = tomllib.loads(service.text("secrets.toml"))
    service.change("secrets.toml", table["supervisors"]["superviseur"], table["api_key"])
    assert service.problems() == ["secrets.toml: supervisors.superviseur: is the same as api_key"]


def test_the_machines_token_is_nobody_else_s(service: Service) -> None:
    table = tomllib.loads(service.text("secrets.toml"))
    for token, told in ((table["api_key"], "is the same as api_key"), ("short", "must be 16 to")):
        service.write(
            "secrets.toml",
            service.text("secrets.toml").replace(
                f'machines_token = "{table["machines_token"]}"', f'machines_token = "{token}"'
            ),
        )
        (problem,) = service.problems()
        assert problem.startswith(f"secrets.toml: machines_token: {told}")
        service.write(
            "secrets.toml",
            service.text("secrets.toml").replace(
                f'machines_token = "{token}"', f'machines_token = "{table["machines_token"]}"'
            ),
        )


MORE = """
[access.portail]
scope = "read"
token = "token-of-the-portal-page"
[access.essai]
scope = "agents"
agent = "101"
token = "token-of-a-second-screen"
[grace.api_key]
value = "what-opened-before-now"
until = 2026-11-24T10:00:00+01:00
[grace."tokens.102"]
value = "what-a-page-of-102-had"
until = 2026-11-24T09:00:00Z
[since]
api_key = 2026-11-23T10:00:00+01:00
"""


def test_every_token_has_a_name_a_scope_and_perhaps_an_end(service: Service) -> None:
    service.write("secrets.toml", service.text("secrets.toml") + MORE)
    secrets = load(service.folder / "allo.toml", PROMPTS).secrets
    assert secrets is not None
    assert "before-now" not in repr(secrets.grace)
    assert "portal" not in repr(secrets.access)
    ring = tokens_of(secrets)
    end = datetime(2026, 11, 24, 9, tzinfo=UTC).timestamp()
    assert [(one.name, one.scope, one.agent, one.until) for one in ring] == [
        ("api_key", Scope.ADMIN, None, None),
        ("api_key", Scope.ADMIN, None, end),
        ("machines_token", Scope.READ, None, None),
        ("101", Scope.AGENTS, "101", None),
        ("102", Scope.AGENTS, "102", None),
        ("102", Scope.AGENTS, "102", end),
        ("superviseur", Scope.SUPERVISE, None, None),
        ("site", Scope.CALLBACKS, None, None),
        ("portail", Scope.READ, None, None),
        ("essai", Scope.AGENTS, "101", None),
    ]
    at = Keyring(ring, lambda: end - 1)
    for value, name in (
        (secrets.api_key, "api_key"),
        ("what-opened-before-now", "api_key"),
        ("what-a-page-of-102-had", "102"),
        ("token-of-a-second-screen", "essai"),
        (secrets.machines_token or "", "machines_token"),
        (secrets.supervisors["superviseur"], "superviseur"),
    ):
        found = at.holder(value)
        assert found is not None
        assert found.name == name


def test_each_fault_of_tokens_with_a_scope(service: Service) -> None:
    faulty = """
    [access.superviseur]
    scope = "supervise"
    token = "hush-hush-hush-hush-1"
    [access.Portail]
    scope = "reed"
    token = "hush"
    [access.poste]
    scope = "agents"
    token = "hush-hush-hush-hush-2"
    [access.autre]
    scope = "agents"
    agent = "109"
    token = "hush-hush-hush-hush-2"
    [access.site]
    scope = "read"
    agent = "101"
    token = "hush-hush-hush-hush-3"
    [grace.apikey]
    value = "hush-hush-hush-hush-4"
    until = 2026-11-24T10:00:00
    [grace.ari_password]
    value = "hush-hush-hush-hush-4"
    until = "hush"
    [grace.api_key]
    value = "hush"
    until = 2026-11-24T10:00:00Z
    [since]
    api_key = 2026-11-24T10:00:00
    """
    service.write("secrets.toml", service.text("secrets.toml") + faulty)
    told = service.problems()
    assert "hush" not in "".join(told)
    assert [one.removeprefix("secrets.toml: ") for one in told] == [
        "access.Portail.scope: must be 'read', 'agents', 'supervise', 'callbacks' or 'admin'",
        "grace.ari_password.until: must be a date and time with its offset, "
        "2026-11-23T10:00:00+01:00",
        "grace.api_key.value: must have at least 16 characters",
        "access.autre: is the same as access.poste",
        "access.superviseur: is also supervisors.superviseur: the audit could not tell them apart",
        'access.poste.agent: is missing: the informateur whose desk "agents" opens',
        'access.site.agent: goes with scope "agents" alone, not "read"',
        "grace.apikey: unknown secret `apikey`; did you mean `api_key`?",
        "grace.apikey.until: needs its offset: 2026-11-23T10:00:00+01:00",
        "since.api_key: needs its offset: 2026-11-23T10:00:00+01:00",
        "access.autre.agent: no such informateur: 109; did you mean `102`?",
    ]
