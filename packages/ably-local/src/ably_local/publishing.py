"""Publishing on a channel, over whatever transport: new messages, or a change to one.

Messages that carry a push notification also reach the devices that are subscribed to their channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from .actor import Actor
from .apps import App
from .channel import Channel
from .errors import Code, refusal
from .feed import Origin
from .messages import Message, MessageAction, Payload
from .push import Delivery

CHANGES = (MessageAction.UPDATE, MessageAction.DELETE, MessageAction.APPEND)
PUSH_MESSAGE = "__ably_push__"
PUSH_DELAY = 100


def publish(
    app: App, channel: Channel, messages: Sequence[Message], actor: Actor, origin: Origin
) -> tuple[str, ...]:
    """Publish messages that `actor` sent on a channel of `app`, and return their serials.

    A message with the action of a change is a change, published alone; its version's serial is
    returned (RTL32).
    """
    if not any(message.action in CHANGES for message in messages):
        before = channel.feed.stream.position
        serials = channel.messages.publish(actor.messages(messages), origin)
        if channel.feed.stream.position != before:  # else they had been published before
            _notify(app, channel, messages)
        return serials
    if len(messages) != 1:
        raise refusal(Code.INVALID_REQUEST_BODY, "a change to a message is published alone")
    return (change(channel, messages[0], actor, origin),)


def change(channel: Channel, message: Message, actor: Actor, origin: Origin) -> str:
    """Update, delete or append to a message, and return the serial of the new version."""
    before = channel.messages.changeable(message.serial or "")
    author = actor.author_of(message, before, channel.name)
    return channel.messages.amend(message, author, origin)


def deliver(app: App, deliveries: Sequence[Delivery]) -> None:
    """Publish notifications on the channels that stand for devices under test."""
    for delivery in deliveries:
        message = Message(name=PUSH_MESSAGE, payload=Payload(data=delivery.payload))
        app.channels.get(delivery.channel).messages.publish([message], Origin.rest())


def _notify(app: App, channel: Channel, messages: Sequence[Message]) -> None:
    """Notify the devices subscribed to a channel, a little after the publish is acknowledged."""
    if not app.namespace(channel.name).push_enabled:
        return
    for message in messages:
        deliveries = app.push.notify(channel.name, (message.extras or {}).get("push"))
        if deliveries:
            app.clock.call_later(PUSH_DELAY, partial(deliver, app, deliveries))
