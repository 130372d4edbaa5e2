"""As much of WebSocket as a server of well-behaved clients needs, on blocking sockets."""

from __future__ import annotations

import base64
import hashlib
import socket
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from websockets.frames import Opcode
from websockets.speedups import apply_mask

_ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_READ_SIZE = 256 * 1024
_POLLING_TIME = 0.002
"""Seconds; longer than a client needs between an answer and its next frame."""


def switch_protocols(connection: socket.socket) -> dict[str, str]:
    """Answer the upgrade request; return the query parameters of its URL."""
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        received = connection.recv(_READ_SIZE)
        if not received:
            raise ConnectionError("the client left before it had asked for anything")
        request += received
    target, *lines = request.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (s.partition(":") for s in lines)}
    key = headers["sec-websocket-key"].encode("ascii")
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT_SUFFIX, usedforsecurity=False).digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return dict(parse_qsl(urlsplit(target.split(" ")[1]).query))


def server_frame(opcode: Opcode, payload: bytes) -> bytes:
    """A whole message as a server sends it: unmasked."""
    size = len(payload)
    if size < 126:
        header = bytes((0x80 | opcode, size))
    elif size < 1 << 16:
        header = bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big")
    else:
        header = bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big")
    return header + payload


class ClientFrames:
    """The frames that a client sends, none of them fragmented.

    `before_waiting` is called each time before the socket is waited for. With `polls` the thread
    asks the socket over and over for a while before it sleeps: what the system takes to wake a
    thread is as long as half a round trip, and says nothing about the client.
    """

    def __init__(self, connection: socket.socket, before_waiting: Callable[[], None]) -> None:
        self._connection = connection
        self._before_waiting = before_waiting
        self.polls = False
        self._data = b""
        self._at = 0

    def wait(self) -> None:
        """Return once there is a whole frame; raise `ConnectionError` if none comes any more."""
        while self._bounds() is None:
            self._before_waiting()
            received = self._poll() if self.polls else self._connection.recv(_READ_SIZE)
            if not received:
                raise ConnectionError("the client left")
            self._data = self._data[self._at :] + received
            self._at = 0

    def skip(self, longer_than: int) -> int:
        """Pass over the long frames that are there, up to the first short one; count them."""
        count = 0
        while (bounds := self._bounds()) is not None:
            start, end = bounds
            if end - start <= longer_than:
                break
            self._at = end
            count += 1
        return count

    def read(self) -> tuple[Opcode, bytes]:
        """The next frame, for which `wait` has waited."""
        bounds = self._bounds()
        assert bounds is not None, "wait() says when there is a frame"
        start, end = bounds
        opcode = Opcode(self._data[self._at] & 0x0F)
        self._at = end
        return opcode, apply_mask(self._data[start:end], self._data[start - 4 : start])

    def _poll(self) -> bytes:
        until = time.perf_counter() + _POLLING_TIME
        while time.perf_counter() < until:
            try:
                return self._connection.recv(_READ_SIZE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
        return self._connection.recv(_READ_SIZE)

    def _bounds(self) -> tuple[int, int] | None:
        """Where the payload of the next frame begins and ends, once all of it is there."""
        data, at = self._data, self._at
        available = len(data)
        if available < at + 2:
            return None
        size = data[at + 1] & 0x7F
        start = at + 6
        if size == 126:
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            start = at + 8
        elif size == 127:
            size = int.from_bytes(data[at + 2 : at + 10], "big")
            start = at + 14
        end = start + size
        return (start, end) if end <= available else None
