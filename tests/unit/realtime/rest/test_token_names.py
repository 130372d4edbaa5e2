from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ably.types.tokendetails import TokenDetails

from ably_realtime._rest.token_names import describe

NOON = 1_767_268_800_000  # 2026-01-01 12:00:00 UTC


def jwt(header: Any, claims: Any) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join([*(base64.urlsafe_b64encode(p).decode().rstrip("=") for p in parts), "signed"])


@pytest.mark.parametrize(
    ("details", "key_name", "description"),
    [
        (
            TokenDetails(token="app.secret", expires=NOON, issued=1),
            "app.key",
            "the token of key app.key, expiry 2026-01-01T12:00:00+00:00",
        ),
        (
            TokenDetails(token=jwt({"kid": "app.k2"}, {"exp": NOON // 1000})),
            "app.key",
            "the token of key app.k2, expiry 2026-01-01T12:00:00+00:00",
        ),
        (
            TokenDetails(token="app.secret"),
            "app.key",
            "the token of key app.key, of unknown expiry",
        ),
        (
            TokenDetails(token=jwt({}, {})),
            None,
            "the token of an unknown key, of unknown expiry",
        ),
        (None, "app.key", "no token"),
    ],
)
def test_a_token_is_named_by_key_and_expiry(
    details: TokenDetails | None, key_name: str | None, description: str
) -> None:
    assert describe(details, key_name) == description


@pytest.mark.parametrize(
    "token", ["a.b.c", jwt([], {}), jwt({}, 5), jwt({"kid": 5}, {"exp": "soon"}), "é.é.é", 5]
)
def test_anything_is_described_without_its_value(token: Any) -> None:
    description = describe(TokenDetails(token=token), None)
    assert description == "the token of an unknown key, of unknown expiry"


def test_an_expiry_beyond_all_calendars() -> None:
    details = TokenDetails(token=jwt({"kid": "a.b"}, {"exp": 1e15}))
    assert describe(details, None) == "the token of key a.b, expiry 1e+18 ms after the epoch"
