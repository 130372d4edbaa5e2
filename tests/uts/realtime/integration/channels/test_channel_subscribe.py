"""RTL7: subscribing."""

from __future__ import annotations

import pytest

from ably_realtime import Message
from tests.integration.live import eventually
from tests.integration.sandbox import Sandbox, unique
from tests.uts.realtime.integration.pair import join


@pytest.mark.uts("realtime/integration/RTL7a/subscribe-all-messages-0")
async def test_subscribe_to_all(sandbox: Sandbox) -> None:
    name = unique("subscribe-all")
    publisher, subscriber = await join(sandbox, name), await join(sandbox, name)
    received: list[Message] = []
    await subscriber.channel.subscribe(received.append)
    await publisher.channel.attach()

    for letter in "abc":
        await publisher.channel.publish(f"event-{letter}", f"data-{letter}")
    await eventually(lambda: len(received) >= 3)

    assert [message.name for message in received] == ["event-a", "event-b", "event-c"]


@pytest.mark.uts("realtime/integration/RTL7b/subscribe-filtered-by-name-0")
async def test_subscribe_to_a_name(sandbox: Sandbox) -> None:
    name = unique("subscribe-filtered")
    publisher, subscriber = await join(sandbox, name), await join(sandbox, name)
    filtered: list[Message] = []
    everything: list[Message] = []
    await subscriber.channel.subscribe("target", filtered.append)
    await subscriber.channel.subscribe(everything.append)
    await publisher.channel.attach()

    await publisher.channel.publish("other", "ignored")
    await publisher.channel.publish("target", "wanted-1")
    await publisher.channel.publish("other", "ignored")
    await publisher.channel.publish("target", "wanted-2")
    await eventually(lambda: len(everything) >= 4)

    assert len(everything) == 4
    assert [(message.name, message.data) for message in filtered] == [
        ("target", "wanted-1"),
        ("target", "wanted-2"),
    ]


@pytest.mark.uts("realtime/integration/RTL7/bidirectional-message-flow-0")
async def test_both_ways(sandbox: Sandbox) -> None:
    name = unique("subscribe-bidir")
    a = await join(sandbox, name, client_id="client-a")
    b = await join(sandbox, name, client_id="client-b")
    received: dict[str, list[Message]] = {"a": [], "b": []}
    await a.channel.subscribe(received["a"].append)
    await b.channel.subscribe(received["b"].append)

    await a.channel.publish("from-a", "hello from a")
    await b.channel.publish("from-b", "hello from b")
    await eventually(lambda: all(len(messages) >= 2 for messages in received.values()))

    for messages in received.values():
        assert {message.name for message in messages} == {"from-a", "from-b"}
