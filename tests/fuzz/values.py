"""What an attacker may send: values of any form, and messages that are right in part."""

from __future__ import annotations

import json
from typing import Any, cast

import msgpack
from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

texts = st.text(st.characters(codec="utf-8"), max_size=6)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | texts
    | st.binary(max_size=5)
    | st.sampled_from(["", "*", "1", "x" * 70_000, "\x00", "constructor", "__proto__"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
channels = st.sampled_from(
    ["mutable:a"] * 8
    + ["a", "b:c", "persisted:a", "pushenabled:a", "healthy", "[meta]channel.lifecycle",
     "[meta]x", "[?rewind=1]a", "[?rewind=2m&delta=vcdiff]a", "[filter=bmFtZQ==]a", "[filter=%]a",
     "", ":a", "[", "[x]a", "a\n", "a" * 3_000, "\U0001f600"]
)  # fmt: skip
clients = st.sampled_from(["alice"] * 5 + ["bob", "*", ""])
# Stands for the serial of a message that is there, and is as long.
KNOWN = "known".ljust(33, ".")
serials = st.sampled_from(
    [KNOWN] * 8 + ["", "x", "00000000000000-000@x:000", "99999999999999-999@x"]
)
encodings = st.sampled_from(
    ["json", "utf-8", "base64", "json/base64", "utf-8/cipher+aes-128-cbc/base64", "vcdiff", "", "/"]
)
datas = st.sampled_from(["text", "", "AA==", "%%%", {"a": 1}, [1], b"\x00\xff", None])


@st.composite
def fields(draw: st.DrawFn, /, *needed: str, **known: Strategy) -> dict[str, Any]:
    """Maps with the `needed` fields and some others, of which now and then one is wrong."""
    drawn = draw(
        st.fixed_dictionaries(
            {name: known[name] for name in needed},
            optional={name: good for name, good in known.items() if name not in needed},
        )
    )
    if drawn and rarely(draw, 6):
        drawn[draw(st.sampled_from(sorted(drawn)))] = draw(values)
    return drawn


def several(item: Strategy) -> Strategy:
    """One or more of something, and now and then something else."""
    items = st.lists(item, min_size=1, max_size=3)
    return items | items | items | st.lists(item | values, max_size=3) | values


def rarely(draw: st.DrawFn, times: int) -> bool:
    """Say yes once in so many times."""
    return draw(st.integers(1, times)) == times


messages = fields(
    id=st.uuids().map(str) | st.sampled_from(["x:0", "x:1", "y"]),
    name=texts,
    data=datas,
    encoding=encodings,
    clientId=clients,
    extras=fields(headers=st.dictionaries(texts, texts | st.integers(0, 9), max_size=2)),
    action=st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4, 5]),
    serial=serials,
    version=fields(description=texts, metadata=st.dictionaries(texts, texts), clientId=clients),
)
presence = fields(
    "action",
    "clientId",
    action=st.integers(0, 4),
    clientId=clients,
    data=datas,
    encoding=encodings,
    id=texts,
)
remarks = fields(
    "type",
    "messageSerial",
    action=st.integers(0, 1),
    type=st.sampled_from(
        ["r:distinct.v1", "r:total.v1", "r:unique.v1", "r:multiple.v1", "r:flag.v1", "r"]
    ),
    name=st.sampled_from(["up", "down", "clientIds"]),
    count=st.integers(0, 9),
    clientId=clients,
    messageSerial=serials,
    data=datas,
)  # fmt: skip


def in_json(value: object) -> bytes:
    """What JSON makes of a value; bytes become text."""
    return json.dumps(value, default=repr).encode()


def in_msgpack(value: object) -> bytes:
    """What MessagePack makes of a value."""
    return cast("bytes", msgpack.packb(value))
