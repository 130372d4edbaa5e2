"""RTN26: when_state."""

from __future__ import annotations

from typing import Any

import pytest

from tests.uts.harness import (
    KEY,
    ClientFactory,
    FakeClock,
    MockWebSocket,
    accept,
    accept_each,
    await_state,
    record,
    refuse,
    settle,
    states,
)
from tests.uts.harness.frames import connected


@pytest.mark.uts("realtime/unit/RTN26a/immediate-callback-current-state-0")
async def test_current_state(create_client: ClientFactory) -> None:
    client = create_client(
        transport=MockWebSocket(accept(connected())), key=KEY, auto_connect=False
    )
    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)
    calls: list[Any] = []

    client.connection.when_state("connected", calls.append)
    await settle()

    assert calls == [None]


@pytest.mark.uts("realtime/unit/RTN26b/deferred-callback-future-state-0")
async def test_future_state(create_client: ClientFactory) -> None:
    client = create_client(
        transport=MockWebSocket(accept(connected())), key=KEY, auto_connect=False
    )
    assert client.connection.state == "initialized"
    calls: list[Any] = []
    client.connection.when_state("connected", calls.append)
    await settle()
    assert calls == []

    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)
    await settle()

    (change,) = calls
    assert change.previous in {"initialized", "connecting"}
    assert change.current == "connected"


@pytest.mark.uts("realtime/unit/RTN26b/fires-only-once-1")
async def test_once_only(create_client: ClientFactory, clock: FakeClock) -> None:
    server = MockWebSocket(
        accept_each(lambda n: connected(f"connection-id-{n}", f"connection-key-{n}"))
    )
    client = create_client(
        transport=server, key=KEY, disconnected_retry_timeout=100, auto_connect=False
    )
    calls: list[Any] = []
    client.connection.when_state("connected", calls.append)
    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)
    await settle()
    assert len(calls) == 1
    changes = record(client.connection)

    server.active_connection.simulate_disconnect()
    await clock.advance(150)
    await await_state(client.connection, "connected", timeout=5_000)
    await settle()

    assert states(changes) == ["disconnected", "connecting", "connected"]
    assert len(calls) == 1


@pytest.mark.uts("realtime/unit/RTN26a/multiple-whenstate-calls-1")
async def test_several_calls(create_client: ClientFactory) -> None:
    client = create_client(
        transport=MockWebSocket(accept(connected())), key=KEY, auto_connect=False
    )
    calls: list[str] = []
    client.connection.when_state("connected", lambda _: calls.append("first"))
    client.connection.when_state("connected", lambda _: calls.append("second"))
    client.connection.when_state("connecting", lambda _: calls.append("third"))

    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)
    await settle()

    assert sorted(calls) == ["first", "second", "third"]


@pytest.mark.uts("realtime/unit/RTN26a/no-fire-for-past-state-2")
async def test_past_state(create_client: ClientFactory) -> None:
    client = create_client(
        transport=MockWebSocket(accept(connected())), key=KEY, auto_connect=False
    )
    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)
    calls: list[Any] = []

    client.connection.when_state("connecting", calls.append)
    await settle()

    assert calls == []


@pytest.mark.uts("realtime/unit/RTN26/whenstate-different-states-0")
async def test_different_states(create_client: ClientFactory) -> None:
    client = create_client(transport=MockWebSocket(refuse), key=KEY, auto_connect=False)
    calls: list[str] = []
    client.connection.when_state("initialized", lambda _: calls.append("initialized"))
    client.connection.when_state("connecting", lambda _: calls.append("connecting"))
    client.connection.when_state("disconnected", lambda _: calls.append("disconnected"))
    await settle()
    assert calls == ["initialized"]

    client.connect()
    await await_state(client.connection, "disconnected", timeout=5_000)
    await settle()

    assert calls == ["initialized", "connecting", "disconnected"]
