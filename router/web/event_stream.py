"""Server-sent events (WHATWG HTML, section 9.2): the answer that carries them, and their form."""

from aiohttp import web

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}


async def begun(request: web.Request) -> web.StreamResponse:
    """Return the answer to which events are to be written."""
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(request)
    return response


def has_left(request: web.Request) -> bool:
    """Return whether nobody reads the answer any more."""
    return request.transport is None or request.transport.is_closing()


def server_event(name: str, data: bytes, id_: str = "") -> bytes:
    """Return an event; `data` is JSON, which holds no line break.

    With `id_` it is what a client that reconnects names as the last that it has seen.
    """
    named = f"id: {id_}\n" if id_ else ""
    return b"%bevent: %b\ndata: %b\n\n" % (named.encode(), name.encode(), data)
