"""The patch between any two objects makes one of the other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.web.wallboard.merge_patch import difference
from tests.web.test_wallboard_agrees import patched

names = st.sampled_from("abc")
values = st.recursive(
    st.integers(0, 2) | st.text("xy", max_size=2) | st.lists(st.integers(0, 1), max_size=2),
    lambda inner: st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(names, values, max_size=3)


@given(objects, objects)
def test_a_patch_leads_from_one_to_the_other(before: Any, after: Any) -> None:
    patch = difference(before, after)
    assert patched(before, patch) == after
    assert (patch == {}) is (before == after)


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"a": "b", "b": "c"}, {"b": "c"}),
        ({"a": "b", "b": "c"}, {"b": "c"}, {"a": None}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"d": "e"}}, {"a": {"b": None, "d": "e"}}),
        ({"a": {"b": "c"}}, {"a": [1]}, {"a": [1]}),
        ({"a": 1}, {"a": {}}, {"a": {}}),
    ],
)
def test_patches_after_the_examples_of_rfc_7396(before: Any, after: Any, patch: Any) -> None:
    assert difference(before, after) == patch


def test_what_has_not_changed_is_not_told() -> None:
    whole = {"a": {str(n): {"x": n} for n in range(100)}}
    after = {"a": {**whole["a"], "7": {"x": 8}}}
    assert difference(whole, after) == {"a": {"7": {"x": 8}}}
