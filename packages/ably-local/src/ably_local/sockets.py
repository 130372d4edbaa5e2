"""The WebSocket endpoint: moves frames between one socket and the protocol logic."""

from __future__ import annotations

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect

from .errors import Refusal
from .formats import Format
from .frames import Action, Envelope, Frame, Received
from .logs import log_refusal, logger
from .outbox import Outbox
from .policy import RefuseConnections
from .realtime import Dial, Link
from .service import Service
from .stalling import Gate
from .storage import Storage, StorageError

INTERNAL_ERROR = 1011  # the WebSocket close code


async def serve_socket(websocket: WebSocket, service: Service) -> None:
    """Serve one WebSocket until either side closes it.

    What is wrong with the request is told in an ERROR frame after the upgrade, because a client
    can't read the body of a refused one.
    """
    if service.policy.strike(RefuseConnections):
        await websocket.close()
        return
    await websocket.accept()
    fmt = Dial.format_of(websocket.query_params)
    ready = asyncio.Event()
    outbox = Outbox(ready.set)
    gate = Gate(websocket.scope, service.policy, ready.set)
    link: Link | None = None
    try:
        dial = Dial.parse(websocket.query_params)
        secure = websocket.url.scheme == "wss"
        link = service.realtime.connect(dial, outbox, secure=secure)
        gate.connection_id = link.connection.id
    except Refusal as refused:
        log_refusal(refused.error, request="connect")
        outbox.put(Envelope(Frame(action=Action.ERROR, error=refused.error)))
        outbox.close()
    gate.watch()
    try:
        async with asyncio.TaskGroup() as tasks:
            writing = _write(websocket, outbox, ready, gate, fmt, service.storage)
            tasks.create_task(writing, name="ably-local socket writer")
            await _read(websocket, outbox, gate, link, fmt)
    except* StorageError:
        logger.exception("a connection is closed because nothing can be acknowledged")
        await websocket.close(INTERNAL_ERROR)


async def _read(
    websocket: WebSocket, outbox: Outbox, gate: Gate, link: Link | None, fmt: Format
) -> None:
    """Hand each frame that arrives to the connection, until the socket is gone."""
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await gate.wait_to_read()
            if link is not None:
                _handle(message.get("bytes") or message.get("text") or b"", link, fmt)
    finally:
        if link is not None:
            link.lost()
        gate.open()
        outbox.drop()


def _handle(data: bytes | str, link: Link, fmt: Format) -> None:
    try:
        link.check_size(data)
        frame = Received.parse(fmt.decode(data))
    except Refusal as refused:
        link.connection.fail(refused.error)
    else:
        link.receive(frame)


async def _write(
    websocket: WebSocket,
    outbox: Outbox,
    ready: asyncio.Event,
    gate: Gate,
    fmt: Format,
    storage: Storage,
) -> None:
    """Send what is put into the outbox, and close the socket once it is closed and empty.

    What is sent may tell of something written, so that is committed first. A stalled socket is
    closed without sending what is left.
    """
    try:
        while True:
            await ready.wait()
            ready.clear()
            while gate.may_write and (envelope := outbox.take()) is not None:
                storage.commit()
                data = envelope.encode(fmt)
                if fmt is Format.JSON:
                    await websocket.send_text(data.decode())
                else:
                    await websocket.send_bytes(data)
            if outbox.is_closed:
                gate.open()
                await websocket.close()
                return
    except (WebSocketDisconnect, RuntimeError):
        # The client is gone, or went while the closing handshake was under way; the reader, which
        # is told so too, ends the connection.
        return
