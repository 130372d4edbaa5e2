"""Watch messages travel: a local server, a REST publisher, a realtime publisher, a subscriber.

Run it with `python3 run.py demo`. It needs no network and ends by itself; the exit code is 1 if a
message did not arrive.
"""

from __future__ import annotations

import asyncio
import sys
import time

from ably_local import LocalAbly
from ably_realtime import AblyError, AblyRealtime, Message

CHANNEL = "orders"
PAYLOADS: list[object] = ["plain text", {"id": 1, "items": ["tea", "cake"]}, b"\x00\x01\x02 bytes"]
DEADLINE = 10.0
"""Seconds for all messages to arrive."""


async def main() -> int:
    """Run the demo; return the exit code."""
    async with LocalAbly() as server:
        print(f"Ably-compatible server on {server.url}, nothing leaves this machine")
        async with AblyRealtime(**server.client_options()) as client:
            await client.connection.once_async("connected")
            print(f"connected over a WebSocket, connection id {client.connection.id}")
            return await exchange(client)


async def exchange(client: AblyRealtime) -> int:
    """Publish each payload over REST and over the socket, and see that all of them arrive."""
    channel = client.channels.get(CHANNEL)
    sent: dict[str, float] = {}
    complete = asyncio.Event()

    def show(message: Message) -> None:
        assert message.name is not None
        latency = (time.perf_counter() - sent.pop(message.name)) * 1000
        print(f"  {message.name:<9} {latency:7.2f} ms  {message.data!r}")
        if not sent:
            complete.set()

    await channel.subscribe(show)
    print(f"subscribed to {CHANNEL!r}; publishing {2 * len(PAYLOADS)} messages")
    by_rest = client.rest.channels.get(CHANNEL)
    for number, payload in enumerate(PAYLOADS, start=1):
        for publish, way in ((by_rest.publish, "rest"), (channel.publish, "realtime")):
            complete.clear()
            name = f"{way}-{number}"
            sent[name] = time.perf_counter()
            await publish(name, payload)

    try:
        async with asyncio.timeout(DEADLINE):
            await complete.wait()
    except TimeoutError:
        print(f"missing after {DEADLINE:g} s: {', '.join(sent)}", file=sys.stderr)
        return 1
    print("all messages arrived")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except AblyError as error:
        sys.exit(f"the demo failed: {error}")
