"""The service calls itself: it hears what a caller would, and is counted nowhere."""

import pytest

from router.core.commands import HangUp
from router.core.events import KeyPressed, ProbeArrived
from router.core.ids import CallId, ChannelId
from tests.exchange import Exchange
from tests.service_plan import HOUR, MONDAY_10H

PROBE = CallId("probe")


@pytest.mark.parametrize("now", [MONDAY_10H, MONDAY_10H + 12 * HOUR])
def test_a_probe_hears_what_a_caller_hears_first(now: float) -> None:
    exchange = Exchange(now=now)
    exchange.arrive()
    exchange.probe()

    assert exchange.hears("probe") == exchange.hears() != ()


def test_a_probe_that_stays_is_hung_up_when_that_is_said() -> None:
    exchange = Exchange()
    exchange.probe()
    exchange.hear_out("probe")

    assert HangUp(PROBE, ChannelId(PROBE)) in exchange.told[-1][2]
    exchange.wait(60)
    assert exchange.state("probe") is None


def test_a_probe_reaches_nobody_whatever_it_presses() -> None:
    exchange = Exchange()
    exchange.appear("101")
    exchange.probe()
    for key in "2110":
        exchange.tell(KeyPressed(PROBE, key))

    assert exchange.hears("probe") == ("welcome",)
    assert exchange.ringing() == {}
    assert len(exchange.engine.board.queue) == 0


def test_a_probe_is_counted_nowhere() -> None:
    exchange = Exchange()
    exchange.probe()
    assert sum(exchange.engine.call_states().values()) == 0
    exchange.leave("probe")
    exchange.probe("another")
    exchange.hear_out("another")
    exchange.leave("another")

    assert (exchange.notes, exchange.facts, exchange.engine.counts) == ([], [], {})
    assert exchange.engine.known() == (frozenset(), frozenset())


def test_a_probe_that_arrives_twice_is_one() -> None:
    exchange = Exchange()
    exchange.probe()
    heard = exchange.hears("probe")
    assert exchange.tell(ProbeArrived(PROBE)) == []

    assert exchange.hears("probe") == heard
    assert exchange.engine.counts == {"ignored ProbeArrived": 1}
