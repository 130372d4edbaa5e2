"""The getting started page: watch the connection, exchange a message, read the history.

Prints:
    first connection
    received A message from my first client
    in history ['A message from my first client']
"""

import asyncio

from ably import AblyRealtime


async def main(key, **local):
    async with AblyRealtime(key, client_id="my-first-client", **local) as client:
        announced = asyncio.Event()

        def on_state_change(state_change):
            if state_change.current.value == "connected":
                print("first connection")
                announced.set()

        client.connection.on(on_state_change)
        await client.connection.once_async("connected")
        await announced.wait()

        channel = client.channels.get("my-first-channel")
        arrived = asyncio.Event()

        def on_message(message):
            print(f"received {message.data}")
            arrived.set()

        await channel.subscribe(on_message)
        await channel.publish("example", "A message from my first client")
        await arrived.wait()

        history = await channel.history()
        print("in history", [message.data for message in history.items])
