"""RTL9, RTL11, RTP1, RTP5, RTP13: what the state of a channel does to its presence."""

from __future__ import annotations

import pytest

from ably_realtime import Presence, PresenceAction
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    MockWebSocket,
    accept,
    accept_each,
    await_state,
    complete,
    reply,
)
from tests.uts.harness.channels import reconnect, suspend
from tests.uts.harness.frames import ack, attached, closed, connected, error
from tests.uts.harness.messages import (
    attach,
    attaches,
    begin,
    collect,
    connect,
    detaches,
    failure,
    send,
    together,
)
from tests.uts.harness.presence import (
    HAS_PRESENCE,
    Wire,
    acknowledges_presence,
    answer_attaches,
    attaches_with,
    member,
    sync,
)

CHANNEL = "test-presence-state"
ALICE = member("alice", "c1")
BOB = member("bob", "c2")
WITH_MEMBERS = attached(CHANNEL, flags=HAS_PRESENCE)
WITHOUT_MEMBERS = attached(CHANNEL)


@pytest.mark.uts("realtime/unit/RTP1/has-presence-triggers-sync-0")
async def test_members_come_with_a_sync(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), attaches_with(CHANNEL, ALICE))
    channel = await attach(await connect(create_client, server), CHANNEL)

    members = await complete(channel.presence.get())

    assert [member.client_id for member in members] == ["alice"]
    assert channel.presence.sync_complete is True


@pytest.mark.uts("realtime/unit/RTP1/no-has-presence-empty-1")
async def test_no_members_without_the_flag(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), attaches)
    channel = await attach(await connect(create_client, server), CHANNEL)

    members = await complete(channel.presence.get())

    assert members == []
    assert channel.presence.sync_complete is True


@pytest.mark.uts("realtime/unit/RTP1/no-has-presence-clears-existing-2")
async def test_members_leave_without_the_flag(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept_each(lambda n: connected(f"conn-{n}", f"key-{n}")),
        answer_attaches([WITH_MEMBERS, sync(CHANNEL, ALICE, BOB)], [WITHOUT_MEMBERS]),
    )
    client = await connect(create_client, server)
    channel = await attach(client, CHANNEL)
    assert len(await complete(channel.presence.get())) == 2
    leaves = await collect(channel.presence, PresenceAction.LEAVE)

    await reconnect(client, server)
    await await_state(channel, "attached")

    assert await complete(channel.presence.get()) == []
    assert sorted(leave.client_id for leave in leaves) == ["alice", "bob"]
    assert [leave.id for leave in leaves] == [None, None]


@pytest.fixture
def server_of_alice() -> MockWebSocket:
    """A server whose connection `c1` has entered alice; a second attach finds nobody.

    So both maps have her. Had one kept her, the second attach would show it: as her LEAVE
    (RTP19a) or as her re-entry (RTP17i).
    """
    return MockWebSocket(
        accept(connected("c1")),
        together(
            answer_attaches([WITH_MEMBERS, sync(CHANNEL, ALICE)], [WITHOUT_MEMBERS]), detaches
        ),
    )


@pytest.mark.uts("realtime/unit/RTP5a/detached-clears-presence-maps-0")
async def test_detached_forgets_members(
    create_client: ClientFactory, server_of_alice: MockWebSocket
) -> None:
    """By RTP11e `get` attaches the channel again before it answers."""
    server = server_of_alice
    channel = await attach(await connect(create_client, server), CHANNEL)
    assert len(await complete(channel.presence.get())) == 1
    leaves = await collect(channel.presence, PresenceAction.LEAVE)

    await complete(channel.detach())
    assert channel.state == "detached"
    members = await complete(channel.presence.get(wait_for_sync=False))

    assert members == []
    assert leaves == []
    assert server.sent_with(Action.PRESENCE) == []


@pytest.mark.uts("realtime/unit/RTP5a/failed-clears-presence-maps-1")
async def test_failed_forgets_members(
    create_client: ClientFactory, server_of_alice: MockWebSocket
) -> None:
    server = server_of_alice
    channel = await attach(await connect(create_client, server), CHANNEL)
    assert len(await complete(channel.presence.get())) == 1
    leaves = await collect(channel.presence, PresenceAction.LEAVE)

    await send(server, error(90001, 400, "Channel failed", channel=CHANNEL))
    assert channel.state == "failed"
    assert leaves == []
    await complete(channel.attach())
    members = await complete(channel.presence.get(wait_for_sync=False))

    assert members == []
    assert leaves == []
    assert server.sent_with(Action.PRESENCE) == []


@pytest.mark.uts("realtime/unit/RTP5b/attached-sends-queued-presence-0")
async def test_attached_sends_what_was_queued(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), acknowledges_presence)
    client = await connect(create_client, server, client_id="my-client")
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    assert channel.state == "attaching"
    entering = await begin(channel.presence.enter("queued"))
    assert server.sent_with(Action.PRESENCE) == []

    await send(server, attached(CHANNEL))
    await complete(entering)

    (frame,) = server.sent_with(Action.PRESENCE)
    assert frame["presence"][0]["action"] == Wire.ENTER
    assert frame["presence"][0]["data"] == "queued"


@pytest.mark.uts("realtime/unit/RTP5f/suspended-maintains-presence-map-0")
async def test_suspended_keeps_members(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept(connected(connectionStateTtl=5_000)), attaches_with(CHANNEL, ALICE, BOB)
    )
    client = await connect(create_client, server)
    channel = await attach(client, CHANNEL)
    assert len(await complete(channel.presence.get())) == 2

    await suspend(client, server)
    assert channel.state == "suspended"
    members = await complete(channel.presence.get(wait_for_sync=False))

    assert sorted(str(member.client_id) for member in members) == ["alice", "bob"]


@pytest.mark.uts("realtime/unit/RTP13/sync-complete-attribute-0")
async def test_sync_complete(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept(connected()),
        answer_attaches([WITH_MEMBERS, sync(CHANNEL, ALICE, cursor="cursor1")]),
    )
    channel = await attach(await connect(create_client, server), CHANNEL)
    assert channel.presence.sync_complete is False

    await send(server, sync(CHANNEL, BOB))

    assert channel.presence.sync_complete is True


@pytest.mark.uts("realtime/unit/RTL9/presence-attribute-0")
async def test_presence_attribute(create_client: ClientFactory) -> None:
    channel = create_client(key=KEY, auto_connect=False).channels.get(CHANNEL)

    assert isinstance(channel.presence, Presence)
    assert channel.presence is channel.presence


@pytest.mark.uts("realtime/unit/RTL11/queued-presence-fail-detached-0")
async def test_a_detached_channel_takes_no_presence(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), together(attaches, detaches))
    client = await connect(create_client, server, client_id="my-client")
    channel = await attach(client, CHANNEL)
    await complete(channel.detach())
    assert channel.state == "detached"

    reason = await failure(channel.presence.enter("queued-enter"))

    assert reason.code is not None
    assert server.sent_with(Action.PRESENCE) == []


@pytest.mark.uts("realtime/unit/RTL11/queued-presence-fail-detached-0")
async def test_detached_fails_what_is_queued(create_client: ClientFactory) -> None:
    """What the case is named for; its steps leave it out. CLOSED detaches channels (RTL3b)."""
    server = MockWebSocket(accept(connected()), reply(Action.CLOSE, lambda _: closed()))
    client = await connect(create_client, server, client_id="my-client")
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    entering = await begin(channel.presence.enter("queued-enter"))

    await complete(client.close())
    assert channel.state == "detached"

    reason = await failure(entering)
    assert reason.code is not None
    assert server.sent_with(Action.PRESENCE) == []


@pytest.mark.uts("realtime/unit/RTL11/queued-presence-fail-suspended-1")
async def test_suspended_fails_what_is_queued(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected(connectionStateTtl=5_000)))
    client = await connect(create_client, server, client_id="my-client")
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    assert channel.state == "attaching"
    entering = await begin(channel.presence.enter("queued-enter"))
    updating = await begin(channel.presence.update("queued-update"))
    assert server.sent_with(Action.PRESENCE) == []

    await suspend(client, server)
    assert channel.state == "suspended"

    assert server.sent_with(Action.PRESENCE) == []
    await failure(entering)
    await failure(updating)


@pytest.mark.uts("realtime/unit/RTL11/queued-presence-fail-failed-2")
async def test_failed_fails_what_is_queued(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()))
    client = await connect(create_client, server, client_id="my-client")
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    assert channel.state == "attaching"
    entering = await begin(channel.presence.enter("queued-enter"))
    assert server.sent_with(Action.PRESENCE) == []

    await send(server, error(90001, 400, "Channel failed", channel=CHANNEL))
    assert channel.state == "failed"

    assert server.sent_with(Action.PRESENCE) == []
    await failure(entering)


@pytest.mark.uts("realtime/unit/RTL11a/ack-nack-unaffected-by-state-0")
async def test_a_detached_channel_still_gets_its_ack(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), together(attaches, detaches))
    client = await connect(create_client, server, client_id="my-client")
    channel = await attach(client, CHANNEL)
    entering = await begin(channel.presence.enter("awaiting-ack"))
    (frame,) = server.sent_with(Action.PRESENCE)

    await complete(channel.detach())
    assert channel.state == "detached"
    assert not entering.done()
    await send(server, ack(frame["msgSerial"]))

    await complete(entering)
