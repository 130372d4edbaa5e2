"""The work done by a bare loop: receive, decode, count, and nothing else.

It runs on what the client itself is built on: asyncio, the sans-I/O half of `websockets`,
`msgpack`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from ..stub import wire as w
from .worker import Countdown, median, milliseconds_since, percentiles, resident_bytes, serve

TEXT = "x" * 64


class Bare(asyncio.Protocol):
    """A connection that hands each frame to `heard`."""

    def __init__(self, port: int, binary: bool) -> None:
        wire_format = "msgpack" if binary else "json"
        uri = parse_uri(f"ws://localhost:{port}/?format={wire_format}")
        self._protocol = ClientProtocol(uri)
        self._binary = binary
        self._decode: Callable[[Any], w.Frame] = msgpack.unpackb if binary else json.loads
        self._transport: asyncio.Transport
        self._next_serial = 0
        self.connected = asyncio.get_running_loop().create_future()
        self.gone = asyncio.get_running_loop().create_future()
        self.heard: Callable[[w.Frame], None] = self._wait_for_connected

    def publish(self, count: int) -> None:
        """Send so many messages, in one write."""
        for _ in range(count):
            message = {"name": "event", "data": TEXT}
            self._send(
                {
                    "action": w.MESSAGE,
                    "channel": "sink",
                    "msgSerial": self._next_serial,
                    "messages": [message],
                }
            )
            self._next_serial += 1
        self._flush()

    def attach(self, *channels: str) -> None:
        """Attach channels, in one write."""
        for channel in channels:
            self._send({"action": w.ATTACH, "channel": channel})
        self._flush()

    def close(self) -> None:
        """End the connection."""
        self._protocol.send_close(1000)
        self._flush()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Decode what came."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode is not Opcode.CLOSE:
                self.heard(self._decode(event.data))
            elif isinstance(event, Response):
                assert event.status_code == 101
        if self._protocol.close_expected():
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self.gone.set_result(None)

    def _send(self, frame: w.Frame) -> None:
        if self._binary:
            self._protocol.send_binary(w.pack(frame))
        else:
            self._protocol.send_text(json.dumps(frame).encode())

    def _flush(self) -> None:
        self._transport.write(b"".join(self._protocol.data_to_send()))

    def _wait_for_connected(self, frame: w.Frame) -> None:
        assert frame["action"] == w.CONNECTED
        self.connected.set_result(None)


class _Work:
    """As `SdkWork`, where a bare loop can do it."""

    async def receive(
        self, port: int, binary: bool, size: int, batch: int, count: int
    ) -> dict[str, float]:
        async with connected(port, binary=binary) as bare:
            countdown = Countdown(count)

            def hear(frame: w.Frame) -> None:
                if frame["action"] == w.MESSAGE:
                    for message in frame["messages"]:
                        countdown.heard(message)

            bare.heard = hear
            began = time.perf_counter()
            bare.attach(f"flood:{size}:{batch}:{count}")
            return {"rate": count / await countdown.seconds_since(began)}

    async def publish(self, port: int, in_flight: int, count: int) -> dict[str, float]:
        async with connected(port) as bare:
            acknowledged = 0
            unsent = count - in_flight
            done = asyncio.get_running_loop().create_future()

            def hear(frame: w.Frame) -> None:
                nonlocal acknowledged, unsent
                acknowledged += frame["count"]
                if acknowledged == count:
                    done.set_result(None)
                elif more := min(frame["count"], unsent):
                    unsent -= more
                    bare.publish(more)

            bare.heard = hear
            began = time.perf_counter()
            bare.publish(in_flight)
            await done
            return {"rate": count / (time.perf_counter() - began)}

    async def acknowledge(self, port: int, count: int) -> dict[str, float]:
        return await self._round_trips(port, count, "sink", w.ACK)

    async def echo(self, port: int, count: int) -> dict[str, float]:
        return await self._round_trips(port, count, "echo", w.MESSAGE)

    async def attach(self, port: int, count: int) -> dict[str, float]:
        async with connected(port) as bare:
            countdown = Countdown(count)
            bare.heard = countdown.heard
            began = time.perf_counter()
            bare.attach(*(f"c:{number}" for number in range(count)))
            return {"time": await countdown.seconds_since(began) * 1e3}

    async def presence(self, port: int, count: int) -> dict[str, float]:
        async with connected(port) as bare:
            members: dict[str, Any] = {}
            done = asyncio.get_running_loop().create_future()

            def hear(frame: w.Frame) -> None:
                if frame["action"] == w.SYNC:
                    for member in frame["presence"]:
                        members[f"{member['connectionId']}:{member['clientId']}"] = member
                    if len(members) == count:
                        done.set_result(None)

            bare.heard = hear
            began = time.perf_counter()
            bare.attach(f"members:{count}")
            await done
            return {"time": milliseconds_since(began)}

    async def connect(self, port: int, count: int) -> dict[str, float]:
        durations = []
        for _ in range(count):
            began = time.perf_counter()
            async with connected(port):
                durations.append(milliseconds_since(began))
        return {"p50": median(durations)}

    async def client_memory(self, port: int, count: int) -> dict[str, float]:
        async with connected(port):
            before = resident_bytes()
            connections = [await connect(port) for _ in range(count)]
            added = resident_bytes() - before
            for bare in connections:
                bare.close()
                await bare.gone
        return {"each": added / count / 1024}

    async def _round_trips(
        self, port: int, count: int, channel: str, answer: int
    ) -> dict[str, float]:
        durations = []
        async with connected(port) as bare:
            loop = asyncio.get_running_loop()
            done = loop.create_future()

            def hear(frame: w.Frame) -> None:
                if frame["action"] == answer or frame["action"] == w.ATTACHED:
                    done.set_result(None)

            bare.heard = hear
            bare.attach(channel)
            await done
            for _ in range(count):
                done = loop.create_future()
                began = time.perf_counter()
                bare.publish(1)
                await done
                durations.append(time.perf_counter() - began)
        return percentiles(durations)


async def connect(port: int, *, binary: bool = True) -> Bare:
    """A connection that was told CONNECTED."""
    loop = asyncio.get_running_loop()
    _, bare = await loop.create_connection(lambda: Bare(port, binary), "127.0.0.1", port)
    await bare.connected
    return bare


@asynccontextmanager
async def connected(port: int, *, binary: bool = True) -> AsyncIterator[Bare]:
    """The same, closed in the end."""
    bare = await connect(port, binary=binary)
    try:
        yield bare
    finally:
        bare.close()
        await bare.gone


if __name__ == "__main__":
    serve(_Work())
