"""What Asterisk is to send on a new connection: some kinds of events, and those of our phones."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from router.ari.messages import ALLOWED, Request
from router.ari.naming import phone_of
from router.core.ids import PhoneId

Ask = Callable[[Request], Awaitable[Any]]


async def subscribe(ask: Ask, app: str, phones: Collection[PhoneId]) -> frozenset[PhoneId]:
    """Have Asterisk send what the router needs; return those of `phones` that it knows.

    Raises:
        AriError: If Asterisk does not answer, or refuses.
    """
    allowed = {"allowed": [{"type": kind} for kind in ALLOWED]}
    await ask(Request("event filter", "PUT", f"applications/{app}/eventFilter", body=allowed))
    endpoints = await ask(Request("phones", "GET", "endpoints/PJSIP"))
    named = {one["resource"]: phone_of(one["resource"]) for one in endpoints}
    known = {name: phone for name, phone in named.items() if phone is not None and phone in phones}
    if known:
        # A single unknown source would make Asterisk refuse the whole list (measured).
        sources = ",".join(f"endpoint:PJSIP/{endpoint}" for endpoint in known)
        path = f"applications/{app}/subscription"
        await ask(Request("subscribe", "POST", path, {"eventSource": sources}))
    return frozenset(known.values())
