"""Which hosts an `endpoint` stands for (REC1, REC2)."""

from __future__ import annotations

from collections.abc import Sequence

DEFAULT_CONNECTIVITY_CHECK_URL = "https://internet-up.ably-realtime.com/is-the-internet-up.txt"

_FALLBACKS = "abcde"


def primary_host(endpoint: str | None) -> str:
    """The primary domain (REC1)."""
    if endpoint is None:
        return "main.realtime.ably.net"
    if is_hostname(endpoint):
        return endpoint
    if endpoint.startswith("nonprod:"):
        return f"{endpoint.removeprefix('nonprod:')}.realtime.ably-nonprod.net"
    return f"{endpoint}.realtime.ably.net"


def fallback_hosts(endpoint: str | None, explicit: Sequence[str] | None) -> tuple[str, ...]:
    """The fallback domains, in no particular order (REC2)."""
    if explicit is not None:
        return tuple(explicit)
    if endpoint is not None and is_hostname(endpoint):
        return ()
    if endpoint is not None and endpoint.startswith("nonprod:"):
        policy, domain = endpoint.removeprefix("nonprod:"), "ably-realtime-nonprod.com"
    else:
        policy, domain = endpoint or "main", "ably-realtime.com"
    return tuple(f"{policy}.{letter}.fallback.{domain}" for letter in _FALLBACKS)


def is_hostname(endpoint: str) -> bool:
    """Whether an endpoint names a host rather than a routing policy (REC1b2)."""
    return "." in endpoint or "::" in endpoint or endpoint == "localhost"
