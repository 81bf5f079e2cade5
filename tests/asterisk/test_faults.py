"""Each fault of an Asterisk's settings."""

from pathlib import Path
from typing import Any

import pytest

from router.asterisk.carriers import Registration
from router.asterisk.faults import check, check_options
from router.asterisk.settings import AgentPhone, AsteriskOptions
from tests.asterisk.live import SECRET, make_settings


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"service_numbers": ()}, "service_numbers", "at least one number"),
        ({"service_numbers": ("39 39",)}, "service_numbers", "2 to 15 digits"),
        ({"service_numbers": ("3939", "3939")}, "service_numbers", "3939 is given twice"),
        ({"trunk_bind": "localhost:5060"}, "trunk_bind", "must be an IPv4 address and a port"),
        ({"trunk_bind": "127.0.0.1:0"}, "trunk_bind", "between 1 and 65535"),
        ({"trunk_bind": "127.0.0.1:25062"}, "agents_bind", "must differ"),
        ({"trunk_hosts": ()}, "trunk_hosts", "at least one"),
        (
            {"trunk_hosts": ("192.0.2.1/24",)},
            "trunk_hosts",
            "192.0.2.1/24 has host bits set: write 192.0.2.0/24 for the network, or 192.0.2.1 for",
        ),
        ({"agents_networks": ("10.0.0.9/8",)}, "agents_networks", "write 10.0.0.0/8 for the"),
        ({"trunk_hosts": ("192.0.2.0/33",)}, "trunk_hosts", "must be an IPv4 address or network"),
        ({"trunk_peer": "sip.example.net"}, "trunk_peer", "the port must be"),
        ({"trunk_codecs": ("opus",)}, "trunk_codecs", "must be among alaw, ulaw, g722"),
        ({"agent_codecs": ()}, "agent_codecs", "at least one of"),
        ({"browser_codecs": ("g729",)}, "browser_codecs", "must be among opus, alaw, ulaw, g722"),
        ({"browser_rtp_timeout_s": 0}, "browser_rtp_timeout_s", "must be from 2"),
        ({"agents": (AgentPhone("Léa", SECRET),)}, "agents.Léa", "lower-case"),
        ({"agents": (AgentPhone("lea", "1234"),)}, "agents.lea.secret", "16 to 128"),
        ({"agents": (AgentPhone("lea", SECRET),) * 2}, "agents.lea", "is given twice"),
        ({"ari_password": "secret;comment-of-asterisk"}, "ari_password", "16 to 128"),
        ({"ari_host": "0.0.0.0"}, "ari_host", "for this machine only"),
        ({"ari_host": "localhost"}, "ari_host", "must be an IPv4 address"),
        ({"ari_port": 80}, "ari_port", "between 1024 and 65535"),
        ({"rtp_first": 30001}, "rtp_first", "must be even"),
        ({"rtp_last": 30002}, "rtp_last", "8 ports"),
        ({"longest_call_s": 0}, "longest_call_s", "at least 60"),
        ({"node": "Nœud 1"}, "node", "lower-case"),
        ({"state_dir": Path("state")}, "state_dir", "absolute"),
        ({"prompts_dir": Path("/mes;annonces")}, "prompts_dir", "semicolons"),
        ({"registration": Registration("192.0.2.1", "a b")}, "registration.user", "letters"),
        ({"registration_password": "p;q"}, "registration_password", "hold"),
        ({"registration": Registration("x:y", "a")}, "registration.server", "the port"),
    ],
)  # fmt: skip
def test_each_fault_is_reported(
    tmp_path: Path, changes: dict[str, Any], place: str, reason: str
) -> None:
    account = {"registration": Registration("192.0.2.1", "a"), "registration_password": "p"}
    (problem,) = check(make_settings(tmp_path, **account | changes))
    assert problem.place == f"asterisk.{place}"
    assert reason in problem.reason


def test_the_defaults_have_no_fault() -> None:
    assert check_options(AsteriskOptions()) == []
