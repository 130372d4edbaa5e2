"""Delta compression, asked for in channel options, with the decoder that `ably` brings.

Prints:
    {'reading': 1, 'unit': 'celsius', 'place': 'the roof of the house'}
    {'reading': 2, 'unit': 'celsius', 'place': 'the roof of the house'}
"""

import asyncio

from ably import AblyRealtime
from ably import AblyVCDiffDecoder, ChannelOptions


async def main(key, **local):
    async with AblyRealtime(key, vcdiff_decoder=AblyVCDiffDecoder(), **local) as client:
        channel = client.channels.get("deltas", ChannelOptions(params={"delta": "vcdiff"}))
        both = asyncio.Event()
        readings = []

        def on_message(message):
            print(message.data)
            readings.append(message)
            if len(readings) == 2:
                both.set()

        await channel.subscribe(on_message)
        for number in (1, 2):
            place = "the roof of the house"
            await channel.publish("r", {"reading": number, "unit": "celsius", "place": place})
        await both.wait()
