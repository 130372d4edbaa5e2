"""AES in CBC mode (RSL5)."""

from __future__ import annotations

import base64
import sys
from typing import Any

import pytest

from ably_realtime._wire.cipher import Cipher, CipherUnavailable
from ably_realtime._wire.payload import decode_payload
from tests.unit.realtime.vectors import cases

KEY = bytes(range(16))


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 1_000])
@pytest.mark.parametrize("key", [KEY, KEY * 2])
def test_decrypts_what_it_encrypted(length: int, key: bytes) -> None:
    """RSL5b."""
    plain = bytes(length)
    cipher = Cipher(key)
    assert cipher.encoding == f"cipher+aes-{len(key) * 8}-cbc"
    encrypted = cipher.encrypt(plain)
    assert len(encrypted) == 16 + (length // 16 + 1) * 16
    assert cipher.decrypt(encrypted) == plain


def test_the_same_payload_is_never_encrypted_alike() -> None:
    cipher = Cipher(KEY)
    assert cipher.encrypt(b"text") != cipher.encrypt(b"text")


FROM_ZEROS = base64.b64decode("AAAAAAAAAAAAAAAAAAAAALkjaZvKOYEq2SigEPEC5lc=")


@pytest.mark.parametrize(
    ("key", "encrypted", "why"),
    [
        (bytes(16), FROM_ZEROS, "the key does not fit"),
        (KEY, b"", "blocks"),
        (KEY, bytes(16), "blocks"),
        (KEY, FROM_ZEROS[:-1], "blocks"),
        (KEY, bytes(32), "the key does not fit"),
    ],
)
def test_what_it_did_not_encrypt(key: bytes, encrypted: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Cipher(key).decrypt(encrypted)


def test_the_key_is_not_printed() -> None:
    assert repr(Cipher(KEY)) == "Cipher()"


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "Crypto.Cipher", None)
    with pytest.raises(CipherUnavailable, match="pip install"):
        Cipher(KEY).encrypt(b"")


@pytest.mark.parametrize(
    "content", cases("crypto-data-128.json") + cases("crypto-data-256.json"), ids=[128, 256]
)
def test_agrees_with_every_other_sdk(content: dict[str, Any]) -> None:
    """RSL5c."""
    cipher = Cipher(base64.b64decode(content["key"]))
    for item in content["items"]:
        encoded, encrypted = item["encoded"], item["encrypted"]
        assert decode_payload(encrypted["data"], encrypted["encoding"], cipher) == (
            decode_payload(encoded["data"], encoded["encoding"])
            if encoded.get("encoding")
            else encoded["data"]
        )
