"""WebSocket messages on asyncio streams, and protocol messages inside them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from enum import Enum

import msgpack
from websockets.frames import Close, Opcode
from websockets.frames import Frame as WebSocketFrame
from websockets.streams import StreamReader

from tests.uts.harness.frames import Frame

READ_SIZE = 64 * 1024


class Format(Enum):
    """How protocol messages are encoded."""

    JSON = Opcode.TEXT
    MSGPACK = Opcode.BINARY

    def encode(self, frame: Frame) -> bytes:
        if self is Format.JSON:
            return json.dumps(frame).encode()
        packed = msgpack.packb(frame)
        assert isinstance(packed, bytes)
        return packed

    def decode(self, data: bytes) -> Frame:
        frame: Frame = json.loads(data) if self is Format.JSON else msgpack.unpackb(data)
        return frame


@dataclass(frozen=True, slots=True)
class Message:
    """A whole WebSocket message: text, binary, or a control frame."""

    opcode: Opcode
    data: bytes

    @classmethod
    def closing(cls, code: int, reason: str) -> Message:
        return cls(Opcode.CLOSE, Close(code, reason).serialize())

    @property
    def is_data(self) -> bool:
        return self.opcode in (Opcode.TEXT, Opcode.BINARY)

    def encode(self, *, masked: bool) -> bytes:
        return WebSocketFrame(self.opcode, self.data).serialize(mask=masked)


async def read_messages(reader: asyncio.StreamReader, *, masked: bool) -> AsyncIterator[Message]:
    """Yield what arrives until the peer closes; a client's frames are masked."""
    opcode, fragments = Opcode.TEXT, list[bytes]()
    async for frame in _read_frames(reader, masked=masked):
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            yield Message(frame.opcode, bytes(frame.data))
            continue
        if frame.opcode is not Opcode.CONT:
            opcode, fragments = frame.opcode, []
        fragments.append(bytes(frame.data))
        if frame.fin:
            yield Message(opcode, b"".join(fragments))


async def _read_frames(
    reader: asyncio.StreamReader, *, masked: bool
) -> AsyncIterator[WebSocketFrame]:
    buffer, frames = StreamReader(), list[WebSocketFrame]()
    parser = _parse(buffer, frames, masked=masked)
    next(parser)
    while data := await reader.read(READ_SIZE):
        buffer.feed_data(data)
        next(parser)
        while frames:
            yield frames.pop(0)


def _parse(
    buffer: StreamReader, frames: list[WebSocketFrame], *, masked: bool
) -> Generator[None, None, None]:
    """Move each frame that is complete from the buffer to `frames`; stop where data runs out."""
    while True:
        frames.append((yield from WebSocketFrame.parse(buffer.read_exact, mask=masked)))
