"""Rewind, asked for in the channel's name.

Prints:
    earlier
"""

import asyncio

from ably import AblyRealtime


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        await client.channels.get("rewinding").publish("event", "earlier")
        channel = client.channels.get("[?rewind=1]rewinding")
        arrived = asyncio.Event()

        def listener(message):
            print(message.data)
            arrived.set()

        await channel.subscribe(listener)
        await arrived.wait()
