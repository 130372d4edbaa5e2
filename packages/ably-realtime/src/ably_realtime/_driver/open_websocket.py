"""What every open WebSocket has in common, however its frames are read and written."""

from __future__ import annotations

import asyncio
import logging
import weakref
from abc import ABC, abstractmethod

from websockets.frames import Close

from ..seams import TransportEvents

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes; far above any frame of Ably (CD2d), and a bound on what a server can make us hold."""

_READ_SIZE = 256 * 1024

silent = logging.Logger("ably_realtime.websockets")  # noqa: LOG001  # outside the tree on purpose
silent.disabled = True  # the libraries would log the URL with the credentials in it


class OpenWebSocket(ABC, asyncio.BufferedProtocol):
    """A WebSocket after the upgrade: what its life has in common, however frames are read.

    Subclasses are the transports of the seam, and read in `receive` or `buffer_updated`.
    """

    def __init__(
        self, socket: asyncio.Transport, events: TransportEvents, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._socket = socket
        self._events = events
        self._loop = loop
        self._buffer = read_buffer(loop)
        self._dropped = False
        self._gone: asyncio.Future[None] = loop.create_future()

    @abstractmethod
    def receive(self, data: bytes) -> None:
        """Take bytes from the server."""

    @abstractmethod
    def send(self, data: str | bytes) -> None:
        """Send one message, text or binary by its type."""

    @abstractmethod
    def close(self) -> None:
        """Close politely, without waiting."""

    async def wait_closed(self) -> None:
        await asyncio.shield(self._gone)

    def abort(self) -> None:
        """Let go of the socket at once, and say nothing."""
        self._dropped = True
        self._socket.abort()

    def drop(self, error: BaseException | None) -> None:
        """Report the end, once; close what is left."""
        if not self._dropped:
            self._dropped = True
            self._events.dropped(error)
        self._socket.close()

    # -- what asyncio calls

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.receive(bytes(self._buffer[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.drop(exc)
        if not self._gone.done():
            self._gone.set_result(None)


def closed_by_server(close: Close | None) -> ConnectionError:
    """The end that a close frame from the server makes."""
    why = f"code {close.code} {close.reason}".strip() if close else "no code"
    return ConnectionError(f"the server closed the WebSocket ({why})")


_buffers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = (
    weakref.WeakKeyDictionary()
)


def read_buffer(loop: asyncio.AbstractEventLoop) -> memoryview:
    """One buffer for all connections of a loop: it is filled and emptied in one callback."""
    buffer = _buffers.get(loop)
    if buffer is None:
        buffer = _buffers[loop] = memoryview(bytearray(_READ_SIZE))
    return buffer
