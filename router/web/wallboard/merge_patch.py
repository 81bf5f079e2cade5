"""What differs between two JSON objects, as a JSON Merge Patch (RFC 7396).

In such a patch null takes a member away, so neither object may hold a null. Lists are replaced as a
whole.
"""

from collections.abc import Mapping
from typing import Any


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch that makes `after` of `before`; it is empty if they are the same.

    >>> difference({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 2, "d": 4}, "e": 5})
    {'a': None, 'b': {'d': 4}, 'e': 5}
    """
    patch: dict[str, Any] = dict.fromkeys(name for name in before if name not in after)
    for name, value in after.items():
        was = before.get(name)
        if value != was:
            if isinstance(was, dict) and isinstance(value, dict):
                value = difference(was, value)
            patch[name] = value
    return patch
