"""The work done by a bare loop: receive, decode, count, and nothing else.

It runs on what the client itself is built on: asyncio, the sans-I/O half of `websockets`,
`msgpack`.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from ..stub import wire as w
from .bare import connect, connected
from .worker import Countdown, median, milliseconds_since, percentiles, resident_bytes, serve


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
        return await self._round_trips(port, count, "prompt", w.ACK)

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


if __name__ == "__main__":
    serve(_Work())
