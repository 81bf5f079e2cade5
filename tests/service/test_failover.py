"""What the engine hears of a carrier's failure while another carrier may be tried."""

import asyncio

from router.core.events import CalledAnswered, CalledEnd, CalledEnded, Event
from router.core.ids import CallId
from router.service.failover import Failover

CALL, OTHER = CallId("callback-1"), CallId("callback-2")


async def test_a_carrier_s_failure_stays_with_whoever_watches() -> None:
    told: list[Event] = []
    failover = Failover(told.append)
    failed = CalledEnded(CALL, CalledEnd.FAILED)
    with failover.watching(CALL) as watch:
        failover.heard(failed)
        failover.heard(CalledEnded(OTHER, CalledEnd.FAILED))
        assert told == [CalledEnded(OTHER, CalledEnd.FAILED)]
        assert watch.failed.result() == failed
        failover.heard(failed)  # of a second end nobody knows anything
        assert told[1:] == [failed]
    failover.heard(failed)
    assert told[2:] == [failed]


async def test_what_a_person_does_is_not_the_carrier_s() -> None:
    told: list[Event] = []
    failover = Failover(told.append)
    events = [CalledAnswered(CALL), CalledEnded(CALL, CalledEnd.BUSY)]
    with failover.watching(CALL) as watch:
        for event in events:
            failover.heard(event)
    assert told == events
    assert not watch.failed.done()


async def test_once_given_up_any_end_is_the_carrier_s() -> None:
    told: list[Event] = []
    failover = Failover(told.append)
    with failover.watching(CALL) as watch:
        watch.given_up = True
        failover.heard(CalledEnded(CALL, CalledEnd.HUNG_UP))
    assert told == []
    failover.pass_on(watch)
    assert told == [CalledEnded(CALL, CalledEnd.HUNG_UP)]


async def test_nothing_is_passed_on_of_a_call_that_goes_on() -> None:
    told: list[Event] = []
    failover = Failover(told.append)
    with failover.watching(CALL) as watch:
        await asyncio.sleep(0)
    failover.pass_on(watch)
    assert told == []
