"""Whatever can be awaited can be cancelled: the client stays usable, and nothing is left over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ably_realtime import AblyRealtime, Annotation, Channel, ChannelOptions, Message
from tests.behaviour.scene import say
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    MockHttpClient,
    MockWebSocket,
    await_state,
    complete,
    reply,
    settle,
)
from tests.uts.harness.channels import CHANNEL, ChannelServer, disconnect
from tests.uts.harness.frames import connected
from tests.uts.harness.messages import begin, connect
from tests.uts.harness.presence import HAS_PRESENCE, sync

Operation = Callable[[Channel], Coroutine[Any, Any, Any]]


async def enter_stream(channel: Channel) -> None:
    async with channel.messages():
        pass


async def enter_presence_stream(channel: Channel) -> None:
    async with channel.presence.messages():
        pass


NEW: dict[str, Operation] = {
    "attach": lambda channel: channel.attach(),
    "subscribe": lambda channel: channel.subscribe(print),
    "once_async": lambda channel: channel.once_async("attached"),
    "stream": enter_stream,
    "presence.subscribe": lambda channel: channel.presence.subscribe(print),
    "presence.get": lambda channel: channel.presence.get(),
    "presence.enter": lambda channel: channel.presence.enter("data"),
    "presence stream": enter_presence_stream,
    "annotations.subscribe": lambda channel: channel.annotations.subscribe(print),
}
"""What waits for a channel that is not attached yet."""

ATTACHED: dict[str, Operation] = {
    "detach": lambda channel: channel.detach(),
    "set_options": lambda channel: channel.set_options(ChannelOptions(params={"rewind": "1"})),
    "publish": lambda channel: channel.publish("name", "data"),
    "update_message": lambda channel: channel.update_message(Message(serial="s", data="new")),
    "annotations.publish": lambda channel: channel.annotations.publish(
        "s", Annotation(type="reaction")
    ),
    "presence.update": lambda channel: channel.presence.update("data"),
    "presence.leave": lambda channel: channel.presence.leave(),
    "presence.enter_client": lambda channel: channel.presence.enter_client("me"),
}
"""What waits for the server's answer about an attached channel."""


async def give_up(operation: Coroutine[Any, Any, Any]) -> None:
    """Start an operation, let it wait, and cancel it."""
    task = await begin(operation)
    assert not task.done()
    task.cancel()
    await settle()
    assert task.cancelled()


def go_deaf(server: MockWebSocket) -> Callable[[], None]:
    """Answer nothing until the returned function is called, and then what was asked."""
    answer = server.on_message
    asked: list[Any] = []
    server.on_message = lambda frame, connection: asked.append((frame, connection))

    def hear_again() -> None:
        server.on_message = answer
        assert answer is not None
        for frame, connection in asked:
            answer(frame, connection)

    return hear_again


@pytest.mark.parametrize("name", NEW)
async def test_before_the_channel_is_attached(
    client: AblyRealtime, server: ChannelServer, name: str
) -> None:
    channel = client.channels.get(CHANNEL)
    hear_again = go_deaf(server)
    await give_up(NEW[name](channel))
    hear_again()
    await settle()
    await complete(channel.attach())
    await complete(NEW[name](channel))
    assert channel.state == "attached"


@pytest.mark.parametrize("name", ATTACHED)
async def test_while_the_server_has_not_answered(
    client: AblyRealtime, channel: Channel, server: ChannelServer, name: str
) -> None:
    hear_again = go_deaf(server)
    await give_up(ATTACHED[name](channel))
    hear_again()
    await settle()
    await complete(channel.attach())
    await complete(ATTACHED[name](channel))
    assert client.connection.state == "connected"


@pytest.mark.parametrize("name", [*NEW, *ATTACHED])
async def test_with_no_answer_ever(
    client: AblyRealtime, channel: Channel, server: ChannelServer, clock: FakeClock, name: str
) -> None:
    """The deadline of what was given up passes without a trace."""
    target = client.channels.get("other") if name in NEW else channel
    go_deaf(server)
    await give_up((NEW | ATTACHED)[name](target))
    await clock.advance(client.options.realtime_request_timeout)
    assert client.connection.state == "connected"


async def test_a_cancelled_publish_is_still_sent_once(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    """Cancelling gives up the answer, not the message."""
    await disconnect(client, server)
    await give_up(channel.publish("queued"))
    server.on_connection_attempt = lambda attempt: attempt.respond_with_success(connected())
    client.connect()
    await await_state(client.connection, "connected")
    await settle()
    sent = server.sent_with(Action.MESSAGE)
    assert [frame["messages"][0]["name"] for frame in sent] == ["queued"]
    assert (await complete(channel.publish("next"))) is not None


async def test_ping(client: AblyRealtime, server: ChannelServer) -> None:
    await give_up(client.connection.ping())
    ping = await begin(client.connection.ping())
    for frame in server.sent_with(Action.HEARTBEAT):
        server.send({"action": Action.HEARTBEAT, "id": frame["id"]})
    await complete(ping)


async def test_ping_before_connecting(create_client: ClientFactory) -> None:
    server = MockWebSocket()
    client = create_client(transport=server, key=KEY)
    await give_up(client.connection.ping())
    attempt = await server.await_connection_attempt()
    attempt.respond_with_success(connected())
    await await_state(client.connection, "connected")
    server.on_message = reply(
        Action.HEARTBEAT, lambda frame: {"action": Action.HEARTBEAT, "id": frame["id"]}
    )
    await complete(client.connection.ping())


async def test_a_cancelled_wait_for_a_state_stays_silent(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    """Where `ably` 3.x raised InvalidStateError at a later event."""
    await give_up(client.connection.once_async("disconnected"))
    await give_up(channel.once_async("detached"))
    await disconnect(client, server)
    await complete(channel.detach())


async def test_close(create_client: ClientFactory, server: ChannelServer) -> None:
    client = await connect(create_client, server)
    hear_again = go_deaf(server)
    await give_up(client.close())
    assert client.connection.state == "closing"
    hear_again()
    await complete(client.close())
    assert client.connection.state == "closed"
    client.connect()
    await await_state(client.connection, "connected")


async def test_close_while_it_waits_for_a_listener(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    gate = asyncio.Event()
    ended: list[str] = []

    async def work(_: Message) -> None:
        await gate.wait()
        ended.append("done")

    await complete(channel.subscribe(work))
    await say(server, "1")
    await give_up(client.close())
    assert client.connection.state == "closed"
    gate.set()
    await complete(client.close())


async def test_release(client: AblyRealtime, channel: Channel, server: ChannelServer) -> None:
    hear_again = go_deaf(server)
    released = client.channels.release(CHANNEL)
    released.cancel()
    hear_again()
    await settle()
    assert CHANNEL not in client.channels
    await complete(client.channels.get(CHANNEL).attach())


async def test_waiting_for_all_members(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    other = client.channels.get("other")
    server.on_attach = lambda frame: {
        "action": Action.ATTACHED,
        "channel": frame["channel"],
        "flags": HAS_PRESENCE,
    }
    await give_up(other.presence.get())
    server.send(sync("other"))
    assert (await complete(other.presence.get())) == []


async def test_iterating(channel: Channel, server: ChannelServer) -> None:
    heard: list[str | None] = []

    def note(message: Message) -> None:
        heard.append(message.name)

    async def consume() -> None:
        async with channel.messages() as stream:
            async for message in stream:
                note(message)

    task = await begin(consume())
    await say(server, "1")
    task.cancel()
    await settle()
    assert task.cancelled()
    await say(server, "2")
    assert heard == ["1"]
    assert channel.state == "attached"


async def test_a_request_over_rest(create_client: ClientFactory, server: ChannelServer) -> None:
    http = MockHttpClient()
    client = await connect(create_client, server, http=http)
    channel = client.channels.get(CHANNEL)
    await give_up(channel.history())
    history = await begin(channel.history())
    await http.await_request()
    (await http.await_request()).respond_with(200, [])
    assert (await complete(history)).items == []


async def test_a_cancelled_subscribe_can_still_be_ended(
    client: AblyRealtime, server: ChannelServer
) -> None:
    heard: list[Any] = []
    channel = client.channels.get(CHANNEL)
    hear_again = go_deaf(server)
    await give_up(channel.subscribe(heard.append))
    hear_again()
    await await_state(channel, "attached")
    channel.unsubscribe(heard.append)
    await say(server, "1")
    assert heard == []


async def test_the_body_of_async_with(create_client: ClientFactory, server: ChannelServer) -> None:
    """The client is closed on the way out."""
    client = create_client(transport=server, key=KEY)

    async def use() -> None:
        async with client:
            await client.connection.once_async("connected")
            await asyncio.Event().wait()

    await give_up(use())
    assert client.connection.state == "closed"
