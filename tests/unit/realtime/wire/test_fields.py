"""Reading single fields (RTF1)."""

from __future__ import annotations

import pytest

from ably_realtime._wire.fields import integer, mapping, text

VALUES = [None, "", "text", 0, 7, True, 1.0, b"bytes", {}, {"a": 1}, [], ["a"]]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_has_the_wrong_type_is_as_good_as_missing(value: object) -> None:
    kind = type(value)
    assert text(value) == (value if kind is str else None)
    assert integer(value) == (value if kind is int else None)
    assert mapping(value) == (value if kind is dict else None)
