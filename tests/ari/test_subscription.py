"""What Asterisk is asked to send."""

from typing import Any

import pytest

from router.ari.messages import Request
from router.ari.subscription import subscribe
from router.core.ids import PhoneId

PHONES = frozenset({PhoneId("lea"), PhoneId("max"), PhoneId("sup")})


@pytest.mark.parametrize(
    ("endpoints", "sources"),
    [
        (["agent-max", "trunk", "agent-lea", "agent-stranger"], ["agent-max", "agent-lea"]),
        (["trunk"], []),
        ([], []),
    ],
)
async def test_only_phones_that_asterisk_knows_are_subscribed(
    endpoints: list[str], sources: list[str]
) -> None:
    asked: list[Request] = []

    async def ask(request: Request) -> Any:
        asked.append(request)
        return [{"resource": one} for one in endpoints]

    known = await subscribe(ask, "allo", PHONES)
    assert {f"agent-{phone}" for phone in known} == {*sources}
    event_filter, phones, *subscription = asked
    assert event_filter.path == "applications/allo/eventFilter"
    assert event_filter.body is not None
    kinds = [one["type"] for one in event_filter.body["allowed"]]
    assert "StasisStart" in kinds
    assert "Dial" not in kinds  # its dialstring holds the number that is dialled
    assert phones.path == "endpoints/PJSIP"
    if sources:
        [request] = subscription
        assert (request.method, request.path) == ("POST", "applications/allo/subscription")
        assert request.query == {
            "eventSource": ",".join(f"endpoint:PJSIP/{one}" for one in sources)
        }
    else:
        assert subscription == []
