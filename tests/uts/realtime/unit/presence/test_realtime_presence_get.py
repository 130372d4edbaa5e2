"""RTP11: the members of a channel."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ably_realtime import Channel, PresenceMessage
from tests.uts.harness import ClientFactory, MockWebSocket, accept, complete
from tests.uts.harness.channels import suspend
from tests.uts.harness.frames import attached, connected
from tests.uts.harness.messages import attach, attaches, begin, connect, failure, send
from tests.uts.harness.presence import (
    HAS_PRESENCE,
    answer_attaches,
    attaches_with,
    attaches_with_presence,
    member,
    sync,
)

CHANNEL = "test-presence-get"
ALICE = member("alice", "c1")
BOB = member("bob", "c2")


@pytest.fixture
def server() -> MockWebSocket:
    """A server that announces a SYNC with every ATTACHED and leaves it to the test."""
    return MockWebSocket(
        accept(connected("conn-1", connectionStateTtl=5_000)), attaches_with_presence
    )


@pytest.fixture
async def channel(create_client: ClientFactory, server: MockWebSocket) -> Channel:
    return await attach(await connect(create_client, server), CHANNEL)


def client_ids(members: Iterable[PresenceMessage]) -> list[str]:
    return sorted(str(member.client_id) for member in members)


@pytest.mark.uts("realtime/unit/RTP11a/get-returns-members-single-sync-0")
async def test_get_waits_for_the_sync(channel: Channel, server: MockWebSocket) -> None:
    getting = await begin(channel.presence.get())
    assert not getting.done()

    await send(server, sync(CHANNEL, ALICE, BOB))
    members = await complete(getting)

    assert client_ids(members) == ["alice", "bob"]


@pytest.mark.uts("realtime/unit/RTP11a/get-waits-for-multi-sync-1")
async def test_get_waits_for_all_of_the_sync(channel: Channel, server: MockWebSocket) -> None:
    getting = await begin(channel.presence.get())
    assert not getting.done()

    await send(server, sync(CHANNEL, ALICE, cursor="cursor1"))
    assert not getting.done()
    await send(server, sync(CHANNEL, BOB))
    members = await complete(getting)

    assert client_ids(members) == ["alice", "bob"]


@pytest.mark.uts("realtime/unit/RTP11c1/get-no-wait-returns-immediately-0")
async def test_get_without_waiting(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept(connected("conn-1")),
        answer_attaches(
            [attached(CHANNEL, flags=HAS_PRESENCE), sync(CHANNEL, ALICE, cursor="cursor1")]
        ),
    )
    channel = await attach(await connect(create_client, server), CHANNEL)

    members = await complete(channel.presence.get(wait_for_sync=False))

    assert client_ids(members) == ["alice"]


@pytest.mark.uts("realtime/unit/RTP11c2/get-filtered-by-clientid-0")
async def test_get_by_client_id(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept(connected()), attaches_with(CHANNEL, ALICE, BOB, member("alice", "c3"))
    )
    channel = await attach(await connect(create_client, server), CHANNEL)

    members = await complete(channel.presence.get(client_id="alice"))

    assert client_ids(members) == ["alice", "alice"]


@pytest.mark.uts("realtime/unit/RTP11c3/get-filtered-by-connectionid-0")
async def test_get_by_connection_id(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept(connected()), attaches_with(CHANNEL, ALICE, BOB, member("carol", "c1", index=1))
    )
    channel = await attach(await connect(create_client, server), CHANNEL)

    members = await complete(channel.presence.get(connection_id="c1"))

    assert client_ids(members) == ["alice", "carol"]
    assert [member.connection_id for member in members] == ["c1", "c1"]


@pytest.mark.uts("realtime/unit/RTP11b/get-implicitly-attaches-0")
async def test_get_attaches(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), attaches)
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    assert channel.state == "initialized"

    members = await complete(channel.presence.get(wait_for_sync=False))

    assert channel.state == "attached"
    assert members == []


@pytest.mark.uts("realtime/unit/RTP11d/get-suspended-errors-default-0")
async def test_get_on_a_suspended_channel(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    channel = await suspended_with_alice(create_client, server)

    error = await failure(channel.presence.get())

    assert error.code == 91005


@pytest.mark.uts("realtime/unit/RTP11d/get-suspended-no-wait-returns-1")
async def test_get_on_a_suspended_channel_without_waiting(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    channel = await suspended_with_alice(create_client, server)

    members = await complete(channel.presence.get(wait_for_sync=False))

    assert client_ids(members) == ["alice"]


async def suspended_with_alice(create_client: ClientFactory, server: MockWebSocket) -> Channel:
    client = await connect(create_client, server)
    channel = await attach(client, CHANNEL)
    await send(server, sync(CHANNEL, ALICE))
    await suspend(client, server)
    assert channel.state == "suspended"
    return channel
