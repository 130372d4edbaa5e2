"""Iterating over what a channel delivers: bounded, and with an end that says why."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ably_realtime import (
    AblyError,
    AblyRealtime,
    Channel,
    ChannelOptions,
    MessageFilter,
    PresenceAction,
    PresenceMessage,
    Stream,
)
from tests.behaviour.scene import come, say
from tests.uts.harness import ClientFactory, Frame, accept, await_state, complete, settle
from tests.uts.harness.channels import (
    CHANNEL,
    SUSPENDED_WITHIN,
    ChannelServer,
    confirm_attach,
    disconnect,
    fail_channel,
    reconnect,
    refuse_attach,
    suspend,
)
from tests.uts.harness.frames import attached, connected, error, message
from tests.uts.harness.messages import begin, connect, failure, send


async def names_of(stream: Stream[Any], count: int) -> list[str | None]:
    """The names of the next messages, which have to be there already."""
    return [(await complete(anext(stream))).name for _ in range(count)]


async def ends_quietly(stream: Stream[Any]) -> bool:
    with pytest.raises(StopAsyncIteration):
        await complete(anext(stream))
    return True


# What arrives


async def test_entering_attaches_and_messages_come_in_order(
    client: AblyRealtime, server: ChannelServer
) -> None:
    channel = client.channels.get(CHANNEL)
    async with channel.messages() as stream:
        assert channel.state == "attached"
        await say(server, "1", "2")
        await say(server, "3")
        assert await names_of(stream, 3) == ["1", "2", "3"]


async def test_a_waiting_consumer_wakes_up(channel: Channel, server: ChannelServer) -> None:
    async with channel.messages() as stream:
        waiting = await begin(stream.__anext__())
        assert not waiting.done()
        await say(server, "1")
        assert waiting.result().name == "1"


@pytest.mark.parametrize(
    ("wanted", "heard"),
    [
        ("a", ["a", "a"]),
        (["a", "c"], ["a", "c", "a"]),
        (MessageFilter(name="b"), ["b"]),
    ],
)
async def test_only_what_was_asked_for(
    channel: Channel, server: ChannelServer, wanted: Any, heard: list[str]
) -> None:
    async with channel.messages(wanted) as stream:
        await say(server, "a", "b", "c", "a")
        assert await names_of(stream, len(heard)) == heard
        assert not (await begin(stream.__anext__())).done()


async def test_streams_do_not_take_from_each_other(channel: Channel, server: ChannelServer) -> None:
    async with channel.messages() as first, channel.messages("b") as second:
        await say(server, "a", "b")
        assert await names_of(first, 2) == ["a", "b"]
        assert await names_of(second, 1) == ["b"]


async def test_two_consumers_of_one_stream_share_it(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages() as stream:
        consumers = [await begin(stream.__anext__()) for _ in range(2)]
        await say(server, "1", "2")
        assert [consumer.result().name for consumer in consumers] == ["1", "2"]


async def test_presence_is_iterated_in_the_same_way(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.presence.messages("enter") as stream:
        await come(server, "ann", "bob")
        entered = [await complete(anext(stream)) for _ in range(2)]
    assert all(isinstance(member, PresenceMessage) for member in entered)
    assert [(m.action, m.client_id) for m in entered] == [
        (PresenceAction.ENTER, "ann"),
        (PresenceAction.ENTER, "bob"),
    ]


# The buffer


async def test_an_overflow_ends_the_stream_once_the_waiting_messages_are_consumed(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages(max_pending=2) as stream:
        await say(server, "1", "2", "3", "4")
        assert await names_of(stream, 2) == ["1", "2"]
        overflow = await failure(anext(stream))
        assert "2" in overflow.message
        assert "max_pending" in str(overflow.hint)
        again = await failure(anext(stream))
        assert again.code == overflow.code
    assert channel.state == "attached"


async def test_a_buffer_that_is_just_full_has_not_overflowed(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages(max_pending=2) as stream:
        for expected in (["1", "2"], ["3", "4"]):
            await say(server, *expected)
            assert await names_of(stream, 2) == expected
        assert stream.dropped == 0


@pytest.mark.parametrize(
    ("overflow", "kept"), [("drop_oldest", ["3", "4"]), ("drop_newest", ["1", "2"])]
)
async def test_what_is_dropped_is_counted(
    channel: Channel, server: ChannelServer, overflow: Any, kept: list[str]
) -> None:
    async with channel.messages(max_pending=2, overflow=overflow) as stream:
        await say(server, "1", "2", "3", "4")
        assert stream.dropped == 2
        assert await names_of(stream, 2) == kept
        await say(server, "5")
        assert await names_of(stream, 1) == ["5"]
        assert stream.dropped == 2


async def test_the_presence_stream_is_bounded_too(channel: Channel, server: ChannelServer) -> None:
    async with channel.presence.messages(max_pending=1, overflow="drop_oldest") as stream:
        await come(server, "ann", "bob", "eve")
        assert stream.dropped == 2
        assert (await complete(anext(stream))).client_id == "eve"


@pytest.mark.parametrize("arguments", [{"max_pending": 0}, {"overflow": "grow"}])
def test_a_buffer_that_cannot_be(create: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(AblyError) as caught:
        create(**arguments)
    assert caught.value.code == 40000
    assert "max_pending" in caught.value.message


@pytest.fixture(params=["messages", "presence"])
def create(request: pytest.FixtureRequest, channel: Channel) -> Any:
    """What makes a stream."""
    return channel.messages if request.param == "messages" else channel.presence.messages


# The end


async def test_it_ends_with_the_error_of_a_channel_that_failed(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages() as stream:
        await say(server, "1")
        await send(server, error(40160, 401, "not yours", channel=CHANNEL))
        assert await names_of(stream, 1) == ["1"]
        assert (await failure(anext(stream))).code == 40160


async def test_it_ends_with_the_error_of_a_connection_that_failed(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages() as stream:
        waiting = await begin(stream.__anext__())
        await send(server, error(40400, 404, "no such app"))
        assert (await failure(waiting)).code == 40400


async def test_the_presence_stream_ends_with_the_error_as_well(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.presence.messages() as stream:
        await send(server, error(40160, 401, "not yours", channel=CHANNEL))
        assert (await failure(anext(stream))).code == 40160


async def test_it_ends_when_the_channel_fails_as_it_is_entered(
    client: AblyRealtime, server: ChannelServer
) -> None:
    """ATTACHED and ERROR come in one read, before the consumer's task runs again."""

    def confirm_and_fail(frame: Frame) -> Frame:
        server.send(attached(frame["channel"]))
        return error(40160, 401, "not yours", channel=frame["channel"])

    server.on_attach = confirm_and_fail
    channel = client.channels.get(CHANNEL)
    async with channel.messages() as stream:
        assert channel.state == "failed"
        assert (await failure(anext(stream))).code == 40160


async def test_a_channel_that_had_failed_before_is_said_on_entering(
    channel: Channel, server: ChannelServer
) -> None:
    await send(server, error(40160, 401, "not yours", channel=CHANNEL))
    refused = await failure(channel.messages().__aenter__())
    assert "failed" in refused.message
    assert isinstance(refused.cause, AblyError)
    assert refused.cause.code == 40160


@pytest.mark.parametrize("end", ["detach", "release", "close"])
async def test_it_ends_quietly_where_the_application_ended_it(
    client: AblyRealtime, channel: Channel, server: ChannelServer, end: str
) -> None:
    async with channel.messages() as stream:
        await say(server, "1")
        match end:
            case "detach":
                await complete(channel.detach())
            case "release":
                await complete(client.channels.release(CHANNEL))
            case "close":
                await complete(client.close())
        assert await names_of(stream, 1) == ["1"]
        assert await ends_quietly(stream)


async def test_it_outlives_a_suspension(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages() as stream:
        await suspend(client, server)
        assert channel.state == "suspended"
        server.on_connection_attempt = accept(connected("new-id", "new-key"))
        await await_state(channel, "attached", timeout=SUSPENDED_WITHIN)
        await say(server, "after")
        assert await names_of(stream, 1) == ["after"]


async def test_it_outlives_a_lost_connection(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages() as stream:
        await reconnect(client, server)
        await say(server, "after")
        assert await names_of(stream, 1) == ["after"]


async def test_leaving_stops_it(channel: Channel, server: ChannelServer) -> None:
    async with channel.messages(max_pending=1, overflow="drop_newest") as stream:
        await say(server, "1")
    await say(server, "2", "3")
    assert stream.dropped == 0
    assert await ends_quietly(stream)


async def test_an_attach_that_is_refused_is_raised_on_entering(
    client: AblyRealtime, server: ChannelServer
) -> None:
    server.on_attach = fail_channel(40160, 401, "not yours")
    stream = client.channels.get(CHANNEL).messages(max_pending=1)
    assert (await failure(stream.__aenter__())).code == 40160


async def test_nothing_is_collected_where_entering_failed(
    client: AblyRealtime, server: ChannelServer
) -> None:
    server.on_attach = refuse_attach(90001, 400, "not now")
    channel = client.channels.get(CHANNEL)
    stream = channel.messages(max_pending=1, overflow="drop_newest")
    await failure(stream.__aenter__())
    server.on_attach = confirm_attach()
    await complete(channel.attach())
    await say(server, "1", "2")
    assert stream.dropped == 0


async def test_a_stream_that_was_not_entered_says_so(channel: Channel) -> None:
    """Otherwise it would wait for ever for messages that nobody collects."""
    misuse = await failure(anext(channel.messages()))
    assert "async with" in f"{misuse.message} {misuse.hint}"


async def test_an_exception_in_the_loop_body_leaves_the_channel_well(
    channel: Channel, server: ChannelServer
) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012  # the body is what is tested
        async with channel.messages() as stream:
            await say(server, "1")
            async for _ in stream:
                raise ZeroDivisionError
    assert channel.state == "attached"


async def test_without_an_attachment_it_waits_for_one(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL, ChannelOptions(attach_on_subscribe=False))
    async with channel.messages() as stream:
        assert channel.state == "initialized"
        await complete(channel.attach())
        await say(server, "1")
        assert await names_of(stream, 1) == ["1"]


async def test_giving_up_a_wait_loses_no_message(channel: Channel, server: ChannelServer) -> None:
    async with channel.messages() as stream:
        waiting = await begin(stream.__anext__())
        server.send(message(CHANNEL, {"name": "1"}))
        waiting.cancel()
        await settle()
        assert waiting.cancelled()
        assert await names_of(stream, 1) == ["1"]


async def test_it_waits_while_the_connection_is_away(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages() as stream:
        waiting = await begin(stream.__anext__())
        await disconnect(client, server)
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
