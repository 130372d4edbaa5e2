"""Random identifiers."""

from __future__ import annotations

import secrets
import string

_ALPHABET = (string.ascii_letters + string.digits).encode()
_OF_BYTE = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))


def random_id(length: int) -> str:
    """Return `length` random letters and digits: safe in URLs, keys, serials and channel names."""
    return secrets.token_bytes(length).translate(_OF_BYTE).decode("ascii")
