"""The usage example of the README: connect, subscribe, publish.

Prints:
    connected
    hello world
"""

import asyncio

from ably import AblyRealtime


async def main(key, **local):
    async with AblyRealtime(key, client_id="me", **local) as client:
        await client.connection.once_async("connected")
        print("connected")
        arrived = asyncio.Event()

        def on_message(message):
            print(message.data)
            arrived.set()

        channel = client.channels.get("readme")
        await channel.subscribe(on_message)
        await channel.publish("test-event", "hello world")
        await arrived.wait()
