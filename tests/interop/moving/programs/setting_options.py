"""Channel options as a dict, as keywords, set later, and the modes and params that result.

Prints:
    {'rewind': '1'}
    subscribe only True
    {'delta': 'vcdiff'}
    refused 40000
"""

from ably import AblyRealtime
from ably import AblyException, ChannelMode, ChannelOptions


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        first = client.channels.get("options:1", {"params": {"rewind": "1"}})
        await first.attach()
        print(dict(first.params))

        second = client.channels.get("options:2", modes=[ChannelMode.SUBSCRIBE])
        await second.attach()
        print("subscribe only", list(second.modes) == [ChannelMode.SUBSCRIBE])

        third = client.channels.get("options:3")
        await third.set_options(ChannelOptions(params={"delta": "vcdiff"}))
        await third.attach()
        print(dict(third.params))
        try:
            client.channels.get("options:3", ChannelOptions(params={"rewind": "1"}))
        except AblyException as error:
            print("refused", error.code)
