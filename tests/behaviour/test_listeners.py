"""What can be a listener, in which order listeners run, and what one that misbehaves costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from ably_realtime import AblyError, Channel, Message
from tests.behaviour.scene import come, say
from tests.uts.harness import complete, settle
from tests.uts.harness.channels import CHANNEL, ChannelServer
from tests.uts.harness.frames import attached, message
from tests.uts.harness.messages import send

Take = Callable[[Any], Any]


class Recorder:
    """Listeners that are more than a function."""

    def __init__(self, take: Take) -> None:
        self.take = take

    def __call__(self, item: Any) -> None:
        self.take(item)

    def method(self, item: Any) -> None:
        self.take(item)

    async def async_method(self, item: Any) -> None:
        self.take(item)


class AsyncRecorder(Recorder):
    async def __call__(self, item: Any) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.take(item)


def two_arguments(take: Take, item: Any) -> None:
    take(item)


async def async_two_arguments(take: Take, item: Any) -> None:
    await asyncio.sleep(0)
    take(item)


KINDS: dict[str, Callable[[Take], Any]] = {
    "builtin method": lambda take: take,
    "lambda": lambda take: lambda item: take(item),
    "partial": lambda take: partial(two_arguments, take),
    "partial of async": lambda take: partial(async_two_arguments, take),
    "Mock": lambda take: Mock(side_effect=take),
    "AsyncMock": lambda take: AsyncMock(side_effect=take),
    "callable object": Recorder,
    "async callable object": AsyncRecorder,
    "bound method": lambda take: Recorder(take).method,
    "async bound method": lambda take: Recorder(take).async_method,
    "lambda giving a coroutine": lambda take: lambda item: async_two_arguments(take, item),
    "lambda giving a future": lambda take: (
        lambda item: asyncio.ensure_future(async_two_arguments(take, item))
    ),
}


async def subscribed(channel: Channel, listener: Any) -> None:
    await complete(channel.subscribe(listener))


async def present(channel: Channel, listener: Any) -> None:
    await complete(channel.presence.subscribe(listener))


async def annotated(channel: Channel, listener: Any) -> None:
    await complete(channel.annotations.subscribe(listener))


async def listening(channel: Channel, listener: Any) -> None:
    channel.on(listener)


async def listening_once(channel: Channel, listener: Any) -> None:
    channel.once("update", listener)


async def watching_gaps(channel: Channel, listener: Any) -> None:
    channel.on_discontinuity(listener)


async def happen(server: ChannelServer) -> None:
    """One thing of every kind."""
    annotation = {"action": 21, "channel": CHANNEL, "annotations": [{"type": "reaction"}]}
    await send(server, attached(CHANNEL), annotation)
    await say(server, "a message")
    await come(server, "ann")


@pytest.mark.parametrize(
    "register", [subscribed, present, annotated, listening, listening_once, watching_gaps]
)
@pytest.mark.parametrize("kind", KINDS)
async def test_any_callable_is_a_listener(
    channel: Channel,
    server: ChannelServer,
    register: Callable[[Channel, Any], Awaitable[None]],
    kind: str,
) -> None:
    heard: list[Any] = []
    await register(channel, KINDS[kind](heard.append))
    await happen(server)
    assert len(heard) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_any_callable_waits_for_a_state(channel: Channel, kind: str) -> None:
    heard: list[Any] = []
    channel.when_state("attached", KINDS[kind](heard.append))
    channel.when_state("detached", KINDS[kind](heard.append))
    await settle()
    assert heard == [None]
    await complete(channel.detach())
    await settle()
    assert [getattr(change, "current", None) for change in heard] == [None, "detached"]


# Order


async def test_listeners_run_in_the_order_of_their_subscription(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[tuple[str, str | None]] = []

    def listener(who: str, message: Message) -> None:
        heard.append((who, message.name))

    for who in ("first", "second", "third"):
        await complete(channel.subscribe(partial(listener, who)))
    await say(server, "1", "2")
    assert heard == [(who, name) for name in "12" for who in ("first", "second", "third")]


async def test_a_name_among_several_is_delivered_once(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[Any] = []
    await complete(channel.subscribe(["a", "b", "a"], heard.append))
    await say(server, "a", "b", "c")
    assert [m.name for m in heard] == ["a", "b"]


async def test_a_slow_listener_delays_only_itself(channel: Channel, server: ChannelServer) -> None:
    gate = asyncio.Event()
    slow: list[str] = []
    quick: list[str] = []

    async def wait(message: Any) -> None:
        await gate.wait()
        slow.append(message.name)

    async def hurry(message: Any) -> None:
        quick.append(message.name)

    await complete(channel.subscribe(wait))
    await complete(channel.subscribe(hurry))
    await say(server, "1", "2", "3")
    assert quick == ["1", "2", "3"]
    assert slow == []
    gate.set()
    await settle()
    assert slow == ["1", "2", "3"]


async def test_a_slow_state_listener_delays_no_message(
    channel: Channel, server: ChannelServer
) -> None:
    gate = asyncio.Event()
    heard: list[Any] = []

    async def wait(_: object) -> None:
        await gate.wait()

    channel.on(wait)
    await complete(channel.subscribe(heard.append))
    await send(server, attached(CHANNEL))
    await say(server, "1")
    assert len(heard) == 1
    gate.set()


async def test_the_same_listener_twice_is_called_twice(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[Any] = []
    await complete(channel.subscribe(heard.append))
    await complete(channel.subscribe("a", heard.append))
    await say(server, "a", "b")
    assert [m.name for m in heard] == ["a", "a", "b"]


# Misbehaviour


def raises(_: object) -> None:
    raise ZeroDivisionError("from the listener")


async def raises_later(_: object) -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError("from the listener")


@pytest.mark.parametrize("bad", [raises, raises_later])
async def test_one_that_raises_is_logged_with_its_traceback_and_harms_nobody(
    channel: Channel,
    server: ChannelServer,
    caplog: pytest.LogCaptureFixture,
    bad: Callable[[object], Any],
) -> None:
    heard: list[str | None] = []
    await complete(channel.subscribe(bad))
    await complete(channel.subscribe(lambda m: heard.append(m.name)))
    with caplog.at_level(logging.WARNING):
        await say(server, "1", "2")
    assert heard == ["1", "2"]
    assert channel.state == "attached"
    errors = [record for record in caplog.records if record.exc_info]
    assert len(errors) == 2
    assert all(record.levelno == logging.ERROR for record in errors)
    assert f"in {bad.__name__}" in caplog.text
    assert "from the listener" in caplog.text


@pytest.mark.parametrize("bad", [raises, raises_later])
async def test_a_state_listener_that_raises_stops_no_transition(
    channel: Channel, server: ChannelServer, bad: Callable[[object], Any]
) -> None:
    changes: list[str] = []
    channel.on(bad)
    channel.on(lambda change: changes.append(change.current))
    await complete(channel.detach())
    await complete(channel.attach())
    assert changes == ["detaching", "detached", "attaching", "attached"]


async def test_one_that_raises_cancelled_error_harms_nobody(
    channel: Channel, server: ChannelServer
) -> None:
    """As one does that asks a cancelled task for its result."""
    task = asyncio.create_task(asyncio.sleep(0))
    task.cancel()
    await settle()
    heard: list[str | None] = []
    await complete(channel.subscribe(lambda _: task.result()))
    await complete(channel.subscribe(lambda m: heard.append(m.name)))
    await say(server, "1", "2")
    assert heard == ["1", "2"]


async def test_a_listener_that_is_no_callable_is_refused_at_once(channel: Channel) -> None:
    with pytest.raises(AblyError, match="callable"):
        await complete(channel.subscribe("name"))  # type: ignore[call-overload]
    with pytest.raises(AblyError, match="callable"):
        channel.on("attached")  # type: ignore[call-overload]


async def test_a_received_message_reaches_everyone_as_it_came(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[Any] = []
    await complete(channel.subscribe(heard.append))
    await complete(channel.subscribe(heard.append))
    await send(server, message(CHANNEL, {"name": "n", "data": "d", "id": "i", "timestamp": 5}))
    assert [(m.name, m.data, m.id, m.timestamp) for m in heard] == [("n", "d", "i", 5)] * 2
