"""The transport of the `speed` extra: the frame parser and builder of `picows`, compiled.

`picows` gets the socket once the upgrade is done, so that dials, TLS, proxies and refusals are
those of the default transport. It cannot begin without an upgrade of its own: it gets one from us.
docs/decisions/0010 has the reasons, and what differs.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import Any

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

# Not in its documented interface, which would dial by itself: hence the upper bound of the extra.
from picows.picows import WSAutoPingStrategy, WSProtocol  # type: ignore[attr-defined]
from picows.version import __version__ as version
from websockets.client import ClientProtocol
from websockets.exceptions import ProtocolError
from websockets.frames import Close
from websockets.utils import accept_key

from ..seams import TransportEvents
from .open_websocket import MAX_MESSAGE, OpenWebSocket, closed_by_server, silent
from .opening import WebSocketOpener
from .proxies import FROM_ENVIRONMENT

LIBRARY = f"picows {version}"
if not version.startswith("2.3."):
    raise ImportError(f"this transport is made for picows 2.3, not {version}")

_BINARY, _TEXT, _CLOSE = WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.CLOSE
_PING, _CONTINUATION = WSMsgType.PING, WSMsgType.CONTINUATION
_FIRST_BUFFER = 4 * 1024  # of each connection; it doubles whenever a read fills it
_READ_SIZE = 64 * 1024  # at most, so that it does not go on doubling in a flood


def picows_transports(
    ssl_context: ssl.SSLContext | None = None, proxy: str | None = FROM_ENVIRONMENT
) -> WebSocketOpener[PicowsTransport]:
    """What opens transports of this kind."""
    return WebSocketOpener(PicowsTransport, LIBRARY, ssl_context, proxy)


class PicowsTransport(OpenWebSocket, WSListener):
    """One WebSocket connection; see `WebSocketTransport` for what it does."""

    def __init__(
        self,
        protocol: ClientProtocol,
        socket: asyncio.Transport,
        events: TransportEvents,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(socket, events, loop)
        self._outgoing = _Outgoing(socket, loop)
        self._frames = _started(self._outgoing, self)
        self._builder: WSTransport = self._frames.transport
        self._raised: Exception | None = None
        self._fragments: list[bytes] = []
        self._fragments_size = 0
        self._fragment_is_text: bool | None = None  # None while there is no message in pieces

    # -- the Transport seam

    def send(self, data: str | bytes) -> None:
        if not self._dropped:
            self._builder.send(_TEXT if isinstance(data, str) else _BINARY, data)

    def close(self) -> None:
        if not self._dropped:
            self._fail(WSCloseCode.OK)
        self._dropped = True
        self._outgoing.close()

    # -- what asyncio calls

    def get_buffer(self, sizehint: int) -> memoryview:
        buffer: memoryview = self._frames.get_buffer(sizehint)
        return buffer[:_READ_SIZE]

    def buffer_updated(self, nbytes: int) -> None:
        self._frames.buffer_updated(nbytes)
        if self._builder.is_close_frame_sent and not self._dropped:  # it gave up by itself
            self._outgoing.flush()
            if self._raised is not None:
                raise self._raised
            self.drop(ProtocolError("the server sent something that is no WebSocket frame"))

    def eof_received(self) -> bool:
        self.drop(EOFError("unexpected end of stream"))
        return False

    def receive(self, data: bytes) -> None:
        while data:
            size = _fill(self._frames, data)
            self.buffer_updated(size)
            data = data[size:]

    # -- what comes in

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame, control frames included."""
        if self._dropped:
            return
        try:
            kind = frame.msg_type
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                self._break("reserved bits are set")
            elif kind is _BINARY and frame.fin and self._fragment_is_text is None:
                self._events.received(frame.get_payload_as_bytes())
            elif kind is _TEXT and frame.fin and self._fragment_is_text is None:
                self._text(frame.get_payload_as_bytes())
            elif kind in (_TEXT, _BINARY, _CONTINUATION):
                self._fragment(frame)
            elif kind is _CLOSE:
                self._closed(frame.get_payload_as_bytes())
            else:
                if kind is _PING:
                    self._builder.send_pong(frame.get_payload_as_bytes())
                self._events.alive()
        except Exception as error:
            self._raised = error  # `picows` keeps it to itself
            raise

    def _text(self, data: bytes) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            self._fail(WSCloseCode.INVALID_TEXT)
            self.drop(error)
        else:
            self._events.received(text)

    def _fragment(self, frame: WSFrame) -> None:
        """Put a message together from its pieces (RFC 6455, 5.4)."""
        goes_on = frame.msg_type is _CONTINUATION
        if goes_on is (self._fragment_is_text is None):
            self._break("fragments are out of order")
            return
        if not goes_on:
            self._fragment_is_text = frame.msg_type is _TEXT
        self._fragments.append(frame.get_payload_as_bytes())
        self._fragments_size += frame.payload_size
        if self._fragments_size > MAX_MESSAGE:
            self._break("a message is too long", WSCloseCode.MESSAGE_TOO_BIG)
        elif frame.fin:
            whole, is_text = b"".join(self._fragments), self._fragment_is_text
            self._fragments, self._fragments_size, self._fragment_is_text = [], 0, None
            if is_text:
                self._text(whole)
            else:
                self._events.received(whole)

    def _closed(self, payload: bytes) -> None:
        try:
            close = Close.parse(payload)
        except (ProtocolError, UnicodeDecodeError):
            self._break("a close frame is not valid")
            return
        if self._fragment_is_text is not None:
            self._break("a message ends in its middle")
            return
        self._builder.send(_CLOSE, payload)
        self._outgoing.flush()
        self.drop(closed_by_server(close))

    def _break(self, why: str, code: WSCloseCode = WSCloseCode.PROTOCOL_ERROR) -> None:
        self._fail(code)
        self.drop(ProtocolError(why))

    def _fail(self, code: WSCloseCode) -> None:
        self._builder.send_close(code)
        self._outgoing.flush()


class _Outgoing:
    """The socket as `picows` sees it.

    It writes the first frame of a turn of the loop by itself, and gives us the others, which leave
    in one write at the end of the turn.
    """

    def __init__(self, socket: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = socket
        self._loop = loop
        self._joining = False
        self._chunks: list[bytes] = []
        self.get_extra_info = socket.get_extra_info

    def get_write_buffer_size(self) -> int:
        """Asked before each frame: only at 0 `picows` writes to the socket by itself."""
        if self._joining:
            return 1
        self._joining = True
        self._loop.call_soon(self._end_turn)
        return self._socket.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        self._chunks.append(data)
        if not self._joining:
            self._joining = True
            self._loop.call_soon(self._end_turn)

    def discard(self) -> None:
        """Forget what is waiting."""
        self._chunks = []

    def flush(self) -> None:
        """Write what is waiting."""
        if self._chunks:
            data, self._chunks = b"".join(self._chunks), []
            if not self._socket.is_closing():
                self._socket.write(data)

    def _end_turn(self) -> None:
        self._joining = False
        self.flush()

    def close(self) -> None:
        self.flush()
        self._socket.close()

    def abort(self) -> None:
        self._socket.abort()


def _started(outgoing: _Outgoing, listener: WSListener) -> Any:
    """The protocol of `picows` after an upgrade that took place between it and us only."""
    frames = WSProtocol(
        "localhost",
        "/",
        True,  # as the client
        lambda request, response: listener,
        logging.LoggerAdapter(silent),
        True,  # an exception ends the connection
        None,  # how long the upgrade may take
        False,  # no pings of its own
        0,
        0,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # nor pongs: pings are reported, and answered, by us
        MAX_MESSAGE,
        None,  # more headers
        _FIRST_BUFFER,
    )
    frames.connection_made(outgoing)
    outgoing.discard()
    accept = accept_key(frames.transport.request.headers["Sec-WebSocket-Key"])
    answer = (
        "HTTP/1.1 101 Switching Protocols\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    frames.buffer_updated(_fill(frames, answer.encode("ascii")))
    return frames


def _fill(frames: Any, data: bytes) -> int:
    """Put as much as fits into the read buffer; return how much that is."""
    buffer = frames.get_buffer(-1)
    size = min(len(buffer), len(data))
    buffer[:size] = data[:size]
    return size
