"""The pages for those who work here, as they lie in `static/`: HTML, style sheets, ES modules.

A folder with an `index.html` is a page: `static/poste/` is `/poste`. All files are read at the
start, and served below `/static/`; browsers ask each time whether theirs is still the one, so
that an upgrade never mixes old modules with new ones.

The policy lets a page load our own files and talk to us, over HTTP and websockets, and nothing
else: no script or style in the markup, no string that becomes markup (trusted types), no frame.
"""

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from router.web.files import File

FOLDER = Path(__file__).parent / "static"
#: What is served, by the end of its name; other files beside (types, notes) are not.
KINDS: Mapping[str, str] = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
#: "self" includes websockets of the same host (CSP level 3).
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The softphone listens and speaks; no page needs anything else of the device.
    "Permissions-Policy": "microphone=(self), camera=(), display-capture=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
}


class PageFiles:
    """The handlers, and all files below `folder`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        #: Folder and name -> the file.
        self.files = {
            (path.parent.name, path.name): File.of(KINDS[path.suffix], path.read_bytes())
            for path in sorted(folder.glob("*/*"))
            if path.suffix in KINDS
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses: each page, and the files they are made of."""
        pages = [name for name, file in self.files if file == "index.html"]
        return [
            *(web.get(f"/{name}", self.page) for name in pages),
            web.get("/static/{folder}/{file}", self.file),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Return the page that the address names."""
        return self.files[request.path.strip("/"), "index.html"].answer(request, HEADERS)

    async def file(self, request: web.Request) -> web.Response:
        """Return one file."""
        file = self.files.get((request.match_info["folder"], request.match_info["file"]))
        if file is None:
            raise web.HTTPNotFound
        return file.answer(request, HEADERS)
