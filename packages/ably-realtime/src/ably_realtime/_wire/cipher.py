"""AES in CBC mode, as payloads are encrypted (RSL5). The cryptography is `pycryptodome`'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_BLOCK = 16


class CipherUnavailable(ImportError):
    """The library that encrypts is not installed."""


@dataclass(frozen=True, slots=True)
class Cipher:
    """Encrypts and decrypts payloads with one key."""

    key: bytes = field(repr=False)

    @property
    def encoding(self) -> str:
        """The step of `encoding` that this cipher is."""
        return f"cipher+aes-{len(self.key) * 8}-cbc"

    def encrypt(self, plain: bytes) -> bytes:
        """The initialisation vector, which is new each time, and the encrypted payload."""
        padding = _BLOCK - len(plain) % _BLOCK
        cipher = _aes().new(self.key, _aes().MODE_CBC)
        encrypted: bytes = cipher.iv + cipher.encrypt(plain + bytes([padding]) * padding)
        return encrypted

    def decrypt(self, encrypted: bytes) -> bytes:
        """The payload, or ValueError if this key did not encrypt it."""
        if len(encrypted) < 2 * _BLOCK or len(encrypted) % _BLOCK:
            raise ValueError("it is not a whole number of AES blocks")
        cipher = _aes().new(self.key, _aes().MODE_CBC, iv=encrypted[:_BLOCK])
        padded: bytes = cipher.decrypt(encrypted[_BLOCK:])
        padding = padded[-1]
        if not 1 <= padding <= _BLOCK or padded[-padding:] != bytes([padding]) * padding:
            raise ValueError("the key does not fit")
        return padded[:-padding]


def _aes() -> Any:
    try:
        from Crypto.Cipher import AES
    except ImportError as error:
        raise CipherUnavailable(
            "encryption needs pycryptodome: pip install 'ably-realtime[crypto]'"
        ) from error
    return AES
