"""What is told of refusals, and of whom nothing is."""

from ipaddress import ip_address

import pytest

from router.asterisk.carriers import Carrier
from router.asterisk.settings import AsteriskOptions
from router.errors import SetupError
from router.refusals import Spared, Teller, refusal, spared_by


def event(name: str = "ChallengeSent", address: str = "198.51.100.7") -> dict[str, str]:
    remote = f"IPV4/UDP/{address}/5060"
    return {"Event": name, "Service": "PJSIP", "RemoteAddress": remote, "AccountID": "0199001234"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ChallengeSent", "unknown"),
        ("ChallengeResponseFailed", "wrong password"),
        ("FailedACL", "foreign network"),
    ],
)
def test_address_and_reason_are_told(name: str, reason: str) -> None:
    assert str(refusal(event(name))) == f"refused 198.51.100.7: {reason}"


@pytest.mark.parametrize(
    "changed",
    [
        {"Event": "InvalidAccountID"},
        {"Event": "SuccessfulAuth"},
        {"Service": "AMI"},
        {"RemoteAddress": "0199001234"},
        {"RemoteAddress": "IPV4/UDP/0199001234/5060"},
        {"RemoteAddress": "IPV4/UDP/198.51.100.7\n/5060"},
    ],
)
def test_nothing_else_is(changed: dict[str, str]) -> None:
    assert refusal({**event(), **changed}) is None


def test_carriers_and_offices_are_spared_and_everybody_is_not() -> None:
    settings = AsteriskOptions(
        trunk_hosts=("192.0.2.0/24", "198.51.100.7"), agents_networks=("0.0.0.0/0",)
    )
    spared = spared_by(settings)
    for address in ("192.0.2.9", "198.51.100.7", "127.0.0.1", "::1"):
        assert ip_address(address) in spared
        assert Teller(spared).line(event(address=address), 0) is None
    assert ip_address("198.51.100.8") not in spared
    assert Teller(spared).line(event(address="198.51.100.8"), 0) is not None


def test_a_carrier_s_name_is_looked_up() -> None:
    named = Carrier(name="un", hosts=("localhost",), peer="192.0.2.7:5060")
    assert ip_address("192.0.2.7") in spared_by(AsteriskOptions(carriers=(named,)))
    lost = Carrier(name="un", hosts=("carrier.invalid",))
    with pytest.raises(SetupError, match=r"carrier\.invalid, a carrier, cannot be looked up"):
        spared_by(AsteriskOptions(carriers=(lost,)))


def test_a_flood_is_a_line_a_second() -> None:
    teller = Teller(Spared([]))
    told = [teller.line(event(), tenth / 10) for tenth in range(25)]
    assert [place for place, line in enumerate(told) if line] == [0, 10, 20]
    assert teller.line(event(address="198.51.100.8"), 2.5) is not None


def test_many_addresses_take_no_more_room_than_one_may() -> None:
    teller = Teller(Spared([]))
    for number in range(30_000):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        assert teller.line(event(address=address), 0)
