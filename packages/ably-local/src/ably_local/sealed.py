"""Issued tokens, which say themselves what they grant, sealed with the key they were issued for.

Nothing has to be remembered of a token: however many are issued and however short they live, memory
does not grow, and a token outlives a server that has its keys in a data file. To clients it is
opaque.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .capability import Capability
from .formats import compact_json
from .grants import Grant

if TYPE_CHECKING:
    from .apps import Key

SEAL_SIZE = 16


def seal(grant: Grant, stamp: int, key: Key) -> str:
    """Return the token for what `grant` says; `stamp` tells it from every other."""
    narrowed = None if grant.capability == key.capability else grant.capability.to_json()
    statement = compact_json(
        [key.id, stamp, grant.issued, grant.expires, grant.client_id, narrowed]
    ).encode()
    sealed = base64.urlsafe_b64encode(_seal(statement, key) + statement)
    return f"{grant.app_id}.{sealed.decode('ascii').rstrip('=')}"


def unseal(token: str, keys: Mapping[str, Key]) -> tuple[Grant, int] | None:
    """Return what a token says and its stamp, or None unless it was sealed with one of `keys`."""
    app_id, _, sealed = token.partition(".")
    try:
        content = base64.b64decode(sealed + "=" * (-len(sealed) % 4), b"-_", validate=True)
        statement = content[SEAL_SIZE:]
        key_id, stamp, issued, expires, client_id, narrowed = json.loads(statement)
        key = keys[f"{app_id}.{key_id}"]
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
        return None
    if not hmac.compare_digest(content[:SEAL_SIZE], _seal(statement, key)):
        return None
    capability = key.capability if narrowed is None else Capability.parse(narrowed)
    return Grant(app_id, key.name, capability, client_id, issued, expires), stamp


def _seal(statement: bytes, key: Key) -> bytes:
    whole = hmac.digest(key.secret.encode(), b"ably-local token\n" + statement, hashlib.sha256)
    return whole[:SEAL_SIZE]
