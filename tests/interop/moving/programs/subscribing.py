"""Subscribing to every message, to those of one name, and unsubscribing.

Prints:
    all: greeting hello
    all: farewell bye
    named: farewell bye
    all: greeting again
    after: farewell last
"""

import asyncio

from ably import AblyRealtime


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        channel = client.channels.get("subscribing")
        lines = []
        last = asyncio.Event()

        def on_any(message):
            lines.append(f"all: {message.name} {message.data}")

        async def on_farewell(message):
            lines.append(f"named: {message.name} {message.data}")

        def after(message):
            lines.append(f"after: {message.name} {message.data}")
            last.set()

        await channel.subscribe(on_any)
        await channel.subscribe("farewell", on_farewell)
        await channel.publish("greeting", "hello")
        await channel.publish("farewell", "bye")
        await asyncio.sleep(0)
        channel.unsubscribe("farewell", on_farewell)
        await channel.publish("greeting", "again")
        channel.unsubscribe(on_any)
        await channel.subscribe(after)
        await channel.publish("farewell", "last")
        await last.wait()
        channel.unsubscribe()
        print("\n".join(lines))
