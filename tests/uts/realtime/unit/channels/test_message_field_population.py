"""TM2a, TM2c, TM2f: what a message takes over from the frame that carries it."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import Message
from tests.uts.harness import ClientFactory, Frame, MockWebSocket, accept
from tests.uts.harness.frames import connected, message
from tests.uts.harness.messages import attaches, collect, connect, send

CHANNEL = "test-field-population"


class Receive:
    """Sends a MESSAGE to a subscribed client and returns what it delivers."""

    def __init__(self, server: MockWebSocket, received: list[Message]) -> None:
        self._server = server
        self._received = received

    async def __call__(self, *messages: Frame, **fields: Any) -> list[Message]:
        await send(self._server, message(CHANNEL, *messages, **fields))
        assert len(self._received) == len(messages)
        return self._received


@pytest.fixture
async def receive(create_client: ClientFactory) -> Receive:
    server = MockWebSocket(accept(connected()), attaches)
    client = await connect(create_client, server)
    return Receive(server, await collect(client.channels.get(CHANNEL)))


@pytest.mark.uts("realtime/unit/TM2a/id-from-protocol-message-0")
async def test_id_comes_from_the_frame(receive: Receive) -> None:
    received = await receive(
        {"name": "first", "data": "a"},
        {"name": "second", "data": "b"},
        {"name": "third", "data": "c"},
        id="abc123:5",
        connectionId="abc123",
        timestamp=1700000000000,
    )

    assert [message.id for message in received] == ["abc123:5:0", "abc123:5:1", "abc123:5:2"]


@pytest.mark.uts("realtime/unit/TM2a/existing-id-not-overwritten-1")
async def test_own_id_is_kept(receive: Receive) -> None:
    (received,) = await receive(
        {"id": "my-custom-id", "name": "msg", "data": "hello"}, id="proto-id:0"
    )

    assert received.id == "my-custom-id"


@pytest.mark.uts("realtime/unit/TM2a/no-id-without-protocol-id-2")
async def test_no_id_without_one_of_the_frame(receive: Receive) -> None:
    (received,) = await receive({"name": "msg", "data": "hello"}, connectionId="abc123")

    assert received.id is None


@pytest.mark.uts("realtime/unit/TM2c/connectionid-from-protocol-0")
async def test_connection_id_comes_from_the_frame(receive: Receive) -> None:
    (received,) = await receive(
        {"name": "msg", "data": "hello"}, id="msg:0", connectionId="server-conn-xyz"
    )

    assert received.connection_id == "server-conn-xyz"


@pytest.mark.uts("realtime/unit/TM2c/existing-connectionid-kept-1")
async def test_own_connection_id_is_kept(receive: Receive) -> None:
    (received,) = await receive(
        {"connectionId": "msg-conn", "name": "msg", "data": "hello"},
        id="msg:0",
        connectionId="proto-conn",
    )

    assert received.connection_id == "msg-conn"


@pytest.mark.uts("realtime/unit/TM2f/timestamp-from-protocol-0")
async def test_timestamp_comes_from_the_frame(receive: Receive) -> None:
    (received,) = await receive(
        {"name": "msg", "data": "hello"}, id="msg:0", timestamp=1700000000000
    )

    assert received.timestamp == 1700000000000


@pytest.mark.uts("realtime/unit/TM2f/existing-timestamp-kept-1")
async def test_own_timestamp_is_kept(receive: Receive) -> None:
    (received,) = await receive(
        {"timestamp": 1600000000000, "name": "msg", "data": "hello"},
        id="msg:0",
        timestamp=1700000000000,
    )

    assert received.timestamp == 1600000000000


@pytest.mark.uts("realtime/unit/TM2a/all-fields-populated-together-3")
async def test_all_fields_come_from_the_frame(receive: Receive) -> None:
    first, second = await receive(
        {"name": "first", "data": "a"},
        {"name": "second", "data": "b"},
        id="connId:7",
        connectionId="connId",
        timestamp=1700000000000,
    )

    assert (first.id, first.name, first.data) == ("connId:7:0", "first", "a")
    assert (second.id, second.name, second.data) == ("connId:7:1", "second", "b")
    for received in (first, second):
        assert received.connection_id == "connId"
        assert received.timestamp == 1700000000000
