"""What belongs to one deployment: paths, Asterisk, HTTP, voice, log, and the secrets."""

import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from router.asterisk.settings import AgentPhone, AsteriskSettings, Registration, check
from router.config.tables import (
    Report,
    Table,
    Text,
    check_id,
    did_you_mean,
    parse,
    raise_all,
    read_toml,
)
from router.core.ids import AgentId, PhoneId
from router.core.plan import LogInBy, Plan
from router.places import PROMPTS, STATE

#: The plan and the informateurs that come with the program.
SHIPPED = Path(__file__).resolve().parents[1] / "plans"

#: Fields of AsteriskSettings that other keys, the plan or the secrets give.
_FROM_ELSEWHERE = frozenset(
    {
        "state_dir",
        "prompts_dir",
        "service_numbers",
        "longest_call_s",
        "ari_password",
        "agents",
        "registration",
    }
)

_PIN = re.compile(r"[0-9]{4,8}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_PIN_DIGITS = 6
#: RFC 6454, section 6.2: scheme, host, and the port if it is not the scheme's own.
_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
_PRESENTED = re.compile(r"\+[1-9][0-9]{5,14}|[1-9][0-9]{1,5}")

#: This machine, and nobody else.
LOOPBACK = ("127.0.0.0/8", "::1/128")

Secret = Annotated[str, Field(min_length=16)]
Port = Annotated[int, Field(gt=0, le=65535)]


class RegistrationTable(Table):
    """The carrier's account; its password is `registration_password` of the secrets."""

    server: Text
    user: Text
    domain: str = ""


_ASTERISK: dict[str, Any] = {
    column.name: (column.type, column.default)
    for column in fields(AsteriskSettings)
    if column.name not in _FROM_ELSEWHERE
}
_ASTERISK["registration"] = (RegistrationTable | None, None)
#: Settings of Asterisk, by the names and defaults of AsteriskSettings.
AsteriskTable: Any = create_model("AsteriskTable", __base__=Table, **_ASTERISK)


class HttpTable(Table):
    host: Text = "127.0.0.1"
    port: Port = 8039
    machines: tuple[str, ...] = LOOPBACK


class VoiceTable(Table):
    engine: Literal["espeak-ng", "piper"] = "espeak-ng"
    model: str | None = None


class LogTable(Table):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class CallbacksTable(Table):
    """Callbacks asked for over the web; without `presented` none are taken."""

    origins: tuple[str, ...] = ()
    presented: Text | None = None
    number_format: Literal["e164", "+e164", "national"] = "e164"
    proof_of_work: bool = True
    difficulty: Annotated[int, Field(ge=1000, le=10_000_000)] = 50_000
    forms_per_minute: Annotated[int, Field(ge=0)] = 30
    fiction: bool = False
    per_day: Annotated[int, Field(gt=0)] = 3
    vault_dir: Text | None = None
    recycle_numbers: Annotated[int, Field(gt=0)] = 100
    recycle_s: Annotated[float, Field(gt=0)] = 300.0


class SettingsTable(Table):
    """allo.toml; paths are relative to its folder."""

    plan: Text | None = None
    agents: Text | None = None
    secrets: Text = "secrets.toml"
    state_dir: Text | None = None
    prompts_dir: Text | None = None
    asterisk: AsteriskTable = AsteriskTable()
    http: HttpTable = HttpTable()
    callbacks: CallbacksTable = CallbacksTable()
    voice: VoiceTable = VoiceTable()
    log: LogTable = LogTable()


class SecretsTable(Table):
    code_secret: Secret
    ari_password: Secret
    api_key: Secret
    registration_password: Text | None = None
    machines_token: str | None = None
    agents: dict[str, str]
    pins: dict[str, str] = Field(default_factory=dict)
    tokens: dict[str, str] = Field(default_factory=dict)
    supervisors: dict[str, str] = Field(default_factory=dict)
    callback_keys: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Http:
    """Where the pages and the API are served."""

    host: str = "127.0.0.1"
    port: int = 8039
    #: Networks of those that may read `/metrics` and `/readyz` without `machines_token`.
    machines: tuple[str, ...] = LOOPBACK


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How callbacks are asked for, and how they are dialled."""

    #: The web sites whose pages may ask, exactly as browsers name them: "https://example.org".
    #: Our own page /rappel may always.
    origins: tuple[str, ...] = ()
    #: The number that is shown, "+33…" or a short one. None: no callbacks. Not ours to choose:
    #: the carrier must have granted it.
    presented: str | None = None
    #: What the carrier dials: "e164" is 33123456789, "+e164" has "+" before it, "national"
    #: is 0123456789.
    number_format: str = "e164"
    #: Browsers must solve a puzzle of up to `difficulty` tries; trusted servers need not.
    proof_of_work: bool = True
    difficulty: int = 50_000
    #: The plain form, for browsers without scripts, cannot: so many a minute, over all.
    forms_per_minute: int = 30
    #: Whether the numbers kept for films are called: in tests only.
    fiction: bool = False
    #: Callbacks that one number may have on one day.
    per_day: int = 3
    #: Where numbers are kept while a callback is open; None: `vault.place_of`.
    vault_dir: Path | None = None
    #: A process that held so many numbers, or the first of them for so long, gives way to a
    #: new one and takes its memory with it.
    recycle_numbers: int = 100
    recycle_s: float = 300.0


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """The synthetic voice; `model` is Piper's file."""

    engine: str = "espeak-ng"
    model: Path | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """`level` in lower case; `format` is "json" or "console"."""

    level: str = "info"
    format: str = "json"


@dataclass(frozen=True, slots=True)
class Settings:
    """One deployment; every path is absolute."""

    #: Where they were read; None: as shipped.
    file: Path | None = None
    plan: Path = SHIPPED / "3939.toml"
    agents: Path = SHIPPED / "agents.toml"
    #: None: run without a settings file, as for checking the shipped plan.
    secrets: Path | None = None
    state_dir: Path = STATE
    prompts_dir: Path = PROMPTS
    #: Without what the plan and the secrets give; see `asterisk_settings`.
    asterisk: AsteriskSettings = field(
        default_factory=lambda: AsteriskSettings(
            state_dir=STATE, prompts_dir=PROMPTS, ari_password=""
        )
    )
    http: Http = Http()
    callbacks: Callbacks = Callbacks()
    voice: VoiceChoice = VoiceChoice()
    log: Log = Log()


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must stay on the machine: none of it is shown by repr()."""

    #: Access codes are derived from it.
    code_secret: bytes = field(repr=False)
    #: Password of the router's ARI user.
    ari_password: str = field(repr=False)
    #: What the web site presents to ask for access codes.
    api_key: str = field(repr=False)
    #: Passwords of the phones, informateurs' and supervisors'.
    agents: Mapping[PhoneId, str] = field(repr=False)
    #: Password of the carrier's account, where it wants one.
    registration_password: str | None = field(default=None, repr=False)
    #: What a machine presents to read `/metrics` and `/readyz` from elsewhere.
    machines_token: str | None = field(default=None, repr=False)
    #: What informateurs type to log in by phone, 4 to 8 digits; without one they cannot.
    pins: Mapping[AgentId, str] = field(default_factory=dict, repr=False)
    #: What an informateur's own page presents; no two alike.
    tokens: Mapping[AgentId, str] = field(default_factory=dict, repr=False)
    #: What a supervisor presents, by name; the name is kept in the audit.
    supervisors: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: What a web site's server presents to ask for callbacks without proof of work, by name.
    callback_keys: Mapping[str, str] = field(default_factory=dict, repr=False)


def asterisk_settings(settings: Settings, plan: Plan, given: Secrets) -> AsteriskSettings:
    """All that Asterisk's configuration is rendered from."""
    registration = settings.asterisk.registration
    return replace(
        settings.asterisk,
        service_numbers=plan.numbers,
        longest_call_s=plan.targets.longest_call_s,
        ari_password=given.ari_password,
        agents=tuple(
            AgentPhone(phone, given.agents[phone]) for phone in plan.phones if phone in given.agents
        ),
        registration=registration
        and replace(registration, password=given.registration_password or ""),
    )


def new_secrets(agent_ids: Iterable[str], supervisor_phones: Iterable[str] = ()) -> str:
    """Fresh secrets as TOML, for a file that only its owner may read (mode 0600).

    There is one supervisor, named "superviseur", and one web site, named "site".
    """
    agents = tuple(agent_ids)
    lines = [
        "# Secrets of this service. Readable by its own user only: chmod 600.",
        f'code_secret = "{secrets.token_urlsafe(32)}"',
        f'ari_password = "{secrets.token_urlsafe(24)}"',
        f'api_key = "{secrets.token_urlsafe(24)}"',
        f'machines_token = "{secrets.token_urlsafe(24)}"',
        "",
        "# Passwords of the phones: informateurs', then supervisors'.",
        "[agents]",
        *(f'{phone} = "{secrets.token_urlsafe(18)}"' for phone in (*agents, *supervisor_phones)),
        "",
        "# What informateurs type to log in by phone.",
        "[pins]",
        *(f'{agent} = "{pin}"' for agent, pin in zip(agents, _new_pins(len(agents)), strict=True)),
        "",
        "# What informateurs' pages present (Authorization: Bearer).",
        "[tokens]",
        *(f'{agent} = "{secrets.token_urlsafe(24)}"' for agent in agents),
        "",
        "# What supervisors present, by the name that the audit keeps.",
        "[supervisors]",
        f'superviseur = "{secrets.token_urlsafe(24)}"',
        "",
        "# What web sites' servers present to ask for callbacks, by name.",
        "[callback_keys]",
        f'site = "{secrets.token_urlsafe(24)}"',
    ]
    return "\n".join(lines) + "\n"


def _new_pins(count: int) -> list[str]:
    """Different ones, so that a PIN given to the wrong informateur opens nothing."""
    pins: dict[str, None] = {}
    while len(pins) < count:
        pins[f"{secrets.randbelow(10**_PIN_DIGITS):0{_PIN_DIGITS}}"] = None
    return list(pins)


def load_secrets(path: Path) -> Secrets:
    """Read the secrets.

    Raises:
        ConfigError: With every fault; also when everyone on the machine can read the file.
    """
    report = Report(path.name)
    given = read_secrets(path, report)
    raise_all(report)
    assert given is not None
    return given


def read_secrets(path: Path, report: Report) -> Secrets | None:
    """The secrets, to be used only if the report stays empty. No value is ever reported."""
    content = read_toml(path, report)
    if content is None:
        return None
    if path.stat().st_mode & stat.S_IRWXO:
        report.add("", f"everyone on this machine can read it: chmod 600 {path.name}")
    table = parse(SecretsTable, content, report, show_values=False)
    if table is None:
        return None
    _check_pins_and_tokens(table, report)
    return Secrets(
        code_secret=table.code_secret.encode(),
        ari_password=table.ari_password,
        api_key=table.api_key,
        agents={PhoneId(phone): password for phone, password in table.agents.items()},
        registration_password=table.registration_password,
        machines_token=table.machines_token,
        pins={AgentId(agent): pin for agent, pin in table.pins.items()},
        tokens={AgentId(agent): token for agent, token in table.tokens.items()},
        supervisors=table.supervisors,
        callback_keys=table.callback_keys,
    )


def _check_pins_and_tokens(table: SecretsTable, report: Report) -> None:
    for agent, pin in table.pins.items():
        if not _PIN.fullmatch(pin):
            report.add(f"pins.{agent}", "must be 4 to 8 digits")
    for kind, names in (
        ("supervisors", table.supervisors),
        ("callback_keys", table.callback_keys),
    ):
        for name in names:
            check_id(f"{kind}.{name}", name, report)
    tokens = {f"tokens.{agent}": token for agent, token in table.tokens.items()}
    tokens |= {f"supervisors.{name}": token for name, token in table.supervisors.items()}
    tokens |= {f"callback_keys.{name}": token for name, token in table.callback_keys.items()}
    if table.machines_token is not None:
        tokens["machines_token"] = table.machines_token
    seen = {table.api_key: "api_key"}
    for place, token in tokens.items():
        if not _TOKEN.fullmatch(token):
            report.add(place, "must be 16 to 128 letters, digits, hyphens or underscores")
        elif token in seen:
            report.add(place, f"is the same as {seen[token]}")
        else:
            seen[token] = place


def read_settings(path: Path, report: Report) -> Settings | None:
    """The settings, to be used only if the report stays empty."""
    content = read_toml(path, report)
    table = None if content is None else parse(SettingsTable, content, report)
    if table is None:
        return None
    folder = path.resolve().parent
    defaults = Settings()
    state_dir = folder / table.state_dir if table.state_dir else defaults.state_dir
    prompts_dir = folder / table.prompts_dir if table.prompts_dir else defaults.prompts_dir
    model = folder / table.voice.model if table.voice.model else None
    if table.voice.engine == "piper" and model is None:
        report.add("voice.model", "is missing: the .onnx file of the Piper voice")
    elif model is not None and not model.is_file():
        report.add("voice.model", f"no such file: {table.voice.model}")
    own = table.asterisk.model_dump(exclude={"registration"})
    if table.http.port == own["ari_port"]:
        report.add("http.port", f"{table.http.port} is also asterisk.ari_port")
    _check_machines(table.http.machines, report)
    _check_callbacks(table.callbacks, own["trunk_peer"], report)
    account: RegistrationTable | None = table.asterisk.registration
    return Settings(
        file=path.resolve(),
        plan=folder / table.plan if table.plan else defaults.plan,
        agents=folder / table.agents if table.agents else defaults.agents,
        secrets=folder / table.secrets,
        state_dir=state_dir,
        prompts_dir=prompts_dir,
        asterisk=AsteriskSettings(
            state_dir=state_dir,
            prompts_dir=prompts_dir,
            ari_password="",
            registration=Registration(**account.model_dump(), password="") if account else None,
            **own,
        ),
        http=Http(table.http.host, table.http.port, table.http.machines),
        callbacks=_callbacks(table.callbacks, folder),
        voice=VoiceChoice(table.voice.engine, model),
        log=Log(table.log.level, table.log.format),
    )


def _check_machines(networks: Iterable[str], report: Report) -> None:
    for place, network in enumerate(networks, 1):
        if reason := _bad_network(network):
            report.add(f"http.machines.{place}", reason)


def _bad_network(network: str) -> str | None:
    reason = f'must be an address or a network (192.0.2.0/24), got "{network}"'
    try:
        meant = ip_network(network, strict=False)
    except ValueError:
        return reason
    address = network.partition("/")[0]
    if ip_address(address) == meant.network_address:
        return None
    return f"{reason}; did you mean {meant}, or {address}?"


def is_origin(text: str) -> bool:
    """Whether it is an origin as browsers name it: "https://www.example.org"."""
    return _ORIGIN.fullmatch(text) is not None


def _check_callbacks(table: CallbacksTable, trunk_peer: str | None, report: Report) -> None:
    for place, origin in enumerate(table.origins, 1):
        if not is_origin(origin):
            report.add(
                f"callbacks.origins.{place}",
                f'must be as browsers send it, "https://www.example.org", got "{origin}"',
            )
    if table.presented is not None and not _PRESENTED.fullmatch(table.presented):
        report.add(
            "callbacks.presented",
            f'must be "+" and 6 to 15 digits, or a short number, got "{table.presented}"',
        )
    elif table.presented and trunk_peer is None and report.is_sound("asterisk.trunk_peer"):
        report.add(
            "callbacks.presented",
            "callbacks need a way out: set asterisk.trunk_peer to the carrier's host:port, or "
            "leave this key out",
        )


def _callbacks(table: CallbacksTable, folder: Path) -> Callbacks:
    vault_dir = folder / table.vault_dir if table.vault_dir else None
    return Callbacks(**{**table.model_dump(), "vault_dir": vault_dir})


def _check_owners(plan: Plan, given: Secrets, report: Report) -> None:
    """Each phone has its password, and nobody a secret who is not in the plan."""
    phones = plan.phones
    for phone in phones:
        if phone not in given.agents:
            report.add(f"agents.{phone}", "is missing: the password of this phone")
    for phone in given.agents:
        if phone not in phones:
            report.add(f"agents.{phone}", f"no such phone{did_you_mean(phone, phones)}")
    if plan.desk.log_in is LogInBy.CODE:
        for agent in plan.agents:
            if agent not in given.pins:
                report.add(f"pins.{agent}", 'is missing, and the plan says desk.log_in = "code"')
    for place, agents in (("pins", given.pins), ("tokens", given.tokens)):
        for agent in agents:
            if agent not in plan.agents:
                hint = did_you_mean(agent, plan.agents)
                report.add(f"{place}.{agent}", f"no such informateur{hint}")


def check_asterisk(
    settings: Settings,
    plan: Plan | None,
    given: Secrets | None,
    report: Report,
    secrets_report: Report,
) -> None:
    """Check what Asterisk is rendered from, and that the secrets are those of the plan."""
    whole = settings.asterisk
    if given is not None and plan is None:
        whole = replace(whole, ari_password=given.ari_password)
    if plan is not None and given is not None:
        whole = asterisk_settings(settings, plan, given)
        _check_owners(plan, given, secrets_report)
    for problem in check(whole):
        key = problem.place.removeprefix("asterisk.")
        if key in ("state_dir", "prompts_dir"):
            report.add(key, problem.reason)
        elif key == "service_numbers":
            continue  # told with the plan
        elif key == "ari_password" or key.startswith("agents.") or key == "registration.password":
            if given is not None:
                where = {"registration.password": "registration_password"}.get(key, key)
                secrets_report.add(where.removesuffix(".secret"), problem.reason)
        else:
            report.add(f"asterisk.{key}", problem.reason)
