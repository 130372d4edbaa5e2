"""Errors as the protocol carries them."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._wire.error_info import ErrorInfo


def test_every_field_is_read() -> None:
    wire = {
        "code": 40160,
        "statusCode": 401,
        "message": "not allowed",
        "href": "https://help.ably.io/error/40160",
        "cause": {"code": 40100, "statusCode": 401, "message": "because"},
        "detail": {"operation": "publish"},
        "requestId": "r1",
        "serverId": "from a later protocol",
    }
    assert ErrorInfo.from_wire(wire) == ErrorInfo(
        code=40160,
        status_code=401,
        message="not allowed",
        href="https://help.ably.io/error/40160",
        cause=ErrorInfo(code=40100, status_code=401, message="because"),
        detail={"operation": "publish"},
        request_id="r1",
    )


@pytest.mark.parametrize(
    "wire",
    [
        {},
        {
            "code": "40160",
            "statusCode": "401",
            "message": None,
            "href": 1,
            "cause": "because",
            "detail": ["publish"],
            "requestId": 2,
        },
    ],
)
def test_what_is_missing_or_odd_gets_a_default(wire: dict[str, Any]) -> None:
    assert ErrorInfo.from_wire(wire) == ErrorInfo(50000, 500, "no message was given")


@pytest.mark.parametrize(("code", "status"), [(40142, 401), (40400, 404), (50003, 500)])
def test_a_missing_status_follows_from_the_code(code: int, status: int) -> None:
    assert ErrorInfo.from_wire({"code": code}).status_code == status


@pytest.mark.parametrize("code", [80003, 90001])
def test_a_missing_status_is_an_http_status_whatever_the_code(code: int) -> None:
    assert 400 <= ErrorInfo.from_wire({"code": code}).status_code < 600


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (40139, 401, False),
        (40140, 401, True),
        (40149, 401, True),
        (40150, 401, False),
        (40142, 403, False),
    ],
)
def test_token_errors(code: int, status: int, expected: bool) -> None:
    """RSA4b."""
    assert ErrorInfo(code, status, "").is_token_error is expected
