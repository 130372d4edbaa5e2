"""A metachannel: events about channels.

Prints:
    channel.opened watched
"""

import asyncio

from ably import AblyRealtime


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        channel = client.channels.get("[meta]channel.lifecycle")
        opened = asyncio.Event()

        def on_opened(message):
            if message.data["channelId"] == "watched":
                print(message.name, "watched")
                opened.set()

        await channel.subscribe("channel.opened", on_opened)
        await client.channels.get("watched").attach()
        await opened.wait()
