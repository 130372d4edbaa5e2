"""RTN8, RTN9: the connection's id and key."""

from __future__ import annotations

import pytest

from tests.uts.harness import (
    KEY,
    ClientFactory,
    FakeClock,
    MockWebSocket,
    accept,
    accept_each,
    await_state,
    complete,
    in_turn,
    refuse,
)
from tests.uts.harness.frames import connected, error


@pytest.mark.uts("realtime/unit/RTN8a/id-unset-until-connected-0")
async def test_id_is_unset_until_connected(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected("unique-conn-id-1", "conn-key-1")))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    assert client.connection.id is None

    client.connect()
    await await_state(client.connection, "connected")

    assert client.connection.id == "unique-conn-id-1"


@pytest.mark.uts("realtime/unit/RTN9a/key-unset-until-connected-0")
async def test_key_is_unset_until_connected(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected("unique-conn-id-1", "conn-key-1")))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    assert client.connection.key is None

    client.connect()
    await await_state(client.connection, "connected")

    assert client.connection.key == "conn-key-1"


@pytest.mark.uts("realtime/unit/RTN8b/id-unique-per-connection-0")
async def test_id_is_unique_per_connection(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept_each(lambda n: connected(f"conn-id-{n}", f"conn-key-{n}")))
    clients = [create_client(transport=server, key=KEY, auto_connect=False) for _ in range(2)]

    for client in clients:
        client.connect()
        await await_state(client.connection, "connected")

    assert [client.connection.id for client in clients] == ["conn-id-1", "conn-id-2"]


@pytest.mark.uts("realtime/unit/RTN9b/key-unique-per-connection-0")
async def test_key_is_unique_per_connection(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept_each(lambda n: connected(f"conn-id-{n}", f"conn-key-{n}")))
    clients = [create_client(transport=server, key=KEY, auto_connect=False) for _ in range(2)]

    for client in clients:
        client.connect()
        await await_state(client.connection, "connected")

    assert [client.connection.key for client in clients] == ["conn-key-1", "conn-key-2"]


@pytest.mark.uts("realtime/unit/RTN8d/id-null-after-closed-0")
async def test_id_is_null_after_closed(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected("conn-id-1", "conn-key-1")))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    assert client.connection.id == "conn-id-1"

    await complete(client.close(), timeout=10_000)
    await await_state(client.connection, "closed")

    assert client.connection.id is None


@pytest.mark.uts("realtime/unit/RTN9d/key-null-after-closed-0")
async def test_key_is_null_after_closed(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected("conn-id-1", "conn-key-1")))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    assert client.connection.key == "conn-key-1"

    await complete(client.close(), timeout=10_000)
    await await_state(client.connection, "closed")

    assert client.connection.key is None


@pytest.mark.uts("realtime/unit/RTN8d/id-key-null-after-failed-1")
async def test_id_and_key_are_null_after_failed(create_client: ClientFactory) -> None:
    fatal = error(80000, 400, "Fatal error")
    server = MockWebSocket(lambda attempt: attempt.respond_with_error(fatal))
    client = create_client(transport=server, key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "failed")

    assert client.connection.id is None
    assert client.connection.key is None


@pytest.mark.uts("realtime/unit/RTN8d/id-key-retained-in-suspended-2")
async def test_id_and_key_are_kept_in_suspended(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """From the branch text: since 6.1 SUSPENDED keeps them, for the resume (RTN14h)."""
    server = MockWebSocket(in_turn(accept(connected("conn-id-1", "conn-key-1")), refuse))
    client = create_client(
        transport=server,
        key=KEY,
        auto_connect=False,
        disconnected_retry_timeout=1_000,
        suspended_retry_timeout=100,
        fallback_hosts=[],
    )
    client.connect()
    await await_state(client.connection, "connected")
    assert client.connection.id == "conn-id-1"
    assert client.connection.key == "conn-key-1"

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "disconnected")
    await clock.advance(121_000)
    await await_state(client.connection, "suspended")

    assert client.connection.id == "conn-id-1"
    assert client.connection.key == "conn-key-1"
