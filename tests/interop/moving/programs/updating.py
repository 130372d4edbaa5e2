"""Updating, deleting and appending to a published message.

Prints:
    message.create original
    message.update updated for a reason
    message.delete
    history Hello, World!
    one version more True
"""

import asyncio

from ably import AblyRealtime
from ably import MessageAction, MessageOperation
from ably.types.message import Message

NAMES = {
    MessageAction.MESSAGE_CREATE: "message.create",
    MessageAction.MESSAGE_UPDATE: "message.update",
    MessageAction.MESSAGE_DELETE: "message.delete",
}


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        channel = client.channels.get("mutable:updates")
        received = asyncio.Queue()
        await channel.subscribe(received.put_nowait)
        serial = (await channel.publish("name", "original")).serials[0]
        operation = MessageOperation(description="for a reason")
        result = await channel.update_message(Message(data="updated", serial=serial), operation)
        await channel.delete_message(Message(data="", serial=serial), operation)
        first, second, third = [await received.get() for _ in range(3)]
        print(NAMES[first.action], first.data)
        print(NAMES[second.action], second.data, second.version.description)
        print(NAMES[third.action])

        channel = client.channels.get("mutable:appends")
        serial = (await channel.publish("name", "Hello")).serials[0]
        for part in (", ", "World", "!"):
            await channel.append_message(Message(data=part, serial=serial))
        latest = await channel.get_message(serial)
        print("history", latest.data)
        versions = await client.channels.get("mutable:updates").get_message_versions(first.serial)
        print(
            "one version more", result.version_serial in [m.version.serial for m in versions.items]
        )
