"""The default transport: the sans-I/O half of `websockets` on an asyncio protocol."""

from __future__ import annotations

import asyncio
import ssl

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.version import version

from ..seams import TransportEvents
from .open_websocket import MAX_MESSAGE, OpenWebSocket, closed_by_server
from .opening import WebSocketOpener
from .proxies import FROM_ENVIRONMENT

LIBRARY = f"websockets {version}"

_WHOLE_TEXT, _WHOLE_BINARY = 0x81, 0x82  # FIN, and no extension's bits


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
        self._begun: list[bytes] = []  # of a frame that is not whole yet
        self._missing = 0  # the bytes without which it cannot be
        self._head_is_wrong = False
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
        """Take plain frames straight out of what has come, and give the library the others.

        A plain frame is a whole message. Nearly all are, and the library takes ten times as long
        to say so (docs/decisions/0010). It gets whole frames only, so that it always waits for
        the first byte of one; but from a frame whose head is wrong it gets everything.
        """
        if self._head_is_wrong:
            self._by_library(data)
            return
        at = self._missing
        if len(data) < at:
            self._missing -= len(data)
            self._begun.append(data)
            return
        begun, self._begun, self._missing = self._begun, [], 0
        if at:  # put the one frame together, not with it all that came after its end
            self._take(b"".join((*begun, data[:at])), 0)
        elif begun:
            data = b"".join((*begun, data))
        self._take(data, at)

    def _take(self, data: bytes, at: int) -> None:
        """Take the whole frames from `at` on, and keep what is left."""
        end = len(data)
        while end - at >= 2 and not self._dropped:
            first, size, start = data[at], data[at + 1], at + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                if end < start and size <= 127:
                    break
                is_masked, size = size > 127, int.from_bytes(data[at + 2 : start])
                if is_masked or size > MAX_MESSAGE:
                    self._head_is_wrong = True
                    self._by_library(data[at:])
                    return
            stop = start + size
            if stop > end:
                self._missing = stop - end
                break
            if first == _WHOLE_BINARY and not self._fragments:
                self._events.received(data[start:stop])
            elif first == _WHOLE_TEXT and not self._fragments:
                self._text(data[start:stop])
            else:
                self._by_library(data[at:stop])
            at = stop
        if at < end:
            self._begun.append(data[at:])

    def _by_library(self, data: bytes) -> None:
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
            case Opcode.TEXT | Opcode.BINARY:
                self._fragment_is_text = frame.opcode is Opcode.TEXT
                self._fragments = [bytes(frame.data)]
            case Opcode.CONT:
                self._fragments.append(bytes(frame.data))
                if frame.fin:
                    whole, self._fragments = b"".join(self._fragments), []
                    if self._fragment_is_text:
                        self._text(whole)
                    else:
                        self._events.received(whole)
            case Opcode.PING | Opcode.PONG:
                self._events.alive()
            case Opcode.CLOSE:
                self._flush()  # the echo
                self.drop(closed_by_server(self._protocol.close_rcvd))

    def _text(self, data: bytes) -> None:
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
