"""Who may see what is for machines: by address or by token, and never through a proxy."""

import pytest
from multidict import CIMultiDict

from router.access import Keyring, Scope, Token, digest
from router.intake.machines import Machines

TOKEN = "token-of-the-machines"
KEYRING = Keyring(
    [
        Token("machines_token", Scope.READ, digest(TOKEN)),
        Token("site", Scope.CALLBACKS, digest("token-of-a-web-site")),
    ],
    lambda: 0.0,
)
MACHINES = Machines(["127.0.0.0/8", "::1/128", "192.0.2.0/24", "2001:db8::/32"], KEYRING)
NETWORKS_ALONE = Machines(["192.0.2.0/24"], Keyring([], lambda: 0.0))


@pytest.mark.parametrize(
    ("peer", "included"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("192.0.2.77", True),
        ("::ffff:192.0.2.77", True),
        ("2001:db8::7", True),
        ("198.51.100.1", False),
        ("::ffff:198.51.100.1", False),
        ("2001:db9::7", False),
        ("", False),
        (None, False),
        ("@", False),
    ],
)
def test_a_machine_is_known_by_its_address(peer: str | None, included: bool) -> None:
    assert MACHINES.include(peer, CIMultiDict()) is included


@pytest.mark.parametrize("header", ["X-Forwarded-For", "x-real-ip", "forwarded", "Via"])
def test_what_a_proxy_handed_on_has_no_address_of_its_own(header: str) -> None:
    assert not MACHINES.include("127.0.0.1", CIMultiDict({header: "198.51.100.1"}))
    assert MACHINES.include(
        "127.0.0.1", CIMultiDict({header: "198.51.100.1", "Authorization": f"Bearer {TOKEN}"})
    )


@pytest.mark.parametrize(
    ("authorization", "included"),
    [
        (f"Bearer {TOKEN}", True),
        (f"Bearer {TOKEN}x", False),
        ("Bearer ", False),
        (TOKEN, False),
        ("Bearer token-of-a-web-site", False),
    ],
)
def test_a_machine_is_known_by_its_token(authorization: str, included: bool) -> None:
    headers = CIMultiDict({"authorization": authorization})
    assert MACHINES.include("198.51.100.1", headers) is included


def test_without_a_token_none_opens() -> None:
    for authorization in ("Bearer ", "Bearer"):
        headers = CIMultiDict({"Authorization": authorization})
        assert not NETWORKS_ALONE.include("198.51.100.1", headers)
    assert NETWORKS_ALONE.include("192.0.2.1", CIMultiDict({"Authorization": "Bearer other"}))
