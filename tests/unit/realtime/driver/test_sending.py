"""What is sent leaves at once, and what is sent with it in one piece."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from ably_realtime._driver.open_websocket import OpenWebSocket
from ably_realtime._driver.opening import TakeOver
from ably_realtime._driver.websocket import WebSocketTransport

TRANSPORTS: list[TakeOver[OpenWebSocket]] = [WebSocketTransport]
try:
    from ably_realtime._driver.picows_websocket import PicowsTransport
except ImportError:  # without ably-realtime[speed]
    pass
else:
    TRANSPORTS.append(PicowsTransport)


class Silence:
    def received(self, data: str | bytes) -> None: ...

    def alive(self) -> None: ...

    def dropped(self, error: BaseException | None) -> None: ...


class Server:
    """The other end of a socket, which reads only when asked."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._frames = ServerProtocol(state=State.OPEN)
        self._frames.parser = self._frames.parse()
        next(self._frames.parser)

    def read(self) -> list[bytes]:
        """The payloads that have come since."""
        self._frames.receive_data(self._socket.recv(1 << 20))
        return [bytes(f.data) for f in self._frames.events_received() if isinstance(f, Frame)]


@pytest.fixture(params=TRANSPORTS)
async def ends(request: pytest.FixtureRequest) -> AsyncIterator[tuple[OpenWebSocket, Server]]:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire, _ = await loop.create_connection(asyncio.Protocol, *listener.getsockname())
        accepted, _ = listener.accept()
    with accepted:
        accepted.setblocking(False)
        upgraded = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN)
        transport: OpenWebSocket = request.param(upgraded, wire, Silence(), loop)
        wire.set_protocol(transport)
        yield transport, Server(accepted)
        transport.abort()
        await transport.wait_closed()


async def test_the_first_frame_of_a_turn_leaves_at_once_the_others_together(
    ends: tuple[OpenWebSocket, Server],
) -> None:
    transport, server = ends
    for turn in range(2):
        for text in ("first", b"second", "third"):
            transport.send(text)
        assert server.read() == [b"first"], turn
        await asyncio.sleep(0)
        assert server.read() == [b"second", b"third"], turn


async def test_what_waits_leaves_before_the_close_frame(
    ends: tuple[OpenWebSocket, Server],
) -> None:
    transport, server = ends
    transport.send("first")
    transport.send("second")
    transport.close()
    assert server.read() == [b"first", b"second", b"\x03\xe8"]


async def test_after_the_end_nothing_is_sent(ends: tuple[OpenWebSocket, Server]) -> None:
    transport, server = ends
    transport.close()
    transport.send("late")
    transport.close()
    await transport.wait_closed()
    transport.send("later")
    assert server.read() == [b"\x03\xe8"]
