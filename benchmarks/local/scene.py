"""Clients of one server, which do no more than they must, and what their work costs."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, Self

from ..stub import wire as w
from ..workers.bare import Bare, connect
from ..workers.worker import Countdown
from .process import Address, cpu_seconds
from .rest import Rest, request_token

AT_ONCE = 50
"""Connections that are dialled together."""


class Scene:
    """The clients of one piece of work, disconnected in the end."""

    def __init__(self, server: dict[str, Any], binary: bool) -> None:
        self.server = Address(**server)
        self._binary = binary
        self._token = ""
        self._clients: list[Bare] = []
        self._rest: list[Rest] = []

    async def __aenter__(self) -> Self:
        self._token = await request_token(self.server)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for client in self._clients:
            client.close()
        for rest in self._rest:
            await rest.close()
        await asyncio.gather(*(client.gone for client in self._clients))

    async def client(self) -> Bare:
        """A realtime connection that was told CONNECTED."""
        query = {"accessToken": self._token, "v": "6"}
        client = await connect(self.server.port, binary=self._binary, query=query)
        self._clients.append(client)
        return client

    async def clients(self, count: int) -> list[Bare]:
        """Several, of which not too many are dialled at once."""
        found: list[Bare] = []
        while left := count - len(found):
            found += await asyncio.gather(*(self.client() for _ in range(min(AT_ONCE, left))))
        return found

    async def rest(self) -> Rest:
        """A connection to the REST API."""
        rest = await Rest.open(self.server.port, binary=self._binary, token=self._token)
        self._rest.append(rest)
        return rest

    def effort(self) -> Effort:
        """Start measuring."""
        return Effort(self.server.pid)


async def attach(client: Bare, *channels: str) -> None:
    """Attach channels and wait until all of them are."""
    attached = Countdown(len(channels))

    def hear(frame: w.Frame) -> None:
        assert frame["action"] == w.ATTACHED, frame
        attached.heard(frame)

    client.heard = hear
    client.attach(*channels)
    await attached.seconds_since(0)


class Publisher:
    """Publishes over a connection, with so many frames on their way at any time."""

    def __init__(self, client: Bare, channel: str, batch: int = 1) -> None:
        self._client = client
        self._channel = channel
        self._messages = [{"name": "event", "data": "x" * 64}] * batch
        self._unsent = self._unanswered = 0
        self._done: asyncio.Future[None]
        client.heard = self._hear

    async def publish(self, frames: int, in_flight: int) -> None:
        """Publish so many frames; return when the last is acknowledged."""
        self._done = asyncio.get_running_loop().create_future()
        self._unanswered = self._unsent = frames
        self._send(in_flight)
        await self._done

    def _send(self, count: int) -> None:
        sent = min(count, self._unsent)
        self._unsent -= sent
        self._client.publish(sent, channel=self._channel, messages=self._messages)

    def _hear(self, frame: w.Frame) -> None:
        if frame["action"] != w.ACK:
            assert frame["action"] in (w.ATTACHED, w.MESSAGE), frame
            return
        self._unanswered -= frame["count"]
        if self._unanswered == 0:
            self._done.set_result(None)
        else:
            self._send(frame["count"])


class Effort:
    """What is spent from its making until it is asked."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began = time.perf_counter()
        self._server = cpu_seconds(pid)
        self._own = time.process_time()

    def spent_on(self, count: int) -> dict[str, float]:
        """The rate, the server's processor time for each, and the rate the load could drive."""
        took = time.perf_counter() - self._began
        return {
            "rate": count / took,
            "cost": (cpu_seconds(self._pid) - self._server) / count * 1e6,
            "limit": count / (time.process_time() - self._own),
        }
