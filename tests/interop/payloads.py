"""The values the peers exchange, and their form on the lines between test and peer."""

from __future__ import annotations

import base64
import json
from typing import Any

PAYLOADS: dict[str, Any] = {
    "text": "plain text",
    "unicode": 'naïve Ελλάδα 日本語 👩‍👩‍👧 \u0000\t"\\\u2028',
    "empty text": "",
    "text that looks like JSON": '{"not": "an object"}',
    # Not longer, because `ably` counts against the limit of 65,536 bytes what JSON makes of them.
    "long text": "日本語" * 3_400,
    "long bytes": bytes(range(256)) * 180,
    "object": {"id": 1, "float": -0.5, "yes": True, "no": False, "null": None, "": "Ω"},
    "array": [1, "two", False, None, 9_007_199_254_740_991],
    "nested": {"list": [[], {}, [[{"deep": [1, {"deeper": []}]}]]], "map": {"a": {"b": {}}}},
    "empty object": {},
    "empty array": [],
    "every byte": bytes(range(256)),
    "bytes that are text": b"text",
    "empty bytes": b"",
    "nothing": None,
}


def pack(data: Any) -> dict[str, Any]:
    """Tag a value with its kind, so that it survives a line of JSON."""
    match data:
        case None:
            return {"kind": "none"}
        case str():
            return {"kind": "text", "value": data}
        case bytes() | bytearray():
            return {"kind": "binary", "value": base64.b64encode(data).decode("ascii")}
        case dict() | list():
            return {"kind": "json", "value": data}
    raise TypeError(f"a payload of type {type(data).__name__}")


def unpack(packed: dict[str, Any]) -> Any:
    """Return the value that `pack` tagged."""
    match packed:
        case {"kind": "none"}:
            return None
        case {"kind": "text" | "json", "value": value}:
            return value
        case {"kind": "binary", "value": value}:
            return base64.b64decode(value, validate=True)
    raise ValueError(f"not a packed payload: {packed}")


def exact(data: Any) -> Any:
    """Return a form of the value in which, unlike in Python's own, True is not equal to 1.

    `ably` gives a bytearray for bytes; those are the same value.
    """
    if isinstance(data, dict | list):
        return "JSON " + json.dumps(data, sort_keys=True, ensure_ascii=False)
    return bytes(data) if isinstance(data, bytearray) else data
