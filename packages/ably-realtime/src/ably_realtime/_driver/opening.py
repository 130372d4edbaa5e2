"""Opening a WebSocket: the dial, TLS, proxies and the upgrade, the same for every transport.

The upgrade is that of `websockets`; who takes the frames from then on takes over the socket.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response
from websockets.uri import parse_uri

from ..seams import TransportEvents, TransportRequest, UpgradeRefused
from ..tls import shared_context
from .open_websocket import MAX_MESSAGE, OpenWebSocket, read_buffer, silent
from .proxies import FROM_ENVIRONMENT, connect_through, proxy_for

_END_OF_HEAD = b"\r\n\r\n"

Opened = TypeVar("Opened", bound=OpenWebSocket)
TakeOver = Callable[
    [ClientProtocol, asyncio.Transport, TransportEvents, asyncio.AbstractEventLoop], Opened
]


class WebSocketOpener(Generic[Opened]):
    """Opens WebSocket connections; sees pings, so it needs no HEARTBEAT frames (RTN23b).

    `take_over` makes the transport from a connection that has just been upgraded; `library` says
    which one reads and writes its frames.
    """

    sees_pings = True

    def __init__(
        self,
        take_over: TakeOver[Opened],
        library: str,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = FROM_ENVIRONMENT,
    ) -> None:
        self.library = library
        self._take_over = take_over
        self._ssl_context = ssl_context
        self._proxy = proxy

    async def open(self, request: TransportRequest, events: TransportEvents) -> Opened:
        uri = parse_uri(request.url)
        protocol = ClientProtocol(uri, max_size=MAX_MESSAGE, logger=silent)
        loop = asyncio.get_running_loop()
        upgrade = _Upgrade(
            protocol, lambda socket: self._take_over(protocol, socket, events, loop), loop
        )
        tls = None
        if uri.secure:
            tls = self._ssl_context or await asyncio.to_thread(shared_context)
        proxy = proxy_for(self._proxy, uri.host, secure=uri.secure)
        if proxy is None:
            await loop.create_connection(
                lambda: upgrade, uri.host, uri.port, ssl=tls, **_racing(loop)
            )
        else:
            await loop.create_connection(
                lambda: upgrade,
                sock=await connect_through(proxy, uri.host, uri.port),
                ssl=tls,
                server_hostname=uri.host if uri.secure else None,
            )
        return await upgrade.perform(Headers(request.headers))


class _Upgrade(asyncio.BufferedProtocol, Generic[Opened]):
    """The HTTP upgrade. When it succeeds, the transport takes over in the same callback."""

    def __init__(
        self,
        protocol: ClientProtocol,
        take_over: Callable[[asyncio.Transport], Opened],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._protocol = protocol
        self._take_over = take_over
        self._loop = loop
        self._socket: asyncio.Transport | None = None
        self._head: bytes | None = b""  # of the answer, as far as it has come; None once it has
        self._opened: asyncio.Future[Opened] = loop.create_future()

    async def perform(self, headers: Headers) -> Opened:
        """Return what took over, or raise why the server did not switch to WebSocket."""
        assert self._socket is not None
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)
        self._flush()
        try:
            return await asyncio.shield(self._opened)
        except InvalidStatus as error:
            self._socket.abort()
            response = error.response
            raise UpgradeRefused(
                response.status_code, {k.lower(): v for k, v in response.headers.raw_items()}
            ) from None
        except BaseException:
            if self._opened.done() and self._opened.exception() is None:
                self._opened.result().abort()
            else:
                self._opened.cancel()
                self._socket.abort()
            raise

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def get_buffer(self, sizehint: int) -> memoryview:
        return read_buffer(self._loop)

    def buffer_updated(self, nbytes: int) -> None:
        data, rest = bytes(read_buffer(self._loop)[:nbytes]), b""
        if self._head is not None:
            self._head += data
            _, end, rest = self._head.partition(_END_OF_HEAD)
            if end:
                data, self._head = data[: len(data) - len(rest)], None
        self._protocol.receive_data(data)
        self._look(rest)

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._look(b"")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(
                exc or ConnectionError("the server closed the connection during the handshake")
            )

    # --

    def _look(self, rest: bytes) -> None:
        """Go on by what the library made of the answer; `rest` came after its head."""
        answered = any(isinstance(event, Response) for event in self._protocol.events_received())
        if answered and self._protocol.handshake_exc is None:
            if not self._opened.done():
                self._hand_over(rest)
            return
        if rest:  # the body of a refusal
            self._protocol.receive_data(rest)
            self._look(b"")
            return
        self._flush()
        if self._protocol.handshake_exc is not None and not self._opened.done():
            self._opened.set_exception(self._protocol.handshake_exc)

    def _hand_over(self, rest: bytes) -> None:
        assert self._socket is not None
        opened = self._take_over(self._socket)
        self._socket.set_protocol(opened)
        self._opened.set_result(opened)
        if rest:
            opened.receive(rest)

    def _flush(self) -> None:
        assert self._socket is not None
        data = b"".join(self._protocol.data_to_send())
        if data and not self._socket.is_closing():
            self._socket.write(data)


def _racing(loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    """Dial the addresses of a host side by side, where the loop can: uvloop's cannot."""
    return {"happy_eyeballs_delay": 0.25} if isinstance(loop, asyncio.BaseEventLoop) else {}
