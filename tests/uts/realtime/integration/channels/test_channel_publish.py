"""RTL6: what is published arrives elsewhere as it was."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import Message
from tests.integration.live import eventually
from tests.integration.sandbox import Sandbox, unique
from tests.uts.realtime.integration.pair import Side, join


class Exchange:
    """A publisher, and a subscriber with what it has received."""

    def __init__(self, publisher: Side, subscriber: Side) -> None:
        self.publisher = publisher
        self.subscriber = subscriber
        self.received: list[Message] = []

    async def publish(self, *args: Any, **fields: Any) -> Message:
        """Publish, and return what arrives; nothing else may."""
        await self.subscriber.channel.subscribe(self.received.append)
        await self.publisher.channel.attach()
        await self.publisher.channel.publish(*args, **fields)
        await eventually(lambda: self.received, waiting_for="the message")
        (message,) = self.received
        return message


async def exchange(sandbox: Sandbox, prefix: str, *, binary: bool) -> Exchange:
    channel = unique(prefix)
    publisher = await join(sandbox, channel, use_binary_protocol=binary)
    subscriber = await join(sandbox, channel, use_binary_protocol=binary)
    return Exchange(publisher, subscriber)


@pytest.mark.uts("realtime/integration/RTL6/string-data-roundtrip-0")
async def test_text(sandbox: Sandbox, binary: bool) -> None:
    both = await exchange(sandbox, "publish-string", binary=binary)

    message = await both.publish("string-event", "hello world")

    assert message.name == "string-event"
    assert message.data == "hello world"


@pytest.mark.uts("realtime/integration/RTL6/json-data-roundtrip-1")
async def test_json(sandbox: Sandbox, binary: bool) -> None:
    both = await exchange(sandbox, "publish-json", binary=binary)
    data = {"key": "value", "nested": {"count": 42}, "list": [1, 2, 3]}

    message = await both.publish("json-event", data)

    assert message.name == "json-event"
    assert message.data == data


@pytest.mark.uts("realtime/integration/RTL6/binary-data-roundtrip-2")
async def test_bytes(sandbox: Sandbox, binary: bool) -> None:
    both = await exchange(sandbox, "publish-binary", binary=binary)
    data = bytes([0, 1, 2, 255, 128, 64])

    message = await both.publish("binary-event", data)

    assert message.name == "binary-event"
    assert isinstance(message.data, bytes)
    assert message.data == data


@pytest.mark.uts("realtime/integration/RTL6f/connectionid-matches-publisher-0")
async def test_connection_id(sandbox: Sandbox, binary: bool) -> None:
    both = await exchange(sandbox, "publish-connid", binary=binary)

    message = await both.publish("connid-test", "data")

    assert message.connection_id == both.publisher.client.connection.id
    assert message.connection_id != both.subscriber.client.connection.id


@pytest.mark.uts("realtime/integration/RSL6a2/message-extras-roundtrip-0")
async def test_extras(sandbox: Sandbox, binary: bool) -> None:
    both = await exchange(sandbox, "pushenabled:publish-extras", binary=binary)
    extras = {"push": {"notification": {"title": "Testing"}}}

    message = await both.publish(Message(name="extras-test", data="payload", extras=extras))

    assert message.extras is not None
    assert message.extras["push"]["notification"]["title"] == "Testing"
