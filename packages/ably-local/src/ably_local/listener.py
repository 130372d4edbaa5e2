"""The HTTP server: listening sockets, and a uvicorn that starts and stops at once."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl

import uvicorn
from starlette.types import ASGIApp

from .stalling import silenceable_protocol

PING_TIMEOUT = 20.0
SHUTDOWN_GRACE = 1.0
# Longer than clients keep idle connections for: a request sent on one that is just being closed
# fails. Node's HTTP agent, for one, has no limit of its own.
KEEP_ALIVE = 600
BIND_ATTEMPTS = 5


def bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets on one port of every address of `host`.

    `localhost` has two addresses on most machines, and clients differ in which they try first.
    With port 0 the system picks a port that is free on all of them. Raises OSError.
    """
    for attempt in range(BIND_ATTEMPTS):
        try:
            return _bind_all(host, port)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            if port or not taken or attempt == BIND_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _bind_all(host: str, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in found:
            bound = sockets[0].getsockname()[1] if sockets else port
            listening = _bind_one(family, str(address[0]), bound, required=not sockets)
            if listening is not None:
                sockets.append(listening)
    except OSError:
        for listening in sockets:
            listening.close()
        raise
    return sockets


def _bind_one(family: int, address: str, port: int, *, required: bool) -> socket.socket | None:
    try:
        # asyncio turns Nagle's algorithm off only on sockets that say they are TCP.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError:
        if required:
            raise
        return None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((address, port))
        listening.listen(2048)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        if required or error.errno == errno.EADDRINUSE:
            raise
        return None
    return listening


class Listener:
    """Serves an ASGI application on given sockets, inside the running event loop.

    It installs no signal handlers and configures no logging but to silence the access log, whose
    lines would show the credentials in the URLs. WebSockets are sent a ping every `ping_interval`
    seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        sockets: list[socket.socket],
        context: ssl.SSLContext | None,
        ping_interval: float,
    ) -> None:
        self._sockets = sockets
        config = uvicorn.Config(
            app,
            lifespan="off",
            ws=silenceable_protocol,
            ws_per_message_deflate=False,
            ws_ping_interval=ping_interval,
            ws_ping_timeout=PING_TIMEOUT,
            timeout_keep_alive=KEEP_ALIVE,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
        )
        config.load()
        config.ssl = context
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)

    async def start(self) -> None:
        """Begin to accept connections."""
        await self._server.startup(sockets=self._sockets)

    async def stop(self) -> None:
        """Let requests and sockets that are being closed end, then close every connection."""
        for listening in self._server.servers:
            listening.close()
        state = self._server.server_state
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=SHUTDOWN_GRACE)
        for connection in list(state.connections):
            connection.shutdown()
        for task in state.tasks:
            task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
        for listening in self._server.servers:
            await listening.wait_closed()
