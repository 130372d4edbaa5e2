from __future__ import annotations

import msgpack
import pytest

from ably_local.errors import Refusal
from ably_local.formats import Format, compact_json


@pytest.mark.parametrize("fmt", list(Format))
@pytest.mark.parametrize(
    "value", [None, True, 5, -1.5, "text", "ünï\N{GRINNING FACE}", [1, [2]], {"a": {"b": None}}]
)
def test_values_survive_either_format(fmt: Format, value: object) -> None:
    assert fmt.decode(fmt.encode(value)) == value


def test_bytes_survive_msgpack() -> None:
    assert Format.MSGPACK.decode(Format.MSGPACK.encode(b"\x00\xff")) == b"\x00\xff"


def test_text_frames_may_hold_msgpack_and_binary_ones_json() -> None:
    assert Format.JSON.decode(b'{"a":1}') == {"a": 1}
    assert Format.MSGPACK.decode("\x05") == 5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nul",
        b"\xff",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 5_000,
        b'"\\ud800"',
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        Format.JSON.decode(data)
    assert refused.value.error.code == 40001
    assert "JSON" in refused.value.error.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x81",
        b"\xc1",
        b"\x05\x05",
        b"\xa1\xff",
        b"\x91" * 10_000,
        msgpack.packb(msgpack.ExtType(5, b"x")),
        b"\x81\x01\x02",
    ],
)
def test_what_is_not_msgpack_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        Format.MSGPACK.decode(data)
    assert refused.value.error.code == 40001
    assert "MessagePack" in refused.value.error.message


@pytest.mark.parametrize("text", ["18446744073709551615", "-9223372036854775808"])
def test_integers_of_64_bits_stay_what_they_are(text: str) -> None:
    value = Format.JSON.decode(text)
    assert Format.MSGPACK.decode(Format.MSGPACK.encode(value)) == int(text)


def test_larger_integers_become_floats() -> None:
    assert Format.JSON.decode("18446744073709551616") == 2.0**64


def test_compact_json_has_no_white_space_and_no_escapes_it_does_not_need() -> None:
    assert compact_json({"a": ["é", None]}) == '{"a":["é",null]}'
    with pytest.raises(ValueError, match="JSON"):
        compact_json(float("nan"))
    with pytest.raises(TypeError):
        compact_json(b"bytes")
