"""Every way to end a subscription, and what it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ably_realtime import Channel, MessageFilter, Subscription
from tests.behaviour.scene import come, say
from tests.uts.harness import complete, settle
from tests.uts.harness.channels import CHANNEL, ChannelServer
from tests.uts.harness.frames import attached
from tests.uts.harness.messages import send


@pytest.fixture
def heard() -> list[Any]:
    return []


@pytest.fixture
def listener(heard: list[Any]) -> Callable[[Any], None]:
    return lambda message: heard.append(message.name)


ONLY_B = MessageFilter(name="b")


@pytest.mark.parametrize(
    ("subscribed", "ended", "left"),
    [
        ([()], None, []),
        ([("a",), ("b",), (ONLY_B,)], None, []),
        ([()], (), []),
        ([("a",), ("b",)], (), []),
        ([("a",), ("b",)], ("a",), ["b"]),
        ([(["a", "b"],)], ("a",), ["b"]),
        ([("a",), ("b",), ("c",)], (["a", "b"],), ["c"]),
        ([(["a", "b"],)], (["a", "b", "c"],), []),
        ([(ONLY_B,), ("a",)], (ONLY_B,), ["a"]),
        ([(ONLY_B,)], ("b",), ["b"]),
        ([()], ("a",), ["a", "b", "c"]),
    ],
    ids=str,
)
async def test_the_forms_of_unsubscribe(
    channel: Channel,
    server: ChannelServer,
    heard: list[Any],
    listener: Callable[[Any], None],
    subscribed: list[tuple[Any, ...]],
    ended: tuple[Any, ...] | None,
    left: list[str],
) -> None:
    """`None` ends everything; otherwise the arguments stand before the listener."""
    anything: Any = channel  # the overloads don't know these tuples
    for wanted in subscribed:
        await complete(anything.subscribe(*wanted, listener))
    if ended is None:
        channel.unsubscribe()
    else:
        anything.unsubscribe(*ended, listener)
    await say(server, "a", "b", "c")
    assert heard == left


async def test_others_keep_theirs(channel: Channel, server: ChannelServer) -> None:
    kept: list[Any] = []
    gone: list[Any] = []
    await complete(channel.subscribe(kept.append))
    await complete(channel.subscribe(gone.append))
    channel.unsubscribe(gone.append)
    await say(server, "a")
    assert len(kept) == 1
    assert not gone


async def test_the_handle_ends_its_own_subscription_alone(
    channel: Channel, server: ChannelServer, heard: list[Any], listener: Callable[[Any], None]
) -> None:
    first = await complete(channel.subscribe("a", listener))
    await complete(channel.subscribe("a", listener))
    assert isinstance(first, Subscription)
    first.unsubscribe()
    first.unsubscribe()
    await say(server, "a")
    assert heard == ["a"]


async def test_the_handle_after_everything_was_unsubscribed(
    channel: Channel, listener: Callable[[Any], None]
) -> None:
    subscription = await complete(channel.subscribe(listener))
    channel.unsubscribe()
    subscription.unsubscribe()


async def test_a_bound_method_is_found_again(channel: Channel, server: ChannelServer) -> None:
    class Widget:
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def on_message(self, message: Any) -> None:
            self.heard.append(message)

    widget = Widget()
    await complete(channel.subscribe(widget.on_message))
    channel.unsubscribe(widget.on_message)
    await say(server, "a")
    assert not widget.heard


async def test_a_listener_that_was_never_subscribed(channel: Channel) -> None:
    channel.unsubscribe(print)
    channel.presence.unsubscribe(print)
    channel.annotations.unsubscribe(print)
    channel.off(print)


async def test_unsubscribing_leaves_the_channel_attached(
    channel: Channel, server: ChannelServer, listener: Callable[[Any], None]
) -> None:
    await complete(channel.subscribe(listener))
    channel.unsubscribe()
    await settle()
    assert channel.state == "attached"
    assert not server.detaches


async def test_a_listener_can_end_its_own_subscription(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[str] = []

    def once(message: Any) -> None:
        heard.append(message.name)
        channel.unsubscribe(once)

    await complete(channel.subscribe(once))
    await say(server, "a", "b")
    assert heard == ["a"]


async def test_what_waits_for_a_busy_async_listener_is_not_delivered_afterwards(
    channel: Channel, server: ChannelServer
) -> None:
    gate = asyncio.Event()
    heard: list[str] = []

    async def slow(message: Any) -> None:
        heard.append(message.name)
        await gate.wait()

    subscription = await complete(channel.subscribe(slow))
    await say(server, "a", "b", "c")
    subscription.unsubscribe()
    gate.set()
    await settle()
    assert heard == ["a"]


async def test_presence_listeners(channel: Channel, server: ChannelServer) -> None:
    heard: list[Any] = []
    subscription = await complete(channel.presence.subscribe("enter", heard.append))
    await complete(channel.presence.subscribe(["enter", "leave"], heard.append))
    await come(server, "ann")
    assert len(heard) == 2
    subscription.unsubscribe()
    await come(server, "bob")
    assert len(heard) == 3
    channel.presence.unsubscribe("enter", heard.append)
    await come(server, "eve")
    assert len(heard) == 3


async def test_annotation_listeners(channel: Channel, server: ChannelServer) -> None:
    heard: list[str] = []

    def listener(annotation: Any) -> None:
        heard.append(annotation.type)

    subscription = await complete(channel.annotations.subscribe("like", listener))
    await complete(channel.annotations.subscribe(listener))
    frame = {"action": 21, "channel": CHANNEL, "annotations": [{"type": "like"}]}
    await send(server, frame)
    assert heard == ["like", "like"]
    subscription.unsubscribe()
    await send(server, frame)
    assert heard == ["like"] * 3
    channel.annotations.unsubscribe()
    await send(server, frame)
    assert heard == ["like"] * 3


@pytest.mark.parametrize("event", [(), ("update",)], ids=["all events", "one event"])
async def test_the_handle_of_a_state_listener_ends_that_registration_alone(
    channel: Channel, server: ChannelServer, event: tuple[str, ...]
) -> None:
    heard: list[Any] = []
    anything: Any = channel  # the overloads don't know this tuple
    ended = [anything.on(*event, heard.append), anything.once(*event, heard.append)]
    anything.on(*event, heard.append)
    for handle in ended:
        handle.unsubscribe()
        handle.unsubscribe()
    await send(server, attached(CHANNEL))
    assert len(heard) == 1


async def test_a_busy_state_listener_hears_nothing_after_off(
    channel: Channel, server: ChannelServer
) -> None:
    gate = asyncio.Event()
    heard: list[str] = []

    async def slow(change: Any) -> None:
        heard.append(change.event)
        await gate.wait()

    channel.on(slow)
    await send(server, attached(CHANNEL), attached(CHANNEL), attached(CHANNEL))
    channel.off(slow)
    gate.set()
    await settle()
    assert heard == ["update"]


async def test_the_forms_of_off(channel: Channel, server: ChannelServer) -> None:
    heard: list[str] = []
    others: list[Any] = []

    def listener(change: Any) -> None:
        heard.append(change.event)

    channel.on(listener)
    channel.once("update", listener)
    channel.on(others.append)
    await send(server, attached(CHANNEL))
    assert heard == ["update", "update"]
    channel.off(listener)
    await send(server, attached(CHANNEL))
    assert len(heard) == 2
    assert len(others) == 2
    channel.off()
    await send(server, attached(CHANNEL))
    assert len(others) == 2


async def test_off_leaves_the_waits_of_others_alone(channel: Channel) -> None:
    waiting = asyncio.create_task(channel.once_async("detached"))
    await settle()
    channel.off()
    await complete(channel.detach())
    assert (await complete(waiting)) is not None


async def test_a_stream_goes_on_when_every_listener_is_removed(
    channel: Channel, server: ChannelServer, listener: Callable[[Any], None], heard: list[Any]
) -> None:
    await complete(channel.subscribe(listener))
    async with channel.messages() as stream:
        channel.unsubscribe()
        await say(server, "a")
        assert (await complete(anext(stream))).name == "a"
    assert heard == []
