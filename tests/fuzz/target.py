"""A server to be attacked, with a healthy client beside the attacker.

What must hold after each attack is in `Target.verify`: the healthy client can publish and receives
what it published, no task is left over, and nothing was logged that nobody foresaw.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import logging
import logging.handlers
import queue
import ssl
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import h11
import httpx
import msgpack

from ably_local import LocalAbly
from tests.fuzz import values
from tests.integration.local.raw import ACK, CONNECTED, MESSAGE, PATIENCE, Api, Socket

T = TypeVar("T")

HEALTHY = "healthy"

# What uvicorn says of a peer that does not speak HTTP.
_FORESEEN = "Invalid HTTP request received."


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        """The decoded body."""
        if "msgpack" in self.headers["content-type"]:
            return msgpack.unpackb(self.body)
        return json.loads(self.body)


class Target:
    """A server, and what an attacker may know of it."""

    def __init__(self, *, tls: bool) -> None:
        self._tls = tls
        self._runner = asyncio.Runner(debug=True)
        self._stack = AsyncExitStack()
        self._numbers = itertools.count()
        self.attacks = 0
        self._records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop of the server."""
        return self._runner.run(work)

    def attack(self, work: Coroutine[Any, Any, None]) -> None:
        """Run an attack, and check that the server withstood it."""
        self.attacks += 1
        self.run(work)
        self.run(self.verify())

    async def blurt(self, data: bytes) -> None:
        """Send bytes over a connection of their own, and leave without waiting for an answer."""
        _, writer = await asyncio.open_connection("localhost", self.server.port, ssl=self.context)
        with suppress(OSError):
            writer.write(data)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    @contextmanager
    def serving(self) -> Iterator[Target]:
        """Serve until the block ends, which must leave nothing behind."""
        handler = logging.handlers.QueueHandler(self._records)
        handler.setLevel(logging.WARNING)
        logging.getLogger().addHandler(handler)
        try:
            with self._runner:
                self.run(self._start())
                try:
                    yield self
                finally:
                    self.run(self._stack.aclose())
                assert self._unforeseen() == []
        finally:
            logging.getLogger().removeHandler(handler)

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = PATIENCE  # the machine may be busy; that is no finding
        self.server = await self._stack.enter_async_context(LocalAbly(tls=self._tls))
        self.context: ssl.SSLContext | None = None
        if self._tls:
            self.context = ssl.create_default_context(cafile=self.server.ca_file)
        http = httpx.AsyncClient(base_url=self.server.url, verify=self.context or True)
        self.api = Api(self.server, await self._stack.enter_async_context(http))
        specification = {"keys": [{"capability": '{"[*]*":["*"]}', "revocableTokens": True}]}
        app = (await self.api.http.post("/apps", json=specification)).json()
        self.keys = [self.server.key, app["keys"][0]["keyStr"]]
        self.tokens = [await self.api.token(key, ttl=86_400_000) for key in self.keys]
        self.tokens.append(await self.api.token(clientId="alice", ttl=86_400_000))
        dialled = self.api.dial(accessToken=self.tokens[0])
        self.healthy: Socket = await self._stack.enter_async_context(dialled)
        await self.healthy.expect(CONNECTED)
        await self.healthy.attach(HEALTHY)
        published = await self.healthy.publish("mutable:a", {"name": "known"})
        self.serial = published["res"][0]["serials"][0].encode()
        assert len(self.serial) == len(values.KNOWN)
        self.wire = await self._stack.enter_async_context(Wire(self.server, self.context))
        self._tasks = asyncio.all_tasks()

    @property
    def credentials(self) -> list[bytes]:
        """The values of an Authorization header that are good."""
        basic = [b"Basic " + base64.b64encode(key.encode()) for key in self.keys]
        return basic + [b"Bearer " + base64.b64encode(token.encode()) for token in self.tokens]

    def fill(self, data: bytes) -> bytes:
        """Put what the attacker knows into the places left for it."""
        data = data.replace(values.KNOWN.encode(), self.serial)
        for number, key in enumerate(self.keys):
            data = data.replace(b"key%d" % number, key.partition(":")[0].encode())
        return data

    def fill_frame(self, data: bytes | str) -> bytes | str:
        """Do the same with what may be text."""
        return self.fill(data) if isinstance(data, bytes) else self.fill(data.encode()).decode()

    async def verify(self) -> None:
        """Check that the server is as well as before."""
        number = next(self._numbers)
        serial = await self.healthy.request(
            MESSAGE, channel=HEALTHY, messages=[{"name": "well", "data": str(number)}]
        )
        awaited = {"ack", "message"}
        while awaited:
            frame = await self.healthy.receive()
            if frame["action"] == ACK and frame["msgSerial"] == serial:
                awaited.discard("ack")
            for message in frame.get("messages", ()):
                if (message.get("name"), message.get("data")) == ("well", str(number)):
                    awaited.discard("message")
        await self._settle()
        assert self._unforeseen() == []

    async def _settle(self) -> None:
        """Check that the tasks that the attack made come to an end."""
        current = asyncio.current_task()
        left = asyncio.all_tasks() - self._tasks - ({current} if current else set())
        if left:
            _, pending = await asyncio.wait(left, timeout=PATIENCE)
            assert not pending

    def _unforeseen(self) -> list[str]:
        texts = [self._records.get().getMessage() for _ in range(self._records.qsize())]
        return [text for text in texts if text != _FORESEEN]


class Wire:
    """A kept-alive HTTP connection that sends what it is given, right or wrong."""

    def __init__(self, server: LocalAbly, context: ssl.SSLContext | None) -> None:
        self._server = server
        self._context = context
        self._reader = asyncio.StreamReader()
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def request(
        self, method: str, target: bytes, headers: dict[bytes, bytes], body: bytes
    ) -> Reply:
        """Send one request and return the response to it."""
        lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: localhost"]
        lines += [name + b": " + value for name, value in headers.items()]
        lines += [b"Content-Length: %d" % len(body), b"", body]
        return await self.send(method, b"\r\n".join(lines))

    async def send(self, method: str, data: bytes) -> Reply:
        """Send bytes and return the response to them."""
        # A connection that was idle for a while may have been closed just now.
        reply = await self._exchange(method, data) if self._writer is not None else None
        reply = reply or await self._exchange(method, data)
        assert reply is not None, "the server closed the connection without an answer"
        return reply

    async def _exchange(self, method: str, data: bytes) -> Reply | None:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "localhost", self._server.port, ssl=self._context
            )
        self._writer.write(data)
        parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "localhost")]))
        parser.send(h11.EndOfMessage())
        head: h11.Response | None = None
        body = b""
        async with asyncio.timeout(PATIENCE):
            while not isinstance(event := parser.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    try:
                        received = await self._reader.read(1 << 16)
                    except ConnectionError:
                        received = b""
                    if not received and head is None:
                        await self._close()
                        return None
                    parser.receive_data(received)
                elif isinstance(event, h11.Response):
                    head = event
                elif isinstance(event, h11.Data):
                    body += event.data
        assert head is not None
        named = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        if named.get("connection") == "close":
            await self._close()
        return Reply(head.status_code, named, body)

    async def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
