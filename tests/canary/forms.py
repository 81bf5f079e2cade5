"""Every way in which a phone number could be written: what a scan looks for.

A form is searched by the shortest piece that tells the number: the nine digits after the zero
are in 0199001234, +33199001234, 33199001234 and 0033199001234 alike. Of a digest it is the
first 64 bits, so that a truncated one is found as well.

    digits     all of these, and the same in UTF-16 and UTF-32, in Arabic and in wide digits
    grouped    by twos, threes and otherwise, with every separator known, escaped ones included
    one by one as a list of keys
    reversed   and the nibbles swapped, as signalling does
    base64     at each of its three offsets; hex; percent-encoded
    bcd        packed, both orders of nibbles
    int        of 64 bits in both orders, SQLite's, Python's own, floats
    digests    SHA-2, SHA-1, MD5, BLAKE2b, and HMAC by every key given
    prompts    as the prompts that read it back
"""

import base64
import hashlib
import hmac
import random
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

#: Reserved for fiction (Arcep): nobody's numbers.
FICTION = ("019900", "026191", "035301", "046571", "053649", "063998")

_GROUPS = ((1, 2, 2, 2, 2), (3, 3, 3), (1, 4, 4), (1, 8), (3, 6), (1, 2, 3, 3))
_PLAIN = (*" .-/_,:;|+*", "\t", "\n", "\r\n", "\0", ", ", "; ", " - ", "  ")
_BLANKS = ("\u00a0", "\u202f", "\u2009", "\u2011")
_ESCAPED = (
    *("%20", "%C2%A0", "%E2%80%AF", "%2E", "%2D", "&nbsp;", "&#160;", "&#xa0;"),
    *(r"\u00a0", r"\u202f", r"\xa0", r"\t", r"\n", r"\xc2\xa0", r"\xe2\x80\xaf"),
)
_LISTED = ('","', '", "', "','", "', '", ",", ", ", " ", "\n", "-", ".", "/", "|", "\t")
_READ_BACK = ('","sound:allo/', '", "sound:allo/', '","', '", "', "', '", ",", ", ", " ", "\n")
_HEXADECIMAL = (" ", ":", "-", ", ", r"\x", "%", ", 0x", ",0x", " 0x", "\n")
_DIGESTS = ("sha256", "sha1", "md5", "sha512", "blake2b")
_KEYED = ("sha256", "sha1")

#: Bits of a digest that identify it for certain.
_TOLD = 8


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes that give away the number `canary` (its ten digits), written in a `form`."""

    pattern: bytes
    canary: str
    form: str


def canaries(count: int, seed: int, endings: Iterable[int] = range(10_000)) -> list[str]:
    """Return `count` numbers of the fictional ranges in turn, each with its own last four digits.

    No two have their last four digits in common, so whatever is found tells which one it was.
    """
    drawn = random.Random(seed).sample(list(endings), count)
    return [f"{FICTION[turn % len(FICTION)]}{ending:04}" for turn, ending in enumerate(drawn)]


def needles(canary: str, keys: Mapping[str, bytes] | None = None) -> Iterator[Needle]:
    """Yield everything that gives this number away; `keys`, by name, are tried as HMAC keys."""
    for form, pattern in _all(canary, keys or {}):
        yield Needle(pattern, canary, form)


def writings(canary: str) -> dict[str, str]:
    """Return the number as people and systems write it without separators, by prefix."""
    rest = canary[1:]
    return {"0x": canary, "+33": f"+33{rest}", "33": f"33{rest}", "0033": f"0033{rest}", "": rest}


def grouped(canary: str, separator: str = " ") -> str:
    """Return the number in pairs, as it is written in France."""
    return separator.join(canary[start : start + 2] for start in range(0, len(canary), 2))


def _all(canary: str, keys: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    rest = canary[1:]
    yield from _as_text(rest)
    yield from _as_list(canary)
    yield from _as_bytes(rest)
    yield from _packed(canary)
    yield from _binary(rest)
    yield from _digested(canary, keys)


def _as_text(rest: str) -> Iterator[tuple[str, bytes]]:
    yield "digits", rest.encode()
    # The same bytes in both orders, except whole units.
    yield "utf-16", rest.encode("utf-16-le")[:-1]
    yield "utf-32", rest.encode("utf-32-le")[:-3]
    yield "reversed", rest[::-1].encode()
    for what, zero in (("Arabic", 0x660), ("Persian", 0x6F0), ("wide", 0xFF10)):
        yield f"{what} digits", rest.translate({48 + n: zero + n for n in range(10)}).encode()
    for groups in _GROUPS:
        parts = _cut(rest, groups)
        for separator in (*_PLAIN, *_BLANKS, *_ESCAPED):
            yield f"grouped by {separator!r}", separator.join(parts).encode()
        yield "grouped by latin-1's no-break space", "\u00a0".join(parts).encode("latin-1")
        for blank in (" ", "\u00a0", "."):
            yield "grouped, utf-16", blank.join(parts).encode("utf-16-le")[:-1]
    yield "grouped, reversed", " ".join(_cut(rest, (1, 2, 2, 2, 2)))[::-1].encode()


def _as_list(canary: str) -> Iterator[tuple[str, bytes]]:
    for separator in _LISTED:
        yield f"one by one, {separator!r}", separator.join(canary[1:]).encode()
    prompts = [f"pair-{pair}" for pair in grouped(canary).split()]
    for separator in _READ_BACK:
        yield f"prompts, {separator!r}", separator.join(prompts[1:]).encode()


def _as_bytes(rest: str) -> Iterator[tuple[str, bytes]]:
    ascii_bytes, wide = rest.encode(), rest.encode("utf-16-le")
    spaced = " ".join(_cut(rest, (1, 2, 2, 2, 2))).encode()
    for what, content in (("", ascii_bytes), (" of utf-16", wide), (" of grouped", spaced)):
        for offset in range(3):
            yield f"base64{what}, offset {offset}", _base64_inside(content, offset)
        for case in (str.lower, str.upper):
            yield f"hex{what}", case(content.hex()).encode()
        yield f"base32{what}", _base32_inside(content)
    for separator in _HEXADECIMAL:
        form = "percent-encoded" if separator == "%" else f"hex, {separator!r}"
        yield form, ascii_bytes.hex(" ").replace(" ", separator).encode()


def _packed(canary: str) -> Iterator[tuple[str, bytes]]:
    """Binary-coded decimal; an odd digit is padded (ITU-T Q.763, 3GPP TS 24.008)."""
    abroad = f"33{canary[1:]}"
    for what, digits in (("", canary), (", 33", f"{abroad}f"), (", 33", f"{abroad}0")):
        yield f"bcd{what}", bytes.fromhex(digits)
        yield f"bcd{what}, nibbles swapped", bytes.fromhex(_swapped(digits))
    for digits in (_swapped(canary), _swapped(f"{abroad}f"), _swapped(f"{abroad}f").upper()):
        yield "nibbles swapped, as text", digits[:11].encode()


def _binary(rest: str) -> Iterator[tuple[str, bytes]]:
    abroad, short = int(f"33{rest}"), int(rest)
    yield "int, little-endian", struct.pack("<q", abroad)
    # SQLite stores it in six bytes (its file format, section 2.1).
    yield "int, big-endian", struct.pack(">q", abroad)[2:]
    # Python's own: how many digits of 30 bits, then these; since 3.12 the count is shifted.
    for shift in (0, 3):
        yield "int, Python's", struct.pack("<qII", 2 << shift, abroad % 2**30, abroad >> 30)
        yield "int, Python's", struct.pack("<qI", 1 << shift, short)
    for number in (abroad, short):
        yield "float", struct.pack("<d", number)
        yield "float, big-endian", struct.pack(">d", number)


def _digested(canary: str, keys: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    texts = {text.encode() for text in (*writings(canary).values(), grouped(canary))}
    for text in sorted(texts):
        for name in _DIGESTS:
            yield from _written(name, hashlib.new(name, text).digest())
        for key, secret in keys.items():
            for name in _KEYED:
                yield from _written(f"hmac-{name} by {key}", hmac.digest(secret, text, name))


def _written(name: str, digest: bytes) -> Iterator[tuple[str, bytes]]:
    told = digest[:_TOLD]
    yield name, told
    yield f"{name}, hex", told.hex().encode()
    yield f"{name}, hex", told.hex().upper().encode()
    plain = base64.b64encode(digest)[:10]
    yield f"{name}, base64", plain
    if (safe := base64.urlsafe_b64encode(digest)[:10]) != plain:
        yield f"{name}, base64", safe
    yield f"{name}, base32", base64.b32encode(digest)[:12]


def _cut(text: str, lengths: Iterable[int]) -> list[str]:
    parts, start = [], 0
    for length in lengths:
        parts.append(text[start : start + length])
        start += length
    assert start == len(text), lengths
    return parts


def _swapped(digits: str) -> str:
    return "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))


def _base64_inside(content: bytes, offset: int) -> bytes:
    """What base64 makes of `content` after `offset` other bytes, whatever these and the next
    ones are: only characters whose six bits are all ours (RFC 4648, section 4).
    """
    encoded = base64.b64encode(bytes(offset) + content + bytes(3))
    return encoded[-(-8 * offset // 6) : 8 * (offset + len(content)) // 6]


def _base32_inside(content: bytes) -> bytes:
    """The same in base32 (RFC 4648, section 6) at the start of what is encoded."""
    return base64.b32encode(content + bytes(5))[: 8 * len(content) // 5]
