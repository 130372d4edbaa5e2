"""A client in any state of its connection, with everything around it in the test's hands."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

from ably_realtime import AblyRealtime, ConnectionState
from tests.unit.realtime.rest.fakes import Provider
from tests.uts.harness import (
    Action,
    ClientFactory,
    FakeClock,
    Frame,
    MockConnection,
    MockHttpClient,
    MockWebSocket,
    PendingConnection,
    PendingRequest,
    settle,
)
from tests.uts.harness.frames import closed, connected, error

S = ConnectionState

OLD = "t0"
REJECTED = error(40101, 401, "invalid credentials")
CONNECTED = connected(maxIdleInterval=0)  # so that silence ends no connection
EXPIRED = {"error": {"code": 40142, "statusCode": 401, "message": "token expired"}}


class World:
    """A client with the token `t0`, a server, a REST API and a token provider.

    The server opens what `accepts`, answers AUTH alike, and lets CLOSE wait while it `lingers`.
    The API takes every token but `t0`.
    """

    def __init__(self, create_client: ClientFactory, clock: FakeClock, **options: Any) -> None:
        self.clock = clock
        self.provider = Provider(held=True)
        self.tasks: list[asyncio.Future[Any]] = []
        self.accepts = True
        self.rejects = False
        self.lingers = False
        self.drops = 0
        self.server = MockWebSocket(self._attempted, on_message=self._received)
        self.client: AblyRealtime = create_client(
            transport=self.server,
            http=MockHttpClient(self._asked),
            token=OLD,
            auth_callback=self.provider,
            auto_connect=False,
            use_binary_protocol=False,
            fallback_hosts=[],
            **options,
        )
        self.sent: list[str] = []

    @property
    def state(self) -> ConnectionState:
        return self.client.connection.state

    def start(self, work: Awaitable[Any]) -> asyncio.Future[Any]:
        task = asyncio.ensure_future(work)
        self.tasks.append(task)
        return task

    async def lead_to(self, state: ConnectionState) -> None:
        """Bring the client into a state, with the token `t0`."""
        await _LEAD[state](self)
        await settle()
        assert self.state is state
        self.accepts = True

    # -- the server

    def _attempted(self, attempt: PendingConnection) -> None:
        self.sent.append(f"dial {attempt.params['accessToken']}")
        if self.drops:
            self.drops -= 1
            attempt.respond_with_success().simulate_disconnect()
        elif self.rejects:
            attempt.respond_with_error(REJECTED)
        elif self.accepts:
            attempt.respond_with_success(CONNECTED)
        else:
            attempt.respond_with_refused()

    def _received(self, frame: Frame, connection: MockConnection) -> None:
        if frame["action"] == Action.AUTH:
            self.sent.append(f"AUTH {frame['auth']['accessToken']}")
            connection.send_to_client(REJECTED if self.rejects else CONNECTED)
        elif frame["action"] == Action.CLOSE and not self.lingers:
            connection.send_to_client(closed())

    def _asked(self, request: PendingRequest) -> None:
        token = base64.b64decode(request.headers["authorization"].split()[1]).decode()
        request.respond_with(401, EXPIRED) if token == OLD else request.respond_with(200, [])


async def _connect(world: World) -> None:
    world.client.connect()
    await settle()


async def _hang(world: World) -> None:
    world.server.on_connection_attempt = lambda attempt: attempt.respond_with_success()
    await _connect(world)
    world.server.on_connection_attempt = world._attempted


async def _refuse(world: World) -> None:
    world.accepts = False
    await _connect(world)


async def _suspend(world: World) -> None:
    await _refuse(world)
    await world.clock.advance(125_000)


async def _close(world: World) -> None:
    await _connect(world)
    world.start(world.client.close())
    await settle()


async def _linger(world: World) -> None:
    world.lingers = True
    await _close(world)


async def _fail(world: World) -> None:
    world.rejects = True
    await _connect(world)
    world.rejects = False


_LEAD: dict[ConnectionState, Callable[[World], Awaitable[None]]] = {
    S.INITIALIZED: lambda world: settle(),
    S.CONNECTING: _hang,
    S.CONNECTED: _connect,
    S.DISCONNECTED: _refuse,
    S.SUSPENDED: _suspend,
    S.CLOSING: _linger,
    S.CLOSED: _close,
    S.FAILED: _fail,
}
