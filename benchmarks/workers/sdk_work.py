"""The work, as an application would write it for either realtime client for Python.

`ably_js.mjs` is the same in JavaScript.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ably.types.channeloptions import ChannelOptions
from ably.util.crypto import get_default_params

from ..stub.wire import KEY
from .worker import Countdown, median, milliseconds_since, percentiles, resident_bytes

TEXT = "x" * 64

_BYTECODE = Path(__file__).parents[2] / "build" / "benchmarks" / "bytecode"

_TIME_IMPORTS = """
import sys
import time

for name in sys.argv[1:]:
    began = time.perf_counter()
    __import__(name)
    print((time.perf_counter() - began) * 1e3)
"""


class SdkWork:
    """What a client can be asked to do; every method returns its measurements by name.

    `new_client` makes a client for a port, in MessagePack or not. `modules` are to be imported in
    this order, the client's own last.
    """

    def __init__(self, new_client: Callable[[int, bool], Any], modules: tuple[str, ...]) -> None:
        self._new_client = new_client
        self._modules = modules

    async def receive(
        self, port: int, binary: bool, size: int, batch: int, count: int
    ) -> dict[str, float]:
        """Messages delivered to one listener, a second."""
        async with self._connected(port, binary=binary) as client:
            countdown = Countdown(count)
            channel = client.channels.get(f"flood:{size}:{batch}:{count}")
            began = time.perf_counter()
            await channel.subscribe(countdown.heard)
            return {"rate": count / await countdown.seconds_since(began)}

    async def receive_encrypted(self, port: int, size: int, count: int) -> dict[str, float]:
        """Encrypted messages delivered, a second."""
        options = ChannelOptions(cipher=get_default_params({"key": KEY}))
        return await self._receive(port, f"encrypted:{size}:{count}", options, count)

    async def receive_deltas(self, port: int, size: int, count: int) -> dict[str, float]:
        """Messages delivered that came as deltas, a second."""
        options = ChannelOptions(params={"delta": "vcdiff"})
        return await self._receive(port, f"deltas:{size}:{count}", options, count)

    async def listeners(self, port: int, listeners: int, count: int) -> dict[str, float]:
        """Calls of listeners a second, with so many on one channel."""
        async with self._connected(port) as client:
            countdown = Countdown(listeners * count)
            channel = client.channels.get(f"flood:64:1:{count}")
            began = time.perf_counter()
            # The first subscribes at once, and the server's answer comes after the last has.
            await asyncio.gather(
                *(channel.subscribe(_another(countdown.heard)) for _ in range(listeners))
            )
            return {"rate": listeners * count / await countdown.seconds_since(began)}

    async def leave_storm(self, port: int, count: int) -> dict[str, float]:
        """The time in which so many members leave."""
        async with self._connected(port) as client:
            presence = client.channels.get(f"members:{count}").presence
            countdown = Countdown(count)
            await presence.subscribe("leave", countdown.heard)
            assert len(await presence.get()) == count
            began = time.perf_counter()
            await client.channels.get(f"leaves:{count}").attach()
            took = await countdown.seconds_since(began)
            assert not await presence.get()
            return {"time": took * 1e3}

    async def alive(self, port: int, count: int) -> dict[str, float]:
        """What is there after so many messages that was not there after a tenth of them."""
        async with self._connected(port) as client:
            await self._flood(client, count // 10)
            objects, resident = _alive(), resident_bytes()
            await self._flood(client, count)
            return {
                "objects": _alive() - objects,
                "memory": (resident_bytes() - resident) / 1024,
            }

    async def publish(self, port: int, in_flight: int, count: int) -> dict[str, float]:
        """Messages acknowledged a second, with so many on their way at any time."""
        async with self._connected(port) as client:
            channel = client.channels.get("sink")
            await channel.attach()

            async def publish_in_turn() -> None:
                for _ in range(count // in_flight):
                    await channel.publish("event", TEXT)

            began = time.perf_counter()
            await asyncio.gather(*(publish_in_turn() for _ in range(in_flight)))
            return {"rate": count / (time.perf_counter() - began)}

    async def acknowledge(self, port: int, count: int) -> dict[str, float]:
        """The time from a publish to its ACK, one at a time."""
        durations = []
        async with self._connected(port) as client:
            channel = client.channels.get("prompt")
            await channel.attach()
            for _ in range(count):
                began = time.perf_counter()
                await channel.publish("event", TEXT)
                durations.append(time.perf_counter() - began)
        return percentiles(durations)

    async def echo(self, port: int, count: int) -> dict[str, float]:
        """The time from a publish to its delivery to a listener of the same client."""
        durations = []
        async with self._connected(port) as client:
            channel = client.channels.get("echo")
            heard = asyncio.Event()
            began = 0.0

            def listener(_message: Any) -> None:
                durations.append(time.perf_counter() - began)
                heard.set()

            await channel.subscribe(listener)
            for _ in range(count):
                heard.clear()
                began = time.perf_counter()
                await channel.publish("event", TEXT)
                await heard.wait()
        return percentiles(durations)

    async def attach(self, port: int, count: int) -> dict[str, float]:
        """The time to attach so many new channels at once."""
        async with self._connected(port) as client:
            began = time.perf_counter()
            await asyncio.gather(*(client.channels.get(f"c:{n}").attach() for n in range(count)))
            return {"time": milliseconds_since(began)}

    async def channel_memory(self, port: int, count: int) -> dict[str, float]:
        """What an attached channel adds to the memory of the process."""
        at_once = 100
        async with self._connected(port) as client:
            before = 0
            for first in range(-10 * at_once, count, at_once):
                if first == 0:  # what is needed once for all is there by now
                    before = resident_bytes()
                names = [f"c:{number}" for number in range(first, first + at_once)]
                await asyncio.gather(*(client.channels.get(name).attach() for name in names))
            return {"each": (resident_bytes() - before) / count}

    async def presence(self, port: int, count: int) -> dict[str, float]:
        """The time to attach a channel and know its members."""
        async with self._connected(port) as client:
            began = time.perf_counter()
            members = await client.channels.get(f"members:{count}").presence.get()
            took = milliseconds_since(began)
            assert len(members) == count
            return {"time": took}

    async def member_memory(self, port: int, count: int) -> dict[str, float]:
        """What a known member adds to the memory of the process."""
        async with self._connected(port) as client:
            await client.channels.get("members:1000").presence.get()  # what all share is there now
            before = resident_bytes()
            members = await client.channels.get(f"members:{count}").presence.get()
            del members
            return {"each": (resident_bytes() - before) / count}

    async def connect(self, port: int, count: int) -> dict[str, float]:
        """The time from making a client to CONNECTED."""
        durations = []
        for _ in range(count):
            began = time.perf_counter()
            async with self._connected(port):
                durations.append(milliseconds_since(began))
        return {"p50": median(durations)}

    async def client_memory(self, port: int, count: int) -> dict[str, float]:
        """What a connected client adds to the memory of the process."""
        async with self._connected(port):
            before = resident_bytes()
            clients = [await self._connect(port) for _ in range(count)]
            added = resident_bytes() - before
            for client in clients:
                await client.close()
        return {"each": added / count / 1024}

    async def import_time(self, port: int) -> dict[str, float]:
        """The time to import the client into a fresh interpreter, and beyond what it stands on."""
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(_BYTECODE)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        output = b""
        for _ in range(2):  # the first time may have to compile
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _TIME_IMPORTS, *self._modules, stdout=PIPE, env=environment
            )
            output, _ = await process.communicate()
        times = [float(line) for line in output.split()]
        beyond = {"beyond": times[-1]} if len(times) > 1 else {}
        return {"total": sum(times), **beyond}

    async def reconnect(self, port: int, count: int) -> dict[str, float]:
        """The times from a reset of the socket to CONNECTED, and to all channels attached."""
        async with self._connected(port) as client:
            channels = [client.channels.get(f"c:{number}") for number in range(count)]
            await asyncio.gather(*(channel.attach() for channel in channels))
            attached = Countdown(count)
            connected = Countdown(1)
            client.connection.on("connected", connected.heard)
            for channel in channels:
                channel.on("attached", attached.heard)
            began = time.perf_counter()
            await client.channels.get("reset").attach()
            return {
                "connected": await connected.seconds_since(began) * 1e3,
                "attached": await attached.seconds_since(began) * 1e3,
            }

    async def _receive(
        self, port: int, channel_name: str, options: ChannelOptions, count: int
    ) -> dict[str, float]:
        async with self._connected(port) as client:
            countdown = Countdown(count)
            channel = client.channels.get(channel_name, options)
            began = time.perf_counter()
            await channel.subscribe(countdown.heard)
            return {"rate": count / await countdown.seconds_since(began)}

    async def _flood(self, client: Any, count: int) -> None:
        countdown = Countdown(count)
        name = f"flood:64:1:{count}"
        await client.channels.get(name).subscribe(countdown.heard)
        await countdown.seconds_since(0)
        await client.channels.release(name)

    async def _connect(self, port: int, *, binary: bool = True) -> Any:
        client = self._new_client(port, binary)
        await client.connection.once_async("connected")
        return client

    @asynccontextmanager
    async def _connected(self, port: int, *, binary: bool = True) -> AsyncIterator[Any]:
        client = await self._connect(port, binary=binary)
        try:
            yield client
        finally:
            await client.close()


def _another(listener: Callable[[Any], None]) -> Callable[[Any], None]:
    """A listener that no other is equal to."""
    return lambda item: listener(item)


def _alive() -> int:
    """How many objects the collector knows, after it has collected."""
    gc.collect()
    return len(gc.get_objects())
