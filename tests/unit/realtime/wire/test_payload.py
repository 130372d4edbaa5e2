"""Payloads and their encodings."""

from __future__ import annotations

import base64
import sys
from typing import Any

import pytest

from ably_realtime._wire.cipher import Cipher
from ably_realtime._wire.payload import (
    UndecodablePayload,
    UnsupportedPayload,
    decode_payload,
    encode_payload,
    undo_base64,
)
from tests.unit.realtime.vectors import cases

BYTES = b"\xde\xad\xbe\xef"


@pytest.mark.parametrize(
    ("data", "before", "in_json", "in_msgpack"),
    [
        (None, None, (None, None), (None, None)),
        ("text", None, ("text", None), ("text", None)),
        ("text", "custom", ("text", "custom"), ("text", "custom")),
        (BYTES, None, ("3q2+7w==", "base64"), (BYTES, None)),
        (BYTES, "custom", ("3q2+7w==", "custom/base64"), (BYTES, "custom")),
        (bytearray(BYTES), None, ("3q2+7w==", "base64"), (BYTES, None)),
        (memoryview(BYTES), None, ("3q2+7w==", "base64"), (BYTES, None)),
        ({"a": ["ü", 1.5]}, None, ('{"a":["ü",1.5]}', "json"), ('{"a":["ü",1.5]}', "json")),
        ([], "custom", ("[]", "custom/json"), ("[]", "custom/json")),
    ],
)
def test_encoded(
    data: Any, before: str | None, in_json: tuple[Any, Any], in_msgpack: tuple[Any, Any]
) -> None:
    """RSL4c, RSL4d."""
    assert encode_payload(data, before, binary=False) == in_json
    assert encode_payload(data, before, binary=True) == in_msgpack


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "data",
    [1, 1.5, True, object(), ("a",), {"a": object()}, {"a": float("nan")}, nested(100_000)],
    ids=lambda data: type(data).__name__,
)
@pytest.mark.parametrize("binary", [False, True])
def test_anything_else_is_refused(data: Any, binary: bool) -> None:
    """RSL4a."""
    with pytest.raises(UnsupportedPayload):
        encode_payload(data, None, binary=binary)


@pytest.mark.parametrize(
    ("data", "encoding", "expected"),
    [
        ('{"a":1}', "json", {"a": 1}),
        (b"[1]", "json", [1]),
        ("3q2+7w==", "base64", BYTES),
        (b"3q2+7w==", "base64", BYTES),
        ("3q2+\n 7w==\n", "base64", BYTES),
        ("w7w=", "utf-8/base64", "ü"),
        ("eyJhIjoxfQ==", "json/utf-8/base64", {"a": 1}),
        ("already text", "utf8", "already text"),
    ],
)
def test_decoded_from_right_to_left(data: Any, encoding: str, expected: Any) -> None:
    """RSL6a."""
    assert decode_payload(data, encoding) == expected


@pytest.mark.parametrize(
    ("data", "encoding", "remaining"),
    [
        ("3q2+7w==", "utf-8/cipher+aes-128-cbc/base64", (BYTES, "utf-8/cipher+aes-128-cbc")),
        ("text", "unheard-of", ("text", "unheard-of")),
        ("3q2+7w=", "json/base64", ("3q2+7w=", "json/base64")),
        ("3q2+7w==!", "base64", ("3q2+7w==!", "base64")),
        ("ü", "base64", ("ü", "base64")),
        ("/w==", "utf-8/base64", (b"\xff", "utf-8")),
        ("{", "json", ("{", "json")),
        ("[" * 100_000, "json", ("[" * 100_000, "json")),
        (None, "json", (None, "json")),
        (3, "base64", (3, "base64")),
        (3, "utf-8", (3, "utf-8")),
        ([65], "utf-8", ([65], "utf-8")),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_undone_keeps_the_last_good_step(
    data: Any, encoding: str, remaining: tuple[Any, str]
) -> None:
    """RSL6b."""
    with pytest.raises(UndecodablePayload) as raised:
        decode_payload(data, encoding)
    assert (raised.value.data, raised.value.encoding) == remaining
    assert repr(encoding.rpartition("/")[2]) in str(raised.value) or remaining[1] != encoding


CIPHER = Cipher(bytes(range(16)))


@pytest.mark.parametrize(
    ("data", "steps"),
    [("text", "utf-8/"), (BYTES, ""), (bytearray(BYTES), ""), ({"a": 1}, "json/utf-8/")],
    ids=str,
)
@pytest.mark.parametrize("binary", [False, True])
def test_encrypted(data: Any, steps: str, binary: bool) -> None:
    """RSL5a, RSL5b."""
    encrypted, encoding = encode_payload(data, None, binary=binary, cipher=CIPHER)
    assert isinstance(encrypted, bytes if binary else str)
    assert encoding == f"{steps}cipher+aes-128-cbc{'' if binary else '/base64'}"
    assert encoding is not None
    assert decode_payload(encrypted, encoding, CIPHER) == data


def test_nothing_is_not_encrypted() -> None:
    assert encode_payload(None, None, binary=True, cipher=CIPHER) == (None, None)


@pytest.mark.parametrize(
    ("cipher", "why"),
    [
        (None, "no cipher"),
        (Cipher(bytes(32)), "is cipher\\+aes-256-cbc"),
        (Cipher(bytes(16)), "the key does not fit"),
    ],
    ids=["none", "other length", "other key"],
)
def test_what_cannot_be_decrypted_stays_encrypted(cipher: Cipher | None, why: str) -> None:
    """RSL6b."""
    encrypted = "AAAAAAAAAAAAAAAAAAAAALkjaZvKOYEq2SigEPEC5lc="
    encoding = "utf-8/cipher+aes-128-cbc/base64"
    assert decode_payload(encrypted, encoding, CIPHER) == "text"
    with pytest.raises(UndecodablePayload, match=why) as raised:
        decode_payload(encrypted, encoding, cipher)
    assert raised.value.encoding == "utf-8/cipher+aes-128-cbc"
    assert raised.value.data == base64.b64decode(encrypted)


def test_without_the_library_it_stays_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "Crypto.Cipher", None)
    with pytest.raises(UndecodablePayload, match="pycryptodome"):
        decode_payload(bytes(32), CIPHER.encoding, CIPHER)


@pytest.mark.parametrize(
    ("data", "encoding", "expected"),
    [
        ("3q2+7w==", "base64", (BYTES, None)),
        ("3q2+7w==", "utf-8/vcdiff/base64", (BYTES, "utf-8/vcdiff")),
        ("text", "utf-8", ("text", "utf-8")),
        ("text", None, ("text", None)),
        ("not base64", "base64", ("not base64", "base64")),
        (3, "base64", (3, "base64")),
    ],
)
def test_the_base64_of_a_frame_is_undone_alone(
    data: Any, encoding: str | None, expected: tuple[Any, str | None]
) -> None:
    """RTL19a."""
    assert undo_base64(data, encoding) == expected


@pytest.mark.parametrize("case", cases("messages-encoding.json", "messages"))
def test_agrees_with_every_other_sdk(case: dict[str, Any]) -> None:
    """RSL6a1."""
    data, encoding = case["data"], case["encoding"]
    if case["expectedType"] == "binary":
        value: Any = bytes.fromhex(case["expectedHexValue"])
    else:
        value = case["expectedValue"]
    assert (decode_payload(data, encoding) if encoding else data) == value
    assert encode_payload(value, None, binary=False) == (data, encoding)
