"""French sentences as they are shown: with the service's number, typeset, and as HTML."""

import re
from html import escape

from router.core.plan import Plan


def with_number(sentence: str, plan: Plan) -> str:
    """Return the sentence with the number that people dial for "{number}"."""
    return sentence.replace("{number}", plan.number)


def typeset(sentence: str) -> str:
    """Return the sentence with its no-break spaces: before ";:!?»" and after "«"."""
    return re.sub(r" (?=[;:!?»])|(?<=«) ", "\u00a0", sentence)


def as_html(sentence: str) -> str:
    """Return the sentence typeset and escaped, for the text of an element (no attribute)."""
    return escape(typeset(sentence), quote=False)
