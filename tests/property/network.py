"""A network that holds frames until a history lets them through, and clients on it."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, urlsplit

from ably_realtime import AblyRealtime, ConnectionStateChange
from ably_realtime.seams import TransportEvents, TransportRequest
from tests.uts.harness.clock import FakeClock, settle
from tests.uts.harness.http import no_network

Wire = dict[str, Any]
"""A frame as the map that JSON makes of it."""

TURNS = 6
"""Loop turns in which a client does all it can without time or a frame."""

ROUNDS = 80
"""Rounds of traffic and some seconds that a client needs, at most, to recover from anything."""


async def turns() -> None:
    """Let the clients do what they can."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Socket:
    """One WebSocket: frames wait in both directions. The client's end is a `Transport`."""

    def __init__(self, events: TransportEvents) -> None:
        self.up: deque[Wire] = deque()
        self.down: deque[Wire] = deque()
        self.is_open = True
        self.is_dead = False  # nothing gets through, and nobody says so
        self._events = events
        self._gone = asyncio.get_running_loop().create_future()

    def send(self, data: str | bytes) -> None:
        if self.is_open:
            self.up.append(json.loads(data))

    def close(self) -> None:
        self._end()

    async def wait_closed(self) -> None:
        await asyncio.shield(self._gone)

    def drop(self) -> None:
        """The network gives up: what was on its way is lost."""
        if self.is_open:
            self._end()
            self._events.dropped(None)

    def deliver(self, frame: Wire) -> None:
        """A frame arrives at the client."""
        self._events.received(json.dumps(frame))

    def _end(self) -> None:
        self.is_open = False
        self.up.clear()
        self.down.clear()
        if not self._gone.done():
            self._gone.set_result(None)


class Server(Protocol):
    """What stands at the other end."""

    def opened(self, socket: Socket, resume: str | None) -> None: ...

    def received(self, socket: Socket, frame: Wire) -> None: ...

    def pause(self, socket: Socket) -> None:
        """Say what was held back in order to say it in one frame."""
        ...

    def gave_up(self, socket: Socket) -> None:
        """The client behind this transport failed all that it had sent (RTN7e)."""
        ...


class Peer:
    """A client and its own way to the server."""

    sees_pings = True

    def __init__(self, server: Server, clock: FakeClock, **options: Any) -> None:
        self._server = server
        self.reachable = True
        self.socket: Socket | None = None
        self.client = AblyRealtime(
            key="appId.keyId:keySecret",
            transport=self,
            clock=clock,
            http=no_network(),
            fallback_hosts=[],
            use_binary_protocol=False,
            **options,
        )
        self.client.connection.on("suspended", self._gave_up)

    async def open(self, request: TransportRequest, events: TransportEvents) -> Socket:
        """Let the client dial."""
        if not self.reachable:
            raise ConnectionRefusedError("no way to the server")
        resume = parse_qs(urlsplit(request.url).query).get("resume")
        self.socket = Socket(events)
        self._server.opened(self.socket, resume[0] if resume else None)
        return self.socket

    def up(self, count: int) -> None:
        """Let frames through to the server."""
        socket = self._carrier()
        while socket is not None and socket.up and count > 0:
            self._server.received(socket, socket.up.popleft())
            count -= 1
        if socket is not None and socket.is_open:
            self._server.pause(socket)

    def down(self, count: int) -> None:
        """Let frames through to the client."""
        socket = self._carrier()
        while socket is not None and socket.down and count > 0:
            socket.deliver(socket.down.popleft())
            count -= 1

    def _carrier(self) -> Socket | None:
        """The socket, if it carries anything."""
        if self.socket is not None and self.socket.is_dead:
            self.socket.up.clear()
            self.socket.down.clear()
            return None
        return self.socket

    def fall_silent(self) -> None:
        """Lose every frame from here on, without an error: a half-open connection."""
        if self.socket is not None:
            self.socket.is_dead = True

    def drop(self) -> None:
        """Cut the connection."""
        if self.socket is not None:
            self.socket.drop()

    def _gave_up(self, change: ConnectionStateChange) -> None:
        if self.socket is not None:
            self._server.gave_up(self.socket)

    @property
    def quiet(self) -> bool:
        """Whether nothing is on its way."""
        return self.socket is None or not (self.socket.up or self.socket.down)


class World:
    """Peers, their clock, and what they do in the background."""

    def __init__(self) -> None:
        random.seed(0)  # the clients' jitter: a history means the same every time
        self.clock = FakeClock()
        self.peers: list[Peer] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start what the application does."""
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    async def pass_time(self, milliseconds: float) -> None:
        """Let time pass; no frame moves meanwhile."""
        until = self.clock.now() + milliseconds
        await turns()
        while self.clock.run_next(until):
            await turns()

    async def flow(self) -> None:
        """Let through whatever is sent, until nobody has anything more to say."""
        for peer in self.peers:
            if peer.socket is not None and peer.socket.is_open:
                peer.socket.down.append({"action": 0})  # a HEARTBEAT
        await turns()
        while not all(peer.quiet for peer in self.peers):
            for peer in self.peers:
                peer.up(1_000)
                peer.down(1_000)
            await turns()

    async def recover(self, recovered: Callable[[], bool]) -> None:
        """Take the network's faults away and wait until all is well again."""
        for peer in self.peers:
            peer.reachable = True
        for _ in range(ROUNDS):
            await self.flow()
            if recovered():
                return
            await self.pass_time(4_000)
        raise AssertionError("the clients do not recover")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close the clients, and check that they leave nothing behind if all went well."""
        closing = [self.begin(peer.client.close()) for peer in self.peers]
        await self.pass_time(30_000)  # the server has its time to answer, and says nothing
        await settle()
        if failure[0] is not None:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            return
        assert all(task.done() for task in closing), "close() ends"
        unsettled = [task for task in self._tasks if not task.done()]
        assert not unsettled, f"never settled: {unsettled}"
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await settle()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks left behind: {left}"
        assert not self.clock.pending, "timers left behind"


class _Exceptions(logging.Handler):
    """Keeps what went wrong inside a client and was only logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None:
            self.records.append(record)


@asynccontextmanager
async def no_exceptions() -> AsyncIterator[None]:
    """Fail if a client swallows an exception."""
    handler = _Exceptions()
    logger = logging.getLogger("ably_realtime")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    assert not handler.records, [record.getMessage() for record in handler.records]
