"""The messages of RFC 4475, read from its own notation (rfc4475/README.md)."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.messages import SDP, Hostile, crlf

_FOLDER = Path(__file__).parent / "rfc4475"
_SDP = re.compile(r"<sdp (\S+)(?: (\S+))?(?: (\S+))?>\n")
_ONE_LINE = re.compile(r"<allOneLine>\n(.*?)</allOneLine>", re.DOTALL)
_REPEAT = re.compile(rb"<repeat count=(\d+)>(.*?)</repeat>", re.DOTALL)
_HEX = re.compile(rb"<hex>([0-9A-F]*)</hex>")
#: What is the same in many of them: two at one door would be one transaction.
_BRANCH = re.compile(rb"(branch\s*=\s*(?:\r\n )?z9hG4bK)")
_USER = re.compile(rb"^(\w+ +<?sips?:)[^@\s>]*@[\w.-]+")
_FROM = re.compile(rb"(?<=sip:)(?:caller|jdrosen|user|mundane|other)(?=@)")


def torture() -> list[Hostile]:
    """Return all 49, in the order of the RFC."""
    return [
        Hostile(name, _bytes(text))
        for file in ("valid", "invalid", "layers")
        for name, text in _sections((_FOLDER / f"{file}.txt").read_text(encoding="utf-8"))
    ]


def to_us(message: Hostile) -> Hostile:
    """Return the same message to our own number, from somebody with a number."""
    text = _USER.sub(rb"\g<1>3939@{door}", message.text)
    text = _FROM.sub(b"{number}", text)
    return Hostile(f"{message.name}, to us", _BRANCH.sub(rb"\1{id}", text))


def _sections(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        name, _, message = part.partition("\n")
        yield name, message


def _bytes(text: str) -> bytes:
    text = _ONE_LINE.sub(lambda found: found[1].replace("\n", ""), text)
    text = _SDP.sub(_description, text)
    data = _HEX.sub(lambda found: bytes.fromhex(found[1].decode()), crlf(text))
    return _REPEAT.sub(lambda found: found[2] * int(found[1]), data)


def _description(found: "re.Match[str]") -> str:
    origin, address, time = found.groups()
    return SDP.format(origin=origin, address=address or origin, time=time or "0")
