"""What belongs to one deployment, as its settings file (allo.toml) gives it."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from router.asterisk.carriers import Carrier, Registration, Tls
from router.asterisk.settings import AsteriskOptions
from router.certificates import pair_fault
from router.config.tables import Report, Table, Text, default, parse, read_toml, schema
from router.places import PROMPTS, STATE

#: The plan and the informateurs that come with the program.
SHIPPED = Path(__file__).resolve().parents[1] / "plans"

#: This machine, and nobody else.
LOOPBACK = ("127.0.0.0/8", "::1/128")

#: RFC 6454, section 6.2: scheme, host, and the port if it is not the scheme's own.
_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
_PRESENTED = re.compile(r"\+[1-9][0-9]{5,14}|[1-9][0-9]{1,5}")

_TLS_FILES = frozenset({"certificate", "key", "ca_file"})

_Port = Annotated[int, Field(gt=0, le=65535)]
_AboveZero = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Http:
    """Where the pages and the HTTP interface are served."""

    #: The address to listen on: IPv4 or IPv6.
    host: Text = "127.0.0.1"
    #: The TCP port to listen on.
    port: _Port = 8039
    #: The networks that need no `machines_token` to read `/metrics` and `/readyz`.
    machines: tuple[str, ...] = LOOPBACK
    #: The PEM files of the certificates that the reverse proxy in front presents: `./allo doctor`
    #: and the metrics say when they end.
    certificates: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How callbacks are requested over the web, and how they are dialled."""

    #: The web sites whose pages may request callbacks, exactly as browsers name them:
    #: "https://www.example.org". The service's own page /rappel always may.
    origins: tuple[str, ...] = ()
    #: The number that is shown to whoever is called back: "+33…" or a short one, which the carrier
    #: must have granted. Without it there are no callbacks.
    presented: Text | None = None
    #: The form of number that the carrier dials: "e164" is 33123456789, "+e164" is +33123456789,
    #: "00e164" is 0033123456789, "national" is 0123456789. Short numbers are dialled as they are.
    number_format: Literal["e164", "+e164", "00e164", "national"] = "e164"
    #: Whether browsers must solve a puzzle before a request; trusted servers never need to.
    proof_of_work: bool = True
    #: The number of tries that the puzzle takes at most; on average half as many, which at the
    #: default is a fifth of a second in a browser.
    difficulty: Annotated[int, Field(ge=1000, le=10_000_000)] = 50_000
    #: Requests a minute, in total, by the plain form: browsers without scripts solve no puzzle.
    forms_per_minute: Annotated[int, Field(ge=0)] = 30
    #: Whether the numbers reserved for fiction are called: only in tests.
    fiction: bool = False
    #: Callbacks that one number may have in one day: by default one, and two more if it fails.
    per_day: _AboveZero = 3
    #: The folder, in memory, that holds the numbers of open callbacks. Without it: one of this
    #: service's own in systemd's `$RUNTIME_DIRECTORY`, in `/run/allo` or in `/dev/shm`, the first
    #: of these that can be used.
    vault_dir: Path | None = None
    #: A process that handles numbers is replaced once it has held this many, so that none stays
    #: in its memory.
    recycle_numbers: _AboveZero = 100
    #: It is also replaced this long after it was given the first of them.
    recycle_s: Annotated[float, Field(gt=0)] = 300.0


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """The synthetic voice."""

    #: The program that speaks.
    engine: Literal["espeak-ng", "piper"] = "espeak-ng"
    #: Piper's model, an .onnx file with its .onnx.json beside it; unused by espeak-ng.
    model: Path | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """The router's log."""

    #: The least severe lines that are written.
    level: Literal["debug", "info", "warning", "error"] = "info"
    #: "json" is one JSON object a line, "console" is for people.
    format: Literal["json", "console"] = "json"


@dataclass(frozen=True, slots=True)
class Probe:
    """How the service calls itself, to see that it answers."""

    #: The time between two such calls; 0: none. They are counted nowhere but in the metrics
    #: `allo_probe_…`.
    every_s: Annotated[int, Field(ge=0, le=3600)] = 60


@dataclass(frozen=True, slots=True)
class Drain:
    """How the service is taken out of service in peace: `./allo drain`."""

    #: How long those who are there are served: callers who wait, and callbacks that are promised.
    #: Then whoever still waits is told that nobody will answer. Talks are never cut.
    longest_s: Annotated[int, Field(ge=0, le=86_400)] = 900


@dataclass(frozen=True, slots=True)
class Retention:
    """How long is kept what the facts' file has of persons, all of whom work here."""

    #: Days for which it is kept who was ready for calls on which day. By default a report of the
    #: whole year before can still be made in January.
    duty_days: Annotated[int, Field(ge=1, le=36_500)] = 400
    #: Days for which it is kept which supervisor took part in whose call or directed something,
    #: and when.
    watches_days: Annotated[int, Field(ge=1, le=36_500)] = 365


@dataclass(frozen=True, slots=True)
class Settings:
    """One deployment; every path is absolute. Without a settings file, the shipped service."""

    #: The settings file; None: there is none.
    file: Path | None = None
    plan: Path = SHIPPED / "3939.toml"
    agents: Path = SHIPPED / "agents.toml"
    #: None without a settings file, as when the shipped plan is checked.
    secrets: Path | None = None
    state_dir: Path = STATE
    prompts_dir: Path = PROMPTS
    asterisk: AsteriskOptions = field(default_factory=AsteriskOptions)
    http: Http = Http()
    callbacks: Callbacks = Callbacks()
    voice: VoiceChoice = VoiceChoice()
    log: Log = Log()
    probe: Probe = Probe()
    drain: Drain = Drain()
    retention: Retention = Retention()

    @property
    def certificates(self) -> tuple[Path, ...]:
        """The files of all certificates that the service presents, by HTTP and by SIP."""
        tls = self.asterisk.tls
        return (*self.http.certificates, *([tls.certificate] if tls else []))


RegistrationTable: Any = schema(Registration, server=Text, user=Text)
#: Their values are checked by `asterisk.faults`.
CarrierTable: Any = schema(
    Carrier, may_be_zero=None, name=Text, registration=RegistrationTable | None
)
TlsTable: Any = schema(
    Tls, certificate=Text, key=Text, ca_file=(Text, str(default(Tls, "ca_file")))
)
AsteriskTable: Any = schema(
    AsteriskOptions,
    may_be_zero=None,
    registration=RegistrationTable | None,
    carriers=tuple[CarrierTable, ...],
    tls=TlsTable | None,
)
HttpTable: Any = schema(Http, certificates=tuple[Text, ...])
CallbacksTable: Any = schema(Callbacks, vault_dir=Text | None)
VoiceTable: Any = schema(VoiceChoice, model=Text | None)
LogTable: Any = schema(Log)
ProbeTable: Any = schema(Probe)
DrainTable: Any = schema(Drain)
RetentionTable: Any = schema(Retention)


class SettingsTable(Table):
    """allo.toml. Relative paths start at its folder."""

    #: The file of the service's plan. Without it: the plan that comes with the program.
    plan: Text | None = None
    #: The file of the informateurs. Without it: those of the plan that comes with the program.
    agents: Text | None = None
    #: The file of the secrets, which only its owner may be able to read (mode 600).
    secrets: Text = "secrets.toml"
    #: The folder for everything that the service writes. Without it: `.allo/state` in a checkout,
    #: otherwise `$XDG_STATE_HOME/allo/state`.
    state_dir: Text | None = None
    #: The folder of the prompts' audio. Without it: `.allo/prompts` in a checkout, otherwise
    #: `$XDG_STATE_HOME/allo/prompts`. A service whose pages are not those of the shipped plan needs
    #: one of its own, as the demo renders the shipped titles there.
    prompts_dir: Text | None = None
    #: Asterisk, the carrier and the phones.
    asterisk: AsteriskTable = AsteriskTable()
    #: Where the pages and the HTTP interface are served.
    http: HttpTable = HttpTable()
    #: How callbacks are requested over the web, and how they are dialled.
    callbacks: CallbacksTable = CallbacksTable()
    #: The synthetic voice.
    voice: VoiceTable = VoiceTable()
    #: The router's log.
    log: LogTable = LogTable()
    #: How the service calls itself, to see that it answers.
    probe: ProbeTable = ProbeTable()
    #: How the service is taken out of service in peace: `./allo drain`.
    drain: DrainTable = DrainTable()
    #: How long is kept what the facts' file has of persons, all of whom work here.
    retention: RetentionTable = RetentionTable()


def read_settings(path: Path, report: Report) -> Settings | None:
    """Return the settings, to be used only if the report stays empty."""
    content = read_toml(path, report)
    table = None if content is None else parse(SettingsTable, content, report)
    if table is None:
        return None
    folder = path.resolve().parent
    shipped = Settings()
    for name in ("ari_port", "ami_port", "agi_port"):
        if table.http.port == getattr(table.asterisk, name):
            report.add("http.port", f"{table.http.port} is also asterisk.{name}")
    if _bad_host(table.http.host):
        report.add("http.host", f'must be an address of this machine, got "{table.http.host}"')
    _check_machines(table.http.machines, report)
    asterisk = _asterisk(table.asterisk, folder)
    _check_callbacks(table.callbacks, asterisk, report)
    _check_tls(asterisk.tls, report)
    return Settings(
        file=path.resolve(),
        plan=folder / table.plan if table.plan else shipped.plan,
        agents=folder / table.agents if table.agents else shipped.agents,
        secrets=folder / table.secrets,
        state_dir=folder / table.state_dir if table.state_dir else shipped.state_dir,
        prompts_dir=folder / table.prompts_dir if table.prompts_dir else shipped.prompts_dir,
        asterisk=asterisk,
        http=_http(table.http, folder),
        callbacks=_callbacks(table.callbacks, folder),
        voice=_voice(table.voice, folder, report),
        log=Log(**table.log.model_dump()),
        probe=Probe(**table.probe.model_dump()),
        drain=Drain(**table.drain.model_dump()),
        retention=Retention(**table.retention.model_dump()),
    )


def is_origin(text: str) -> bool:
    """Return whether it is an origin as browsers name it: "https://www.example.org"."""
    return _ORIGIN.fullmatch(text) is not None


def _asterisk(table: Any, folder: Path) -> AsteriskOptions:
    given, tls = table.model_dump(exclude={"registration", "carriers", "tls"}), table.tls
    return AsteriskOptions(
        **given,
        registration=_registration(table.registration),
        carriers=tuple(
            Carrier(
                **carrier.model_dump(exclude={"registration"}),
                registration=_registration(carrier.registration),
            )
            for carrier in table.carriers
        ),
        tls=Tls(
            **tls.model_dump(exclude=_TLS_FILES),
            **{name: folder / getattr(tls, name) for name in _TLS_FILES},
        )
        if tls
        else None,
    )


def _registration(table: Any) -> Registration | None:
    return Registration(**table.model_dump()) if table else None


def _http(table: Any, folder: Path) -> Http:
    certificates = tuple(folder / name for name in table.certificates)
    return Http(**table.model_dump(exclude={"certificates"}), certificates=certificates)


def _callbacks(table: Any, folder: Path) -> Callbacks:
    vault_dir = folder / table.vault_dir if table.vault_dir else None
    return Callbacks(**table.model_dump(exclude={"vault_dir"}), vault_dir=vault_dir)


def _voice(table: Any, folder: Path, report: Report) -> VoiceChoice:
    model = folder / table.model if table.model else None
    if table.engine == "piper" and model is None:
        report.add("voice.model", "is missing: the .onnx file of the Piper voice")
    elif model is not None and not os.path.isfile(model):
        report.add("voice.model", f"no such file: {table.model}")
    return VoiceChoice(table.engine, model)


def _bad_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


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


def _check_tls(tls: Tls | None, report: Report) -> None:
    """Check that the files are there and belong together: Asterisk would only log it."""
    if tls is None or not report.is_sound("asterisk.tls"):
        return
    for name in sorted(_TLS_FILES):
        path: Path = getattr(tls, name)
        if not path.is_file() and (name != "ca_file" or tls.verify or tls.verify_clients):
            report.add(f"asterisk.tls.{name}", f"no such file: {path}")
    if report.is_sound("asterisk.tls") and (reason := pair_fault(tls.certificate, tls.key)):
        report.add("asterisk.tls.key", reason)


def _check_callbacks(table: Any, asterisk: AsteriskOptions, report: Report) -> None:
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
    elif (
        table.presented
        and not asterisk.ways_out
        and report.is_sound("asterisk.trunk_peer", "asterisk.carriers")
    ):
        key = "peer of a carrier" if asterisk.carriers else "asterisk.trunk_peer"
        report.add(
            "callbacks.presented",
            f"callbacks need a way out: set {key} to the carrier's host:port, or "
            "leave this key out",
        )
