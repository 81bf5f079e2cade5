"""The wallboard as one stream of events: looked at, compared and written once for all who watch.

    board   the whole state: at first, and to whoever has missed what came in between
    patch   what has changed since the event before, as a JSON Merge Patch (RFC 7396)
    tick    nothing has changed; at least one event a second, so that a page knows that it is alive

Each says the time by the service's clock, and of when the figures are. Patches follow each other:
whoever has applied them all has the state that `board` would give.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable

import orjson

from router.tasks import Tasks
from router.web.event_stream import server_event
from router.web.wallboard.board import Board, View, as_of, board_of
from router.web.wallboard.merge_patch import difference

#: Between two looks: about two patches a second at most.
LOOK_EVERY_S = 0.5
#: The longest silence; a page takes the feed for dead after three of these.
TICK_S = 1.0
#: Events kept for whoever reconnects: half a minute, or more.
_RECENT = 60
#: Events that wait for a reader who is slow; beyond that, the whole state is the shorter way.
_MOST_WAITING = 20


class Watcher:
    """One who watches.

    `whole` returns the event with the whole state as it is then; `begins_with` are the events to
    begin with, None: with the whole. After `silence_s` without any it is told so.
    """

    def __init__(
        self, whole: Callable[[], bytes], begins_with: list[bytes] | None, silence_s: float
    ) -> None:
        self._whole = whole
        self._silence_s = silence_s
        #: None: the whole state comes next.
        self._waiting = begins_with
        self._news = asyncio.Event()
        self._news.set()
        self._ended = False

    def add(self, event: bytes) -> None:
        """Have the event sent after those before it."""
        if self._waiting is not None:
            self._waiting.append(event)
            if len(self._waiting) > _MOST_WAITING:
                self._waiting = None
        self._news.set()

    def end(self) -> None:
        """Let `events` end."""
        self._ended = True
        self._news.set()

    async def events(self) -> AsyncIterator[bytes]:
        """Yield what is to be sent, or b"" after a silence, until the feed ends."""
        while not self._ended:
            try:
                async with asyncio.timeout(self._silence_s):
                    await self._news.wait()
            except TimeoutError:
                yield b""
                continue
            self._news.clear()
            waiting, self._waiting = self._waiting, []
            yield self._whole() if waiting is None else b"".join(waiting)


class Feed:
    """Tells all who watch. `look` returns what the engine shows now; nobody watches: it rests."""

    def __init__(
        self,
        look: Callable[[], View],
        look_every_s: float = LOOK_EVERY_S,
        tick_s: float = TICK_S,
    ) -> None:
        self._look = look
        self._look_every_s = look_every_s
        self._tick_s = tick_s
        self._watchers: set[Watcher] = set()
        self._telling = False
        self._tasks = Tasks()
        #: Ids of events begin with it: those of another run say nothing here.
        self._run = secrets.token_hex(4)
        self._number = 0
        self._told: dict[str, object] = {}
        self._board: Board = {}
        self._written: bytes | None = None
        self._recent: deque[tuple[str, bytes]] = deque(maxlen=_RECENT)

    def watch(self, last_id: str = "") -> Watcher:
        """Return a new watcher, to be let go by `leave`.

        `last_id` is the id of the last event that it has seen: if what came since is still known,
        that is told; otherwise the whole state.
        """
        if not self._telling:
            self._telling = True
            self._advance()
            self._tasks.start(self._tell())
        watcher = Watcher(self._whole, self._since(last_id), 2 * self._tick_s)
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Tell it nothing more."""
        self._watchers.discard(watcher)

    async def close(self) -> None:
        """End all streams."""
        await self._tasks.close()

    async def _tell(self) -> None:
        clock = asyncio.get_running_loop().time
        told_at = clock()
        try:
            while self._watchers:
                await asyncio.sleep(self._look_every_s)
                event = self._advance()
                if event is None:
                    if clock() - told_at < self._tick_s - self._look_every_s / 2:
                        continue
                    event = server_event("tick", orjson.dumps(self._told))
                told_at = clock()
                for watcher in self._watchers:
                    watcher.add(event)
        finally:
            self._telling = False
            for watcher in self._watchers:  # the feed has been closed, or has a defect
                watcher.end()

    def _advance(self) -> bytes | None:
        """Look again; return the event that tells what has changed, None: nothing has."""
        view = self._look()
        self._told = {"now": round(view.now, 3), "as_of": as_of(view)}
        self._written = None
        board = board_of(view)
        patch = difference(self._board, board)
        if not patch:
            return None
        self._board = board
        self._number += 1
        event = server_event("patch", orjson.dumps({**self._told, "patch": patch}), self._id)
        self._recent.append((self._id, event))
        return event

    @property
    def _id(self) -> str:
        return f"{self._run}-{self._number}"

    def _whole(self) -> bytes:
        """Return the event with the whole state, written once for all who ask meanwhile."""
        if self._written is None:
            whole = orjson.dumps({**self._told, "board": self._board})
            self._written = server_event("board", whole, self._id)
        return self._written

    def _since(self, last_id: str) -> list[bytes] | None:
        """Return the events after that one; None if some are not known any more."""
        ids = [id_ for id_, _ in self._recent]
        if last_id not in ids:
            return None
        return [event for _, event in self._recent][ids.index(last_id) + 1 :]
