"""What is published while there is no connection waits, in order, in a queue with a bound."""

from __future__ import annotations

from ably_realtime import AblyRealtime
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    accept,
    await_state,
    complete,
    settle,
)
from tests.uts.harness.channels import CHANNEL, ChannelServer, disconnect
from tests.uts.harness.frames import connected
from tests.uts.harness.messages import begin, connect, failure


def sent(server: ChannelServer) -> list[str]:
    return [m["name"] for frame in server.sent_with(Action.MESSAGE) for m in frame["messages"]]


async def come_back(client: AblyRealtime, server: ChannelServer) -> None:
    server.on_connection_attempt = accept(connected())
    client.connect()
    await await_state(client.connection, "connected")
    await settle()


async def test_one_too_many_is_refused_and_the_others_are_sent(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    client = await connect(create_client, server, max_queued_messages=2)
    channel = client.channels.get(CHANNEL)
    await disconnect(client, server)
    queued = [await begin(channel.publish(name)) for name in "ab"]
    refused = await failure(channel.publish("c"))
    assert "2" in refused.message
    assert "max_queued_messages" in str(refused.hint)
    await come_back(client, server)
    assert sent(server) == ["a", "b"]
    assert all(task.done() and not task.exception() for task in queued)


async def test_there_is_room_again_afterwards(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    client = await connect(create_client, server, max_queued_messages=1)
    channel = client.channels.get(CHANNEL)
    for name in "ab":
        await disconnect(client, server)
        await begin(channel.publish(name))
        await failure(channel.publish("too many"))
        await come_back(client, server)
    assert sent(server) == ["a", "b"]


async def test_it_bounds_what_waits_for_the_first_connection(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    server.on_connection_attempt = lambda _: None
    client = create_client(transport=server, key=KEY, max_queued_messages=1)
    channel = client.channels.get(CHANNEL)
    first = await begin(channel.publish("a"))
    await failure(channel.publish("too many"))
    server.attempts[0].respond_with_success(connected())
    await complete(first)
    assert sent(server) == ["a"]


async def test_it_counts_the_messages_of_a_list(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    client = await connect(create_client, server, max_queued_messages=3)
    channel = client.channels.get(CHANNEL)
    await disconnect(client, server)
    await begin(channel.publish([{"name": "a"}, {"name": "b"}]))
    await failure(channel.publish([{"name": "too"}, {"name": "many"}]))
    await begin(channel.publish("c"))
    await come_back(client, server)
    assert sent(server) == ["a", "b", "c"]


async def test_it_does_not_bound_what_waits_for_its_ack(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    server.on_publish = lambda _: None
    client = await connect(create_client, server, max_queued_messages=1)
    channel = client.channels.get(CHANNEL)
    for name in "abc":
        await begin(channel.publish(name))
    assert sent(server) == ["a", "b", "c"]
