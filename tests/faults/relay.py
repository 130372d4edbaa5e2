"""One WebSocket between a client and the server."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from websockets.frames import Opcode

from tests.uts.harness.frames import Frame

from .recording import Direction, Fate, Record
from .rules import Passage
from .wire import Format, Message, read_messages

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class Relay:
    """Passes messages between two open sockets until either is closed.

    Its methods act at once, on whatever goes on.
    """

    def __init__(
        self,
        number: int,
        fmt: Format,
        client: Stream,
        server: Stream,
        *,
        rule: Callable[[Passage], Awaitable[Sequence[Frame]]],
        record: Callable[[Record], None],
    ) -> None:
        self.number = number
        self.is_open = True
        self._format = fmt
        self._client = client
        self._server = server
        self._rule = rule
        self._record = record
        self._frozen = False
        self._pong: asyncio.Future[None] | None = None

    def inject(self, frame: Frame, direction: Direction = Direction.TO_CLIENT) -> None:
        """Send a frame of the proxy's own."""
        self._note(frame, direction, Fate.MADE)
        self._send(Message(self._format.value, self._format.encode(frame)), direction)

    async def ping(self) -> None:
        """Send the client a WebSocket ping, and return when it has answered."""
        self._pong = asyncio.get_running_loop().create_future()
        self._send(Message(Opcode.PING, b"fault-proxy"), Direction.TO_CLIENT)
        await self._pong

    def cut(self) -> None:
        """End both TCP connections without a closing handshake."""
        self._client.close()
        self._server.close()

    def reset(self) -> None:
        """Reset the client's TCP connection, so that its next read or write fails."""
        self._client.reset()
        self._server.close()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the client's WebSocket with this code, and end both TCP connections."""
        self._send(Message.closing(code, reason), Direction.TO_CLIENT)
        self.cut()

    def freeze(self) -> None:
        """Forward nothing more, in either direction, and close nothing: a half-open connection."""
        self._frozen = True

    async def run(self) -> None:
        """Relay until both connections have ended."""
        try:
            async with asyncio.TaskGroup() as pumps:
                for direction in Direction:
                    pumps.create_task(self._pump(direction), name=f"fault-proxy-{self.number}")
        finally:
            self.is_open = False

    async def _pump(self, direction: Direction) -> None:
        to_server = direction is Direction.TO_SERVER
        source, target = (self._client, self._server) if to_server else (self._server, self._client)
        try:
            async for message in read_messages(source.reader, masked=to_server):
                await self._pass_on(message, direction)
                await target.writer.drain()
        except ConnectionError:
            pass
        # What one peer ended, a half-open connection does not tell the other.
        source.close()
        if not self._frozen:
            target.close()

    async def _pass_on(self, message: Message, direction: Direction) -> None:
        if not message.is_data:
            self._pass_on_control(message, direction)
            return
        frame = self._format.decode(message.data)
        passed = [] if self._frozen else await self._rule(Passage(self, direction, frame))
        unharmed = any(out is frame for out in passed)
        self._note(frame, direction, Fate.FORWARDED if unharmed else Fate.DROPPED)
        for out in passed:
            if out is frame:
                self._send(message, direction)
            else:
                self.inject(out, direction)

    def _pass_on_control(self, message: Message, direction: Direction) -> None:
        if message.opcode is Opcode.PONG and self._pong is not None:
            self._pong.set_result(None)
            self._pong = None
        elif not self._frozen:
            self._send(message, direction)

    def _send(self, message: Message, direction: Direction) -> None:
        to_server = direction is Direction.TO_SERVER
        target = self._server if to_server else self._client
        target.write(message.encode(masked=to_server))

    def _note(self, frame: Frame, direction: Direction, fate: Fate) -> None:
        now = asyncio.get_running_loop().time()
        self._record(Record(now, self.number, direction, frame, fate))


class Stream:
    """One TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def dial(cls, host: str, port: int) -> Stream:
        return cls(*await asyncio.open_connection(host, port))

    def write(self, data: bytes) -> None:
        """Send, unless the connection is closed."""
        if not self.writer.is_closing():
            self.writer.write(data)

    def close(self) -> None:
        """End it after what was written."""
        self.writer.close()

    def reset(self) -> None:
        """End it at once, with an RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.writer.transport.abort()

    async def wait_closed(self) -> None:
        """Close it and return once it is gone."""
        self.writer.close()
        with suppress(ConnectionError):  # gone is gone
            await self.writer.wait_closed()
