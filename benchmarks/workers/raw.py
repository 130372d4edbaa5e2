"""The work done by a plain socket that writes bytes made before and counts frames by their length.

It is quicker than anything that decodes, and so shows what the stub server can do at most.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.frames import Opcode
from websockets.speedups import apply_mask

from ..stub import wire as w
from .worker import median, milliseconds_since, percentiles, serve

_READ_SIZE = 1024 * 1024
_MASK = b"mask"
_PUBLISH = {
    "action": w.MESSAGE,
    "channel": "sink",
    "msgSerial": 0,
    "messages": [{"name": "event", "data": "x" * 64}],
}


class _Raw:
    """One connection of a blocking socket."""

    def __init__(self, port: int, *, binary: bool = True) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = b""
        wire_format = "msgpack" if binary else "json"
        self._socket.sendall(
            f"GET /?format={wire_format} HTTP/1.1\r\nSec-WebSocket-Key: {secrets.token_urlsafe(12)}"
            "\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._data:
            self._data += self._socket.recv(_READ_SIZE)
        self._data = self._data.partition(b"\r\n\r\n")[2]
        self._at = 0
        self.read_frames(1)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read_frames(self, count: int) -> None:
        """Read so many frames and throw them away."""
        for _ in range(count):
            self._read_frame()

    def read_acks(self, count: int) -> None:
        """Read until so many publishes are acknowledged."""
        while count > 0:
            start, end = self._read_frame()
            count -= w.MESSAGEPACK.decode(self._data[start:end])["count"]

    def close(self) -> None:
        self._socket.close()

    def _read_frame(self) -> tuple[int, int]:
        """Read one frame; return where in `_data` its payload begins and ends."""
        while True:
            data, at = self._data, self._at
            size, start = 0, at + 2
            if len(data) >= start:
                size = data[at + 1]
                if size == 126:
                    start = at + 4
                    size = int.from_bytes(data[at + 2 : start], "big")
                elif size == 127:
                    start = at + 10
                    size = int.from_bytes(data[at + 2 : start], "big")
            end = start + size
            if end <= len(data):
                self._at = end
                return start, end
            self._data = data[at:] + self._socket.recv(_READ_SIZE)
            self._at = 0


class _Work:
    """As `SdkWork`, where bytes alone can do it."""

    async def receive(
        self, port: int, binary: bool, size: int, batch: int, count: int
    ) -> dict[str, float]:
        with connected(port, binary=binary) as raw:
            began = time.perf_counter()
            raw.send(client_frame(attach(f"flood:{size}:{batch}:{count}"), binary=binary))
            raw.read_frames(1 + count // batch)
            return {"rate": count / (time.perf_counter() - began)}

    async def publish(self, port: int, in_flight: int, count: int) -> dict[str, float]:
        frames = client_frame(_PUBLISH) * in_flight
        with connected(port) as raw:
            began = time.perf_counter()
            for _ in range(count // in_flight):
                writer = threading.Thread(target=raw.send, args=(frames,))
                writer.start()
                raw.read_acks(in_flight)
                writer.join()
            return {"rate": count / (time.perf_counter() - began)}

    async def acknowledge(self, port: int, count: int) -> dict[str, float]:
        return self._round_trips(port, count, "prompt", answers=1)

    async def echo(self, port: int, count: int) -> dict[str, float]:
        return self._round_trips(port, count, "echo", answers=2)

    async def attach(self, port: int, count: int) -> dict[str, float]:
        frames = b"".join(client_frame(attach(f"c:{number}")) for number in range(count))
        with connected(port) as raw:
            began = time.perf_counter()
            writer = threading.Thread(target=raw.send, args=(frames,))
            writer.start()
            raw.read_frames(count)
            return {"time": milliseconds_since(began)}

    async def presence(self, port: int, count: int) -> dict[str, float]:
        with connected(port) as raw:
            began = time.perf_counter()
            raw.send(client_frame(attach(f"members:{count}")))
            raw.read_frames(1 + -(-count // w.MEMBERS_A_PAGE))
            return {"time": milliseconds_since(began)}

    async def connect(self, port: int, count: int) -> dict[str, float]:
        durations = []
        for _ in range(count):
            began = time.perf_counter()
            with connected(port):
                durations.append(milliseconds_since(began))
        return {"p50": median(durations)}

    def _round_trips(self, port: int, count: int, channel: str, answers: int) -> dict[str, float]:
        publish = client_frame(_PUBLISH)
        durations = []
        with connected(port) as raw:
            raw.send(client_frame(attach(channel)))
            raw.read_frames(1)
            for _ in range(count):
                began = time.perf_counter()
                raw.send(publish)
                raw.read_frames(answers)
                durations.append(time.perf_counter() - began)
        return percentiles(durations)


def attach(channel: str) -> w.Frame:
    """A request to attach a channel."""
    return {"action": w.ATTACH, "channel": channel}


def client_frame(frame: w.Frame, *, binary: bool = True) -> bytes:
    """A frame in a WebSocket message of a client; it has to be short."""
    payload = w.pack(frame) if binary else json.dumps(frame).encode()
    opcode = Opcode.BINARY if binary else Opcode.TEXT
    header = bytes((0x80 | opcode, 0x80 | 126)) + len(payload).to_bytes(2, "big")
    return header + _MASK + apply_mask(payload, _MASK)


@contextmanager
def connected(port: int, *, binary: bool = True) -> Iterator[_Raw]:
    """A connection that was told CONNECTED."""
    raw = _Raw(port, binary=binary)
    try:
        yield raw
    finally:
        raw.close()


if __name__ == "__main__":
    serve(_Work())
