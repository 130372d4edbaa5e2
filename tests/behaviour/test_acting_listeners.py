"""Listeners that use the client they listen to: publish, attach, create, close, cancel."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ably_realtime import AblyRealtime, Channel, Message
from tests.behaviour.scene import say
from tests.uts.harness import Action, complete, settle
from tests.uts.harness.channels import CHANNEL, ChannelServer, ignore, reconnect, suspend
from tests.uts.harness.frames import attached, message
from tests.uts.harness.messages import begin, failure, send


def published(server: ChannelServer) -> list[str]:
    return [m["name"] for frame in server.sent_with(Action.MESSAGE) for m in frame["messages"]]


async def test_publishing_from_a_listener_comes_after_its_batch(
    channel: Channel, server: ChannelServer
) -> None:
    order: list[str] = []
    tasks: list[asyncio.Task[Any]] = []

    def echo(message: Message) -> None:
        order.append(f"heard {message.name}")
        tasks.append(asyncio.create_task(channel.publish(f"re {message.name}")))

    await complete(channel.subscribe(echo))
    await say(server, "1", "2")
    assert order == ["heard 1", "heard 2"]
    assert published(server) == ["re 1", "re 2"]
    assert all(task.done() and not task.exception() for task in tasks)


class Interruption(BaseException):
    """As Ctrl+C is one."""


async def test_what_a_listener_began_before_it_was_interrupted_is_done_all_the_same(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    released: list[asyncio.Future[None]] = []

    def release_and_break(_: Message) -> None:
        released.append(client.channels.release(CHANNEL))
        raise Interruption

    await complete(channel.subscribe(release_and_break))
    with pytest.raises(Interruption):
        server.active_connection.send_to_client(message(CHANNEL, {"name": "1"}))
    await settle()
    assert released[0].done()
    assert released[0].exception() is None
    assert CHANNEL not in client.channels


async def test_an_async_listener_awaits_its_own_publish(
    channel: Channel, server: ChannelServer
) -> None:
    """The ACK arrives while the listener is busy: nothing waits for it."""
    done: list[str] = []

    async def echo(message: Message) -> None:
        await channel.publish(f"re {message.name}")
        done.append(str(message.name))

    await complete(channel.subscribe(echo))
    await say(server, "1", "2", "3")
    assert done == ["1", "2", "3"]
    assert published(server) == ["re 1", "re 2", "re 3"]


async def test_an_async_listener_attaches_and_detaches(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    other = client.channels.get("other")

    async def follow(message: Message) -> None:
        await (other.attach() if message.name == "attach" else other.detach())

    await complete(channel.subscribe(follow))
    await say(server, "attach")
    assert other.state == "attached"
    await say(server, "detach")
    assert other.state == "detached"


async def test_an_async_listener_detaches_its_own_channel(
    channel: Channel, server: ChannelServer
) -> None:
    async def stop(_: Message) -> None:
        await channel.detach()

    await complete(channel.subscribe(stop))
    await say(server, "1")
    assert channel.state == "detached"


async def test_a_connection_listener_that_creates_and_attaches_channels(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    tasks: list[asyncio.Task[None]] = []
    client.connection.on(
        "connected",
        lambda _: tasks.append(asyncio.create_task(client.channels.get("new").attach())),
    )
    await reconnect(client, server)
    await settle()
    assert client.channels.get("new").state == "attached"
    assert channel.state == "attached"
    assert all(task.done() for task in tasks)


async def test_a_listener_that_releases_its_channel(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    heard: list[str | None] = []

    def once(message: Message) -> None:
        heard.append(message.name)
        client.channels.release(CHANNEL)

    await complete(channel.subscribe(once))
    await say(server, "1")
    assert heard == ["1"]
    assert CHANNEL not in client.channels


async def test_an_async_message_listener_closes_the_client(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    """`close` waits for listeners, but not for the one that calls it."""
    closed: list[str] = []

    async def stop(_: Message) -> None:
        await client.close()
        closed.append(client.connection.state)

    await complete(channel.subscribe(stop))
    await say(server, "1")
    assert closed == ["closed"]


async def test_a_state_listener_closes_the_client(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    async def stop(_: object) -> None:
        await client.close()

    channel.on("update", stop)
    await send(server, attached(CHANNEL))
    assert client.connection.state == "closed"


async def test_two_listeners_close_the_client_at_once(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    """Neither waits for the other."""
    closed: list[str] = []

    async def stop(_: Message) -> None:
        await client.close()
        closed.append(client.connection.state)

    await complete(channel.subscribe(stop))
    await complete(channel.subscribe(stop))
    await say(server, "1")
    assert closed == ["closed", "closed"]


async def test_closing_waits_for_a_listener_at_work(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    gate = asyncio.Event()
    ended: list[str] = []

    async def work(_: Message) -> None:
        await gate.wait()
        ended.append("done")

    await complete(channel.subscribe(work))
    await say(server, "1")
    closing = await begin(client.close())
    assert not closing.done()
    gate.set()
    await complete(closing)
    assert ended == ["done"]


async def test_closing_does_not_wait_for_ever(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    ended: list[str] = []

    async def hang(_: Message) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    await complete(channel.subscribe(hang))
    await say(server, "1")
    await complete(client.close(), timeout=client.options.realtime_request_timeout)
    assert ended == ["cancelled"]


async def test_a_listener_that_cancels_whoever_waits_for_the_same_change(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    server.on_attach = ignore
    other = client.channels.get("other")
    attaching = await begin(other.attach())
    other.on("attached", lambda _: attaching.cancel())
    server.send(attached("other"))
    await settle()
    assert attaching.cancelled()
    assert other.state == "attached"


async def test_a_listener_that_cancels_a_publish(channel: Channel, server: ChannelServer) -> None:
    server.on_publish = ignore
    publishing = await begin(channel.publish("mine"))
    await complete(channel.subscribe(lambda _: publishing.cancel()))
    await say(server, "1")
    assert publishing.cancelled()


async def test_a_listener_that_connects_again_when_the_connection_closed(
    client: AblyRealtime, server: ChannelServer
) -> None:
    client.connection.once("closed", lambda _: client.connect())
    await complete(client.close())
    await settle()
    assert client.connection.state == "connected"


async def test_a_listener_that_adds_and_removes_listeners(
    channel: Channel, server: ChannelServer
) -> None:
    late: list[Any] = []

    def meddle(_: object) -> None:
        channel.on(late.append)
        channel.off(meddle)

    channel.on(meddle)
    await send(server, attached(CHANNEL))
    assert late == []
    await send(server, attached(CHANNEL))
    assert len(late) == 1


async def test_waiting_for_a_state_inside_a_listener(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    arrived: list[str] = []

    async def wait(_: object) -> None:
        await channel.once_async("suspended")
        arrived.append(channel.state)

    channel.on("update", wait)
    await send(server, attached(CHANNEL))
    await suspend(client, server)
    await settle()
    assert arrived == ["suspended"]
    assert (await failure(channel.attach())).code == 80002
