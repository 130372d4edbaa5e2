"""The load on a server, one operation at a time, in a process of its own."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

from ..stub import wire as w
from ..workers.bare import MESSAGE
from ..workers.worker import Countdown, percentiles, serve
from .process import resident_bytes
from .scene import AT_ONCE, Publisher, Scene, attach

Server = dict[str, Any]

IN_USE = 6_000
"""Frames after which the server has filled what it keeps of the latest frames and answers."""


class LoadWork:
    """What can be measured; every method returns its measurements by name."""

    async def publish_rest(
        self, server: Server, binary: bool, batch: int, count: int, at_once: int
    ) -> dict[str, float]:
        """Messages published with POST, over several connections."""
        path = f"/channels/{fresh_channel()}/messages"
        body = [MESSAGE] * batch if batch > 1 else MESSAGE
        async with Scene(server, binary) as scene:
            connections = [await scene.rest() for _ in range(at_once)]

            posts = count // batch // at_once

            async def publish_in_turn(number: int) -> None:
                for _ in range(posts):
                    await connections[number].post(path, body)

            effort = scene.effort()
            await asyncio.gather(*(publish_in_turn(number) for number in range(at_once)))
            return effort.spent_on(posts * batch * at_once)

    async def publish(
        self, server: Server, binary: bool, batch: int, count: int, in_flight: int
    ) -> dict[str, float]:
        """Messages published over one connection and acknowledged."""
        async with Scene(server, binary) as scene:
            publisher = Publisher(await scene.client(), fresh_channel(), batch)
            effort = scene.effort()
            await publisher.publish(count // batch, in_flight)
            return effort.spent_on(count)

    async def fan_out(
        self, server: Server, binary: bool, subscribers: int, count: int, in_flight: int
    ) -> dict[str, float]:
        """Deliveries of what one client publishes to all subscribers."""
        channel = fresh_channel()
        async with Scene(server, binary) as scene:
            clients = await scene.clients(subscribers)
            for client in clients:
                await attach(client, channel)
            each = count // subscribers
            delivered = Countdown(each * subscribers)
            for client in clients:
                client.heard = delivered.heard
            publisher = Publisher(await scene.client(), channel)
            effort = scene.effort()
            publishing = asyncio.create_task(publisher.publish(each, in_flight))
            await delivered.seconds_since(0)
            spent = effort.spent_on(each * subscribers)
            await publishing
            return spent

    async def latency(
        self, server: Server, binary: bool, subscribers: int, count: int, each_second: int
    ) -> dict[str, float]:
        """The time from a publish to its delivery to each subscriber, at a moderate rate."""
        channel = fresh_channel()
        durations: list[float] = []
        async with Scene(server, binary) as scene:
            delivered = Countdown(count * subscribers)

            def hear(frame: w.Frame) -> None:
                now = time.perf_counter()
                durations.append(now - float(frame["messages"][0]["data"]))
                delivered.heard(frame)

            for client in await scene.clients(subscribers):
                await attach(client, channel)
                client.heard = hear
            publisher = await scene.client()
            publisher.heard = lambda _frame: None
            due = time.perf_counter()
            for _ in range(count):
                due += 1 / each_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                stamped = {"name": "event", "data": repr(time.perf_counter())}
                publisher.publish(1, channel=channel, messages=(stamped,))
            await delivered.seconds_since(0)
        return percentiles(durations)

    async def connect(self, server: Server, binary: bool, count: int) -> dict[str, float]:
        """New connections, from dialling to CONNECTED."""
        async with Scene(server, binary) as scene:
            effort = scene.effort()
            await scene.clients(count)
            return effort.spent_on(count)

    async def connection_memory(self, server: Server, binary: bool, count: int) -> dict[str, float]:
        """What the server grows by for an idle connection."""
        async with Scene(server, binary) as scene:
            await scene.clients(2 * AT_ONCE)  # what all share is there now
            before = resident_bytes(scene.server.pid)
            await scene.clients(count)
            return {"each": (resident_bytes(scene.server.pid) - before) / count}

    async def channel_memory(self, server: Server, binary: bool, count: int) -> dict[str, float]:
        """What the server grows by for a channel with one attachment."""
        async with Scene(server, binary) as scene:
            client = await scene.client()
            await attach(client, *(f"before:{number}" for number in range(IN_USE)))
            before = resident_bytes(scene.server.pid)
            await attach(client, *(f"channel:{number}" for number in range(count)))
            return {"each": (resident_bytes(scene.server.pid) - before) / count}

    async def message_memory(self, server: Server, binary: bool, count: int) -> dict[str, float]:
        """What the server grows by for a message that the channel retains."""
        async with Scene(server, binary) as scene:
            publisher = Publisher(await scene.client(), fresh_channel())
            await publisher.publish(IN_USE, in_flight=100)
            before = resident_bytes(scene.server.pid)
            await publisher.publish(count, in_flight=100)
            return {"each": (resident_bytes(scene.server.pid) - before) / count}


def fresh_channel() -> str:
    """The name of a channel that was never used."""
    return f"bench:{secrets.token_hex(6)}"


if __name__ == "__main__":
    serve(LoadWork())
