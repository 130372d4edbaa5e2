"""The synchronous client as its users would write with it, for the type checkers.

What is the same as in `users_code` is checked there: the facades are written from those types.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import assert_type

from ably_realtime.sync import (
    AblyRealtime,
    Annotations,
    Channel,
    Channels,
    Connection,
    ConnectionStateChange,
    Message,
    MessageFilter,
    Presence,
    PresenceMessage,
    PublishResult,
    Stream,
    Subscription,
    UpdateDeleteResult,
)


def show(*values: object) -> None:
    """Whatever a user does with values."""


def make() -> None:
    AblyRealtime("app.key:secret", callback_executor=ThreadPoolExecutor(4), client_id="me")
    AblyRealtime(kee="app.key:secret")  # type: ignore[call-arg]
    AblyRealtime(key="app.key:secret", callback_executor="main")  # type: ignore[arg-type]


def use(client: AblyRealtime) -> None:
    assert_type(client.connection, Connection)
    assert_type(client.connection.when_state("connected"), ConnectionStateChange | None)
    client.connection.when_state("connected", lambda change: show(change and change.reason))
    assert_type(client.connection.once_async("connected", timeout=5), ConnectionStateChange | None)
    assert_type(client.connection.on("failed", lambda change: show(change.reason)), Subscription)
    client.connection.on(lambda change: change.retry)  # type: ignore[attr-defined]
    assert_type(client.connection.ping(timeout=1_000), float)
    assert_type(client.channels, Channels)
    assert_type(client.time(), int)
    for change in client.connection.changes(timeout=1.5):
        assert_type(change, ConnectionStateChange)
    client.close(timeout=5)


def talk(client: AblyRealtime) -> None:
    channel = client.channels.get("orders")
    assert_type(channel, Channel)
    assert_type([each.name for each in client.channels], list[str])
    channel.attach(timeout=500)
    result = channel.publish("created", {"id": 1}, timeout=500)
    assert_type(result, PublishResult)
    channel.publish(Message(name="created"), timeout=500)
    channel.publish([{"name": "a"}, {"name": "b"}], params={"quickAck": "true"}, timeout=500)
    channel.publish("created", timeout="soon")  # type: ignore[call-overload]
    assert_type(channel.update_message("serial"), UpdateDeleteResult)
    assert_type(channel.subscribe(MessageFilter(is_ref=True), on_message, timeout=5), Subscription)
    channel.subscribe(lambda message: show(message.data))
    channel.subscribe("created")  # type: ignore[call-overload]
    channel.subscribe("created", on_message).unsubscribe()
    with channel.messages("created", overflow="drop_oldest", timeout=500) as stream:
        assert_type(stream, Stream[Message])
        assert_type(next(stream), Message)
        assert_type([message.name for message in stream], list[str | None])
        assert_type(stream.dropped, int)
    assert_type(channel.presence, Presence)
    assert_type(channel.presence.get(timeout=500), list[PresenceMessage])
    channel.presence.enter("here", timeout=500)
    assert_type(channel.annotations, Annotations)
    client.channels.release("orders", timeout=500)


def on_message(message: Message) -> None:
    show(message.name)


def main() -> None:
    with AblyRealtime("app.key:secret") as client:
        assert_type(client, AblyRealtime)
        use(client)
        talk(client)
