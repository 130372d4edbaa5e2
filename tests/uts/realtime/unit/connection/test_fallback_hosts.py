"""RTN17: which host is tried."""

from __future__ import annotations

import re

import pytest

from tests.uts.harness import (
    KEY,
    ClientFactory,
    FakeClock,
    MockHttpClient,
    MockWebSocket,
    PendingConnection,
    PendingRequest,
    accept,
    await_state,
    complete,
    in_turn,
    internet_up,
    record,
    refuse,
    states,
)
from tests.uts.harness.frames import connected, disconnected

PRIMARY = "main.realtime.ably.net"
FALLBACK = re.compile(r"\.[abcde]\.fallback\.ably-realtime\.com$")


def hosts(server: MockWebSocket) -> list[str]:
    return [attempt.host for attempt in server.attempts]


@pytest.mark.uts("realtime/unit/RTN17i/prefer-primary-domain-0")
async def test_the_primary_is_preferred(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        in_turn(
            refuse,
            accept(connected("connection-id", "connection-key")),
            accept(connected("connection-id-2", "connection-key-2")),
        )
    )
    client = create_client(transport=server, http=internet_up(), key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected", timeout=10_000)
    assert len(hosts(server)) == 2
    changes = record(client.connection)

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected", timeout=10_000)

    assert states(changes) == ["disconnected", "connecting", "connected"]
    assert hosts(server)[2] == PRIMARY


@pytest.mark.uts("realtime/unit/RTN17f/fallback-on-error-0")
async def test_an_unresolvable_host_leads_to_a_fallback(create_client: ClientFactory) -> None:
    server = MockWebSocket(in_turn(PendingConnection.respond_with_dns_error, accept(connected())))
    client = create_client(transport=server, http=internet_up(), key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "connected", timeout=10_000)

    first, second = hosts(server)
    assert first == PRIMARY
    assert "fallback" in second


@pytest.mark.uts("realtime/unit/RTN17f1/disconnected-5xx-fallback-0")
async def test_disconnected_with_5xx_leads_to_a_fallback(create_client: ClientFactory) -> None:
    unavailable = disconnected(50003, 503, "Service temporarily unavailable")
    server = MockWebSocket(
        in_turn(
            lambda attempt: attempt.respond_with_success().send_to_client_and_close(unavailable),
            accept(connected()),
        )
    )
    client = create_client(transport=server, http=internet_up(), key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "connected", timeout=10_000)

    first, second = hosts(server)
    assert first == PRIMARY
    assert "fallback" in second


@pytest.mark.uts("realtime/unit/RTN17j/connectivity-check-before-fallback-0")
async def test_connectivity_is_checked_first(create_client: ClientFactory) -> None:
    order: list[str] = []

    def on_connection_attempt(attempt: PendingConnection) -> None:
        order.append(attempt.host)
        if len(order) == 1:
            attempt.respond_with_timeout()
        else:
            attempt.respond_with_success(connected())

    def on_request(request: PendingRequest) -> None:
        order.append(f"{request.method} {request.url.host}")
        request.respond_with(200, "yes")

    client = create_client(
        transport=MockWebSocket(on_connection_attempt),
        http=MockHttpClient(on_request),
        key=KEY,
        auto_connect=False,
    )

    client.connect()
    await await_state(client.connection, "connected", timeout=15_000)

    primary, check, fallback = order
    assert primary == PRIMARY
    assert check == "GET internet-up.ably-realtime.com"
    assert FALLBACK.search(fallback)


@pytest.mark.uts("realtime/unit/RTN17g/empty-fallback-set-error-0")
async def test_without_fallbacks_a_failure_is_final(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """`endpoint` stands for the case's deprecated realtimeHost; no fallbacks either (REC2c2)."""
    server = MockWebSocket(refuse)
    client = create_client(
        transport=server,
        http=internet_up(),
        key=KEY,
        endpoint="custom.example.com",
        auto_connect=False,
    )

    client.connect()
    await await_state(client.connection, "disconnected", "failed", timeout=5_000)
    await clock.advance(2_000)

    assert hosts(server) == ["custom.example.com"]


@pytest.mark.uts("realtime/unit/RTN17h/fallback-domains-from-rec2-0")
async def test_default_fallback_domains(create_client: ClientFactory) -> None:
    server = MockWebSocket(in_turn(refuse, accept(connected())))
    client = create_client(transport=server, http=internet_up(), key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "connected", timeout=10_000)

    _, fallback = hosts(server)
    assert FALLBACK.search(fallback)


@pytest.mark.uts("realtime/unit/RTN17j/fallback-random-order-1")
async def test_fallbacks_are_tried_in_random_order(create_client: ClientFactory) -> None:
    orders: set[tuple[str, ...]] = set()
    for _ in range(5):
        server = MockWebSocket(in_turn(refuse, refuse, refuse, accept(connected())))
        client = create_client(transport=server, http=internet_up(), key=KEY, auto_connect=False)
        client.connect()
        await await_state(client.connection, "connected", timeout=15_000)
        orders.add(tuple(hosts(server)[1:]))
        await complete(client.close(), timeout=10_000)

    assert len(orders) >= 2


@pytest.mark.uts("realtime/unit/RTN17e/http-uses-same-fallback-0")
async def test_http_uses_the_same_fallback(create_client: ClientFactory) -> None:
    def on_request(request: PendingRequest) -> None:
        if request.url.path.startswith("/channels/"):
            request.respond_with(200, [])
        else:
            request.respond_with(200, "yes")

    http = MockHttpClient(on_request)
    server = MockWebSocket(in_turn(refuse, accept(connected())))
    client = create_client(transport=server, http=http, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected", timeout=10_000)
    _, fallback = hosts(server)
    assert FALLBACK.search(fallback)

    await client.channels.get("test-RTN17e").history()

    (history,) = [r for r in http.requests if r.url.path.startswith("/channels/test-RTN17e/")]
    assert history.url.host == fallback
