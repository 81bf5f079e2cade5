"""A call out that a carrier does not take is given to the next one.

Nobody may be rung twice, so this happens only as long as the carrier has said nothing of the call
but that it tries. The engine hears of the last carrier's failure alone.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from router.core.events import OF_CARRIER, CalledEnded, Event
from router.core.ids import CallId


@dataclass(slots=True, eq=False)
class Watch:
    """A call that is with one carrier, while there is another."""

    #: That this carrier has failed; whoever gets it has to see to what follows.
    failed: "asyncio.Future[CalledEnded]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    #: Whether the call was hung up because the carrier kept silent: any end is then that one.
    given_up: bool = False


class Failover:
    """Stands between Asterisk's events and the engine. `submit` gets all others, in order."""

    def __init__(self, submit: Callable[[Event], None]) -> None:
        self._submit = submit
        self._watched: dict[CallId, Watch] = {}

    def heard(self, event: Event) -> None:
        """Take an event: a carrier's failure stays here while its call is watched."""
        if isinstance(event, CalledEnded):
            watch = self._watched.get(event.call)
            if (
                watch is not None
                and not watch.failed.done()
                and (watch.given_up or event.reason in OF_CARRIER)
            ):
                watch.failed.set_result(event)
                return
        self._submit(event)

    @contextmanager
    def watching(self, call: CallId) -> Iterator[Watch]:
        """Keep a failure of `call` from the engine, for the next carrier to be tried.

        A failure that does not lead to another try must be handed to `pass_on`.
        """
        watch = self._watched[call] = Watch()
        try:
            yield watch
        finally:
            del self._watched[call]

    def pass_on(self, watch: Watch) -> None:
        """Tell the engine after all of a failure that came when it was too late for another try."""
        if watch.failed.done():
            self._submit(watch.failed.result())
