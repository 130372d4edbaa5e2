"""RTN22: the server asks for a new token."""

from __future__ import annotations

from typing import Any

import pytest

from tests.uts.harness import (
    Action,
    ClientFactory,
    CountingCallback,
    MockWebSocket,
    accept,
    await_state,
    record,
    reply,
    settle,
    states,
)
from tests.uts.harness.frames import auth, connected, disconnected


def updates(changes: list[Any]) -> list[Any]:
    return [change for change in changes if change.event == "update"]


@pytest.mark.uts("realtime/unit/RTN22/server-auth-triggers-reauth-0")
async def test_auth_leads_to_a_new_token(create_client: ClientFactory) -> None:
    callback = CountingCallback()
    server = MockWebSocket(
        accept(connected("connection-id", "connection-key")),
        reply(Action.AUTH, lambda _: connected("connection-id", "connection-key-2")),
    )
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.send_to_client(auth())
    await settle()

    assert callback.calls == 2
    (sent,) = server.sent_with(Action.AUTH)
    assert sent["auth"]["accessToken"] == "token-2"
    assert set(states(changes)) == {"connected"}
    assert len(updates(changes)) == 1


@pytest.mark.uts("realtime/unit/RTN22/stays-connected-during-reauth-1")
async def test_the_connection_stays_connected(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept(connected("conn-1", "key-1")),
        reply(Action.AUTH, lambda _: connected("conn-1", "key-1-updated")),
    )
    client = create_client(transport=server, auth_callback=CountingCallback(), auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.send_to_client(auth())
    await settle()

    assert client.connection.state == "connected"
    (change,) = changes
    assert change.event == "update"
    assert change.current == "connected"
    assert change.previous == "connected"


@pytest.mark.uts("realtime/unit/RTN22a/forced-disconnect-reauth-failure-0")
async def test_forced_disconnect(create_client: ClientFactory) -> None:
    """DISCONNECTED lasts no longer than its own event (RTN15h2i): the changes are recorded."""
    server = MockWebSocket(accept(connected("conn-1", "key-1")))
    client = create_client(transport=server, auth_callback=CountingCallback(), auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.send_to_client(disconnected(40142, 401, "Token expired"))
    await settle()

    assert states(changes)[0] == "disconnected"
    assert changes[0].reason.code == 40142
