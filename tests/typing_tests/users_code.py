"""Code as its users would write it, for the type checkers: what it does is beside the point.

Both have to accept every line but those marked as an error, and to find the error there.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import assert_type

from ably import AblyException  # pyright: ignore[reportMissingTypeStubs]

from ably_realtime import (
    AblyError,
    AblyRealtime,
    Annotation,
    Channel,
    ChannelEvent,
    ChannelMode,
    ChannelOptions,
    ChannelProperties,
    ChannelState,
    ChannelStateChange,
    CipherParams,
    ClientOptions,
    Connection,
    ConnectionEvent,
    ConnectionState,
    ConnectionStateChange,
    DeriveOptions,
    Message,
    MessageAction,
    MessageFilter,
    MessageOperation,
    Presence,
    PresenceAction,
    PresenceMessage,
    PublishResult,
    Stream,
    Subscription,
    UpdateDeleteResult,
    generate_random_key,
)


def show(*values: object) -> None:
    """Whatever a user does with values."""


# Making a client


def make() -> list[AblyRealtime]:
    shared: ClientOptions = {"key": "app.key:secret", "client_id": "me", "auto_connect": False}
    return [
        AblyRealtime("app.key:secret"),
        AblyRealtime(key="app.key:secret", client_id="me", echo_messages=False),
        AblyRealtime(token="token", disconnected_retry_timeout=500, tls=True),
        AblyRealtime(auth_callback=fetch_token, transport_params={"remainPresentFor": 500}),
        AblyRealtime(**shared),
    ]


async def fetch_token(params: dict[str, object]) -> str:
    return "token"


def make_wrong() -> None:
    AblyRealtime(kee="app.key:secret")  # type: ignore[call-arg]
    AblyRealtime(key=5)  # type: ignore[arg-type]
    AblyRealtime(tls="no")  # type: ignore[arg-type]
    AblyRealtime("app.key:secret", "me")  # type: ignore[call-arg]
    AblyRealtime(fallback_hosts=[1])  # type: ignore[list-item]


# The connection


async def watch(client: AblyRealtime) -> None:
    connection = client.connection
    assert_type(connection, Connection)
    assert_type(connection.state, ConnectionState)
    assert_type(connection.id, str | None)
    assert_type(connection.error_reason, AblyError | None)
    assert_type(client.client_id, str | None)

    connection.on(on_connection)
    assert_type(connection.on("connected", on_connection), Subscription)
    connection.on(ConnectionEvent.FAILED, on_connection_later)
    connection.once("closed", lambda change: show(change.retry_in))
    connection.off(on_connection)
    connection.off()
    connection.on(on_message)  # type: ignore[arg-type]
    connection.on(lambda change: change.retry)  # type: ignore[attr-defined]
    connection.on("connected")  # type: ignore[call-overload]

    assert_type(await connection.once_async("connected"), ConnectionStateChange | None)
    assert_type(await connection.ping(), float)
    assert_type(connection.create_recovery_key(), str | None)
    connection.when_state(ConnectionState.CONNECTED, lambda change: show(change and change.reason))
    if connection.state is ConnectionState.CONNECTED or client.connection.state == "connecting":
        await client.close()
    connection.state = ConnectionState.CLOSED  # type: ignore[misc]

    async with connection.changes() as changes:
        async for change in changes:
            assert_type(change, ConnectionStateChange)


def on_connection(change: ConnectionStateChange) -> None:
    assert_type(change.previous, ConnectionState)
    assert_type(change.current, ConnectionState)
    assert_type(change.event, ConnectionEvent)
    assert_type(change.reason, AblyError | None)
    assert_type(change.retry_in, float | None)
    change.reason = None  # type: ignore[misc]
    if change.reason is not None:
        explain(change.reason)


async def on_connection_later(change: ConnectionStateChange) -> None:
    show(change.current.upper())


def explain(error: AblyError) -> None:
    assert_type(error.code, int)
    assert_type(error.status_code, int)
    assert_type(error.message, str)
    assert_type(error.hint, str | None)
    assert_type(error.href, str)
    assert_type(error.cause, BaseException | None)
    raise AblyError(code=40000, status_code=400, message="no") from error


async def catch(channel: Channel) -> None:
    try:
        await channel.attach()
    except AblyException as error:  # of `ably`, whose class pyright takes for another one
        if isinstance(error, AblyError):
            explain(error)
    try:
        await channel.detach()
    except AblyError as error:
        explain(error)
    except AblyException:
        pass


def confuse() -> None:
    AblyError("no", 400, 40000)  # type: ignore[call-arg, arg-type]


# Channels


async def use_channels(client: AblyRealtime) -> None:
    channel = client.channels.get("orders", ChannelOptions(params={"rewind": "1"}))
    assert_type(channel, Channel)
    assert_type(client.channels["orders"], Channel)
    assert_type(client.channels.get_derived("orders", DeriveOptions(filter="x")), Channel)
    assert_type([each.name for each in client.channels], list[str])
    assert_type(channel.state, ChannelState)
    assert_type(channel.properties, ChannelProperties)
    assert_type(channel.properties.attach_serial, str | None)
    assert_type(channel.modes, frozenset[ChannelMode])
    assert_type(channel.params, dict[str, str])
    assert_type(channel.options, ChannelOptions)
    channel.name = "other"  # type: ignore[misc]

    await channel.attach()
    await channel.set_options(
        ChannelOptions(
            modes=[ChannelMode.SUBSCRIBE, ChannelMode.PUBLISH],
            cipher=CipherParams(key=generate_random_key()),
        )
    )
    ChannelOptions(modes=["subscribe"])  # type: ignore[list-item]
    ChannelOptions(rewind=1)  # type: ignore[call-arg]
    assert_type(ChannelOptions.with_cipher_key("a" * 24), ChannelOptions)

    channel.on(on_channel)
    channel.on("attached", lambda change: show(change.resumed))
    channel.on(ChannelEvent.UPDATE, on_channel)
    channel.on(on_connection)  # type: ignore[arg-type]
    assert_type(await channel.once_async("attached"), ChannelStateChange | None)
    gaps = channel.on_discontinuity(lambda reason: show(reason.code if reason else "unknown"))
    assert_type(gaps, Subscription)
    async with channel.changes(max_pending=100, overflow="drop_newest") as changes:
        assert_type(await anext(changes), ChannelStateChange)
    channel.on_discontinuity(lambda reason: show(reason.code))  # type: ignore[union-attr]
    await channel.detach()
    await client.channels.release("orders")


def on_channel(change: ChannelStateChange) -> None:
    assert_type(change.current, ChannelState)
    assert_type(change.event, ChannelEvent)
    assert_type(change.resumed, bool)
    assert_type(change.has_backlog, bool)


# Subscribing


class Consumer:
    def on_message(self, message: Message) -> None:
        show(message.name)

    async def on_message_later(self, message: Message) -> None:
        show(message.name)

    def __call__(self, message: Message) -> None:
        show(message.name)


async def subscribe(channel: Channel) -> None:
    subscription = await channel.subscribe(on_message)
    assert_type(subscription, Subscription)
    subscription.unsubscribe()
    consumer = Consumer()
    await channel.subscribe("created", on_message_later)
    await channel.subscribe(["created", "deleted"], consumer.on_message)
    await channel.subscribe(name for name in ("created", "deleted"))  # type: ignore[call-overload]
    await channel.subscribe({"created": 1, "deleted": 2}.keys(), consumer.on_message)
    await channel.subscribe(MessageFilter(name="created", is_ref=True), consumer.on_message_later)
    await channel.subscribe(consumer)
    await channel.subscribe(partial(on_message_for, "me"))
    await channel.subscribe(lambda message: show(message.data))
    await channel.subscribe(show)
    forward: Callable[[Message], Awaitable[PublishResult]] = channel.publish
    await channel.subscribe(forward)

    await channel.subscribe("created")  # type: ignore[call-overload]
    await channel.subscribe(on_connection)  # type: ignore[arg-type]
    await channel.subscribe(on_message, "created")  # type: ignore[call-overload]
    await channel.subscribe(lambda: None)  # type: ignore[arg-type, misc]

    channel.unsubscribe()
    channel.unsubscribe(on_message)
    channel.unsubscribe("created", on_message_later)
    channel.unsubscribe("created")  # type: ignore[call-overload]


def on_message(message: Message) -> None:
    assert_type(message.name, str | None)
    assert_type(message.client_id, str | None)
    assert_type(message.timestamp, int | None)
    assert_type(message.action, MessageAction | None)
    assert_type(message.serial, str | None)
    show(message.text)  # type: ignore[attr-defined]


async def on_message_later(message: Message) -> None:
    show(message)


def on_message_for(user: str, message: Message) -> None:
    show(user, message)


# Iterating


async def iterate(channel: Channel) -> None:
    async with channel.messages("created", max_pending=10, overflow="drop_oldest") as stream:
        assert_type(stream, Stream[Message])
        async for message in stream:
            assert_type(message, Message)
        assert_type(await anext(stream), Message)
        assert_type(stream.dropped, int)
    async with channel.presence.messages() as arrivals:
        assert_type([member async for member in arrivals], list[PresenceMessage])
    channel.messages(overflow="explode")  # type: ignore[arg-type]
    for _ in channel.messages():  # type: ignore[attr-defined]
        pass


# Publishing


async def publish(channel: Channel) -> None:
    result = await channel.publish("created", {"id": 1})
    assert_type(result, PublishResult)
    assert_type(result.serials, tuple[str | None, ...])
    await channel.publish("created")
    await channel.publish(None, b"bytes")
    await channel.publish(name="created", data="text", client_id="me")
    await channel.publish(Message(name="created", data=[1, 2], extras={"headers": {"a": "b"}}))
    await channel.publish({"name": "created", "data": None})
    await channel.publish([Message(name="a"), Message(name="b")], params={"quickAck": "true"})
    await channel.publish([{"name": "a"}, {"name": "b"}])
    await channel.publish(5)  # type: ignore[call-overload]
    Message(name=5)  # type: ignore[arg-type]
    Message(title="created")  # type: ignore[call-arg]
    show(result.serial)  # type: ignore[attr-defined]

    changed = await channel.update_message(
        Message(serial="s", data="better"), MessageOperation(description="typo")
    )
    assert_type(changed, UpdateDeleteResult)
    assert_type(changed.version_serial, str | None)
    assert_type(await channel.get_message("serial"), Message)
    await channel.delete_message(await channel.get_message("serial"))


# Presence and annotations


async def meet(channel: Channel) -> None:
    presence = channel.presence
    assert_type(presence, Presence)
    await presence.enter({"status": "here"})
    await presence.update("away")
    await presence.leave()
    await presence.enter_client("other", data=None)
    members = await presence.get(client_id="other", wait_for_sync=False)
    assert_type(members, list[PresenceMessage])
    assert_type(members[0].action, PresenceAction)
    assert_type(presence.sync_complete, bool)
    assert_type(await presence.subscribe("enter", on_presence), Subscription)
    await presence.subscribe([PresenceAction.ENTER, "leave"], on_presence)
    await presence.subscribe(on_message)  # type: ignore[arg-type]
    presence.unsubscribe(PresenceAction.ENTER, on_presence)


async def on_presence(member: PresenceMessage) -> None:
    assert_type(member.client_id, str | None)
    assert_type(member.member_key, str)


async def react(channel: Channel, message: Message) -> None:
    like = Annotation(type="reaction:distinct.v1", name="like")
    await channel.annotations.publish(message, like)
    await channel.annotations.publish("serial", {"type": "reaction:distinct.v1", "name": "like"})
    await channel.annotations.delete(message, like)
    await channel.annotations.subscribe("reaction:distinct.v1", lambda found: show(found.count))
    await channel.annotations.subscribe(on_message)  # type: ignore[arg-type]


# All of it


async def main() -> None:
    async with AblyRealtime("app.key:secret") as client:
        assert_type(client, AblyRealtime)
        client.connect()
        await watch(client)
        await use_channels(client)
        assert_type(await client.time(), int)
