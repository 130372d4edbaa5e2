"""RTN16: recovering the connection of an earlier client."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    MockWebSocket,
    accept,
    await_state,
    complete,
    in_turn,
    refuse,
    reply,
    settle,
)
from tests.uts.harness.frames import ack, attached, closed, connected, error

UNICODE_CHANNEL = "channel-éàü-世界"


@pytest.mark.uts("realtime/unit/RTN16g/recovery-key-structure-0")
async def test_recovery_key_structure(create_client: ClientFactory) -> None:
    serials = {"channel-alpha": "serial-a-001", UNICODE_CHANNEL: "serial-b-002"}
    server = MockWebSocket(
        accept(connected("connection-1", "key-abc-123")),
        reply(
            Action.ATTACH,
            lambda frame: attached(frame["channel"], channelSerial=serials[frame["channel"]]),
        ),
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    for name in serials:
        channel = client.channels.get(name)
        await complete(channel.attach())
        await await_state(channel, "attached")

    recovery_key = client.connection.create_recovery_key()

    assert recovery_key is not None
    parsed = json.loads(recovery_key)
    assert parsed["connectionKey"] == "key-abc-123"
    assert parsed["msgSerial"] == 0
    assert parsed["channelSerials"] == serials
    assert json.loads(json.dumps(parsed))["channelSerials"][UNICODE_CHANNEL] == "serial-b-002"


@pytest.mark.uts("realtime/unit/RTN16g3/recovery-key-null-inactive-0")
async def test_recovery_key_by_state(create_client: ClientFactory) -> None:
    """From the branch text: since 6.1 a SUSPENDED connection can be recovered."""
    server = MockWebSocket(
        accept(connected("connection-1", "key-1")), reply(Action.CLOSE, lambda _: closed())
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    assert client.connection.create_recovery_key() is None

    client.connect()
    await await_state(client.connection, "connected")
    assert client.connection.create_recovery_key() is not None

    closing = asyncio.create_task(client.connection.close())
    await await_state(client.connection, "closing")
    assert client.connection.create_recovery_key() is None
    await await_state(client.connection, "closed")
    await complete(closing)
    assert client.connection.create_recovery_key() is None


@pytest.mark.uts("realtime/unit/RTN16g3/recovery-key-null-inactive-0")
async def test_recovery_key_in_failed(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected("conn-f", "key-f")))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.send_to_client_and_close(error(50000, 500, "Fatal error"))
    await await_state(client.connection, "failed")

    assert client.connection.create_recovery_key() is None


@pytest.mark.uts("realtime/unit/RTN16g3/recovery-key-null-inactive-0")
async def test_recovery_key_in_suspended(create_client: ClientFactory, clock: FakeClock) -> None:
    server = MockWebSocket(
        in_turn(accept(connected("conn-s", "key-s", connectionStateTtl=2_000)), refuse)
    )
    client = create_client(
        transport=server,
        key=KEY,
        disconnected_retry_timeout=500,
        auto_connect=False,
        fallback_hosts=[],
    )
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.simulate_disconnect()
    for _ in range(10):
        await clock.advance(1_500)
        if client.connection.state == "suspended":
            break
    await await_state(client.connection, "suspended")

    assert client.connection.create_recovery_key() is not None


@pytest.mark.uts("realtime/unit/RTN16k/recover-query-param-0")
async def test_recover_is_sent_once(create_client: ClientFactory) -> None:
    recovery_key = json.dumps(
        {"connectionKey": "recovered-key-xyz", "msgSerial": 5, "channelSerials": {}}
    )
    server = MockWebSocket(
        in_turn(
            accept(connected("recovered-conn-id", "new-key-after-recovery")),
            accept(connected("recovered-conn-id", "resumed-key")),
        )
    )
    client = create_client(transport=server, key=KEY, recover=recovery_key, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected", timeout=5_000)

    first, second = (attempt.params for attempt in server.attempts)
    assert first["recover"] == "recovered-key-xyz"
    assert "resume" not in first
    assert second["resume"] == "new-key-after-recovery"
    assert "recover" not in second


@pytest.mark.uts("realtime/unit/RTN16f/recover-initializes-msgserial-0")
async def test_recover_sets_the_msg_serial(create_client: ClientFactory) -> None:
    recovery_key = json.dumps(
        {
            "connectionKey": "old-key",
            "msgSerial": 42,
            "channelSerials": {"test-channel": "ch-serial-1"},
        }
    )
    server = MockWebSocket(
        accept(connected("recovered-conn", "new-key")),
        reply(
            Action.ATTACH,
            lambda frame: attached(frame["channel"], channelSerial="ch-serial-updated"),
        ),
    )
    client = create_client(transport=server, key=KEY, recover=recovery_key, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    channel = client.channels.get("test-channel")
    await complete(channel.attach())
    await await_state(channel, "attached")

    publishing = asyncio.create_task(channel.publish("event", "data"))
    message = await server.await_message(Action.MESSAGE)
    server.active_connection.send_to_client(ack(42))
    await complete(publishing)

    assert message["msgSerial"] == 42


@pytest.mark.uts("realtime/unit/RTN16f/recover-initializes-msgserial-0")
async def test_failed_recover_resets_the_msg_serial(create_client: ClientFactory) -> None:
    """The other half of what the case says it tests; its steps leave it out."""
    recovery_key = json.dumps({"connectionKey": "old", "msgSerial": 42, "channelSerials": {}})
    refusal = error(80018, 400, "Invalid connection key")["error"]
    server = MockWebSocket(
        accept(connected("new-conn", "new-key", error=refusal)),
        reply(Action.ATTACH, lambda frame: attached(frame["channel"])),
    )
    client = create_client(transport=server, key=KEY, recover=recovery_key, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    channel = client.channels.get("test-channel")
    await channel.attach()

    publishing = asyncio.create_task(channel.publish("event", "data"))
    message = await server.await_message(Action.MESSAGE)
    server.active_connection.send_to_client(ack(0))
    await complete(publishing)

    assert message["msgSerial"] == 0


@pytest.mark.uts("realtime/unit/RTN16f1/malformed-recovery-key-0")
async def test_malformed_recovery_key(
    create_client: ClientFactory, caplog: pytest.LogCaptureFixture
) -> None:
    server = MockWebSocket(accept(connected("fresh-conn", "fresh-key")))
    client = create_client(
        transport=server, key=KEY, recover="this-is-not-valid-json!!!", auto_connect=False
    )

    client.connect()
    await await_state(client.connection, "connected")

    assert client.connection.id == "fresh-conn"
    assert client.connection.key == "fresh-key"
    (attempt,) = server.attempts
    assert "recover" not in attempt.params
    assert "resume" not in attempt.params
    errors = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.ERROR]
    assert any("recover" in message for message in errors)


@pytest.mark.uts("realtime/unit/RTN16j/recover-channel-serials-0")
async def test_recover_sets_channel_serials(create_client: ClientFactory) -> None:
    serials = {
        "channel-one": "serial-1-abc",
        "channel-two": "serial-2-def",
        "channel-üñîçöðé": "serial-3-unicode",
    }
    recovery_key = json.dumps(
        {"connectionKey": "old-key-abc", "msgSerial": 10, "channelSerials": serials}
    )
    server = MockWebSocket(accept(connected("recovered-conn", "new-key")))
    client = create_client(transport=server, key=KEY, recover=recovery_key, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    assert {channel.name for channel in client.channels} == set(serials)
    for name, serial in serials.items():
        channel = client.channels.get(name)
        assert channel.properties.channel_serial == serial
        assert channel.state == "initialized"

    channel_one = client.channels.get("channel-one")
    attaching = asyncio.create_task(channel_one.attach())
    await settle()
    (attach,) = server.sent_with(Action.ATTACH)
    assert attach["channel"] == "channel-one"
    assert attach["channelSerial"] == "serial-1-abc"
    server.active_connection.send_to_client(
        attached("channel-one", channelSerial="serial-1-abc-updated")
    )
    await await_state(channel_one, "attached")
    await complete(attaching)
