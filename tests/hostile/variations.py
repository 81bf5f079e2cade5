"""Variations of well-formed requests, one or two things wrong in each, drawn from a seed.

After PROTOS (University of Oulu, c07-sip): every element in turn, each with values on which parsers
were found to break. A seed always gives the same messages.
"""

import random
import re
from collections.abc import Iterator

from tests.hostile.messages import SDP, Hostile, crlf

_METHODS = (
    *("INVITE",) * 8,
    *("REGISTER", "OPTIONS", "BYE", "CANCEL", "ACK", "INFO", "UPDATE", "REFER", "SUBSCRIBE"),
    *("NOTIFY", "MESSAGE", "PRACK", "PUBLISH", "invite", "GET", "X", ""),
)
_HEADERS = """Via: SIP/2.0/UDP {source};rport;branch=z9hG4bK{id}
Max-Forwards: 70
From: "{number}" <sip:{number}@{source}>;tag=t{id}
To: <sip:%s@{door}>
Call-ID: {id}
CSeq: 1 %s
Contact: <sip:{number}@{source}>
P-Asserted-Identity: <sip:{number}@{source};user=phone>
Supported: timer, 100rel, replaces
Session-Expires: 1800;refresher=uac
Min-SE: 90
Allow: INVITE, ACK, BYE, CANCEL
"""
#: A request has some of these as well.
_MORE = (
    'Authorization: Digest username="agent-101", realm="asterisk", nonce="0/0", uri="sip:{door}", '
    'response="0123456789abcdef0123456789abcdef", algorithm=MD5',
    "Proxy-Authorization: Digest username=",
    "Replaces: {id};to-tag=1;from-tag=2",
    "Refer-To: <sip:{number}@{door}?Replaces=a%3Bto-tag%3Db>",
    "Event: presence;id={number}",
    "Require: 100rel, {number}",
    "RAck: 1 1 INVITE",
    "Route: <sip:{door};lr>, <sip:{number}@{door};lr>",
    "Record-Route: <sip:{number}@{source};lr>",
    "Diversion: <sip:{number}@{source}>;reason=unconditional;counter=99999999999",
    "History-Info: <sip:{number}@{source}>;index=1.1.1.1.1.1",
    "Content-Encoding: gzip",
    "Expires: 4294967296",
    "X-Allo-Probe: {number}",
    "User-to-User: {number};encoding=hex",
    'Reason: Q.850;cause={number};text="{number}"',
    "Date: {number}",
    "Accept: */*;q=-1",
)
_SDP = SDP.format(origin="127.0.0.1", address="127.0.0.1", time=0) + (
    "a=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\n"
    "a=sendrecv\na=candidate:1 1 UDP 1 127.0.0.1 9 typ host\n"
)
_OFFER = _SDP.replace("RTP/AVP 0 12", "RTP/AVP 8 101").replace("m=video 3227", "m=video 0")

_LONG = (64, 255, 256, 257, 1023, 1025, 4095, 4097, 8193, 20_000)
_WORTHLESS = (
    "", " ", "\t", "\0", "\x7f", "\r", "\n", ";", ",", ":", "<", ">", "@", '"', "'", "\\", "%", "=",
    "%00", "%n%n%n%n", "%s%s%s%s%s%s", "%x" * 64, "../../../../etc/passwd", "${EXTEN}",
    "${SHELL(id)}", "';DROP TABLE tickets;--", "<script>", "&", "|id", "`id`",
    "-1", "0", "00000000000000000001", "65535", "65536", "2147483647", "2147483648", "4294967295",
    "4294967296", "18446744073709551616", "-2147483649", "1e309", "NaN", "0x41", "+1",
    "é", "\u202e", "\ufeff", "٣٩٣٩", "３９３９", "\ud800", "sip:", "sips:", "tel:", "tel:{number}",
    "sip:@", "sip:{number}@", "sip:[::1]", "sip:[::", "sip:[fe80::1%lo]", "sip:0.0.0.0",
    "sip:255.255.255.255", "sip:{number}:{number}@{door}", "<sip:{number}@{door}", "<<<<>>>>",
    "*", "{number}", '"{number}', "{number}\\", ";;;;;;;;;", ",,,,,,,,,", "a=b;c=d;e", "=;=;=",
)  # fmt: skip
_WORDS = re.compile(r"[^\s;,:=<>@\"/]+")


def variations(seed: int, count: int) -> Iterator[Hostile]:
    """Yield `count` messages."""
    draw = random.Random(seed)
    for number in range(count):
        yield Hostile(f"variation {seed}/{number}", _variation(draw))


def registrations(seed: int, count: int) -> Iterator[Hostile]:
    """Yield `count` registrations of whoever sends them, at strange places."""
    draw = random.Random(seed)
    for number in range(count):
        text = _variation(draw, "REGISTER", "{number}")
        yield Hostile(f"registration {seed}/{number}", text)


def _variation(draw: random.Random, method: str = "", to: str = "3939") -> bytes:
    method = method or draw.choice(_METHODS)
    first = f"{method} sip:{to}@{{door}} SIP/2.0"
    headers = (_HEADERS % (to, method)).splitlines()
    headers += draw.sample(_MORE, draw.choice((0, 0, 1, 3)))
    body = _OFFER if method in ("INVITE", "UPDATE") else draw.choice(("", "", _OFFER, "Signal=1\n"))
    kind = draw.choice(("application/sdp", "application/sdp", "application/dtmf-relay", "x"))
    headers.append("Content-Type: " + ("application/sdp" if method == "INVITE" else kind))
    length: str | None = None
    for _ in range(draw.choice((1, 1, 1, 2))):
        match draw.randrange(8):
            case 0:
                first = _word_replaced(draw, first)
            case 1 | 2 | 3:
                at = draw.randrange(len(headers))
                headers[at] = _header(draw, headers[at])
            case 4:
                at = draw.randrange(len(headers))
                headers[at:at] = [headers[at]] * draw.choice((1, 2, 70, 200))
            case 5:
                del headers[draw.randrange(len(headers))]
            case 6:
                length = draw.choice(("-1", "0", "1", "9999999999", "4294967300", "x", "", " 5 5"))
            case _:
                body = _description(draw, body)
    return _structure(draw, first, headers, body, length)


def _header(draw: random.Random, line: str) -> str:
    name, _, value = line.partition(": ")
    match draw.randrange(6):
        case 0:
            return f"{name}: {_nonsense(draw)}"
        case 1:
            return f"{_nonsense(draw)}: {value}"
        case 2:
            return f"{name}{draw.choice((' ', '', ' ' * 300, chr(0)))}:{value}"
        case 3:
            return f"{name}: {value}{draw.choice((';', ',', '?', ' '))}{_nonsense(draw)}"
        case 4:
            return f"{name}:{draw.choice(('', chr(9)))}\n {value}\n\t"
        case _:
            return f"{name}: {_word_replaced(draw, value)}"


def _description(draw: random.Random, body: str) -> str:
    lines = body.splitlines() or [""]
    at = draw.randrange(len(lines))
    match draw.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines[at:at] = [lines[at]] * draw.choice((1, 50, 300))
        case 2:
            draw.shuffle(lines)
        case 3:
            payloads = " ".join(map(str, range(draw.choice((33, 129, 1000)))))
            lines[at] = f"m=audio {draw.choice((0, 1, -1, 65536, 10**12))} RTP/AVP {payloads}"
        case 4:
            lines.insert(at, draw.choice(_LINES))
        case _:
            lines[at] = _word_replaced(draw, lines[at])
    return "\n".join(lines) + "\n"


_LINES = (
    "a=rtpmap:8 PCMA/0", "a=rtpmap:8 PCMA/-8000/99999", "a=rtpmap:256 X",
    "a=fmtp:8 " + 5000 * "a",
    "a=ptime:0", "a=ptime:-20", "a=ptime:99999999999", "a=maxptime:0", "a=rtcp:99999",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", "a=fingerprint:sha-256 00", "a=setup:x",
    "c=IN IP6 ::1", "c=IN IP4 0.0.0.0", "c=IN IP4 224.0.0.1/127/999", "c=IN IP4", "c=", "m=",
    "m=audio", "m=image 9 udptl t38", "a=T38FaxMaxBuffer:4294967295", "b=AS:-1", "k=clear:{number}",
    "s={number}", "o=- {number} {number} IN IP4 {number}", "t=-1 -1", "z=", "a=mid:" + "x" * 4000,
    "a=group:BUNDLE 0 1 2", "a=ice-ufrag:x", "a=ssrc:4294967296 cname:{number}", "\0", "a=" * 400,
)  # fmt: skip


def _nonsense(draw: random.Random) -> str:
    if draw.random() < 0.3:
        return draw.choice(("A", "9", "%", " ", "<", '"', ";a=", "é", "{number}")) * draw.choice(
            _LONG
        )
    return draw.choice(_WORTHLESS)


def _word_replaced(draw: random.Random, line: str) -> str:
    words = list(_WORDS.finditer(line))
    if not words:
        return _nonsense(draw)
    word = draw.choice(words)
    return line[: word.start()] + _nonsense(draw) + line[word.end() :]


def _structure(
    draw: random.Random, first: str, headers: list[str], body: str, length: str | None
) -> bytes:
    body_sent = body.encode(errors="surrogatepass").replace(b"\n", b"\r\n")
    told = str(len(body_sent)) if length is None else length
    head = "\n".join([first, *headers, f"Content-Length: {told}", "", ""])
    data = head.encode(errors="surrogatepass").replace(b"\n", b"\r\n") + body_sent
    data = data[:40_000]
    match draw.randrange(20):
        case 0:
            return data[: draw.randrange(len(data))]
        case 1:
            changed = bytearray(data)
            for _ in range(draw.choice((1, 8, 64))):
                changed[draw.randrange(len(changed))] = draw.randrange(256)
            return bytes(changed)
        case 2:
            return data.replace(b"\r\n", draw.choice((b"\n", b"\r", b"\n\r", b"\0\r\n")))
        case 3:
            return draw.choice((b"\r\n\r\n", b"\0" * 40, b"\xff\xfe", b" ")) + data
        case 4:
            return data + draw.choice((b"\0" * 1000, data, b"\r\n" * 500))
        case _:
            return data


def floods_of_text() -> list[Hostile]:
    """Return what is too much of one thing, up to what a datagram can hold."""
    start = "INVITE sip:3939@{door} SIP/2.0\n" + _HEADERS % ("3939", "INVITE")
    end = "Content-Length: 0\n\n"
    huge = {
        "a header of 40,000": "Subject: " + "{number} " * 3600 + "\n",
        "4,000 headers": "X: {number}\n" * 3000,
        "1,000 Vias": "Via: SIP/2.0/UDP {source};branch=z9hG4bK{id}\n" * 700,
        "a header name of 30,000": "N" * 30_000 + ": {number}\n",
        "200 folds": "Subject: {number}" + "\n " * 8000 + "\n",
        "a call to replace, of 6,000": "Replaces: {id};to-tag=1;from-tag=2;x="
        + "{number}" * 600
        + "\n",
        "routes without end": "Route: " + "<sip:{number}@{door};lr>," * 900 + "<sip:a;lr>\n",
    }
    return [Hostile(name, crlf(start + text + end)) for name, text in huge.items()]
