"""The default transport: the sans-I/O half of `websockets` on an asyncio protocol."""

from __future__ import annotations

import asyncio
import logging
import ssl
import weakref
from typing import Any, cast

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from ..seams import TransportEvents, TransportRequest, UpgradeRefused
from ..tls import shared_context
from .proxies import FROM_ENVIRONMENT, connect_through, proxy_for

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes; far above any frame of Ably (CD2d), and a bound on what a server can make us hold."""

_READ_SIZE = 64 * 1024

_silent = logging.Logger("ably_realtime.websockets")  # noqa: LOG001  # outside the tree on purpose
_silent.disabled = True  # `websockets` would log the URL with the credentials in it


class WebSocketTransports:
    """Opens WebSocket connections; sees pings, so it needs no HEARTBEAT frames (RTN23b)."""

    sees_pings = True

    def __init__(
        self,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = FROM_ENVIRONMENT,
    ) -> None:
        self._ssl_context = ssl_context
        self._proxy = proxy

    async def open(self, request: TransportRequest, events: TransportEvents) -> WebSocketTransport:
        uri = parse_uri(request.url)
        protocol = ClientProtocol(uri, max_size=MAX_MESSAGE, logger=_silent)
        loop = asyncio.get_running_loop()
        transport = WebSocketTransport(protocol, events, loop)
        tls = None
        if uri.secure:
            tls = self._ssl_context or await asyncio.to_thread(shared_context)
        proxy = proxy_for(self._proxy, uri.host, secure=uri.secure)
        if proxy is None:
            await loop.create_connection(
                lambda: transport, uri.host, uri.port, ssl=tls, **_racing(loop)
            )
        else:
            await loop.create_connection(
                lambda: transport,
                sock=await connect_through(proxy, uri.host, uri.port),
                ssl=tls,
                server_hostname=uri.host if uri.secure else None,
            )
        try:
            await transport.shake_hands(Headers(request.headers))
        except BaseException:
            transport.abort()
            raise
        return transport


class WebSocketTransport(asyncio.BufferedProtocol):
    """One WebSocket connection.

    What is sent in one turn of the loop leaves in one write; what is read is decoded inside the
    read callback.
    """

    def __init__(
        self, protocol: ClientProtocol, events: TransportEvents, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._protocol = protocol
        self._events = events
        self._loop = loop
        self._socket: asyncio.Transport | None = None
        self._flushing = False
        self._fragments: list[bytes] = []
        self._fragment_is_text = False
        self._dropped = False
        self._opened: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()

    # -- the Transport seam

    def send(self, data: str | bytes) -> None:
        if self._dropped or self._protocol.state is not State.OPEN:
            return
        if isinstance(data, str):
            self._protocol.send_text(data.encode())
        else:
            self._protocol.send_binary(data)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        self._dropped = True
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        if self._socket is not None:
            self._socket.close()

    async def wait_closed(self) -> None:
        await asyncio.shield(self._gone)

    # -- opening

    async def shake_hands(self, headers: Headers) -> None:
        """Return once the server switched to WebSocket, or raise why it did not."""
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)
        self._flush()
        try:
            await self._opened
        except InvalidStatus as error:
            response = error.response
            raise UpgradeRefused(
                response.status_code, {k.lower(): v for k, v in response.headers.raw_items()}
            ) from None

    def abort(self) -> None:
        """Let go of the socket at once."""
        self._dropped = True
        self._opened.cancel()
        if self._socket is not None:
            self._socket.abort()

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def get_buffer(self, sizehint: int) -> memoryview:
        return _read_buffer(self._loop)

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.receive_data(bytes(_read_buffer(self._loop)[:nbytes]))
        self._dispatch()

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._dispatch()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(
                error or ConnectionError("the server closed the connection during the handshake")
            )
        self._drop(error)
        if not self._gone.done():
            self._gone.set_result(None)

    # --

    def _dispatch(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._frame(event)
            elif isinstance(event, Response):
                self._answered()
        self._flush()
        if self._protocol.parser_exc is not None and self._opened.done():
            self._drop(self._protocol.parser_exc)
        if self._dropped and self._socket is not None:
            self._socket.close()

    def _answered(self) -> None:
        error = self._protocol.handshake_exc
        if self._opened.done():
            return
        if error is not None:
            self._opened.set_exception(error)
        else:
            self._opened.set_result(None)

    def _frame(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY if frame.fin:
                self._message(bytes(frame.data), frame.opcode is Opcode.TEXT)
            case Opcode.TEXT | Opcode.BINARY:
                self._fragment_is_text = frame.opcode is Opcode.TEXT
                self._fragments = [bytes(frame.data)]
            case Opcode.CONT:
                self._fragments.append(bytes(frame.data))
                if frame.fin:
                    whole, self._fragments = b"".join(self._fragments), []
                    self._message(whole, self._fragment_is_text)
            case Opcode.PING | Opcode.PONG:
                self._events.alive()
            case Opcode.CLOSE:
                close = self._protocol.close_rcvd
                why = f"code {close.code} {close.reason}".strip() if close else "no code"
                self._drop(ConnectionError(f"the server closed the WebSocket ({why})"))

    def _message(self, data: bytes, is_text: bool) -> None:
        if self._dropped:
            return
        if not is_text:
            self._events.received(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            self._drop(error)
        else:
            self._events.received(text)

    def _flush(self) -> None:
        self._flushing = False
        if self._socket is None or self._socket.is_closing():
            self._protocol.data_to_send()
            return
        data = [chunk for chunk in self._protocol.data_to_send() if chunk]
        if data:
            self._socket.write(b"".join(data))

    def _drop(self, error: BaseException | None) -> None:
        if not self._dropped:
            self._dropped = True
            self._events.dropped(error)


def _racing(loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    """Dial the addresses of a host side by side, where the loop can: uvloop's cannot."""
    return {"happy_eyeballs_delay": 0.25} if isinstance(loop, asyncio.BaseEventLoop) else {}


_buffers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = (
    weakref.WeakKeyDictionary()
)


def _read_buffer(loop: asyncio.AbstractEventLoop) -> memoryview:
    """One buffer for all connections of a loop: it is filled and emptied in one callback."""
    buffer = _buffers.get(loop)
    if buffer is None:
        buffer = _buffers[loop] = memoryview(bytearray(_READ_SIZE))
    return buffer
