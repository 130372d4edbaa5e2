"""RTS1 to RTS4: the channels of a client."""

from __future__ import annotations

import pytest

from ably_realtime import AblyRealtime, Channel, Channels
from tests.uts.harness import KEY, ClientFactory, complete
from tests.uts.harness.channels import CHANNEL, ChannelServer
from tests.uts.harness.messages import connect


@pytest.fixture
async def client(create_client: ClientFactory) -> AblyRealtime:
    return create_client(key=KEY)


@pytest.mark.uts("realtime/unit/RTS1/channels-collection-accessible-0")
async def test_collection(client: AblyRealtime) -> None:
    assert isinstance(client.channels, Channels)


@pytest.mark.uts("realtime/unit/RTS2/channel-exists-check-0")
async def test_existence(client: AblyRealtime) -> None:
    assert CHANNEL not in client.channels

    client.channels.get(CHANNEL)

    assert CHANNEL in client.channels
    assert "other" not in client.channels


@pytest.mark.uts("realtime/unit/RTS2/iterate-channels-1")
async def test_iteration(client: AblyRealtime) -> None:
    for name in ("a", "b", "c"):
        client.channels.get(name)

    assert sorted(channel.name for channel in client.channels) == ["a", "b", "c"]


@pytest.mark.uts("realtime/unit/RTS3a/get-creates-new-channel-0")
async def test_get_a_new_channel(client: AblyRealtime) -> None:
    channel = client.channels.get(CHANNEL)

    assert isinstance(channel, Channel)
    assert channel.name == CHANNEL
    assert CHANNEL in client.channels


@pytest.mark.uts("realtime/unit/RTS3a/get-returns-existing-channel-1")
async def test_get_an_existing_channel(client: AblyRealtime) -> None:
    channel = client.channels.get(CHANNEL)

    assert client.channels.get(CHANNEL) is channel
    assert channel.name == CHANNEL


@pytest.mark.uts("realtime/unit/RTS3a/subscript-operator-channel-2")
async def test_subscript(client: AblyRealtime) -> None:
    channel = client.channels[CHANNEL]

    assert client.channels.get(CHANNEL) is channel
    assert client.channels[CHANNEL] is channel
    assert channel.name == CHANNEL


@pytest.mark.uts("realtime/unit/RTS4a/release-removes-channel-0")
async def test_release(client: AblyRealtime) -> None:
    client.channels.get(CHANNEL)
    assert CHANNEL in client.channels

    await complete(client.channels.release(CHANNEL))

    assert CHANNEL not in client.channels


@pytest.mark.uts("realtime/unit/RTS4a/release-nonexistent-noop-1")
async def test_release_of_no_channel(client: AblyRealtime) -> None:
    await complete(client.channels.release(CHANNEL))

    assert CHANNEL not in client.channels


@pytest.mark.uts("realtime/unit/RTS4a/release-detaches-attached-2")
async def test_release_detaches(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    assert channel.state == "attached"

    await complete(client.channels.release(CHANNEL))

    assert CHANNEL not in client.channels
    assert len(server.detaches) == 1
    assert channel.state == "detached"


@pytest.mark.uts("realtime/unit/RTS3a/get-after-release-new-3")
async def test_get_after_release(client: AblyRealtime) -> None:
    released = client.channels.get(CHANNEL)
    await complete(client.channels.release(CHANNEL))

    channel = client.channels.get(CHANNEL)

    assert channel is not released
    assert channel.name == CHANNEL
    assert CHANNEL in client.channels
