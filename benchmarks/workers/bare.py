"""A connection that decodes what it hears, and does nothing else.

It stands on what the client itself is built on: asyncio, the sans-I/O half of `websockets`,
`msgpack`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import msgpack
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from ..stub import wire as w

MESSAGE = {"name": "event", "data": "x" * 64}
ONE = (MESSAGE,)
NOTHING: Mapping[str, str] = MappingProxyType({})


class Bare(asyncio.Protocol):
    """A connection that hands each frame to `heard`; `connected` is CONNECTED, once it came.

    `query` is what the URL says beside the format; `next_serial` goes with the next frame that is
    to be acknowledged.
    """

    def __init__(self, port: int, binary: bool, query: Mapping[str, str]) -> None:
        asked = urlencode({"format": "msgpack" if binary else "json", **query})
        uri = parse_uri(f"ws://localhost:{port}/?{asked}")
        self._protocol = ClientProtocol(uri, max_size=None)
        self._binary = binary
        self._decode: Callable[[Any], w.Frame] = msgpack.unpackb if binary else json.loads
        self._transport: asyncio.Transport
        self.next_serial = 0
        loop = asyncio.get_running_loop()
        self.connected: asyncio.Future[w.Frame] = loop.create_future()
        self.gone: asyncio.Future[None] = loop.create_future()
        self.heard: Callable[[w.Frame], None] = self._wait_for_connected

    @property
    def closed_because(self) -> str:
        """The code and the reason of the closing frame, if there was one."""
        return f"{self._protocol.close_code} {self._protocol.close_reason}"

    def publish(
        self, count: int, *, channel: str = "sink", messages: Sequence[object] = ONE
    ) -> None:
        """Send so many frames of messages, in one write."""
        for _ in range(count):
            self._request({"action": w.MESSAGE, "channel": channel, "messages": messages})
        self._flush()

    def request(self, **frame: Any) -> None:
        """Send a frame that is to be acknowledged, under the next serial."""
        self._request(frame)
        self._flush()

    def send(self, **frame: Any) -> None:
        """Send one frame."""
        self._send(frame)
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
            if isinstance(event, Frame):
                if event.opcode in (Opcode.TEXT, Opcode.BINARY):
                    self.heard(self._decode(event.data))
                elif event.opcode is Opcode.PING:
                    self._flush()  # the pong
            elif isinstance(event, Response):
                assert event.status_code == 101
        if self._protocol.close_expected():
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self.gone.set_result(None)
        if not self.connected.done():
            self.connected.set_exception(ConnectionError("the server closed before CONNECTED"))

    def abort(self) -> None:
        """Drop the socket without a word."""
        self._transport.abort()

    def _request(self, frame: w.Frame) -> None:
        self._send({**frame, "msgSerial": self.next_serial})
        self.next_serial += 1

    def _send(self, frame: w.Frame) -> None:
        if self._binary:
            self._protocol.send_binary(w.pack(frame))
        else:
            self._protocol.send_text(json.dumps(frame).encode())

    def _flush(self) -> None:
        self._transport.write(b"".join(self._protocol.data_to_send()))

    def _wait_for_connected(self, frame: w.Frame) -> None:
        assert frame["action"] == w.CONNECTED, frame
        self.connected.set_result(frame)


async def connect(port: int, *, binary: bool = True, query: Mapping[str, str] = NOTHING) -> Bare:
    """A connection that was told CONNECTED."""
    loop = asyncio.get_running_loop()
    _, bare = await loop.create_connection(lambda: Bare(port, binary, query), "127.0.0.1", port)
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
