"""RTL15: the serials of a channel."""

from __future__ import annotations

import pytest

from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    await_state,
    complete,
    settle,
)
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    Flag,
    attached_channel,
    confirm_attach,
    ignore,
)
from tests.uts.harness.frames import attached, detached, error, error_info, message

EVENT = {"name": "event", "data": "data"}


def serial_server() -> ChannelServer:
    """A server that attaches every channel at `serial-001`."""
    return ChannelServer(on_attach=confirm_attach(channelSerial="serial-001"))


@pytest.mark.uts("realtime/unit/RTL15c/attach-serial-from-attached-0")
async def test_attach_serial(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=confirm_attach(channelSerial="attach-serial-1"))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    channel = client.channels.get(CHANNEL)
    assert channel.properties.attach_serial is None

    client.connect()
    await await_state(client.connection, "connected")
    await complete(channel.attach())
    assert channel.properties.attach_serial == "attach-serial-1"

    server.on_attach = confirm_attach(channelSerial="attach-serial-2")
    await complete(channel.detach())
    await complete(channel.attach())
    assert channel.properties.attach_serial == "attach-serial-2"


@pytest.mark.uts("realtime/unit/RTL15c/attach-serial-server-reattach-1")
async def test_attach_serial_after_another_attached(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=confirm_attach(channelSerial="initial-serial"))
    channel = await attached_channel(create_client, server)
    assert channel.properties.attach_serial == "initial-serial"

    server.send(attached(CHANNEL, channelSerial="updated-serial"))
    await settle()

    assert channel.properties.attach_serial == "updated-serial"


@pytest.mark.uts("realtime/unit/RTL15c/attach-serial-not-updated-resumed-2")
async def test_attach_serial_after_a_resumed_attached(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=confirm_attach(channelSerial="initial-serial"))
    channel = await attached_channel(create_client, server)
    assert channel.properties.attach_serial == "initial-serial"

    server.send(attached(CHANNEL, flags=Flag.RESUMED, channelSerial="resumed-serial"))
    await settle()

    assert channel.properties.channel_serial == "resumed-serial"
    assert channel.properties.attach_serial == "initial-serial"


@pytest.mark.uts("realtime/unit/RTL15b/channel-serial-from-attached-0")
async def test_channel_serial(create_client: ClientFactory) -> None:
    client = create_client(transport=serial_server(), key=KEY, auto_connect=False)
    channel = client.channels.get(CHANNEL)
    assert channel.properties.channel_serial is None

    client.connect()
    await await_state(client.connection, "connected")
    await complete(channel.attach())

    assert channel.properties.channel_serial == "serial-001"


@pytest.mark.uts("realtime/unit/RTL15b/channel-serial-from-messages-1")
async def test_channel_serial_of_messages(create_client: ClientFactory) -> None:
    server = serial_server()
    channel = await attached_channel(create_client, server)
    assert channel.properties.channel_serial == "serial-001"

    server.send(message(CHANNEL, EVENT, channelSerial="serial-002"))
    await settle()
    assert channel.properties.channel_serial == "serial-002"

    server.send({"action": Action.PRESENCE, "channel": CHANNEL, "channelSerial": "serial-003"})
    await settle()
    assert channel.properties.channel_serial == "serial-003"


@pytest.mark.uts("realtime/unit/RTL15b/serial-not-updated-empty-2")
async def test_message_without_channel_serial(create_client: ClientFactory) -> None:
    server = serial_server()
    channel = await attached_channel(create_client, server)
    assert channel.properties.channel_serial == "serial-001"

    server.send(message(CHANNEL, EVENT))
    await settle()

    assert channel.properties.channel_serial == "serial-001"


@pytest.mark.uts("realtime/unit/RTL15b/serial-not-updated-irrelevant-3")
async def test_channel_serial_of_other_actions(create_client: ClientFactory) -> None:
    server = serial_server()
    channel = await attached_channel(create_client, server)
    assert channel.properties.channel_serial == "serial-001"

    lost = error_info(90198, 500, "Detached")
    server.send({**detached(CHANNEL, lost), "channelSerial": "serial-should-not-apply"})
    await settle()

    assert channel.state == "attached"
    assert len(server.attaches) == 2
    assert server.attaches[1]["channelSerial"] == "serial-001"
    assert channel.properties.channel_serial == "serial-001"


@pytest.mark.uts("realtime/unit/RTL15b2/serial-cleared-detached-0")
async def test_channel_serial_when_detached(create_client: ClientFactory) -> None:
    channel = await attached_channel(create_client, serial_server())
    assert channel.properties.channel_serial == "serial-001"

    await complete(channel.detach())

    assert channel.state == "detached"
    assert channel.properties.channel_serial is None


@pytest.mark.uts("realtime/unit/RTL15b2/serial-retained-suspended-1")
async def test_channel_serial_when_suspended(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """RTL15b2 replaces RTL15b1 as of specification 6.1: SUSPENDED keeps the serial."""
    server = serial_server()
    channel = await attached_channel(create_client, server, realtime_request_timeout=100)
    assert channel.properties.channel_serial == "serial-001"

    server.on_attach = ignore
    server.send(detached(CHANNEL, error_info(90198, 500, "Detached")))
    await await_state(channel, "attaching")
    await clock.advance(150)

    assert channel.state == "suspended"
    assert channel.properties.channel_serial == "serial-001"


@pytest.mark.uts("realtime/unit/RTL15b2/serial-cleared-failed-2")
async def test_channel_serial_when_failed(create_client: ClientFactory) -> None:
    server = serial_server()
    channel = await attached_channel(create_client, server)
    assert channel.properties.channel_serial == "serial-001"

    server.send(error(40160, 401, "Not permitted", channel=CHANNEL))
    await await_state(channel, "failed")

    assert channel.properties.channel_serial is None
