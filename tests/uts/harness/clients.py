"""Clients on mocks, and proof that they leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ably_realtime import AblyRealtime

from .clock import FakeClock, settle
from .http import MockHttpClient, no_network, route_rest_requests
from .waiting import complete
from .websocket import MockWebSocket

KEY = "appId.keyId:keySecret"

# Longer than any deadline that a test configures.
CLOSE_TIMEOUT = 60_000


class ClientFactory:
    """Makes clients on a fake clock, a mock server and mock HTTP.

    A test that gives no server does not expect a WebSocket to be answered; one that gives no HTTP
    has no network for it.
    """

    def __init__(self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self._clock = clock
        self._monkeypatch = monkeypatch
        self._servers: list[MockWebSocket] = []
        self._clients: list[AblyRealtime] = []

    def __call__(
        self,
        *arguments: Any,
        transport: MockWebSocket | None = None,
        http: MockHttpClient | None = None,
        **options: Any,
    ) -> AblyRealtime:
        transport = transport or MockWebSocket()
        http = http or no_network()
        route_rest_requests(self._monkeypatch, http)
        self._servers.append(transport)
        client = AblyRealtime(
            *arguments, transport=transport, http=http, clock=self._clock, **options
        )
        self._clients.append(client)
        return client

    async def close_all(self) -> None:
        for client in self._clients:
            await complete(client.close(), timeout=CLOSE_TIMEOUT)
        await settle()

    def leftovers(self) -> list[object]:
        """What closed clients should not have left: open WebSockets and armed timers."""
        opened = {event.attempt.connection for server in self._servers for event in server.events}
        sockets = [connection for connection in opened if connection.is_open]
        return [*sockets, *(timer.callback for timer in self._clock.pending)]


async def _run_in_place(function: Callable[..., Any], *args: Any) -> Any:
    """Stands in for a thread, whose end no fake clock foresees."""
    return function(*args)


@asynccontextmanager
async def client_factory(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ClientFactory]:
    """A factory whose clients are closed at the end; tasks, timers and sockets go with them."""
    monkeypatch.setattr(asyncio, "to_thread", _run_in_place)
    factory = ClientFactory(clock, monkeypatch)
    before = asyncio.all_tasks()
    yield factory
    await factory.close_all()
    tasks = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not tasks, f"tasks left behind: {tasks}"
    assert not factory.leftovers(), f"left behind: {factory.leftovers()}"
