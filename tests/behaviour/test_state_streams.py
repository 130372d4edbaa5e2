"""Iterating over the changes of a connection or a channel."""

from __future__ import annotations

import pytest

from ably_realtime import AblyRealtime, Channel
from tests.uts.harness import complete
from tests.uts.harness.channels import CHANNEL, ChannelServer, reconnect
from tests.uts.harness.frames import attached
from tests.uts.harness.messages import begin, failure, send


async def test_changes_of_the_connection_come_in_order(
    client: AblyRealtime, server: ChannelServer
) -> None:
    async with client.connection.changes() as changes:
        await reconnect(client, server)
        seen = [(await complete(anext(changes))).current for _ in range(3)]
    assert seen == ["disconnected", "connecting", "connected"]


async def test_changes_of_a_channel_come_in_order(client: AblyRealtime) -> None:
    channel = client.channels.get(CHANNEL)
    async with channel.changes() as changes:
        await complete(channel.attach())
        seen = [(await complete(anext(changes))).event for _ in range(2)]
    assert seen == ["attaching", "attached"]


async def test_a_listener_and_off_do_not_concern_it(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.changes() as changes:
        channel.off()
        await send(server, attached(CHANNEL))
        assert (await complete(anext(changes))).event == "update"


async def test_it_is_bounded(channel: Channel, server: ChannelServer) -> None:
    async with channel.changes(max_pending=1) as changes:
        await send(server, attached(CHANNEL), attached(CHANNEL))
        await complete(anext(changes))
        assert "max_pending" in str((await failure(anext(changes))).hint)


async def test_it_drops_as_asked(channel: Channel, server: ChannelServer) -> None:
    async with channel.changes(max_pending=1, overflow="drop_oldest") as changes:
        await send(server, attached(CHANNEL))
        await complete(channel.detach())
        assert (await complete(anext(changes))).current == "detached"
        assert changes.dropped == 2


async def test_leaving_stops_it(channel: Channel, server: ChannelServer) -> None:
    async with channel.changes() as changes:
        waiting = await begin(changes.__anext__())
    await send(server, attached(CHANNEL))
    with pytest.raises(StopAsyncIteration):
        await complete(waiting)


async def test_it_has_to_be_entered(channel: Channel) -> None:
    misuse = await failure(anext(channel.changes()))
    assert "async with" in f"{misuse.message} {misuse.hint}"


async def test_changes_of_the_connection_end_with_closed(client: AblyRealtime) -> None:
    """A loop over them ends when the client was closed, like one over messages."""

    async def watch() -> list[str]:
        async with client.connection.changes() as changes:
            return [change.current async for change in changes]

    watching = await begin(watch())
    await complete(client.close())
    assert await complete(watching) == ["closing", "closed"]
