"""The connection on real sockets, in situations that clients are known to get wrong."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from ably_local import LocalAbly
from ably_realtime import AblyError, AblyRealtime
from tests.faults import Action, Direction, FaultProxy, Frame
from tests.integration.live import eventually, pass_through, reach
from tests.integration.sandbox import Sandbox, unique
from tests.uts.harness import FakeClock, record, states
from tests.uts.harness.frames import error, error_info

UNAVAILABLE = error_info(50003, 503, "the server is going away")


@pytest.mark.parametrize("fields", [{}, {"error": UNAVAILABLE}], ids=["without error", "5xx"])
async def test_disconnected_without_a_fallback_reconnects(
    fields: Frame, sandbox: Sandbox, proxy: FaultProxy
) -> None:
    """The server leaves its end open: nothing but the frame tells that the transport is dead."""
    client = await sandbox.connected(through=proxy)
    changes = record(client.connection)

    proxy.relay.inject({"action": Action.DISCONNECTED, **fields})
    await pass_through(changes, ["disconnected", "connecting", "connected"])

    first, second = proxy.relays
    await proxy.until(lambda: not first.is_open)
    assert second.is_open


async def test_connection_error_fails_channels_and_publishes(
    sandbox: Sandbox, proxy: FaultProxy
) -> None:
    client = await sandbox.connected(through=proxy)
    channel = client.channels.get(unique("fatal"))
    await channel.attach()
    ack = proxy.on(Action.ACK).drop()
    publish = asyncio.create_task(channel.publish("event", "data"))
    await proxy.until(lambda: ack.fired == 1)

    proxy.relay.inject(error(50000, 500, "Internal server error"))

    with pytest.raises(AblyError) as failed:
        await asyncio.wait_for(publish, 10)
    assert failed.value.code == 50000
    assert client.connection.state == "failed"
    assert channel.state == "failed"


async def test_connection_error_while_connecting_is_final(
    sandbox: Sandbox, proxy: FaultProxy
) -> None:
    proxy.on(Action.CONNECTED).replace(error(40005, 400, "Invalid key"))
    client = sandbox.client(through=proxy, disconnected_retry_timeout=10)
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "failed")
    await proxy.until(lambda: not proxy.relay.is_open)

    assert states(changes) == ["connecting", "failed"]
    assert len(proxy.upgrades) == 1


async def test_failed_resume_renumbers(sandbox: Sandbox, proxy: FaultProxy) -> None:
    """What waits for an ACK is numbered from 0, and what follows goes on from there."""
    client = await sandbox.connected(through=proxy)
    channel = client.channels.get(unique("renumbered"))
    await channel.publish("first", "acknowledged")
    ack = proxy.on(Action.ACK, times=1).drop()
    pending = asyncio.create_task(channel.publish("second", "pending"))
    await proxy.until(lambda: ack.fired == 1)

    sandbox.server.faults.forget_connections()
    await asyncio.wait_for(pending, 10)
    await channel.publish("third", "after")

    published = [
        (record.relay, record.frame["messages"][0]["name"], record.frame["msgSerial"])
        for record in proxy.records
        if record.frame["action"] == Action.MESSAGE and record.direction is Direction.TO_SERVER
    ]
    assert published == [(0, "first", 0), (0, "second", 1), (1, "second", 0), (1, "third", 1)]


async def test_publish_while_connecting_is_sent_once(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on(Action.CONNECTED, nth=1).cut()
    client = sandbox.client(through=proxy, disconnected_retry_timeout=10)
    changes = record(client.connection)
    client.connect()
    publish = asyncio.create_task(client.channels.get(unique("queued")).publish("event", "data"))

    result = await asyncio.wait_for(publish, 10)

    assert result.serials[0] is not None
    assert states(changes) == ["connecting", "disconnected", "connecting", "connected"]
    (message,) = proxy.sent(Direction.TO_SERVER, Action.MESSAGE)
    assert message["msgSerial"] == 0


async def test_publish_on_a_dead_socket(sandbox: Sandbox, proxy: FaultProxy) -> None:
    """It waits for the next connection, raises nothing of the library below, and arrives once."""
    client = await sandbox.connected(through=proxy)
    channel = client.channels.get(unique("dead-socket"))
    received: list[Any] = []
    await channel.subscribe(received.append)

    proxy.relay.reset()
    result = await asyncio.wait_for(channel.publish("event", "data"), 10)
    await channel.publish("last", "data")
    await eventually(lambda: received and received[-1].name == "last")

    assert result.serials[0] is not None
    assert [message.name for message in received] == ["event", "last"]
    assert len(proxy.relays) == 2


async def test_connect_takes_over_from_a_retry_timer(sandbox: Sandbox, proxy: FaultProxy) -> None:
    """No timer is left to open a connection that was closed since."""
    clock = FakeClock()
    client = sandbox.client(through=proxy, clock=clock)
    proxy.refuse()
    client.connect()
    await reach(client.connection, "disconnected")
    await proxy.listen()

    client.connect()
    await reach(client.connection, "connected")
    await client.close()
    await clock.advance(600_000)

    assert client.connection.state == "closed"
    assert len(proxy.upgrades) == 1
    assert not clock.pending


async def test_refused_connection_ends_the_attempt(sandbox: Sandbox, proxy: FaultProxy) -> None:
    """No time passes on the client's clock: the attempt does not wait for its deadline."""
    client = sandbox.client(through=proxy, clock=FakeClock())
    proxy.refuse()

    client.connect()
    await reach(client.connection, "disconnected")

    reason = client.connection.error_reason
    assert reason is not None
    assert isinstance(reason.cause, OSError)


async def test_retry_delays_grow_and_vary(sandbox: Sandbox, proxy: FaultProxy) -> None:
    """RTB1: a third longer each time, up to twice; less up to a fifth, at random."""
    clock = FakeClock()
    client = sandbox.client(through=proxy, clock=clock, disconnected_retry_timeout=1_000)
    proxy.refuse()
    changes = record(client.connection)
    delays: list[float] = []

    client.connect()
    for attempt in range(1, 9):
        await pass_through(changes, ["disconnected"] * attempt)
        delays.append(changes[-1].retry_in)
        await clock.advance(delays[-1])

    for attempt, delay in enumerate(delays, 1):
        longest = 1_000 * min((attempt + 2) / 3, 2)
        assert 0.8 * longest <= delay <= longest
    assert len(set(delays)) == len(delays)


async def test_port_option(sandbox: Sandbox, proxy: FaultProxy) -> None:
    client = sandbox.client(endpoint="127.0.0.1", port=proxy.port)

    client.connect()
    await reach(client.connection, "connected")

    assert len(proxy.upgrades) == 1


async def test_once_async_when_already_connected(sandbox: Sandbox) -> None:
    client = await sandbox.connected()

    assert await asyncio.wait_for(client.connection.once_async("connected"), 1) is None


async def test_cancelled_once_async(sandbox: Sandbox) -> None:
    """The event it waited for comes later, and nobody has anything to complain about."""
    client = sandbox.client()
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    waiter = asyncio.create_task(client.connection.once_async("connected"))
    await asyncio.sleep(0)
    waiter.cancel()

    client.connect()
    await reach(client.connection, "connected")

    assert waiter.cancelled()
    assert not complaints


async def test_rest_calls_leave_the_socket_alone(sandbox: Sandbox, proxy: FaultProxy) -> None:
    """A REST call with a token neither connects the client nor makes it send AUTH."""
    client = sandbox.client(through=proxy)
    channel = client.rest.channels.get(unique("rest"))

    await channel.publish("event", "data")
    assert client.connection.state == "initialized"
    assert not proxy.upgrades

    client.connect()
    await reach(client.connection, "connected")
    await channel.publish("event", "data")
    await client.connection.ping()
    assert not proxy.sent(Direction.TO_SERVER, Action.AUTH)


def test_client_made_outside_a_loop() -> None:
    """It connects in the loop that first uses it."""

    async def use(client: AblyRealtime, server: LocalAbly) -> None:
        async with server, client:
            await asyncio.wait_for(client.connection.once_async("connected"), 10)

    with_port = LocalAbly(port=unused_port())
    asyncio.run(use(AblyRealtime(**with_port.client_options()), with_port))


async def test_server_restarted_at_once() -> None:
    """Killed and up again in milliseconds: the client is back after the first retry delay."""
    async with LocalAbly() as server:
        client = AblyRealtime(**server.client_options(), disconnected_retry_timeout=100)
        await reach(client.connection, "connected")
        changes = record(client.connection)
    async with LocalAbly(port=server.port, key=server.key):
        await pass_through(changes, ["disconnected", "connected"])
        await client.close()


async def test_alive_by_websocket_pings_alone(sandbox: Sandbox, proxy: FaultProxy) -> None:
    def shorten(frame: Frame) -> Frame:
        details = {**frame["connectionDetails"], "maxIdleInterval": 1_000}
        return {**frame, "connectionDetails": details}

    proxy.on(Action.CONNECTED).replace(shorten)
    clock = FakeClock()
    client = await sandbox.connected(through=proxy, clock=clock, realtime_request_timeout=2_000)
    changes = record(client.connection)

    for _ in range(10):
        await clock.advance(2_900)
        await asyncio.wait_for(proxy.relay.ping(), 10)
    assert not changes

    await clock.advance(3_100)
    assert states(changes)[0] == "disconnected"


def test_key_over_plain_ws_is_refused() -> None:
    with pytest.raises(AblyError) as refused:
        AblyRealtime(key="app.key:very-secret", tls=False)

    assert refused.value.code == 40103
    assert "very-secret" not in str(refused.value)


def unused_port() -> int:
    with socket.create_server(("localhost", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
