"""RTC7: configured timeouts."""

from __future__ import annotations

import asyncio

import pytest

from ably_realtime import AblyError
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    MockHttpClient,
    MockWebSocket,
    accept,
    await_state,
    complete,
    in_turn,
    refuse,
    reply,
)
from tests.uts.harness.frames import attached, connected


@pytest.mark.uts("realtime/unit/RTC7/attach-request-timeout-0")
async def test_attach_times_out(create_client: ClientFactory, clock: FakeClock) -> None:
    client = create_client(
        transport=MockWebSocket(accept(connected())),
        key=KEY,
        auto_connect=False,
        realtime_request_timeout=500,
    )
    channel = client.channels.get("test-RTC7-attach")
    client.connect()
    await await_state(client.connection, "connected")

    attaching = asyncio.create_task(channel.attach())
    await clock.advance(600)

    with pytest.raises(AblyError):
        await complete(attaching)
    assert channel.state == "suspended"


@pytest.mark.uts("realtime/unit/RTC7/detach-request-timeout-1")
async def test_detach_times_out(create_client: ClientFactory, clock: FakeClock) -> None:
    server = MockWebSocket(
        accept(connected()), reply(Action.ATTACH, lambda frame: attached(frame["channel"]))
    )
    client = create_client(
        transport=server, key=KEY, auto_connect=False, realtime_request_timeout=500
    )
    channel = client.channels.get("test-RTC7-detach")
    client.connect()
    await await_state(client.connection, "connected")
    await complete(channel.attach())

    detaching = asyncio.create_task(channel.detach())
    await clock.advance(600)

    with pytest.raises(AblyError):
        await complete(detaching)
    assert channel.state == "attached"


@pytest.mark.uts("realtime/unit/RTC7/disconnected-retry-timeout-2")
async def test_disconnected_retry_timeout(create_client: ClientFactory, clock: FakeClock) -> None:
    server = MockWebSocket(in_turn(accept(connected(maxIdleInterval=0)), refuse))
    client = create_client(
        transport=server,
        http=MockHttpClient(lambda request: request.respond_with(200, "yes")),
        key=KEY,
        auto_connect=False,
        disconnected_retry_timeout=2_000,
        fallback_hosts=[],
    )
    client.connect()
    await await_state(client.connection, "connected")
    assert len(server.attempts) == 1
    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "disconnected")
    after_immediate = len(server.attempts)

    await clock.advance(1_500)
    assert len(server.attempts) == after_immediate
    await clock.advance(1_500)

    assert len(server.attempts) > after_immediate


@pytest.mark.uts("realtime/unit/RTC7/default-timeouts-applied-3")
async def test_default_timeouts(create_client: ClientFactory) -> None:
    """`http_open_timeout` and `http_request_timeout` are in seconds, as in the REST SDK."""
    options = create_client(key=KEY, auto_connect=False).options

    assert options.realtime_request_timeout == 10_000
    assert options.disconnected_retry_timeout == 15_000
    assert options.suspended_retry_timeout == 30_000
    assert options.http_open_timeout * 1_000 == 4_000
    assert options.http_request_timeout * 1_000 == 10_000
