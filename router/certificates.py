"""When certificates end (X.509, RFC 5280 section 4.1), and whether a key is theirs."""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from router.places import unreadable

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
#: Tags of DER (ITU-T X.690): the version is in a context of its own; the two ways to write a time.
_VERSION, _UTC_TIME, _GENERALIZED_TIME = 0xA0, 0x17, 0x18
_LONG = 0x80


def ends_at(pem: str) -> float:
    """Return when the first certificate of a PEM file's chain ends, UTC epoch seconds.

    Raises:
        ValueError: If there is no certificate, or it cannot be read.
    """
    blocks = _BLOCK.findall(pem)
    if not blocks:
        raise ValueError("holds no certificate")
    try:
        return min(_ends_at(ssl.PEM_cert_to_DER_cert(block)) for block in blocks)
    except (IndexError, ValueError):
        raise ValueError("holds a certificate that cannot be read") from None


def pair_fault(certificate: Path, key: Path) -> str:
    """Say why a certificate and a private key cannot be used together; "" if they can."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except PermissionError as error:
        return f"{error.filename or key} cannot be read: the service's user must be able to"
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"{key} is not the key of {certificate}"
        return f"{certificate} or {key} is not a PEM file that can be used (keys without password)"
    except OSError as error:
        return f"{error.filename or key} {unreadable(error)}"
    return ""


def _ends_at(der: bytes) -> float:
    certificate = next(_parts(der))[1]
    signed = next(_parts(certificate))[1]
    fields = [one for one in _parts(signed) if one[0] != _VERSION]
    validity = fields[3][1]  # after the serial number, the algorithm and the issuer
    _, (kind, text) = _parts(validity)
    return _moment(kind, text.decode("ascii"))


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of what is in a sequence."""
    at = 0
    while at < len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length & _LONG:
            start = at + 2 + (length ^ _LONG)
            length = int.from_bytes(data[at + 2 : start], "big")
        if start + length > len(data):
            raise ValueError("cut off")
        yield tag, data[start : start + length]
        at = start + length


def _moment(kind: int, text: str) -> float:
    forms = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}
    if kind not in forms:
        raise ValueError("no time")
    return datetime.strptime(text, forms[kind]).replace(tzinfo=UTC).timestamp()
