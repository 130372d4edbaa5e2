"""RTN20: the network comes and goes.

The application tells the client, with `network_lost()` and `network_available()`.
"""

from __future__ import annotations

import pytest

from tests.uts.harness import (
    KEY,
    ClientFactory,
    MockWebSocket,
    accept,
    accept_each,
    assert_in_order,
    await_state,
    in_turn,
    record,
    refuse,
    settle,
    states,
)
from tests.uts.harness.frames import connected

RECONNECTED = ["connecting", "connected", "disconnected", "connecting", "connected"]


@pytest.mark.uts("realtime/unit/RTN20a/network-loss-connected-disconnects-0")
async def test_loss_while_connected(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept_each(lambda n: connected(f"connection-id-{n}", f"connection-key-{n}"))
    )
    client = create_client(transport=server, key=KEY, auto_connect=False, use_binary_protocol=False)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")
    assert len(server.attempts) == 1

    client.connection.network_lost()
    await settle()
    await await_state(client.connection, "connected", timeout=10_000)

    assert_in_order(states(changes), RECONNECTED)
    (lost,) = [change for change in changes if change.current == "disconnected"]
    assert lost.reason is not None
    assert len(server.attempts) == 2


@pytest.mark.uts("realtime/unit/RTN20a/network-loss-connecting-disconnects-1")
async def test_loss_while_connecting(create_client: ClientFactory) -> None:
    """The reattempt may wait for disconnectedRetryTimeout (RTN14d): 15 s, not the case's 10."""
    server = MockWebSocket(in_turn(lambda attempt: None, accept(connected())))
    client = create_client(transport=server, key=KEY, auto_connect=False, use_binary_protocol=False)
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connecting")
    await settle()
    assert len(server.attempts) == 1

    client.connection.network_lost()
    await await_state(client.connection, "connected", timeout=15_000)

    assert_in_order(states(changes), ["connecting", "disconnected", "connecting", "connected"])
    assert len(server.attempts) >= 2


@pytest.mark.uts("realtime/unit/RTN20b/network-available-disconnected-connects-0")
async def test_return_while_disconnected(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        in_turn(
            accept(connected("connection-id-1", "connection-key-1")),
            refuse,
            accept(connected("connection-id-2", "connection-key-2")),
        )
    )
    client = create_client(
        transport=server,
        key=KEY,
        disconnected_retry_timeout=30_000,
        auto_connect=False,
        use_binary_protocol=False,
    )
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")
    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "disconnected")
    assert len(server.attempts) == 2

    client.connection.network_available()
    await await_state(client.connection, "connected")  # without any time passing

    assert_in_order(states(changes), RECONNECTED)
    assert len(server.attempts) == 3


@pytest.mark.uts("realtime/unit/RTN20c/network-available-connecting-restarts-0")
async def test_return_while_connecting(create_client: ClientFactory) -> None:
    server = MockWebSocket(in_turn(lambda attempt: None, accept(connected())))
    client = create_client(transport=server, key=KEY, auto_connect=False, use_binary_protocol=False)
    client.connect()
    await await_state(client.connection, "connecting")
    await settle()
    assert len(server.attempts) == 1

    client.connection.network_available()
    await await_state(client.connection, "connected")

    assert len(server.attempts) >= 2
