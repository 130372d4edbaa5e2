"""The default transport: the sans-I/O half of `websockets` on an asyncio protocol."""

from __future__ import annotations

import asyncio
import ssl

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.version import version

from ..seams import TransportEvents
from .open_websocket import OpenWebSocket, closed_by_server
from .opening import WebSocketOpener
from .proxies import FROM_ENVIRONMENT

LIBRARY = f"websockets {version}"


def websocket_transports(
    ssl_context: ssl.SSLContext | None = None, proxy: str | None = FROM_ENVIRONMENT
) -> WebSocketOpener[WebSocketTransport]:
    """What opens transports of this kind."""
    return WebSocketOpener(WebSocketTransport, LIBRARY, ssl_context, proxy)


class WebSocketTransport(OpenWebSocket):
    """One WebSocket connection.

    What is read is decoded inside the read callback. The first frame of a turn of the loop is
    written at once, and what else is sent in that turn leaves in one write at its end.
    """

    def __init__(
        self,
        protocol: ClientProtocol,
        socket: asyncio.Transport,
        events: TransportEvents,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(socket, events, loop)
        self._protocol = protocol
        self._joining = False
        self._fragments: list[bytes] = []
        self._fragment_is_text = False

    # -- the Transport seam

    def send(self, data: str | bytes) -> None:
        if self._dropped or self._protocol.state is not State.OPEN:
            return
        if isinstance(data, str):
            self._protocol.send_text(data.encode())
        else:
            self._protocol.send_binary(data)
        if not self._joining:
            self._flush()
            self._joining = True
            self._loop.call_soon(self._end_turn)

    def close(self) -> None:
        self._dropped = True
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        self._socket.close()

    # -- what comes in

    def receive(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._dispatch()

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._dispatch()
        return False

    def _dispatch(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and not self._dropped:
                self._frame(event)
        self._flush()
        if self._protocol.parser_exc is not None:
            self.drop(self._protocol.parser_exc)
        elif self._dropped:
            self._socket.close()

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
                self._flush()  # the echo
                self.drop(closed_by_server(self._protocol.close_rcvd))

    def _message(self, data: bytes, is_text: bool) -> None:
        if not is_text:
            self._events.received(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            self._protocol.fail(CloseCode.INVALID_DATA)
            self._flush()
            self.drop(error)
        else:
            self._events.received(text)

    # -- what goes out

    def _end_turn(self) -> None:
        self._joining = False
        self._flush()

    def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data and not self._socket.is_closing():
            self._socket.write(data)
