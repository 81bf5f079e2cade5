"""SIP messages, as far as a call of a few seconds needs them (RFC 3261, section 7)."""

from collections.abc import Iterable
from dataclasses import dataclass

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response. Names of headers are in lower case."""

    start: str
    headers: tuple[Header, ...]
    body: str = ""

    @property
    def status(self) -> int:
        """The status of a response; 0: it is a request."""
        words = self.start.split()
        is_response = len(words) > 1 and words[0] == "SIP/2.0" and words[1].isdecimal()
        return int(words[1]) if is_response else 0

    @property
    def method(self) -> str:
        """What is asked, or answered."""
        return (
            self.first("cseq").partition(" ")[2].strip() if self.status else self.start.split()[0]
        )

    def first(self, name: str) -> str:
        """Return the header's value, the first if there are several; "" without one."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[Header]:
        """Return every header of that name, in order."""
        return [header for header in self.headers if header[0] == name]

    def encode(self) -> bytes:
        """Return it as it is sent."""
        body = self.body.encode()
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"content-length: {len(body)}")
        return "\r\n".join((*lines, "", "")).encode() + body


def parse(data: bytes) -> Message | None:
    """Return the message of a datagram; None if it is none (a keep-alive, for instance)."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    if "SIP/2.0" not in start or len(start.split()) < 2:
        return None
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name.strip().lower(), value.strip()))
    return Message(start, tuple(headers), body)


def response(request: Message, status: str, extra: Iterable[Header] = ()) -> Message:
    """Return the response to a request within the call (RFC 3261, section 8.2.6)."""
    copied = (
        header for name in ("via", "from", "to", "call-id", "cseq") for header in request.all(name)
    )
    return Message(f"SIP/2.0 {status}", (*copied, *extra))


def uri_of(address: str) -> str:
    """Return the URI of a Contact: `"name" <sip:…>;q=1` or `sip:…;expires=60`."""
    _, bracket, rest = address.partition("<")
    return rest.partition(">")[0] if bracket else address.partition(";")[0].strip()
