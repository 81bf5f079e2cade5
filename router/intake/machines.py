"""Who may see what is for machines: metrics, and why calls cannot be answered.

A machine is recognised by its address, or by the token that it presents. Behind a reverse proxy
every request comes from the proxy's address, so that a request whose headers show that it was
forwarded needs the token. A peer's address is compared here and goes no further.
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address, ip_address, ip_network

from router.access import Keyring, Scope
from router.web.addresses import ADDRESSES, Others
from router.web.tokens import bearer

#: Addresses that are for machines alone. `/healthz`, a bare "ok", is for everybody.
FOR_MACHINES = frozenset(path for path, to in ADDRESSES.items() if to is Others.MACHINES)

#: What proxies add to a request that they forward.
_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Real-IP")


class Machines:
    """The machines: the `networks` of their addresses, and the tokens that make one."""

    def __init__(self, networks: Iterable[str], keyring: Keyring) -> None:
        self._networks = [ip_network(network) for network in networks]
        self._keyring = keyring

    def include(self, peer: str | None, headers: Mapping[str, str]) -> bool:
        """Return whether a request from the address `peer`, with these headers, is a machine's."""
        token = self._keyring.holder(bearer(headers.get("Authorization")))
        if token is not None and token.opens(Scope.READ):
            return True
        if peer is None or any(name in headers for name in _FORWARDED):
            return False
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
