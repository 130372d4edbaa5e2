"""What may be said about a token: its key and its expiry, never its value."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections.abc import Mapping
from typing import Any

from . import TokenDetails


def describe(details: TokenDetails | None, key_name: str | None) -> str:
    """Name a token for a log line or an error message; `key_name` is that of the client, if any."""
    if details is None:
        return "no token"
    header, claims = _read_jwt(details.token)
    kid, exp = header.get("kid"), claims.get("exp")
    owner = kid if isinstance(kid, str) else key_name
    expires = details.expires if details.issued else None  # `ably` invents one for a bare token
    if isinstance(exp, int | float):
        expires = exp * 1000
    return (
        f"the token of {f'key {owner}' if owner else 'an unknown key'}, "
        f"{f'expiry {_moment(expires)}' if expires else 'of unknown expiry'}"
    )


def _read_jwt(token: object) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The header and the claims of a JWT, unverified; nothing of any other token."""
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return {}, {}
    try:
        header, claims = (json.loads(_undo_base64(part)) for part in parts[:2])
    except (ValueError, binascii.Error):
        return {}, {}
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return {}, {}
    return header, claims


def _undo_base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _moment(milliseconds: float) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    except (OverflowError, OSError, ValueError):
        return f"{milliseconds:g} ms after the epoch"
    return moment.isoformat(timespec="seconds")
