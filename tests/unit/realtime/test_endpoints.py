"""Which hosts an endpoint stands for."""

from __future__ import annotations

import pytest

from ably_realtime.endpoints import fallback_hosts, is_hostname, primary_host


@pytest.mark.parametrize(
    ("endpoint", "primary", "first_fallback"),
    [
        (None, "main.realtime.ably.net", "main.a.fallback.ably-realtime.com"),
        ("acme", "acme.realtime.ably.net", "acme.a.fallback.ably-realtime.com"),
        (
            "nonprod:sandbox",
            "sandbox.realtime.ably-nonprod.net",
            "sandbox.a.fallback.ably-realtime-nonprod.com",
        ),
        ("example.com", "example.com", None),
        ("127.0.0.1", "127.0.0.1", None),
        ("::1", "::1", None),
        ("localhost", "localhost", None),
    ],
)
def test_an_endpoint_is_a_routing_policy_or_a_host(
    endpoint: str | None, primary: str, first_fallback: str | None
) -> None:
    """REC1, REC2c."""
    expected = (
        tuple(first_fallback.replace(".a.", f".{letter}.") for letter in "abcde")
        if first_fallback
        else ()
    )
    assert primary_host(endpoint) == primary
    assert fallback_hosts(endpoint, None) == expected
    assert endpoint is None or is_hostname(endpoint) is (first_fallback is None)


@pytest.mark.parametrize("endpoint", [None, "acme", "example.com"])
@pytest.mark.parametrize("explicit", [["x.com", "y.com"], []])
def test_explicit_fallbacks_win(endpoint: str | None, explicit: list[str]) -> None:
    """REC2a2."""
    assert fallback_hosts(endpoint, explicit) == tuple(explicit)
