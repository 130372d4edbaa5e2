"""RTN24: CONNECTED on a connection that is CONNECTED."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from ably_realtime import ConnectionEvent, ConnectionState
from tests.uts.harness import (
    KEY,
    ClientFactory,
    FakeClock,
    MockWebSocket,
    accept,
    await_state,
    settle,
)
from tests.uts.harness.frames import connected, error_info


@pytest.mark.uts("realtime/unit/RTN24/connected-emits-update-0")
async def test_connected_emits_update(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept(connected("connection-id-1", "connection-key-1", clientId="client-123"))
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    connects: list[Any] = []
    updates: list[Any] = []
    client.connection.on("connected", connects.append)
    client.connection.on("update", updates.append)
    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)
    assert len(connects) == 1
    assert updates == []

    server.active_connection.send_to_client(
        connected(
            "connection-id-1", "connection-key-1", clientId="client-123", maxIdleInterval=20_000
        )
    )
    await settle()

    assert client.connection.state == "connected"
    assert len(connects) == 1
    (update,) = updates
    assert update.previous == "connected"
    assert update.current == "connected"
    assert update.reason is None
    assert client.connection.id == "connection-id-1"
    assert client.connection.key == "connection-key-1"


@pytest.mark.uts("realtime/unit/RTN24/update-event-with-error-1")
async def test_update_carries_the_error(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected("connection-id-1", "connection-key-1")))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    updates: list[Any] = []
    client.connection.on("update", updates.append)
    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)

    renewed = error_info(40142, 401, "Token expired; renewed automatically")
    server.active_connection.send_to_client(
        connected("connection-id-1", "connection-key-1", error=renewed)
    )
    await settle()

    (update,) = updates
    assert update.previous == "connected"
    assert update.current == "connected"
    assert update.reason.code == 40142
    assert update.reason.status_code == 401
    assert "Token expired" in update.reason.message


@pytest.mark.uts("realtime/unit/RTN24/connection-details-override-2")
async def test_connection_details_are_replaced(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """A client without a clientId of its own takes the server's, as both CONNECTED frames say."""
    server = MockWebSocket(
        accept(
            connected(
                "connection-id-1",
                "connection-key-1",
                maxIdleInterval=10_000,
                connectionStateTtl=60_000,
                maxMessageSize=16_384,
                serverId="server-1",
                clientId="client-original",
            )
        )
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)
    assert client.connection.id == "connection-id-1"
    assert client.connection.key == "connection-key-1"

    server.active_connection.send_to_client(
        connected(
            "connection-id-1",
            "connection-key-1",
            maxIdleInterval=20_000,
            connectionStateTtl=120_000,
            maxMessageSize=32_768,
            serverId="server-2",
            clientId="client-updated",
        )
    )
    await settle()

    assert client.connection.id == "connection-id-1"
    assert client.connection.key == "connection-key-1"
    details = client.connection.details
    assert details is not None
    assert details.max_idle_interval == 20_000
    assert details.connection_state_ttl == 120_000
    assert details.max_message_size == 32_768
    assert details.server_id == "server-2"
    assert details.client_id == "client-updated"
    # The old limit of 10 + 10 s passes, the new one of 20 + 10 s does not.
    await clock.advance(29_900)
    assert client.connection.state == "connected"
    assert len(server.attempts) == 1


@pytest.mark.uts("realtime/unit/RTN24/no-duplicate-connected-event-3")
async def test_no_second_connected_event(create_client: ClientFactory) -> None:
    frame = connected("connection-id-1", "connection-key-1")
    server = MockWebSocket(accept(frame))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    events: list[tuple[str, Any]] = []

    def note(name: str, change: Any) -> None:
        events.append((name, change))

    for event in [*ConnectionState, ConnectionEvent.UPDATE]:
        client.connection.on(event, partial(note, event.value))
    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)
    initial = len(events)

    for _ in range(3):
        server.active_connection.send_to_client(frame)
        await settle()

    added = events[initial:]
    assert [name for name, _ in added] == ["update"] * 3
    for _, change in added:
        assert change.previous == "connected"
        assert change.current == "connected"
    assert [name for name, _ in events].count("connected") == 1
