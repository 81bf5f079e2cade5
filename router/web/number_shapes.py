"""What looks like a telephone number in an address, or in what somebody has written."""

import re
from urllib.parse import unquote

_BETWEEN_DIGITS = re.compile(r"(?<=[0-9)])[+\s().:/_-]+(?=[0-9(])|[()]")
_A_NUMBER = re.compile(r"(?<![0-9])(?:0|(?:\+|00)[0-9]{2,3}0?)[1-9][0-9]{8}(?![0-9])")


def holds_a_number(text: str) -> bool:
    """Return whether the text, or the target of a request, has in it something like a number."""
    return _A_NUMBER.search(_BETWEEN_DIGITS.sub("", unquote(text))) is not None
