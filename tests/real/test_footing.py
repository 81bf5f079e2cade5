"""Calls leave the processes as they found them: no descriptor more, no thread, no child."""

import pytest

from tests.load.processes import children_of
from tests.load.soak import look
from tests.real.cast import Cast
from tests.real.telephones import Informateur

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

Held = dict[str, tuple[int, int]]


def held(cast: Cast) -> Held:
    """Return how many descriptors and threads each process has, by its name."""
    assert cast.stage.router is not None
    router = cast.stage.router.pid
    pids = {"router": router, "asterisk": cast.stage.asterisk.pid}
    pids |= {f"child {number}": pid for number, pid in enumerate(children_of(router), 1)}
    looks = {name: look(pid, 0) for name, pid in pids.items() if pid is not None}
    return {name: (one.descriptors, one.threads) for name, one in looks.items()}


async def a_call(cast: Cast, informateur: Informateur) -> None:
    """Wait in the queue, talk, hear each other, and hang up; leave nothing in Asterisk."""
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    assert (await cast.ask("101", "hold"))[0] == 200
    assert (await cast.ask("101", "retrieve"))[0] == 200
    await informateur.hang_up()
    await cast.ended(caller, "answered")
    await cast.until(lambda: cast.ari("channels"), lambda channels: channels == [])


async def test_calls_leave_no_descriptor_and_no_thread(cast: Cast) -> None:
    informateur = await cast.informateur()
    await a_call(cast, informateur)  # the first opens what stays open
    before = held(cast)
    assert {"router", "asterisk", "child 1"} <= before.keys()
    for _ in range(2):
        await a_call(cast, informateur)

    async def now() -> Held:
        return held(cast)

    def as_before(now: Held) -> bool:
        return now.keys() == before.keys() and all(
            count <= most
            for name in now
            for count, most in zip(now[name], before[name], strict=True)
        )

    await cast.until(now, as_before)
