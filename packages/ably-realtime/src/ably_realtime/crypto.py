"""Keys for encrypted channels (RSE, TZ)."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._wire.cipher import Cipher
from .errors import AblyError

_KEY_LENGTHS = (128, 256)


@dataclass(frozen=True, slots=True)
class CipherParams:
    """How a channel is encrypted (TZ2).

    `key` is bytes, or text in base64 or base64url, of 128 or 256 bits. Only AES in CBC mode
    exists. Raises `AblyError` for anything else.
    """

    key: bytes | str = field(repr=False)
    algorithm: str = "aes"
    mode: str = "cbc"

    def __post_init__(self) -> None:
        if self.algorithm.lower() != "aes" or self.mode.lower() != "cbc":
            raise _bad(f"there is only AES in CBC mode, not {self.algorithm} in {self.mode}")
        key = _from_text(self.key) if isinstance(self.key, str) else bytes(self.key)
        object.__setattr__(self, "key", key)
        if self.key_length not in _KEY_LENGTHS:
            raise _bad(f"an AES key has 128 or 256 bits, this one {self.key_length}")

    @property
    def key_length(self) -> int:
        """Bits of the key (TZ2b)."""
        return len(self.key) * 8


def generate_random_key(key_length: int = 256) -> bytes:
    """A new key of that many bits (RSE2)."""
    if key_length not in _KEY_LENGTHS:
        raise _bad(f"an AES key has 128 or 256 bits, not {key_length}")
    return secrets.token_bytes(key_length // 8)


def read_cipher(cipher: Any) -> CipherParams | None:
    """Our CipherParams from one of ours, one of the REST SDK's, or a dict of fields (TB2b)."""
    if cipher is None or isinstance(cipher, CipherParams):
        return cipher
    if isinstance(cipher, Mapping):
        unknown = cipher.keys() - {"key", "algorithm", "mode", "key_length"}
        if unknown or "key" not in cipher:
            raise _bad("a cipher has a key, and may have algorithm, mode and key_length")
        params = CipherParams(
            cipher["key"], cipher.get("algorithm") or "aes", cipher.get("mode") or "cbc"
        )
        if cipher.get("key_length") not in (None, params.key_length):
            raise _bad(
                f"key_length is {cipher['key_length']}, but the key has {params.key_length} bits"
            )
        return params
    if hasattr(cipher, "secret_key"):
        return CipherParams(cipher.secret_key)
    raise _bad(f"a cipher is CipherParams or a dict, not {type(cipher).__name__}")


def cipher_of(params: CipherParams | None) -> Cipher | None:
    """What encrypts with these params."""
    return None if params is None else Cipher(bytes(params.key))  # type: ignore[arg-type]


def _from_text(key: str) -> bytes:
    try:
        padded = key.strip() + "=" * (-len(key.strip()) % 4)
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise _bad("a key given as text is base64") from None


def _bad(message: str) -> AblyError:
    return AblyError(code=40003, status_code=400, message=message)
