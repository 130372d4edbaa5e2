"""RTP6, RTP7: which presence events reach which listeners."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import AblyRealtime, Channel, PresenceAction
from tests.uts.harness import Action, ClientFactory, MockWebSocket, accept, complete
from tests.uts.harness.frames import connected
from tests.uts.harness.messages import (
    STAY_DETACHED,
    attach,
    attaches,
    collect,
    connect,
    send,
)
from tests.uts.harness.presence import Wire, attaches_with_presence, member, presence

CHANNEL = "test-presence-subscribe"
ENTER = member("alice", "c1", Wire.ENTER, serial=0, timestamp=1000)
UPDATE = member("alice", "c1", Wire.UPDATE, serial=1, timestamp=2000, data="updated")
LEAVE = member("alice", "c1", Wire.LEAVE, serial=2, timestamp=3000)
BOB = member("bob", "c2", Wire.ENTER, timestamp=2000)


@pytest.fixture
def server() -> MockWebSocket:
    return MockWebSocket(accept(connected()), attaches)


@pytest.fixture
async def client(create_client: ClientFactory, server: MockWebSocket) -> AblyRealtime:
    return await connect(create_client, server)


@pytest.fixture
async def channel(client: AblyRealtime) -> Channel:
    """An attached channel without members."""
    return await attach(client, CHANNEL)


def actions(events: list[Any]) -> list[Any]:
    return [event.action for event in events]


def ignore(_: object) -> None:
    """A listener."""


@pytest.mark.uts("realtime/unit/RTP6a/subscribe-all-presence-events-0")
async def test_subscribe_to_all_events(client: AblyRealtime, server: MockWebSocket) -> None:
    """No SYNC frame follows, so none is in progress (RTP18a) when alice leaves."""
    server.on_message = attaches_with_presence
    channel = client.channels.get(CHANNEL)
    received = await collect(channel.presence)
    assert channel.state == "attached"

    await send(
        server, presence(CHANNEL, ENTER), presence(CHANNEL, UPDATE), presence(CHANNEL, LEAVE)
    )

    assert actions(received) == [PresenceAction.ENTER, PresenceAction.UPDATE, PresenceAction.LEAVE]
    assert received[0].client_id == "alice"
    assert received[1].data == "updated"


@pytest.mark.uts("realtime/unit/RTP6b/subscribe-filtered-by-action-0")
async def test_subscribe_to_an_action(channel: Channel, server: MockWebSocket) -> None:
    enters = await collect(channel.presence, PresenceAction.ENTER)
    leaves = await collect(channel.presence, PresenceAction.LEAVE)

    await send(server, presence(CHANNEL, ENTER, UPDATE, LEAVE))

    assert actions(enters) == [PresenceAction.ENTER]
    assert actions(leaves) == [PresenceAction.LEAVE]


@pytest.mark.uts("realtime/unit/RTP6b/subscribe-filtered-multiple-actions-1")
async def test_subscribe_to_several_actions(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel.presence, [PresenceAction.ENTER, PresenceAction.LEAVE])

    await send(server, presence(CHANNEL, ENTER, UPDATE, LEAVE))

    assert actions(received) == [PresenceAction.ENTER, PresenceAction.LEAVE]


@pytest.mark.uts("realtime/unit/RTP6d/subscribe-implicitly-attaches-0")
async def test_subscribe_attaches(client: AblyRealtime, server: MockWebSocket) -> None:
    channel = client.channels.get(CHANNEL)
    assert channel.state == "initialized"

    await complete(channel.presence.subscribe(ignore))

    assert channel.state == "attached"
    assert len(server.sent_with(Action.ATTACH)) == 1


@pytest.mark.uts("realtime/unit/RTP6e/subscribe-no-attach-option-0")
async def test_subscribe_attaches_only_if_the_options_allow(
    client: AblyRealtime, server: MockWebSocket
) -> None:
    channel = client.channels.get(CHANNEL, STAY_DETACHED)
    assert channel.state == "initialized"

    await complete(channel.presence.subscribe(ignore))

    assert channel.state == "initialized"
    assert server.sent_with(Action.ATTACH) == []


@pytest.mark.uts("realtime/unit/RTP7c/unsubscribe-all-listeners-0")
async def test_unsubscribe_all_listeners(channel: Channel, server: MockWebSocket) -> None:
    events_a = await collect(channel.presence)
    events_b = await collect(channel.presence)
    await send(server, presence(CHANNEL, ENTER))
    assert len(events_a) == len(events_b) == 1

    channel.presence.unsubscribe()
    await send(server, presence(CHANNEL, BOB))

    assert len(events_a) == len(events_b) == 1


@pytest.mark.uts("realtime/unit/RTP7a/unsubscribe-specific-listener-0")
async def test_unsubscribe_a_listener(channel: Channel, server: MockWebSocket) -> None:
    events_a: list[Any] = []
    events_b: list[Any] = []
    listener_a, listener_b = events_a.append, events_b.append
    await complete(channel.presence.subscribe(listener_a))
    await complete(channel.presence.subscribe(listener_b))

    channel.presence.unsubscribe(listener_a)
    await send(server, presence(CHANNEL, ENTER))

    assert events_a == []
    assert len(events_b) == 1


@pytest.mark.uts("realtime/unit/RTP7b/unsubscribe-for-specific-action-0")
async def test_unsubscribe_a_listener_of_an_action(channel: Channel, server: MockWebSocket) -> None:
    received: list[Any] = []
    listener = received.append
    await complete(channel.presence.subscribe(PresenceAction.ENTER, listener))
    await complete(channel.presence.subscribe(PresenceAction.LEAVE, listener))

    channel.presence.unsubscribe(PresenceAction.ENTER, listener)
    await send(server, presence(CHANNEL, ENTER, LEAVE))

    assert actions(received) == [PresenceAction.LEAVE]


@pytest.mark.uts("realtime/unit/RTP6/presence-events-update-map-0")
async def test_events_update_the_members(channel: Channel, server: MockWebSocket) -> None:
    await collect(channel.presence)

    await send(server, presence(CHANNEL, {**ENTER, "data": "hello"}))
    members = await complete(channel.presence.get(wait_for_sync=False))

    assert [(m.client_id, m.data, m.action) for m in members] == [
        ("alice", "hello", PresenceAction.PRESENT)
    ]


@pytest.mark.uts("realtime/unit/RTP6/multiple-presence-in-single-message-1")
async def test_each_message_of_a_frame_is_an_event(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel.presence)

    await send(server, presence(CHANNEL, ENTER, BOB, member("carol", "c3", Wire.ENTER)))

    assert [event.client_id for event in received] == ["alice", "bob", "carol"]
