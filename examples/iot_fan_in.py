"""Many devices publish faster than their one consumer can store: it keeps the newest of each.

    python -m examples.iot_fan_in --devices 20 --readings 50

Every device has a channel of its own, so that a reading travels as the difference to the one before
(`delta`). The consumer's streams hold one reading each and drop the older: what waits stays bounded
however slow the store is, each device's readings come in order, and its last one is never lost.
Shown here: deltas, bounded streams with an overflow policy, and how many readings they dropped.
Deltas need the extra: `pip install 'ably-realtime[delta]'`.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass, field
from typing import Any

from ably_realtime import AblyRealtime, ChannelOptions
from examples.where import ably_options, run

DELTAS = ChannelOptions(params={"delta": "vcdiff"})
SITE = {"site": "roof of the north building", "firmware": "4.2.1", "unit": "celsius"}


@dataclass
class Store:
    """A slow store of the state of each device: one write at a time."""

    latest: dict[str, int] = field(default_factory=dict)
    written: int = 0
    dropped: int = 0
    as_delta: int = 0
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, device: str, reading: dict[str, Any]) -> None:
        """Keep a reading; those of one device have to come in order."""
        async with self._writing:
            await asyncio.sleep(0.002)  # the database
            assert reading["number"] > self.latest.get(device, -1), "out of order"
            self.latest[device] = reading["number"]
            self.written += 1


async def publish_readings(client: AblyRealtime, device: str, readings: int) -> None:
    """A device: it publishes as fast as the server takes it."""
    channel = client.channels.get(f"device:{device}")
    for number in range(readings):
        await channel.publish("reading", {**SITE, "number": number, "value": 20 + number % 5})


async def consume(
    client: AblyRealtime, device: str, last: int, store: Store, ready: asyncio.Barrier
) -> None:
    """Store the readings of one device until its last."""
    channel = client.channels.get(f"device:{device}", DELTAS)
    async with channel.messages("reading", max_pending=1, overflow="drop_oldest") as stream:
        await ready.wait()
        async for message in stream:
            store.as_delta += "delta" in (message.extras or {})
            await store.write(device, message.data)
            if message.data["number"] == last:
                break
        store.dropped += stream.dropped


async def fan_in(devices: int, readings: int, *, local: bool) -> None:
    """Let the devices publish, and say what became of it."""
    names = [f"{number:03}" for number in range(devices)]
    store, ready = Store(), asyncio.Barrier(devices + 1)
    async with (
        ably_options(local=local) as options,
        AblyRealtime(**options) as consumer,
        AblyRealtime(**options) as publisher,
        asyncio.TaskGroup() as group,
    ):
        for name in names:
            group.create_task(consume(consumer, name, readings - 1, store, ready))
        await ready.wait()
        for name in names:
            group.create_task(publish_readings(publisher, name, readings))
    print(f"{devices} devices published {devices * readings} readings")
    print(f"{store.written} stored, {store.dropped} overtaken by a newer one")
    print(f"{store.as_delta} of those stored came as a delta")
    print(f"last reading stored for {list(store.latest.values()).count(readings - 1)} devices")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Many devices, one slow consumer.")
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--readings", type=int, default=50, help="of each device")
    parser.add_argument("--local", action="store_true", help="start a server, whatever is set")
    given = parser.parse_args()
    run(fan_in(given.devices, given.readings, local=given.local))
