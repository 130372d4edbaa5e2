"""Messages in situations that clients are known to get wrong."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from ably_realtime import AblyRealtime, Channel, MessageAction
from tests.uts.harness import Action, ClientFactory, complete, record
from tests.uts.harness.channels import CHANNEL, ChannelServer, ignore
from tests.uts.harness.frames import ack, connected, message
from tests.uts.harness.handlers import accept
from tests.uts.harness.messages import attach, begin, collect, connect, failure, send


@pytest.mark.parametrize(
    "bad",
    [
        {"data": "{not json", "encoding": "json"},
        {"data": "%%%", "encoding": "base64"},
        {"data": "text", "encoding": "cipher+aes-256-cbc"},
        {"data": "text", "encoding": "unheard-of"},
        {"data": 5, "encoding": "utf-8"},
    ],
    ids=lambda bad: str(bad["encoding"]),
)
async def test_one_bad_payload_in_a_batch_of_three(
    channel: Channel, server: ChannelServer, bad: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It is delivered as far as it could be decoded (RSL6b), and its siblings as ever."""
    received = await collect(channel)
    changes = record(channel)
    with caplog.at_level(logging.ERROR):
        await send(
            server,
            message(CHANNEL, {"name": "1", "data": "a"}, {"name": "2", **bad}, {"name": "3"}),
        )
    assert [m.name for m in received] == ["1", "2", "3"]
    assert [m.encoding for m in received] == [None, bad["encoding"], None]
    assert received[1].data == bad["data"]
    (change,) = changes
    assert (change.event, change.resumed) == ("update", True)
    assert change.reason is not None
    assert change.reason.code == 40013
    assert caplog.records


async def test_a_message_without_an_action(channel: Channel, server: ChannelServer) -> None:
    received = await collect(channel)
    await send(server, message(CHANNEL, {"name": "1"}))
    assert received[0].action is MessageAction.MESSAGE_CREATE


async def test_a_max_message_size_from_the_server(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    server.on_connection_attempt = accept(connected(maxMessageSize=100))
    channel = await attach(await connect(create_client, server), CHANNEL)
    refused = await failure(channel.publish("n", "x" * 100))
    assert refused.code == 40009
    assert "100" in refused.message
    await complete(channel.publish("n", "x" * 99))
    assert len(server.sent_with(Action.MESSAGE)) == 1


async def test_a_max_message_size_that_the_server_changes(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    channel = await attach(await connect(create_client, server), CHANNEL)
    await complete(channel.publish("n", "x" * 1_000))
    await send(server, connected(maxMessageSize=100))
    assert (await failure(channel.publish("n", "x" * 1_000))).code == 40009


async def test_an_ack_with_more_results_than_messages_pending(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    server.on_publish = ignore
    publishing = [await begin(channel.publish(name)) for name in "ab"]
    results = [{"serials": [name]} for name in "abcd"]
    await send(server, ack(0, 4, res=results))
    assert [task.result().serials for task in publishing] == [("a",), ("b",)]
    server.on_publish = lambda frame: ack(frame["msgSerial"], res=[{"serials": ["e"]}])
    assert (await complete(channel.publish("e"))).serials == ("e",)
    assert client.connection.state == "connected"


async def test_an_ack_with_fewer_results_than_messages(
    channel: Channel, server: ChannelServer
) -> None:
    server.on_publish = ignore
    publishing = [await begin(channel.publish(name)) for name in "ab"]
    await send(server, ack(0, 2, res=[{"serials": ["a"]}]))
    assert [task.result().serials for task in publishing] == [("a",), ()]


async def test_an_ack_for_nothing(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    await send(server, ack(7), ack(0, 3, res=[{"serials": ["x"]}]))
    await complete(channel.publish("a"))
    assert server.sent_with(Action.MESSAGE)[0]["msgSerial"] == 0
    assert client.connection.state == "connected"
