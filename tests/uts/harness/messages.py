"""Attached channels, and what tests of their messages ask of server and client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

import pytest

from ably_realtime import AblyError, AblyRealtime, Channel, ChannelOptions

from .clients import KEY, ClientFactory
from .clock import settle
from .frames import Action, Frame, ack, attached, detached
from .handlers import reply
from .waiting import await_state, complete
from .websocket import EventType, MessageHandler, MockConnection, MockWebSocket

T = TypeVar("T")

STAY_DETACHED = ChannelOptions(attach_on_subscribe=False)

# Message handlers of a server

attaches = reply(Action.ATTACH, lambda frame: attached(frame["channel"]))
detaches = reply(Action.DETACH, lambda frame: detached(frame["channel"]))


def acknowledges(frame: Frame, connection: MockConnection) -> None:
    """ACK every MESSAGE, its messages with the serials `<msgSerial>-0`, `<msgSerial>-1`, ..."""
    if frame["action"] == Action.MESSAGE:
        number = frame["msgSerial"]
        serials = [f"{number}-{index}" for index in range(len(frame["messages"]))]
        connection.send_to_client(ack(number, res=[{"serials": serials}]))


def together(*handlers: MessageHandler) -> MessageHandler:
    """A handler that is all of these."""

    def handle(frame: Frame, connection: MockConnection) -> None:
        for handler in handlers:
            handler(frame, connection)

    return handle


def only_on(number: int, handler: MessageHandler) -> MessageHandler:
    """A handler for what comes on one connection, counted from 1."""

    def handle(frame: Frame, connection: MockConnection) -> None:
        if number_of(connection) == number:
            handler(frame, connection)

    return handle


def number_of(connection: MockConnection) -> int:
    """Which of the client's connections this is, counted from 1."""
    attempt = connection.attempt
    return attempt.peer.attempts.index(attempt) + 1


def sent_on(server: MockWebSocket, number: int, action: int) -> list[Frame]:
    """The frames with this action that the client sent on one connection, counted from 1."""
    sent = EventType.MESSAGE_FROM_CLIENT
    frames = [
        event.message
        for event in server.events
        if event.type is sent and number_of(event.attempt.connection) == number
    ]
    return [frame for frame in frames if frame is not None and frame["action"] == action]


async def send(server: MockWebSocket, *frames: Frame) -> None:
    """Send frames to the client and let it do all that follows."""
    for frame in frames:
        server.active_connection.send_to_client(frame)
    await settle()


# What a test does with a client


async def connect(
    create_client: ClientFactory, server: MockWebSocket, **options: Any
) -> AblyRealtime:
    """A client with a key, unless the options say otherwise, that is CONNECTED."""
    credentials: dict[str, Any] = {} if "token" in options else {"key": KEY}
    client = create_client(transport=server, auto_connect=False, **credentials, **options)
    client.connect()
    await await_state(client.connection, "connected")
    return client


async def attach(client: AblyRealtime, name: str, options: ChannelOptions | None = None) -> Channel:
    channel = client.channels.get(name, options)
    await complete(channel.attach())
    return channel


async def collect(source: Any, *filters: Any) -> list[Any]:
    """A list that gains all that a channel, or its presence, delivers for these filters."""
    received: list[Any] = []
    await complete(source.subscribe(*filters, received.append))
    return received


async def begin(operation: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start an operation and let it get as far as it can."""
    task = asyncio.create_task(operation)
    # One that the test leaves unsettled fails when its client closes, which nobody asks about.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    await settle()
    return task


async def failure(operation: Awaitable[object], *, timeout: float = 0) -> AblyError:
    """The error of an operation that fails within `timeout` milliseconds of fake time."""
    with pytest.raises(AblyError) as caught:
        await complete(operation, timeout=timeout)
    return caught.value
