"""Publishing on a channel, over whatever transport: new messages, or a change to one."""

from __future__ import annotations

from collections.abc import Sequence

from .actor import Actor
from .channel import Channel
from .errors import Code, refusal
from .feed import Origin
from .messages import Message, MessageAction

CHANGES = (MessageAction.UPDATE, MessageAction.DELETE, MessageAction.APPEND)


def publish(
    channel: Channel, messages: Sequence[Message], actor: Actor, origin: Origin
) -> tuple[str, ...]:
    """Publish messages that `actor` sent, and return their serials.

    A message with the action of a change is a change, published alone; its version's serial is
    returned (RTL32).
    """
    if not any(message.action in CHANGES for message in messages):
        return channel.messages.publish(actor.messages(messages), origin)
    if len(messages) != 1:
        raise refusal(Code.INVALID_REQUEST_BODY, "a change to a message is published alone")
    return (change(channel, messages[0], actor, origin),)


def change(channel: Channel, message: Message, actor: Actor, origin: Origin) -> str:
    """Update, delete or append to a message, and return the serial of the new version."""
    before = channel.messages.changeable(message.serial or "")
    author = actor.author_of(message, before, channel.name)
    return channel.messages.amend(message, author, origin)
