"""RTF1, RSF1: what a newer server may send."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import AblyRealtime
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    MockWebSocket,
    accept,
    await_state,
    record,
    reply,
    settle,
    states,
)
from tests.uts.harness.frames import attached, connected, heartbeat


@pytest.fixture
def server() -> MockWebSocket:
    return MockWebSocket(
        accept(connected()), reply(Action.ATTACH, lambda frame: attached(frame["channel"]))
    )


@pytest.fixture
async def client(create_client: ClientFactory, server: MockWebSocket) -> AblyRealtime:
    return create_client(transport=server, key=KEY, auto_connect=False, use_binary_protocol=False)


@pytest.mark.uts("realtime/unit/RTF1/unrecognised-attributes-ignored-0")
async def test_unknown_attributes_of_a_frame(client: AblyRealtime, server: MockWebSocket) -> None:
    received: list[Any] = []
    client.connect()
    await await_state(client.connection, "connected")
    channel = client.channels.get("test-RTF1-extra-attrs")
    await channel.subscribe(received.append)
    await await_state(channel, "attached")

    server.active_connection.send_to_client(
        {
            "action": Action.MESSAGE,
            "channel": channel.name,
            "messages": [{"name": "test-event", "data": "hello", "serial": "msg-serial-1"}],
            "unknownField1": "some-future-value",
            "unknownField2": 42,
            "unknownNestedObject": {"nestedKey": "nestedValue"},
            "unknownArray": [1, 2, 3],
        }
    )
    await settle()

    assert [(message.name, message.data) for message in received] == [("test-event", "hello")]
    assert client.connection.state == "connected"
    assert channel.state == "attached"


@pytest.mark.uts("realtime/unit/RTF1/unknown-action-handled-1")
async def test_unknown_action(client: AblyRealtime, server: MockWebSocket) -> None:
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.send_to_client(
        {"action": 254, "channel": "test-RTF1", "unknownPayload": "future-feature-data"}
    )
    server.active_connection.send_to_client(heartbeat())
    await settle()

    assert client.connection.state == "connected"
    assert states(changes) == ["connecting", "connected"]


@pytest.mark.uts("realtime/unit/RSF1/message-unrecognised-attrs-0")
async def test_unknown_attributes_of_a_message(client: AblyRealtime, server: MockWebSocket) -> None:
    received: list[Any] = []
    client.connect()
    await await_state(client.connection, "connected")
    channel = client.channels.get("test-RSF1-extra-attrs")
    await channel.subscribe(received.append)
    await await_state(channel, "attached")

    server.active_connection.send_to_client(
        {
            "action": Action.MESSAGE,
            "channel": channel.name,
            "messages": [
                {
                    "name": "event-1",
                    "data": "payload-1",
                    "serial": "serial-1",
                    "futureField": "future-value",
                    "futureNumber": 99,
                    "futureObject": {"nested": True},
                },
                {
                    "name": "event-2",
                    "data": "payload-2",
                    "serial": "serial-2",
                    "anotherUnknownField": [1, 2, 3],
                },
            ],
        }
    )
    await settle()

    assert [(message.name, message.data) for message in received] == [
        ("event-1", "payload-1"),
        ("event-2", "payload-2"),
    ]
    assert client.connection.state == "connected"
    assert channel.state == "attached"
