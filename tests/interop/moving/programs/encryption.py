"""An encrypted channel, its cipher given by keyword to `channels.get`.

Prints:
    a secret
"""

import asyncio

from ably import AblyRealtime
from ably import CipherParams


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        cipher = CipherParams(secret_key=b"0123456789abcdef0123456789abcdef")
        channel = client.channels.get("encrypted", cipher=cipher)
        arrived = asyncio.Event()

        def on_message(message):
            print(message.data)
            arrived.set()

        await channel.subscribe(on_message)
        await channel.publish("event", "a secret")
        await arrived.wait()
