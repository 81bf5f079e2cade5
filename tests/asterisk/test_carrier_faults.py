"""Each fault of the carriers and of TLS."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router.asterisk.carriers import Carrier, Registration, Tls
from router.asterisk.faults import check_options
from router.asterisk.settings import AsteriskOptions

TLS = Tls(certificate=Path("/c.pem"), key=Path("/k.pem"))


def carrier(**changes: Any) -> Carrier:
    return Carrier(**{"name": "one", "hosts": ("192.0.2.1",)} | changes)


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"name": "Un"}, "carriers.1.name", "lower-case"),
        ({"name": "trunk"}, "carriers.1.name", 'not "trunk"'),
        ({"hosts": ()}, "carriers.1.hosts", "at least one address, network or name"),
        ({"hosts": ("192.0.2.1/24",)}, "carriers.1.hosts", "host bits"),
        ({"hosts": ("nowhere",)}, "carriers.1.hosts", "a network (192.0.2.0/24) or a name"),
        ({"peer": "sip:x"}, "carriers.1.peer", "the port must be"),
        ({"codecs": ("opus",)}, "carriers.1.codecs", "must be among"),
        ({"from_user": "a b"}, "carriers.1.from_user", "letters, digits"),
        ({"from_domain": "-"}, "carriers.1.from_domain", "must be a domain"),
        ({"asserted": "me"}, "carriers.1.asserted", 'must be "presented" or a number'),
        ({"srtp": True}, "carriers.1.srtp", "in the clear"),
        ({"transport": "tls"}, "carriers.1.transport", "needs [asterisk.tls]"),
        ({"session_expires_s": 60}, "carriers.1.session_expires_s", "at least 90"),
        ({"qualify_s": -1}, "carriers.1.qualify_s", "at least 0"),
        (
            {"registration": Registration("x", "u", expires_s=5)},
            "carriers.1.registration.expires_s",
            "at least 60",
        ),
        (
            {"registration": Registration("x", "u", realm="a;b")},
            "carriers.1.registration.realm",
            "semicolons",
        ),
        ({"registration": Registration("x", "u v")}, "carriers.1.registration.user", "letters"),
    ],
)
def test_each_fault_of_a_carrier_is_reported(
    changes: dict[str, Any], place: str, reason: str
) -> None:
    (problem,) = check_options(AsteriskOptions(carriers=(carrier(**changes),)))
    assert problem.place == f"asterisk.{place}"
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("options", "place", "reason"),
    [
        (
            {"carriers": (carrier(), carrier(hosts=("192.0.2.9",)))},
            "carriers.2.name",
            "one is given twice",
        ),
        (
            {"carriers": (carrier(), carrier(name="two", hosts=("192.0.2.0/24",)))},
            "carriers.2.hosts",
            "192.0.2.0/24 is also one's",
        ),
        (
            {"carriers": (carrier(),), "trunk_peer": "192.0.2.1:5060"},
            "trunk_peer",
            "as `peer` of a carrier",
        ),
        ({"agents_encryption": "required"}, "agents_encryption", "needs [asterisk.tls]"),
        (
            {"agents_encryption": "required", "tls": TLS, "agent_qualify_s": 0},
            "agent_qualify_s",
            "must be above 0",
        ),
        (
            {"tls": replace(TLS, trunk_bind="127.0.0.1:5062")},
            "tls.trunk_bind",
            "must differ from asterisk.agents_bind",
        ),
        ({"tls": replace(TLS, agents_bind="here")}, "tls.agents_bind", "must be an IPv4 address"),
        ({"tls": replace(TLS, key=Path("/a;b"))}, "tls.key", "semicolons"),
    ],
)
def test_what_does_not_go_together_is_reported(
    options: dict[str, Any], place: str, reason: str
) -> None:
    (problem,) = check_options(AsteriskOptions(**options))
    assert problem.place == f"asterisk.{place}"
    assert reason in problem.reason
