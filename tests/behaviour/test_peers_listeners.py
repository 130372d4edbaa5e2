"""Listeners in situations that clients are known to get wrong."""

from __future__ import annotations

import asyncio
from typing import Any

from ably_realtime import AblyRealtime, Channel, ChannelStateChange
from tests.behaviour.scene import lose_continuity, say
from tests.uts.harness import complete, record, settle, states
from tests.uts.harness.channels import ChannelServer, reconnect


async def test_a_message_named_error(channel: Channel, server: ChannelServer) -> None:
    """Where the emitter of `ably` 3.x raised, and the rest of the batch was lost."""
    by_name: list[Any] = []
    everything: list[str | None] = []
    await complete(channel.subscribe("error", by_name.append))
    await complete(channel.subscribe(lambda message: everything.append(message.name)))
    await say(server, "before", "error", "after")
    assert everything == ["before", "error", "after"]
    assert [message.name for message in by_name] == ["error"]


async def test_a_message_named_error_that_only_others_listen_for(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[Any] = []
    await complete(channel.subscribe("after", heard.append))
    await say(server, "error", "after")
    assert len(heard) == 1


async def test_an_async_listener_takes_messages_one_at_a_time_in_order(
    channel: Channel, server: ChannelServer
) -> None:
    """However unequal the time that each takes; `ably` 3.x runs them all at once."""
    log: list[str] = []
    turns = {"1": 9, "2": 1, "3": 4, "4": 0}

    async def listener(message: Any) -> None:
        log.append(f"begin {message.name}")
        for _ in range(turns[message.name]):
            await asyncio.sleep(0)
        log.append(f"end {message.name}")

    await complete(channel.subscribe(listener))
    await say(server, "1", "2")
    await say(server, "3")
    await say(server, "4")
    assert log == [f"{step} {name}" for name in "1234" for step in ("begin", "end")]


async def test_a_slow_listener_costs_one_task_however_many_messages_wait(
    channel: Channel, server: ChannelServer
) -> None:
    gate = asyncio.Event()

    async def wait(_: object) -> None:
        await gate.wait()

    await complete(channel.subscribe(wait))
    await settle()
    before = len(asyncio.all_tasks())
    for _ in range(10):
        await say(server, *"abcdefghij")
    assert len(asyncio.all_tasks()) - before == 1
    gate.set()
    await settle()
    assert len(asyncio.all_tasks()) == before


async def test_one_listener_on_two_events(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    """Where `ably` 3.x raised KeyError."""
    heard: list[str] = []

    def listener(change: Any) -> None:
        heard.append(change.event)

    client.connection.on("connecting", listener)
    client.connection.on("connected", listener)
    await reconnect(client, server)
    assert heard == ["connecting", "connected"]
    client.connection.off("connecting", listener)
    await reconnect(client, server)
    assert heard == ["connecting", "connected", "connected"]
    client.connection.off(listener)
    await reconnect(client, server)
    assert len(heard) == 3


async def test_a_state_listener_that_creates_channels_disturbs_no_other(
    client: AblyRealtime, server: ChannelServer
) -> None:
    """Where `ably` 3.x said "dictionary changed size" and left channels ATTACHED."""
    channels = [client.channels.get(f"channel-{number}") for number in range(5)]
    for channel in channels:
        await complete(channel.attach())

    def create(change: ChannelStateChange) -> None:
        client.channels.get(f"made-in-{change.current}-{len(list(client.channels))}")

    for channel in channels:
        channel.on(create)
    changes = [record(channel) for channel in channels]
    lose_continuity(server)
    await reconnect(client, server)
    await settle()
    assert [states(heard) for heard in changes] == [["attaching", "attached"]] * 5
