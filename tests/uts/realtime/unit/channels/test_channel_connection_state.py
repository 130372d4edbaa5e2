"""RTL3: what the connection's state does to channels."""

from __future__ import annotations

import pytest

from tests.uts.harness import (
    ClientFactory,
    accept,
    assert_in_order,
    await_state,
    complete,
    record,
    settle,
    states,
)
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    confirm_attach,
    disconnect,
    ignore,
    reconnect,
    suspend,
)
from tests.uts.harness.frames import connected, error
from tests.uts.harness.messages import begin, connect, failure

FATAL = error(40198, 403, "Account disabled")


@pytest.mark.uts("realtime/unit/RTL3e/disconnected-attached-noop-0")
async def test_disconnected_while_attached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    changes = record(channel)

    await disconnect(client, server)

    assert channel.state == "attached"
    assert changes == []


@pytest.mark.uts("realtime/unit/RTL3e/disconnected-attaching-noop-1")
async def test_disconnected_while_attaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=ignore)
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    assert channel.state == "attaching"
    changes = record(channel)

    await disconnect(client, server)

    assert channel.state == "attaching"
    assert changes == []


@pytest.mark.uts("realtime/unit/RTL3a/failed-attached-to-failed-0")
async def test_failed_while_attached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    changes = record(channel)

    server.active_connection.send_to_client_and_close(FATAL)
    await await_state(client.connection, "failed")

    assert channel.state == "failed"
    assert channel.error_reason is not None
    assert channel.error_reason.code == 40198
    (change,) = changes
    assert change.current == "failed"
    assert change.previous == "attached"
    assert change.reason.code == 40198


@pytest.mark.uts("realtime/unit/RTL3a/failed-attaching-to-failed-1")
async def test_failed_while_attaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=ignore)
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    attaching = await begin(channel.attach())
    assert channel.state == "attaching"
    changes = record(channel)

    server.active_connection.send_to_client_and_close(FATAL)
    await await_state(client.connection, "failed")
    await failure(attaching)

    assert channel.state == "failed"
    assert channel.error_reason is not None
    (change,) = changes
    assert change.current == "failed"
    assert change.previous == "attaching"


@pytest.mark.uts("realtime/unit/RTL3a/other-states-unaffected-2")
async def test_failed_in_other_states(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    initialized, detached = client.channels.get("initialized"), client.channels.get("detached")
    assert initialized.state == "initialized"
    await complete(detached.attach())
    await complete(detached.detach())
    assert detached.state == "detached"
    changes = [record(initialized), record(detached)]

    server.active_connection.send_to_client_and_close(FATAL)
    await await_state(client.connection, "failed")

    assert initialized.state == "initialized"
    assert detached.state == "detached"
    assert changes == [[], []]


@pytest.mark.uts("realtime/unit/RTL3b/closed-attached-to-detached-0")
async def test_closed_while_attached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    changes = record(channel)

    await complete(client.close())
    assert client.connection.state == "closed"

    assert channel.state == "detached"
    (change,) = changes
    assert change.current == "detached"
    assert change.previous == "attached"


@pytest.mark.uts("realtime/unit/RTL3b/closed-attaching-to-detached-1")
async def test_closed_while_attaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=ignore)
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    attaching = await begin(channel.attach())
    assert channel.state == "attaching"
    changes = record(channel)

    await complete(client.close())
    assert client.connection.state == "closed"
    await failure(attaching)

    assert channel.state == "detached"
    (change,) = changes
    assert change.current == "detached"
    assert change.previous == "attaching"


@pytest.mark.uts("realtime/unit/RTL3c/suspended-attached-to-suspended-0")
async def test_suspended_while_attached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(
        create_client, server, fallback_hosts=[], disconnected_retry_timeout=1_000
    )
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    changes = record(channel)

    await suspend(client, server)

    assert channel.state == "suspended"
    (change,) = changes
    assert change.current == "suspended"
    assert change.previous == "attached"


@pytest.mark.uts("realtime/unit/RTL3c/suspended-attaching-to-suspended-1")
async def test_suspended_while_attaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=ignore)
    client = await connect(
        create_client, server, fallback_hosts=[], disconnected_retry_timeout=1_000
    )
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    assert channel.state == "attaching"
    changes = record(channel)

    await suspend(client, server)

    assert channel.state == "suspended"
    (change,) = changes
    assert change.current == "suspended"
    assert change.previous == "attaching"


@pytest.mark.uts("realtime/unit/RTL3d/reattach-attached-with-serial-0")
async def test_connected_while_attached(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=confirm_attach(channelSerial="serial-001"))
    client = await connect(create_client, server, disconnected_retry_timeout=100)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    assert len(server.attaches) == 1
    changes = record(channel)

    await reconnect(client, server)
    await await_state(channel, "attached")

    assert len(server.attaches) == 2
    assert server.attaches[1]["channelSerial"] == "serial-001"
    assert_in_order(states(changes), ["attaching", "attached"])


@pytest.mark.uts("realtime/unit/RTL3d/reattach-suspended-channels-1")
async def test_connected_while_suspended(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(
        create_client,
        server,
        fallback_hosts=[],
        disconnected_retry_timeout=1_000,
        suspended_retry_timeout=2_000,
    )
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    assert len(server.attaches) == 1
    await suspend(client, server)
    assert channel.state == "suspended"
    changes = record(channel)

    server.on_connection_attempt = accept(connected())
    await await_state(client.connection, "connected", timeout=25_000)
    await await_state(channel, "attached")

    assert len(server.attaches) >= 2
    assert_in_order(states(changes), ["attaching", "attached"])


@pytest.mark.uts("realtime/unit/RTL3d/init-detached-not-reattached-2")
async def test_connected_in_other_states(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server, disconnected_retry_timeout=100)
    initialized, detached = client.channels.get("initialized"), client.channels.get("detached")
    assert initialized.state == "initialized"
    await complete(detached.attach())
    await complete(detached.detach())
    assert detached.state == "detached"
    before = len(server.attaches)
    changes = [record(initialized), record(detached)]

    await reconnect(client, server)
    await settle()

    assert initialized.state == "initialized"
    assert detached.state == "detached"
    assert changes == [[], []]
    assert server.attaches[before:] == []


@pytest.mark.uts("realtime/unit/RTL3d/multiple-channels-reattached-3")
async def test_connected_with_several_channels(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server, disconnected_retry_timeout=100)
    first, second = client.channels.get("first"), client.channels.get("second")
    await complete(first.attach())
    await complete(second.attach())
    before = len(server.attaches)

    await reconnect(client, server)
    await await_state(first, "attached")
    await await_state(second, "attached")

    again = [frame["channel"] for frame in server.attaches[before:]]
    assert sorted(again) == ["first", "second"]
