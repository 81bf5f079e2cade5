"""The wallboard over HTTP: as one answer, as a stream of events, and why somebody has a call."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from router.access import OPENS
from router.core.desk.desk_view import DeskView
from router.core.ids import AgentId
from router.web.addresses import holder_of, may_go_on
from router.web.desk_json import why_json
from router.web.event_stream import begun, has_left
from router.web.replies import json_answer
from router.web.wallboard.board import View, as_of, board_of
from router.web.wallboard.feed import Feed

_WALLBOARD = "/v1/wallboard"


@dataclass(slots=True)
class Wallboard:
    """The handlers under /v1/wallboard."""

    look: Callable[[], View]
    feed: Feed
    #: Returns where an informateur stands; raises 404 if there is no such one.
    view_of: Callable[[AgentId], DeskView]

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses."""
        return [
            web.get(_WALLBOARD, self.board),
            web.get(f"{_WALLBOARD}/stream", self.stream, allow_head=False),
            web.get(f"{_WALLBOARD}/informateurs/{{agent}}/why", self.why),
        ]

    async def close(self, app: web.Application) -> None:
        """End all streams, since the server stops."""
        await self.feed.close()

    async def board(self, request: web.Request) -> web.Response:
        """Return the whole state, and what else the token opens."""
        view = self.look()
        return json_answer(
            {
                "now": round(view.now, 3),
                "as_of": as_of(view),
                "opens": sorted(OPENS[holder_of(request).scope]),
                "board": board_of(view),
            }
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send the state as server-sent events, from where the reader left off if that is known."""
        response = await begun(request)
        watcher = self.feed.watch(request.headers.get("Last-Event-ID", ""))
        try:
            async for event in watcher.events():
                if has_left(request) or not may_go_on(request):
                    break
                if event:
                    await response.write(event)
            await response.write_eof()
        except ConnectionError:
            pass  # the page has been closed
        finally:
            self.feed.leave(watcher)
        return response

    async def why(self, request: web.Request) -> web.Response:
        """Return why the latest call went to this informateur; null before the first."""
        return json_answer(why_json(self.view_of(AgentId(request.match_info["agent"]))))
