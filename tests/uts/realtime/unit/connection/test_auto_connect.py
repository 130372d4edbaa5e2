"""RTN3: whether a client connects by itself."""

from __future__ import annotations

import pytest

from tests.uts.harness import (
    KEY,
    ClientFactory,
    FakeClock,
    MockWebSocket,
    accept,
    await_state,
)
from tests.uts.harness.frames import connected


@pytest.fixture
def server() -> MockWebSocket:
    return MockWebSocket(accept(connected("connection-id", "connection-key")))


@pytest.mark.uts("realtime/unit/RTN3/auto-connect-true-0")
async def test_auto_connect_is_the_default(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    client = create_client(transport=server, key=KEY)

    await await_state(client.connection, "connected", timeout=5_000)

    assert client.connection.id == "connection-id"


@pytest.mark.uts("realtime/unit/RTN3/auto-connect-false-1")
async def test_auto_connect_false_does_not_connect(
    create_client: ClientFactory, server: MockWebSocket, clock: FakeClock
) -> None:
    client = create_client(transport=server, key=KEY, auto_connect=False)

    await clock.advance(500)

    assert server.attempts == []
    assert client.connection.state == "initialized"


@pytest.mark.uts("realtime/unit/RTN3/explicit-connect-after-false-2")
async def test_explicit_connect(create_client: ClientFactory, server: MockWebSocket) -> None:
    client = create_client(transport=server, key=KEY, auto_connect=False)
    assert client.connection.state == "initialized"
    assert server.attempts == []

    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)

    assert len(server.attempts) == 1
