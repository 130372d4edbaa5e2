"""Connection states: listeners, waiting, a ping, closing, connecting by hand.

Prints:
    initialized
    connecting
    connected
    pinged True
    closed
    heard both
"""

import asyncio

from ably import AblyRealtime


async def main(key, **local):
    client = AblyRealtime(key, auto_connect=False, **local)
    print(client.connection.state.value)
    heard = []

    def every(change):
        heard.append(change.current.value)
        if change.current in ("connecting", "connected"):
            print(change.current.value)

    def only_connected(change):
        heard.append(f"only {change.current.value}")

    client.connection.on(every)
    client.connection.on("connected", only_connected)
    client.connect()
    await client.connection.once_async("connected")
    await asyncio.sleep(0)
    print("pinged", await client.connection.ping() > 0)

    client.connection.off(every)
    await client.close()
    print(client.connection.state.value)
    print("heard", "both" if {"connected", "only connected"} <= set(heard) else heard)
    client.connection.off()
