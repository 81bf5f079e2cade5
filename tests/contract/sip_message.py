"""SIP messages as text (RFC 3261), as far as the tests need them."""

import re
from dataclasses import dataclass, field


@dataclass
class SipMessage:
    """A request or an answer: its first line, its headers by lower-case names, its body."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> "SipMessage":
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers = []
        for line in lines:
            name, _, value = line.partition(":")
            headers.append((name.strip().lower(), value.strip()))
        return cls(start, headers, body)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.first("cseq").split()[1] if self.status else self.start.split()[0]

    def encode(self) -> bytes:
        body = self.body.encode()
        lines = [self.start]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"content-length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def tag_of(value: str) -> str:
    """Return the tag of a From or To header."""
    return value.rpartition(";tag=")[2]


def uri_of(value: str) -> str:
    """Return the URI of a From, To or Contact header."""
    found = re.search(r"<([^>]+)>", value)
    return found.group(1) if found else value
