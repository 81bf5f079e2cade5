"""The service calls itself: it hears what a caller would, and is counted nowhere."""

import pytest

from router.core.commands import HangUp, StopPlaying
from router.core.events import KeyPressed, ProbeArrived, PromptEnded
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


def test_a_key_ends_what_a_probe_hears_and_the_call() -> None:
    exchange = Exchange()
    exchange.probe()
    stopped, hung_up = exchange.tell(KeyPressed(PROBE, "#"))
    assert isinstance(stopped, StopPlaying)
    assert hung_up == HangUp(PROBE, ChannelId(PROBE))

    assert exchange.tell(PromptEnded(PROBE, stopped.playback)) == []
    assert exchange.tell(KeyPressed(PROBE, "#")) == []


def test_a_probe_reaches_nobody_whatever_it_presses() -> None:
    exchange = Exchange()
    exchange.appear("101")
    exchange.probe()
    commands = exchange.tell(KeyPressed(PROBE, "2"))
    exchange.tell(KeyPressed(PROBE, "1"))

    assert [type(one) for one in commands] == [StopPlaying, HangUp]
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
