"""What SIP may pass from an informateur's browser to Asterisk: what a phone that is called says.

Asterisk knows an informateur by name and password, but what comes over the websocket comes from
this machine, as a carrier's calls may. So a browser names nobody but its own informateur, and
begins no call. Asterisk itself decides about everything else.
"""

import re
from enum import Enum, auto

#: RFC 7118, section 6, and RFC 5626, section 3.5.1: whoever gets the first answers the second.
PING, PONG = "\r\n\r\n", "\r\n"

#: Of requests; those that a phone which is called has a use for.
_METHODS = frozenset(
    {"REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "INFO", "OPTIONS", "UPDATE", "PRACK"}
)
_REQUEST = re.compile(r"([A-Z]+) \S+ SIP/2\.0")
_RESPONSE = re.compile(r"SIP/2\.0 [1-6][0-9]{2}(?: .*)?")
_FROM, _TO = re.compile(r"(?:from|f)\s*:(.*)", re.I), re.compile(r"(?:to|t)\s*:(.*)", re.I)
_TAG = re.compile(r";\s*tag=[^;\s]", re.I)
_REGISTERED = re.compile(r"SIP/2\.0 200 .*?^cseq\s*:\s*[0-9]+\s+REGISTER\s*$", re.I | re.M | re.S)


class Passing(Enum):
    """What becomes of a message of the browser's."""

    ON = auto()  # goes on to Asterisk
    PING = auto()  # asks whether we are there
    PONG = auto()  # answers our ping
    NOWHERE = auto()  # not a phone's: the connection ends


def passing(message: str, user: str) -> Passing:
    """Return what becomes of a message of the browser whose SIP user is `user`."""
    if message == PONG:
        return Passing.PONG
    if message == PING:
        return Passing.PING
    first, *headers = message.partition("\r\n\r\n")[0].split("\r\n")
    if _RESPONSE.fullmatch(first):
        return Passing.ON
    request = _REQUEST.fullmatch(first)
    if request is None or request[1] not in _METHODS:
        return Passing.NOWHERE
    # A header that goes on in the next line, or one that ends otherwise, could be read in two ways.
    if any(line[:1] in ("", " ", "\t") or "\r" in line or "\n" in line for line in headers):
        return Passing.NOWHERE
    of, to = _only(_FROM, headers), _only(_TO, headers)
    if re.search(rf"<?sips?:{re.escape(user)}@", of) is None or of.count("@") != 1:
        return Passing.NOWHERE
    if request[1] == "INVITE" and not _TAG.search(to):
        return Passing.NOWHERE  # it would begin a call
    return Passing.ON


def registers(message: str) -> bool:
    """Return whether Asterisk says by this message that the browser is registered."""
    return _REGISTERED.match(message.partition("\r\n\r\n")[0]) is not None


def _only(pattern: re.Pattern[str], headers: list[str]) -> str:
    """Return the value of the one header of that name; "" if there is none, or another."""
    found = [match[1] for line in headers if (match := pattern.fullmatch(line))]
    return found[0] if len(found) == 1 else ""
