from __future__ import annotations

import pytest

from ably_local.capability import Capability, matches
from ably_local.errors import Refusal


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("orders", "orders", True),
        ("orders", "orders:new", False),
        ("*", "orders", True),
        ("*", "orders:new:today", True),
        ("orders:*", "orders", False),
        ("orders:*", "orders:new", True),
        ("orders:*", "orders:new:today", True),
        ("orders:*:today", "orders:new:today", True),
        ("orders:*:today", "orders:new:tomorrow", False),
        ("orders:*:today", "orders:new:old:today", False),
        ("*", "[meta]log", False),
        ("[*]*", "[meta]log", True),
        ("[*]*", "orders", True),
        ("[meta]*", "[meta]log", True),
        ("[meta]*", "log", False),
        ("[meta]log", "[meta]log", True),
        ("*", "orders:*", True),
        ("orders:*", "*", False),
        ("orders:*", "orders:new:*", True),
    ],
)
def test_a_pattern_covers_a_resource(pattern: str, resource: str, expected: bool) -> None:
    assert matches(pattern, resource) is expected


def test_operations_are_allowed_per_resource() -> None:
    capability = Capability.parse({"a": ["publish", "subscribe"], "b:*": ["*"], "*": ["history"]})
    assert capability.allows_any("a", ["publish"])
    assert capability.allows_any("a", ["history"])
    assert capability.allows_any("b:c", ["presence"])
    assert not capability.allows_any("b", ["presence"])
    assert capability.allows_any("a", ("presence", "subscribe"))
    assert not capability.allows_any("c", ("presence", "subscribe"))
    assert capability.allows_somewhere("stats")
    assert not Capability.parse({"a": ["publish"]}).allows_somewhere("stats")


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ({"*": ["*"]}, {"a": ["publish"]}, '{"a":["publish"]}'),
        ({"a": ["publish", "subscribe"]}, {"a": ["*"]}, '{"a":["publish","subscribe"]}'),
        ({"a": ["publish"]}, {"a": ["subscribe"]}, "{}"),
        ({"a": ["publish"]}, {"b": ["publish"]}, "{}"),
        ({"a:*": ["publish"]}, {"a:b": ["*"], "c": ["*"]}, '{"a:b":["publish"]}'),
        ({"a": ["*"]}, {"a": ["*"]}, '{"a":["*"]}'),
        (
            {"a": ["publish"], "*": ["subscribe"]},
            {"a": ["publish", "subscribe"]},
            '{"a":["publish","subscribe"]}',
        ),
        ({"[*]*": ["*"]}, {"*": ["publish"]}, '{"*":["publish"]}'),
    ],
)
def test_the_intersection_is_what_both_permit(
    one: dict[str, list[str]], other: dict[str, list[str]], common: str
) -> None:
    left, right = Capability.parse(one), Capability.parse(other)
    assert left.intersect(right).to_json() == common
    assert right.intersect(left).to_json() == common


@pytest.mark.parametrize(
    "value",
    [
        "{",
        "[]",
        "{}",
        5,
        None,
        {"a": []},
        {"a": 5},
        {"a": ["fly"]},
        {"a": [5]},
        {"a": ["*", "publish"]},
        {5: ["publish"]},
    ],
)
def test_what_is_no_capability_is_refused(value: object) -> None:
    with pytest.raises(Refusal) as refused:
        Capability.parse(value)
    assert refused.value.error.code == 40000


def test_text_is_canonical() -> None:
    text = Capability.parse('{"b":["subscribe","publish"],"a":"*"}').to_json()
    assert text == '{"a":["*"],"b":["publish","subscribe"]}'
    assert Capability.all().to_json() == '{"*":["*"]}'
