"""RTN13: ping."""

from __future__ import annotations

import asyncio

import pytest

from ably_realtime import AblyError
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    Frame,
    MockConnection,
    MockWebSocket,
    accept,
    await_state,
    complete,
    in_turn,
    refuse,
    reply,
    settle,
)
from tests.uts.harness.frames import connected, error, heartbeat

CONNECTED = connected("conn-id-1", "conn-key-1")
FATAL = error(80000, 400, "Fatal error")
ECHO = reply(Action.HEARTBEAT, lambda frame: heartbeat(frame["id"]))


@pytest.mark.uts("realtime/unit/RTN13a/ping-heartbeat-roundtrip-0")
async def test_ping_returns_the_round_trip(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(CONNECTED), ECHO)
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    duration = await complete(client.connection.ping())

    assert duration >= 0
    assert len(server.sent_with(Action.HEARTBEAT)) == 1


@pytest.mark.uts("realtime/unit/RTN13e/heartbeat-random-id-0")
async def test_only_a_matching_id_answers(create_client: ClientFactory) -> None:
    def on_message(frame: Frame, connection: MockConnection) -> None:
        if frame["action"] == Action.HEARTBEAT:
            connection.send_to_client(heartbeat("wrong-id"))
            connection.send_to_client(heartbeat(frame["id"]))

    server = MockWebSocket(accept(CONNECTED), on_message)
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    duration = await complete(client.connection.ping())

    assert duration >= 0
    (ping,) = server.sent_with(Action.HEARTBEAT)
    assert isinstance(ping["id"], str)
    assert len(ping["id"]) > 0


@pytest.mark.uts("realtime/unit/RTN13e/no-id-heartbeat-ignored-1")
async def test_a_heartbeat_without_id_is_no_answer(create_client: ClientFactory) -> None:
    def on_message(frame: Frame, connection: MockConnection) -> None:
        if frame["action"] == Action.HEARTBEAT:
            connection.send_to_client(heartbeat())
            connection.send_to_client(heartbeat(frame["id"]))

    server = MockWebSocket(accept(CONNECTED), on_message)
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    duration = await complete(client.connection.ping())

    assert duration >= 0


@pytest.mark.uts("realtime/unit/RTN13e/concurrent-pings-unique-ids-2")
async def test_concurrent_pings(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(CONNECTED), ECHO)
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    durations = await complete(asyncio.gather(client.connection.ping(), client.connection.ping()))

    assert all(duration >= 0 for duration in durations)
    first, second = server.sent_with(Action.HEARTBEAT)
    assert first["id"] != second["id"]


@pytest.mark.uts("realtime/unit/RTN13c/ping-timeout-0")
async def test_ping_times_out(create_client: ClientFactory, clock: FakeClock) -> None:
    server = MockWebSocket(accept(CONNECTED))
    client = create_client(
        transport=server, key=KEY, realtime_request_timeout=2_000, auto_connect=False
    )
    client.connect()
    await await_state(client.connection, "connected")

    ping = asyncio.create_task(client.connection.ping())
    await clock.advance(2_100)

    with pytest.raises(AblyError) as caught:
        await complete(ping)
    assert "timeout" in caught.value.message.lower()


@pytest.mark.uts("realtime/unit/RTN13b/ping-error-initialized-0")
async def test_ping_in_initialized(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)
    assert client.connection.state == "initialized"

    with pytest.raises(AblyError):
        await complete(client.connection.ping())


@pytest.mark.uts("realtime/unit/RTN13b/ping-error-suspended-1")
async def test_ping_in_suspended(create_client: ClientFactory, clock: FakeClock) -> None:
    client = create_client(
        transport=MockWebSocket(refuse),
        key=KEY,
        auto_connect=False,
        disconnected_retry_timeout=1_000,
        suspended_retry_timeout=100,
        fallback_hosts=[],
    )
    client.connect()
    await await_state(client.connection, "disconnected")
    await clock.advance(121_000)
    await await_state(client.connection, "suspended")

    with pytest.raises(AblyError):
        await complete(client.connection.ping())


@pytest.mark.uts("realtime/unit/RTN13b/ping-error-closed-2")
async def test_ping_in_closed(create_client: ClientFactory) -> None:
    client = create_client(transport=MockWebSocket(accept(CONNECTED)), key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    await complete(client.close(), timeout=10_000)
    await await_state(client.connection, "closed")

    with pytest.raises(AblyError):
        await complete(client.connection.ping())


@pytest.mark.uts("realtime/unit/RTN13b/ping-error-failed-3")
async def test_ping_in_failed(create_client: ClientFactory) -> None:
    server = MockWebSocket(lambda attempt: attempt.respond_with_error(FATAL))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "failed")

    with pytest.raises(AblyError):
        await complete(client.connection.ping())


@pytest.mark.uts("realtime/unit/RTN13d/ping-deferred-connecting-0")
async def test_ping_waits_while_connecting(create_client: ClientFactory, clock: FakeClock) -> None:
    server = MockWebSocket(
        lambda attempt: clock.call_later(100, lambda: attempt.respond_with_success(CONNECTED)),
        ECHO,
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    assert client.connection.state == "connecting"

    ping = asyncio.create_task(client.connection.ping())
    await settle()
    assert server.sent == []
    await clock.advance(200)
    await await_state(client.connection, "connected")
    duration = await complete(ping)

    assert duration >= 0
    assert len(server.sent_with(Action.HEARTBEAT)) == 1


@pytest.mark.uts("realtime/unit/RTN13d/ping-deferred-disconnected-1")
async def test_ping_waits_while_disconnected(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """The immediate reattempt (RTN15h3) is refused, so that DISCONNECTED lasts."""
    server = MockWebSocket(
        in_turn(
            accept(connected("conn-id-1", "conn-key-1")),
            refuse,
            accept(connected("conn-id-2", "conn-key-2")),
        ),
        ECHO,
    )
    client = create_client(
        transport=server, key=KEY, disconnected_retry_timeout=500, auto_connect=False
    )
    client.connect()
    await await_state(client.connection, "connected")
    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "disconnected")

    ping = asyncio.create_task(client.connection.ping())
    await settle()
    assert server.sent == []
    await clock.advance(600)
    await await_state(client.connection, "connected")
    duration = await complete(ping)

    assert duration >= 0
    assert len(server.sent_with(Action.HEARTBEAT)) == 1


@pytest.mark.uts("realtime/unit/RTN13b/deferred-ping-error-failed-4")
async def test_waiting_ping_fails_with_the_connection(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = MockWebSocket(
        lambda attempt: clock.call_later(100, lambda: attempt.respond_with_error(FATAL))
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    assert client.connection.state == "connecting"

    ping = asyncio.create_task(client.connection.ping())
    await clock.advance(200)
    await await_state(client.connection, "failed")

    with pytest.raises(AblyError):
        await complete(ping)


@pytest.mark.uts("realtime/unit/RTN13b/deferred-ping-error-suspended-5")
async def test_waiting_ping_fails_on_suspended(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    client = create_client(
        transport=MockWebSocket(refuse),
        key=KEY,
        auto_connect=False,
        disconnected_retry_timeout=1_000,
        suspended_retry_timeout=100,
        fallback_hosts=[],
    )
    client.connect()
    await await_state(client.connection, "disconnected")

    ping = asyncio.create_task(client.connection.ping())
    await clock.advance(121_000)
    await await_state(client.connection, "suspended")

    with pytest.raises(AblyError):
        await complete(ping)


@pytest.mark.uts("realtime/unit/RTN13c/deferred-ping-timeout-1")
async def test_waiting_ping_times_out_after_it_was_sent(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = MockWebSocket(
        lambda attempt: clock.call_later(100, lambda: attempt.respond_with_success(CONNECTED))
    )
    client = create_client(
        transport=server, key=KEY, realtime_request_timeout=2_000, auto_connect=False
    )
    client.connect()
    assert client.connection.state == "connecting"

    ping = asyncio.create_task(client.connection.ping())
    await clock.advance(200)
    await await_state(client.connection, "connected")
    await clock.advance(1_850)
    assert not ping.done()  # 2050 ms after the call, 1950 ms after HEARTBEAT was sent
    await clock.advance(250)

    with pytest.raises(AblyError) as caught:
        await complete(ping)
    assert "timeout" in caught.value.message.lower()
