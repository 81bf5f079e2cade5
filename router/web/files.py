"""Files as HTTP serves them: compressed once, and sent again only when they have changed."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True)
class File:
    """A text in UTF-8, ready to be sent."""

    #: Its media type, without parameters.
    kind: str
    body: bytes
    #: The same, compressed by gzip.
    zipped: bytes
    #: Changes with the content: an ETag, quotes included.
    tag: str

    @classmethod
    def of(cls, kind: str, body: bytes) -> "File":
        """Return the file with this media type and content."""
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        return cls(kind, body, gzip.compress(body, 9, mtime=0), tag)

    def answer(self, request: web.Request, headers: Mapping[str, str]) -> web.Response:
        """Return the file with `headers`, or 304 to whoever has it already."""
        sent = {
            **headers,
            "ETag": self.tag,
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        # A proxy that compresses on the way weakens the tag (RFC 9110, section 8.8.1).
        if self.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=sent)
        body = self.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body, sent["Content-Encoding"] = self.zipped, "gzip"
        return web.Response(body=body, headers=sent, content_type=self.kind, charset="utf-8")
