"""RTN23: how a client notices that a connection is dead.

A transport that hears no WebSocket pings relies on protocol messages (RTN23a), one that does may
rely on pings (RTN23b). The client supports both, so each half runs on a transport of its kind.
"""

from __future__ import annotations

import pytest

from ably_realtime import AblyRealtime
from tests.uts.harness import (
    KEY,
    ClientFactory,
    FakeClock,
    MockWebSocket,
    accept,
    accept_each,
    assert_in_order,
    await_state,
    record,
    states,
)
from tests.uts.harness.frames import ack, connected, heartbeat, message

RECONNECTED = ["connecting", "connected", "disconnected", "connecting", "connected"]
MESSAGE = message("test-RTN23-message", {"name": "event", "data": "data"})


def numbered(max_idle_interval: int, *, sees_pings: bool = False) -> MockWebSocket:
    """A server whose connections differ in id and key, and that sends nothing after CONNECTED."""
    return MockWebSocket(
        accept_each(
            lambda n: connected(
                f"connection-id-{n}", f"connection-key-{n}", maxIdleInterval=max_idle_interval
            )
        ),
        sees_pings=sees_pings,
    )


def make_client(
    create_client: ClientFactory, server: MockWebSocket, realtime_request_timeout: int
) -> AblyRealtime:
    return create_client(
        transport=server,
        key=KEY,
        realtime_request_timeout=realtime_request_timeout,
        disconnected_retry_timeout=500,
        auto_connect=False,
    )


@pytest.mark.uts("realtime/unit/RTN23a/heartbeats-true-query-param-0")
async def test_heartbeats_are_asked_for_without_pings(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()))
    client = create_client(transport=server, key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "connected")

    assert server.attempts[0].params["heartbeats"] == "true"


@pytest.mark.uts("realtime/unit/RTN23a/idle-timeout-reconnect-1")
async def test_an_idle_connection_is_replaced(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = numbered(5_000)
    client = make_client(create_client, server, 2_000)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")
    assert len(server.attempts) == 1

    await clock.advance(7_100)
    await await_state(client.connection, "connected", timeout=500)

    assert_in_order(states(changes), RECONNECTED)
    assert len(server.attempts) == 2
    assert client.connection.id == "connection-id-2"
    assert server.client_closes == 1


@pytest.mark.uts("realtime/unit/RTN23a/heartbeat-resets-timer-2")
async def test_heartbeat_is_activity(create_client: ClientFactory, clock: FakeClock) -> None:
    server = numbered(3_000)
    client = make_client(create_client, server, 1_000)
    client.connect()
    await await_state(client.connection, "connected")

    await clock.advance(2_000)
    server.active_connection.send_to_client(heartbeat())
    await clock.advance(2_000)
    assert client.connection.state == "connected"
    assert len(server.attempts) == 1
    await clock.advance(2_100)
    await await_state(client.connection, "connected", timeout=500)

    assert len(server.attempts) == 2
    assert server.client_closes == 1


@pytest.mark.uts("realtime/unit/RTN23a/any-message-resets-timer-3")
async def test_any_message_is_activity(create_client: ClientFactory, clock: FakeClock) -> None:
    server = numbered(2_000)
    client = make_client(create_client, server, 1_000)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")

    await clock.advance(1_500)
    server.active_connection.send_to_client(ack(0))
    await clock.advance(1_500)
    assert client.connection.state == "connected"
    server.active_connection.send_to_client(MESSAGE)
    await clock.advance(1_500)
    assert len(server.attempts) == 1
    await clock.advance(3_100)
    await await_state(client.connection, "connected", timeout=500)

    assert_in_order(states(changes), RECONNECTED)
    assert len(server.attempts) == 2
    assert server.client_closes == 1


@pytest.mark.uts("realtime/unit/RTN23a/timeout-triggers-reconnect-4")
async def test_idle_timeout_reconnects_at_once(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = numbered(2_000)
    client = make_client(create_client, server, 1_000)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")
    assert len(server.attempts) == 1

    await clock.advance(3_100)
    await await_state(client.connection, "connected")

    assert_in_order(states(changes), RECONNECTED)
    assert len(server.attempts) == 2
    assert client.connection.id == "connection-id-2"
    assert server.client_closes == 1


@pytest.mark.uts("realtime/unit/RTN23a/reconnect-uses-resume-5")
async def test_idle_timeout_resumes(create_client: ClientFactory, clock: FakeClock) -> None:
    server = numbered(2_000)
    client = make_client(create_client, server, 1_000)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")

    await clock.advance(3_100)
    await await_state(client.connection, "connected", timeout=500)

    assert_in_order(states(changes), RECONNECTED)
    first, second = server.attempts
    assert "resume" not in first.params
    assert second.params["resume"] == "connection-key-1"


@pytest.mark.uts("realtime/unit/RTN23b/heartbeats-false-query-param-0")
async def test_heartbeats_are_not_asked_for_with_pings(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), sees_pings=True)
    client = create_client(transport=server, key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "connected")

    assert server.attempts[0].params.get("heartbeats", "false") == "false"


@pytest.mark.uts("realtime/unit/RTN23b/idle-timeout-reconnect-1")
async def test_a_connection_without_pings_is_replaced(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = numbered(5_000, sees_pings=True)
    client = make_client(create_client, server, 2_000)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")
    assert len(server.attempts) == 1

    await clock.advance(7_100)
    await await_state(client.connection, "connected", timeout=500)

    assert_in_order(states(changes), RECONNECTED)
    assert len(server.attempts) == 2
    assert client.connection.id == "connection-id-2"
    assert server.client_closes == 1


@pytest.mark.uts("realtime/unit/RTN23b/ping-frame-resets-timer-2")
async def test_ping_frame_is_activity(create_client: ClientFactory, clock: FakeClock) -> None:
    server = numbered(3_000, sees_pings=True)
    client = make_client(create_client, server, 1_000)
    client.connect()
    await await_state(client.connection, "connected")

    await clock.advance(2_000)
    server.active_connection.send_ping_frame()
    await clock.advance(2_000)
    assert client.connection.state == "connected"
    assert len(server.attempts) == 1
    await clock.advance(2_100)
    await await_state(client.connection, "connected", timeout=500)

    assert len(server.attempts) == 2
    assert server.client_closes == 1


@pytest.mark.uts("realtime/unit/RTN23b/any-message-resets-timer-3")
async def test_pings_and_messages_are_activity(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """The last wait is 1500 + 1600 ms: past the 3000 ms since the last ping."""
    server = numbered(2_000, sees_pings=True)
    client = make_client(create_client, server, 1_000)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")

    await clock.advance(1_500)
    server.active_connection.send_ping_frame()
    await clock.advance(1_500)
    assert client.connection.state == "connected"
    server.active_connection.send_to_client(MESSAGE)
    await clock.advance(1_500)
    assert client.connection.state == "connected"
    server.active_connection.send_ping_frame()
    await clock.advance(1_500)
    assert len(server.attempts) == 1
    await clock.advance(1_600)
    await await_state(client.connection, "connected", timeout=500)

    assert_in_order(states(changes), RECONNECTED)
    assert len(server.attempts) == 2
    assert server.client_closes == 1


@pytest.mark.uts("realtime/unit/RTN23b/timeout-triggers-reconnect-4")
async def test_ping_timeout_reconnects_at_once(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = numbered(2_000, sees_pings=True)
    client = make_client(create_client, server, 1_000)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")
    assert len(server.attempts) == 1

    await clock.advance(3_100)
    await await_state(client.connection, "connected")

    assert_in_order(states(changes), RECONNECTED)
    assert len(server.attempts) == 2
    assert client.connection.id == "connection-id-2"
    assert server.client_closes == 1


@pytest.mark.uts("realtime/unit/RTN23b/reconnect-uses-resume-5")
async def test_ping_timeout_resumes(create_client: ClientFactory, clock: FakeClock) -> None:
    server = numbered(2_000, sees_pings=True)
    client = make_client(create_client, server, 1_000)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")

    await clock.advance(3_100)
    await await_state(client.connection, "connected", timeout=500)

    assert_in_order(states(changes), RECONNECTED)
    first, second = server.attempts
    assert "resume" not in first.params
    assert second.params["resume"] == "connection-key-1"


@pytest.mark.uts("realtime/unit/RTN23b/multiple-pings-keep-alive-6")
async def test_pings_keep_a_connection_alive(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = MockWebSocket(accept(connected(maxIdleInterval=2_000)), sees_pings=True)
    client = create_client(
        transport=server, key=KEY, realtime_request_timeout=1_000, auto_connect=False
    )
    client.connect()
    await await_state(client.connection, "connected")

    for _ in range(7):
        await clock.advance(1_500)
        server.active_connection.send_ping_frame()
        assert client.connection.state == "connected"

    assert len(server.attempts) == 1
