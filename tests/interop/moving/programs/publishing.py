"""Publishing a name and data, a message with extras, dicts, and lists of messages.

Prints:
    serials 1
    serials 1
    serials 1
    serials 1
    serials 2
    example 'message data' None
    ice-cream 'test' strawberry
    one 'payload' None
    None [1, 2] None
    two {'a': 1} None
    three b'bytes' None
"""

import asyncio

from ably import AblyRealtime
from ably.types.message import Message


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        channel = client.channels.get("publishing")
        received = asyncio.Queue()
        await channel.subscribe(received.put_nowait)

        extras = {"headers": {"flavor": "strawberry", "cost": 35}}
        for publishing in (
            channel.publish("example", "message data"),
            channel.publish(Message(name="ice-cream", data="test", extras=extras)),
            channel.publish([{"name": "one", "data": "payload", "id": "unique123"}]),
            channel.publish({"data": [1, 2]}),
            channel.publish([Message("two", {"a": 1}), Message("three", b"bytes")]),
        ):
            result = await publishing
            print("serials", len([serial for serial in result.serials if serial]))

        for _ in range(6):
            message = await received.get()
            flavor = (message.extras or {}).get("headers", {}).get("flavor")
            data = bytes(message.data) if message.name == "three" else message.data
            print(message.name, repr(data), flavor)
