"""Channel states: attach, detach, listeners, and an attach that is refused.

Prints:
    initialized
    attached
    chatroom heard attached
    detached
    heard ['attaching', 'attached', 'detaching', 'detached']
    refused 40160
    failed
"""

import asyncio

from ably import AblyRealtime
from ably import AblyException


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        await client.connection.once_async("connected")
        channel = client.channels.get("chatroom")
        print(channel.state.value)
        heard = []

        def on_change(change):
            heard.append(change.current.value)

        def on_attached(change):
            print(f"{channel.name} heard {change.current.value}")

        channel.on(on_change)
        await channel.attach()
        print(channel.state.value)
        channel.on("attached", on_attached)
        await channel.detach()
        channel.off(on_change)
        await channel.attach()
        channel.off()
        await channel.detach()
        print(channel.state.value)
        print("heard", heard)

    limited = {
        **local,
        "use_token_auth": True,
        "default_token_params": {"capability": {"public:*": ["*"]}},
    }
    async with AblyRealtime(key, **limited) as client:
        await client.connection.once_async("connected")
        private = client.channels.get("private:chatroom")
        try:
            await private.attach()
        except AblyException as error:
            print("refused", error.code)
        await asyncio.sleep(0)
        print(private.state.value)
