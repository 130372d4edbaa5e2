"""What the client holds on to ends when it is over: listeners, messages, channels, itself."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

from ably_realtime import AblyError, AblyRealtime, Channel, ChannelOptions, Message
from tests.behaviour.scene import say
from tests.uts.harness import KEY, FakeClock, await_state, complete, no_network, settle
from tests.uts.harness.channels import CHANNEL, ChannelServer, fail_channel, ignore, reconnect
from tests.uts.harness.frames import Action
from tests.uts.harness.messages import attach, begin, failure


class Listener:
    """A listener that a weak reference can watch, unlike a builtin."""

    def __call__(self, _: object) -> None:
        pass


def gone(watched: weakref.ref[Any]) -> bool:
    gc.collect()
    return watched() is None


async def test_a_listener_that_was_unsubscribed(channel: Channel, server: ChannelServer) -> None:
    listener = Listener()
    watched = weakref.ref(listener)
    subscription = await complete(channel.subscribe(listener))
    channel.on(listener)
    await say(server, "1")
    subscription.unsubscribe()
    channel.off(listener)
    del listener, subscription
    assert gone(watched)


async def test_a_listener_of_one_event_that_came(client: AblyRealtime, channel: Channel) -> None:
    listener = Listener()
    watched = weakref.ref(listener)
    channel.once("detached", listener)
    channel.when_state("detached", listener)
    client.connection.when_state("connected", listener)
    await complete(channel.detach())
    del listener
    assert gone(watched)


async def test_a_stream_that_was_left(channel: Channel, server: ChannelServer) -> None:
    async with channel.messages() as stream:
        await say(server, "1", "2")
    watched = weakref.ref(stream)
    del stream
    assert gone(watched)


async def test_what_was_published_and_received(channel: Channel, server: ChannelServer) -> None:
    class Data(dict[str, str]):
        """A dict that a weak reference can watch."""

    data = Data(key="value")
    watched = weakref.ref(data)
    await complete(channel.publish("mine", data))
    received: list[weakref.ref[Message]] = []
    await complete(channel.subscribe(lambda message: received.append(weakref.ref(message))))
    await say(server, "theirs")
    del data
    assert gone(watched)


async def test_a_publish_that_was_given_up(channel: Channel, server: ChannelServer) -> None:
    server.on_publish = ignore
    publishing = await begin(channel.publish("mine"))
    publishing.cancel()
    await settle()
    watched = weakref.ref(publishing)
    del publishing
    assert gone(watched)


async def test_a_channel_that_was_released(client: AblyRealtime, server: ChannelServer) -> None:
    channel = await attach(client, CHANNEL)
    await complete(channel.presence.enter())
    await complete(client.channels.release(CHANNEL))
    watched = weakref.ref(channel)
    del channel
    assert gone(watched)


async def test_a_client_that_was_closed(server: ChannelServer, clock: FakeClock) -> None:
    client = AblyRealtime(key=KEY, transport=server, http=no_network(), clock=clock)
    await await_state(client.connection, "connected")
    await attach(client, CHANNEL)
    await reconnect(client, server)
    await complete(client.close())
    watched = weakref.ref(client)
    del client
    await settle()
    server.events.clear()
    assert gone(watched)


async def test_listeners_of_a_released_channel_hear_nothing_of_its_successor(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    before: list[Any] = []
    after: list[Any] = []
    await complete(channel.subscribe(before.append))
    await complete(client.channels.release(CHANNEL))
    successor = client.channels.get(CHANNEL)
    assert successor is not channel
    await complete(successor.subscribe(after.append))
    await say(server, "1")
    assert (len(before), len(after)) == (0, 1)


@pytest.mark.parametrize("call", ["attach", "subscribe", "presence.enter"])
async def test_a_released_channel_cannot_be_used(
    client: AblyRealtime, channel: Channel, call: str
) -> None:
    """It says so: what comes for its name goes to whoever got the name next."""
    await complete(client.channels.release(CHANNEL))
    match call:
        case "attach":
            error = await failure(channel.attach())
        case "subscribe":
            error = await failure(channel.subscribe(print))
        case _:
            error = await failure(channel.presence.enter())
    assert "released" in error.message
    assert "channels.get" in str(error.hint)


async def test_subscribing_to_a_failed_channel_says_that_nothing_will_come(
    client: AblyRealtime, server: ChannelServer
) -> None:
    server.on_attach = fail_channel(40160, 401, "not yours")
    channel = client.channels.get(CHANNEL)
    assert (await failure(channel.attach())).code == 40160
    assert "failed" in (await failure(channel.subscribe(print))).message


async def test_a_failed_channel_takes_a_listener_in_advance(
    client: AblyRealtime, server: ChannelServer
) -> None:
    """Without attaching on subscribe, a listener may come before the attach that mends it."""
    heard: list[Any] = []
    server.on_attach = fail_channel(40160, 401, "not yours")
    quiet = client.channels.get("quiet", ChannelOptions(attach_on_subscribe=False))
    with pytest.raises(AblyError):
        await complete(quiet.attach())
    await complete(quiet.subscribe(heard.append))
    server.on_attach = lambda frame: {"action": 11, "channel": frame["channel"]}
    await complete(quiet.attach())
    await say(server, "1", channel="quiet")
    assert len(heard) == 1


async def test_waiting_again_and_again_leaves_nothing(channel: Channel) -> None:
    async def wait_a_little() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await channel.once_async("failed")

    await wait_a_little()
    before = objects()
    for _ in range(200):
        await wait_a_little()
    assert objects() - before < 200


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


async def test_a_client_that_was_forgotten_closes_and_stays_closed(
    server: ChannelServer, clock: FakeClock
) -> None:
    client = AblyRealtime(key=KEY, transport=server, http=no_network(), clock=clock)
    await await_state(client.connection, "connected")
    dials = len(server.attempts)
    with pytest.warns(ResourceWarning, match="was not closed"):  # noqa: PT031
        del client
        gc.collect()
    await settle()
    assert len(server.sent_with(Action.CLOSE)) == 1
    await clock.advance(600_000)
    assert len(server.attempts) == dials
    assert not clock.pending
