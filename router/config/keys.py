"""What people type: the keys of menus, and codes of several digits."""

import re
from collections.abc import Iterable, Mapping

from router.config.tables import Report
from router.core.call.digits import are_ambiguous

_KEYS = re.compile(r"[0-9*#]+")
_CODE = re.compile(r"[0-9]{1,6}")
_DIGIT = re.compile(r"[0-9]")


def is_digit(text: str) -> bool:
    """Return whether it is one key with a digit."""
    return _DIGIT.fullmatch(text) is not None


def check_key(key: str, place: str, others: Iterable[str], report: Report) -> bool:
    """Check that `key` can be typed, and that neither it nor any of `others` begins the other.

    Returns whether it can be typed.
    """
    if not _KEYS.fullmatch(key):
        report.add(place, f'a key is made of 0-9, * and #, got "{key}"')
        return False
    for other in others:
        if are_ambiguous(key, other):
            report.add(place, f'cannot be told from "{other}": one key begins the other')
    return True


def check_codes(codes: Mapping[str, str], report: Report) -> None:
    """Check codes, by place, that are typed after a key: digits, all of one length, no two alike.

    With one length, a code is complete without waiting for a last key.
    """
    seen: dict[str, str] = {}
    for place, code in codes.items():
        if not _CODE.fullmatch(code):
            report.add(place, f'must be 1 to 6 digits, got "{code}"')
            continue
        first = next(iter(seen), code)
        if code in seen:
            report.add(place, f'"{code}" is also {seen[code]}')
        elif len(code) != len(first):
            report.add(place, f'must be as long as {seen[first]} ("{first}"), got "{code}"')
        else:
            seen[code] = place
