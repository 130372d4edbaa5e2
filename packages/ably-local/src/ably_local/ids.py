"""Random identifiers."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def random_id(length: int) -> str:
    """Return `length` random letters and digits: safe in URLs, keys, serials and channel names."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
