"""A program that uses a client as an application would, and prints what blocked its event loop.

It takes the options of the client as JSON on its standard input and prints a JSON list: where each
callback that took too long was, by the debug mode of asyncio. It runs in a process of its own so
that nothing there but the client can block the loop, and so that first uses count.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import re
import sys
from typing import Any

from ably_realtime import AblyRealtime

BLOCKING = 0.01
"""Seconds."""

WHERE = re.compile(r"Executing <(?:Handle (?P<handle>\S+)|.*? coro=<(?P<task>.*?)>)")


class SlowCallbacks(logging.Handler):
    """Collects where callbacks were slow, in words that are the same in each run."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.places: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if found := WHERE.search(record.getMessage()):
            self.places.append(found["handle"] or found["task"])


async def use(options: dict[str, Any]) -> None:
    async with AblyRealtime(**options) as client:
        await client.connection.once_async("connected")
        channels = [client.channels.get(f"busy-{number}") for number in range(20)]
        for channel in channels:
            await channel.subscribe(lambda _: None)
        await asyncio.gather(*(c.publish("event", {"text": "x" * 1_000}) for c in channels))
        await channels[0].presence.enter("data")
        await channels[0].history()
        await client.connection.ping()
        await client.auth.authorize()
        await asyncio.gather(*(channel.detach() for channel in channels))


async def main() -> list[str]:
    slow = SlowCallbacks()
    logging.getLogger("asyncio").addHandler(slow)
    asyncio.get_running_loop().slow_callback_duration = BLOCKING
    await use(json.load(sys.stdin))
    return slow.places


if __name__ == "__main__":
    gc.disable()  # a full collection takes as long, and is not the client's
    json.dump(asyncio.run(main(), debug=True), sys.stdout)
