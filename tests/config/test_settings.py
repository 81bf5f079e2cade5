"""The settings of one deployment, and each of their faults."""

import shutil
from pathlib import Path

import pytest

from router.config import Settings, asterisk_settings, load
from tests.config.scene import PROMPTS, Service


def test_settings_are_read_completely(service: Service) -> None:
    (service.folder / "voix.onnx").touch()
    service.write(
        "allo.toml",
        """
        plan = "plan.toml"
        agents = "agents.toml"
        state_dir = "state"
        [asterisk]
        node = "metz-1"
        trunk_peer = "sip.example.org:5060"
        trunk_bind = "192.0.2.1:5060"
        trunk_hosts = ["192.0.2.2"]
        rtp_first = 20000
        rtp_last = 21999
        [asterisk.registration]
        server = "sip.example.org"
        user = "allo"
        [http]
        port = 8040
        machines = ["192.0.2.7", "2001:db8::/32"]
        [callbacks]
        origins = ["https://www.example.org", "http://127.0.0.1:8039"]
        presented = "+33139390000"
        number_format = "national"
        vault_dir = "vault"
        recycle_s = 60
        [voice]
        engine = "piper"
        model = "voix.onnx"
        [log]
        level = "debug"
        """,
    )
    secrets = service.text("secrets.toml").replace(
        "[agents]", 'registration_password = "p"\n[agents]'
    )
    service.write("secrets.toml", secrets)
    config = load(service.folder / "allo.toml", PROMPTS)
    assert config.settings.state_dir == service.folder / "state"
    assert config.settings.http.port == 8040
    assert config.settings.http.machines == ("192.0.2.7", "2001:db8::/32")
    callbacks = config.settings.callbacks
    assert callbacks.origins == ("https://www.example.org", "http://127.0.0.1:8039")
    assert callbacks.presented == "+33139390000"
    assert callbacks.number_format == "national"
    assert callbacks.vault_dir == service.folder / "vault"
    assert (callbacks.recycle_numbers, callbacks.recycle_s) == (100, 60)
    assert config.settings.voice.model == service.folder / "voix.onnx"
    assert config.settings.log.level == "debug"
    asterisk = config.asterisk()
    assert asterisk.node == "metz-1"
    assert asterisk.trunk_hosts == ("192.0.2.2",)
    assert asterisk.rtp_first == 20000
    assert asterisk.service_numbers == ("3939",)
    assert asterisk.longest_call_s == 7200
    assert asterisk.registration is not None
    assert asterisk.registration_password == "p"
    phones = [phone.endpoint for phone in asterisk.agents]
    assert phones == ["agent-101", "agent-102", "agent-901"]
    assert config.secrets is not None
    assert asterisk.ari_password == config.secrets.ari_password
    assert asterisk == asterisk_settings(config.settings, config.plan, config.secrets)


CERTIFICATE = Path(__file__).parents[1] / "deploy" / "localhost.pem"
CARRIERS = """
plan = "plan.toml"
agents = "agents.toml"
[[asterisk.carriers]]
name = "principal"
transport = "tls"
hosts = ["192.0.2.2", "sbc.example.org"]
peer = "sbc.example.org"
number_format = "national"
asserted = "presented"
[[asterisk.carriers]]
name = "secours"
hosts = ["198.51.100.0/28"]
[asterisk.carriers.registration]
server = "sip.example.org"
user = "allo"
expires_s = 300
[asterisk.tls]
certificate = "tls/sip.pem"
key = "tls/sip.pem"
ca_file = "tls/sip.pem"
[http]
certificates = ["web.pem"]
[callbacks]
presented = "+33139390000"
"""


def with_carriers(service: Service, password: str) -> Service:
    (service.folder / "tls").mkdir()
    shutil.copy(CERTIFICATE, service.folder / "tls" / "sip.pem")
    secrets = service.text("secrets.toml")
    service.write("secrets.toml", f"{secrets}\n[carriers]\n{password}\n")
    service.write("allo.toml", CARRIERS)
    return service


def test_carriers_are_a_list_with_passwords_by_name(service: Service) -> None:
    with_carriers(service, 'secours = "p"')
    config = load(service.folder / "allo.toml", PROMPTS)
    asterisk = config.asterisk()
    one, two = asterisk.trunks
    assert (one.endpoint, two.endpoint) == ("trunk-principal", "trunk-secours")
    assert (one.is_srtp, two.is_srtp) == (True, False)
    assert two.registration is not None
    assert two.registration.expires_s == 300
    assert asterisk.password_at(two) == "p"
    assert asterisk.ways_out == (one,)
    assert asterisk.presented == "+33139390000"
    pem = service.folder / "tls" / "sip.pem"
    assert config.settings.certificates == (service.folder / "web.pem", pem)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ('secuors = "p"', "secrets.toml: carriers.secuors: no such carrier with an account; "
         "did you mean `secours`?"),
        ('secours = "p;q"', "secrets.toml: carriers.secours: must not hold spaces"),
        ("", "secrets.toml: carriers.secours: is missing: the password of the account"),
    ],
)  # fmt: skip
def test_passwords_of_carriers_are_checked(service: Service, password: str, problem: str) -> None:
    told = with_carriers(service, password).problems()
    assert any(one.startswith(problem) for one in told), told
    assert "p;q" not in "".join(told)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("tls/sip.pem", "tls/none.pem"), "allo.toml: asterisk.tls.certificate: no such file: "),
        (('key = "tls/sip.pem"', 'key = "allo.toml"'), "allo.toml: asterisk.tls.key: "),
        (('peer = "sbc.example.org"\n', ""), "allo.toml: callbacks.presented: callbacks need a "
         "way out: set peer of a carrier"),
    ],
)  # fmt: skip
def test_what_tls_and_callbacks_need_is_checked(
    service: Service, change: tuple[str, str], problem: str
) -> None:
    with_carriers(service, 'secours = "p"').write("allo.toml", CARRIERS.replace(*change, 1))
    (told,) = service.problems()
    assert told.startswith(problem)


SETTINGS_FAULTS = [
    ("[asterisk]\ntrunk_bnid = 1", "allo.toml: asterisk.trunk_bnid: unknown key; "
     "did you mean `trunk_bind`?"),
    ('[asterisk]\ntrunk_bind = "here"', "allo.toml: asterisk.trunk_bind: must be an IPv4 address "
     "and a port (192.0.2.1:5060), got 'here'"),
    ("[asterisk]\nrtp_first = 10001", "allo.toml: asterisk.rtp_first: must be even, at least "
     "1024 and at most 65528, got 10001"),
    ("[http]\nport = 70000", "allo.toml: http.port: must be <= 65535, got 70000"),
    ("[http]\nport = 8088", "allo.toml: http.port: 8088 is also asterisk.ari_port"),
    ('[http]\nmachines = ["192.0.2.0/24", "here"]', "allo.toml: http.machines.2: must be an "
     'address or a network (192.0.2.0/24), got "here"'),
    ('[http]\nmachines = ["192.0.2.7/24"]', "allo.toml: http.machines.1: must be an address or "
     'a network (192.0.2.0/24), got "192.0.2.7/24"; did you mean 192.0.2.0/24, or 192.0.2.7?'),
    ('[voice]\nengine = "espeak"', "allo.toml: voice.engine: must be 'espeak-ng' or 'piper', "
     'got "espeak"'),
    ('[voice]\nengine = "piper"', "allo.toml: voice.model: is missing: the .onnx file of the "
     "Piper voice"),
    ('[voice]\nengine = "piper"\nmodel = "x"', "allo.toml: voice.model: no such file: x"),
    ('[log]\nlevel = "loud"', "allo.toml: log.level: must be 'debug', 'info', 'warning' or "
     "'error', got \"loud\""),
    ('[callbacks]\norigins = ["https://a.example.org", "https://b.example.org/"]',
     "allo.toml: callbacks.origins.2: must be as browsers send it, "
     '"https://www.example.org", got "https://b.example.org/"'),
    ('[callbacks]\npresented = "01 39 39"', "allo.toml: callbacks.presented: must be "
     '"+" and 6 to 15 digits, or a short number, got "01 39 39"'),
    ('[callbacks]\nnumber_format = "E164"', "allo.toml: callbacks.number_format: must be 'e164', "
     "'+e164', '00e164' or 'national', got \"E164\""),
    ("[callbacks]\nper_day = 0", "allo.toml: callbacks.per_day: must be > 0, got 0"),
    ("[callbacks]\ndifficulty = 10", "allo.toml: callbacks.difficulty: must be >= 1000, got 10"),
    ("[callbacks]\nproof_of_work = 1", "allo.toml: callbacks.proof_of_work: must be true or "
     "false, got 1"),
    ("[callbacks]\npresent = 1", "allo.toml: callbacks.present: unknown key; did you mean "
     "`presented`?"),
    ('state_dir = "a;b"', None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), SETTINGS_FAULTS)
def test_each_fault_of_the_settings_is_reported(
    service: Service, text: str, problem: str | None
) -> None:
    service.write("allo.toml", f'agents = "agents.toml"\nplan = "plan.toml"\n{text}\n')
    told = service.problems()
    assert len(told) == 1
    if problem is not None:
        assert told == [problem]
    else:
        assert told[0].startswith(
            "allo.toml: state_dir: Asterisk cannot read a path with semicolons"
        )


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "www.example.org",
        "https://",
        "https://WWW.example.org",
        "ftp://example.org",
        "https://example.org/",
        "https://example.org:",
        "https://exa mple.org",
        "https://a@b.org",
    ],
)
def test_an_origin_is_exact(service: Service, origin: str) -> None:
    service.write(
        "allo.toml",
        f'agents = "agents.toml"\nplan = "plan.toml"\n[callbacks]\norigins = ["{origin}"]\n',
    )
    (told,) = service.problems()
    assert told.startswith("allo.toml: callbacks.origins.1: must be as browsers send it")


@pytest.mark.parametrize(("silence_s", "is_told"), [(24, False), (25, True), (40, True)])
def test_a_silent_carrier_must_be_recognised_before_a_call_counts_as_unanswered(
    service: Service, silence_s: int, is_told: bool
) -> None:
    settings = service.text("allo.toml")
    carrier = f'trunk_peer = "sip.example.org:5060"\ntrunk_silence_s = {silence_s}\n'
    service.write("allo.toml", f'{settings}[asterisk]\n{carrier}[callbacks]\npresented = "3939"\n')
    if is_told:
        assert service.problems() == [
            "allo.toml: asterisk.trunk_silence_s: must be less than callbacks.ring_s of plan.toml "
            f"(25), got {silence_s}"
        ]
    else:
        assert load(service.folder / "allo.toml", PROMPTS).settings.callbacks.presented
    service.write("allo.toml", f"{settings}[asterisk]\n{carrier}")  # no callbacks
    load(service.folder / "allo.toml", PROMPTS)


@pytest.mark.parametrize("number", ["3939", "+33139393939", "+262262393939", "30", "118218"])
def test_a_number_to_be_presented(service: Service, number: str) -> None:
    settings = service.text("allo.toml")
    way_out = '[asterisk]\ntrunk_peer = "sip.example.org:5060"\n'
    service.write("allo.toml", f'{settings}{way_out}[callbacks]\npresented = "{number}"\n')
    assert load(service.folder / "allo.toml", PROMPTS).settings.callbacks.presented == number


@pytest.mark.parametrize(
    "number", ["0139393939", "33139393939", "+", "+0139393939", "3939x", "٣٩٣٩"]
)
def test_a_number_that_no_carrier_presents(service: Service, number: str) -> None:
    settings = service.text("allo.toml")
    service.write("allo.toml", f'{settings}[callbacks]\npresented = "{number}"\n')
    (told,) = service.problems()
    assert told.startswith("allo.toml: callbacks.presented: ")


def test_a_number_to_be_presented_needs_a_way_out(service: Service) -> None:
    settings = service.text("allo.toml")
    service.write("allo.toml", f'{settings}[callbacks]\npresented = "3939"\n')
    assert service.problems() == [
        "allo.toml: callbacks.presented: callbacks need a way out: set asterisk.trunk_peer to the "
        "carrier's host:port, or leave this key out"
    ]
    # A misspelt way out is reported once.
    service.write(
        "allo.toml",
        f'{settings}[asterisk]\ntrunk_peer = 5\n[callbacks]\npresented = "3939"\n',
    )
    [told] = service.problems()
    assert told.startswith("allo.toml: asterisk.trunk_peer: must be text")


def test_no_number_is_presented_by_default() -> None:
    assert Settings().callbacks.presented is None
    assert Settings().callbacks.origins == ()


def test_missing_settings(service: Service) -> None:
    (service.folder / "allo.toml").unlink()
    assert service.problems() == [
        "allo.toml: cannot be read (No such file or directory): write it, or name another"
    ]
