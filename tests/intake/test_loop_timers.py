import asyncio

from router.intake.loop_timers import LoopTimers


async def test_each_timer_rings_once_in_its_order() -> None:
    timers, rung = LoopTimers(), asyncio.Queue[str]()
    timers.later(0.02, lambda: rung.put_nowait("second"))
    timers.later(0.0, lambda: rung.put_nowait("first"))

    assert [await rung.get(), await rung.get()] == ["first", "second"]


async def test_none_rings_after_the_end() -> None:
    timers, rung = LoopTimers(), asyncio.Queue[str]()
    timers.later(0.0, lambda: rung.put_nowait("before"))
    timers.close()
    timers.later(0.0, lambda: rung.put_nowait("after"))
    asyncio.get_running_loop().call_later(0.01, rung.put_nowait, "now")

    assert await rung.get() == "now"
