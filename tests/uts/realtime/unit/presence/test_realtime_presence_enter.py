"""RTP4, RTP8 to RTP10, RTP14 to RTP16: entering, updating and leaving, for oneself and others."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import AblyRealtime, Channel, PresenceAction
from tests.uts.harness import (
    Action,
    ClientFactory,
    FakeClock,
    Frame,
    MockWebSocket,
    accept,
    await_state,
    complete,
    reply,
)
from tests.uts.harness.frames import attached, connected, detached, error, error_info, nack
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
    Echoes,
    Wire,
    acknowledges_presence,
    attaches_with_presence,
    connect_as_anyone,
    member,
    presence,
    sync,
)

CHANNEL = "test-presence-enter"
ANYONE = accept(connected(clientId="*"))
MEMBERS = [(f"user-{number}", f"data-{number}") for number in range(50)]


@pytest.fixture
def server() -> MockWebSocket:
    """A server that attaches and detaches channels and acknowledges presence."""
    return MockWebSocket(
        accept(connected("conn-1")), together(attaches, detaches, acknowledges_presence)
    )


@pytest.fixture
async def client(create_client: ClientFactory, server: MockWebSocket) -> AblyRealtime:
    return await connect(create_client, server, client_id="my-client")


@pytest.fixture
async def channel(client: AblyRealtime) -> Channel:
    """An attached channel of a client with an id."""
    return await attach(client, CHANNEL)


@pytest.fixture
async def anyone(create_client: ClientFactory, server: MockWebSocket) -> AblyRealtime:
    """A client that may act for any client_id."""
    server.on_connection_attempt = ANYONE
    return await connect_as_anyone(create_client, server)


def sent_presence(server: MockWebSocket) -> list[Frame]:
    """The presence messages sent, each of which came in a frame of its own."""
    frames = server.sent_with(Action.PRESENCE)
    assert all(len(frame["presence"]) == 1 for frame in frames)
    return [frame["presence"][0] for frame in frames]


def fields(message: Frame) -> tuple[Any, Any, Any]:
    return message["action"], message.get("clientId"), message.get("data")


@pytest.mark.uts("realtime/unit/RTP8a/enter-sends-presence-enter-0")
async def test_enter(channel: Channel, server: MockWebSocket) -> None:
    await complete(channel.presence.enter())

    (frame,) = server.sent_with(Action.PRESENCE)
    assert frame["channel"] == CHANNEL
    (entered,) = frame["presence"]
    assert entered["action"] == Wire.ENTER
    assert "clientId" not in entered


@pytest.mark.uts("realtime/unit/RTP8e/enter-with-data-0")
async def test_enter_with_data(channel: Channel, server: MockWebSocket) -> None:
    await complete(channel.presence.enter("hello world"))

    (entered,) = sent_presence(server)
    assert entered["action"] == Wire.ENTER
    assert entered["data"] == "hello world"


@pytest.mark.uts("realtime/unit/RTP8d/enter-implicitly-attaches-0")
async def test_enter_attaches(client: AblyRealtime) -> None:
    channel = client.channels.get(CHANNEL)
    assert channel.state == "initialized"

    await complete(channel.presence.enter())

    assert channel.state == "attached"


@pytest.mark.uts("realtime/unit/RTP8g/enter-detached-failed-errors-0")
async def test_enter_on_a_failed_channel(client: AblyRealtime, server: MockWebSocket) -> None:
    server.on_message = reply(
        Action.ATTACH, lambda _: error(90001, 400, "Channel failed", channel=CHANNEL)
    )
    channel = client.channels.get(CHANNEL)
    await failure(channel.attach())
    assert channel.state == "failed"

    await failure(channel.presence.enter())

    assert channel.state == "failed"
    assert sent_presence(server) == []


@pytest.mark.uts("realtime/unit/RTP8g/enter-detached-failed-errors-0")
async def test_enter_on_a_detached_channel(channel: Channel, server: MockWebSocket) -> None:
    """The other state of the rule; the steps have FAILED only."""
    await complete(channel.detach())
    assert channel.state == "detached"

    await failure(channel.presence.enter())

    assert channel.state == "detached"
    assert sent_presence(server) == []


@pytest.mark.uts("realtime/unit/RTP8j/enter-null-clientid-errors-0")
async def test_enter_without_a_client_id(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    channel = await attach(await connect(create_client, server), CHANNEL)

    await failure(channel.presence.enter())

    assert sent_presence(server) == []


@pytest.mark.uts("realtime/unit/RTP8j/enter-wildcard-clientid-errors-1")
async def test_enter_as_anyone(anyone: AblyRealtime, server: MockWebSocket) -> None:
    """The wildcard comes with a token: RSA7c forbids it in the options."""
    channel = await attach(anyone, CHANNEL)
    assert anyone.client_id == "*"

    await failure(channel.presence.enter())

    assert sent_presence(server) == []


@pytest.mark.uts("realtime/unit/RTP8h/nack-presence-permission-denied-0")
async def test_enter_without_permission(client: AblyRealtime, server: MockWebSocket) -> None:
    denial = error_info(40160, 401, "Presence permission denied")
    server.on_message = together(
        attaches, reply(Action.PRESENCE, lambda frame: nack(frame["msgSerial"], denial))
    )
    channel = await attach(client, CHANNEL)

    reason = await failure(channel.presence.enter())

    assert reason.code == 40160


@pytest.mark.uts("realtime/unit/RTP9a/update-sends-presence-update-0")
async def test_update(channel: Channel, server: MockWebSocket) -> None:
    await complete(channel.presence.update("new-status"))

    (updated,) = sent_presence(server)
    assert updated["action"] == Wire.UPDATE
    assert updated["data"] == "new-status"
    assert "clientId" not in updated


@pytest.mark.uts("realtime/unit/RTP10a/leave-sends-presence-leave-0")
async def test_leave(channel: Channel, server: MockWebSocket) -> None:
    await complete(channel.presence.leave())

    (left,) = sent_presence(server)
    assert left["action"] == Wire.LEAVE
    assert "clientId" not in left


@pytest.mark.uts("realtime/unit/RTP10a/leave-with-data-1")
async def test_leave_with_data(channel: Channel, server: MockWebSocket) -> None:
    await complete(channel.presence.leave("goodbye"))

    (left,) = sent_presence(server)
    assert left["action"] == Wire.LEAVE
    assert left["data"] == "goodbye"


@pytest.mark.uts("realtime/unit/RTP14a/enterclient-on-behalf-0")
async def test_enter_for_others(anyone: AblyRealtime, server: MockWebSocket) -> None:
    channel = await attach(anyone, CHANNEL)

    await complete(channel.presence.enter_client("user-alice", "alice-data"))
    await complete(channel.presence.enter_client("user-bob", "bob-data"))

    assert [fields(message) for message in sent_presence(server)] == [
        (Wire.ENTER, "user-alice", "alice-data"),
        (Wire.ENTER, "user-bob", "bob-data"),
    ]


@pytest.mark.uts("realtime/unit/RTP15a/updateclient-leaveclient-0")
async def test_update_and_leave_for_others(anyone: AblyRealtime, server: MockWebSocket) -> None:
    channel = await attach(anyone, CHANNEL)

    await complete(channel.presence.enter_client("user-1", "entered"))
    await complete(channel.presence.update_client("user-1", "updated"))
    await complete(channel.presence.leave_client("user-1", "leaving"))

    assert [fields(message) for message in sent_presence(server)] == [
        (Wire.ENTER, "user-1", "entered"),
        (Wire.UPDATE, "user-1", "updated"),
        (Wire.LEAVE, "user-1", "leaving"),
    ]


@pytest.mark.uts("realtime/unit/RTP15e/enterclient-implicitly-attaches-0")
async def test_enter_for_others_attaches(anyone: AblyRealtime) -> None:
    channel = anyone.channels.get(CHANNEL)
    assert channel.state == "initialized"

    await complete(channel.presence.enter_client("user-1"))

    assert channel.state == "attached"


@pytest.mark.uts("realtime/unit/RTP15f/enterclient-mismatched-clientid-0")
async def test_enter_for_another_than_oneself(
    client: AblyRealtime, channel: Channel, server: MockWebSocket
) -> None:
    await failure(channel.presence.enter_client("other-client"))

    assert sent_presence(server) == []
    assert client.connection.state == "connected"
    assert channel.state == "attached"


@pytest.mark.uts("realtime/unit/RTP16a/presence-sent-when-attached-0")
async def test_presence_is_sent_when_attached(channel: Channel, server: MockWebSocket) -> None:
    assert channel.state == "attached"

    await complete(channel.presence.enter())

    assert len(sent_presence(server)) == 1


@pytest.mark.uts("realtime/unit/RTP16b/presence-queued-when-attaching-0")
async def test_presence_is_queued_when_attaching(
    client: AblyRealtime, server: MockWebSocket
) -> None:
    server.on_message = acknowledges_presence
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    assert channel.state == "attaching"
    entering = await begin(channel.presence.enter())
    assert sent_presence(server) == []

    await send(server, attached(CHANNEL))
    await complete(entering)

    assert [message["action"] for message in sent_presence(server)] == [Wire.ENTER]


@pytest.mark.uts("realtime/unit/RTP16c/presence-errors-other-states-0")
async def test_presence_fails_when_suspended(client: AblyRealtime, server: MockWebSocket) -> None:
    """The case expects DETACHED, but RTL13b makes a DETACHED that answers ATTACH suspend."""
    server.on_message = reply(
        Action.ATTACH, lambda _: detached(CHANNEL, error_info(90001, 400, "Detached"))
    )
    channel = client.channels.get(CHANNEL)
    await failure(channel.attach())
    assert channel.state == "suspended"

    await failure(channel.presence.enter())

    assert sent_presence(server) == []


@pytest.mark.uts("realtime/unit/RTP16c/presence-errors-other-states-0")
async def test_presence_fails_when_detached(channel: Channel, server: MockWebSocket) -> None:
    """The state that the case names."""
    await complete(channel.detach())
    assert channel.state == "detached"

    await failure(channel.presence.enter())

    assert sent_presence(server) == []


@pytest.mark.uts("realtime/unit/RTP15c/enterclient-no-side-effects-0")
async def test_entering_for_others_leaves_oneself_alone(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    """RTP8j lets a client that may act for anyone `enter` only while it is not CONNECTED."""
    server.on_connection_attempt = None
    client = create_client(transport=server, token="token-for-anyone", auto_connect=False)
    channel = client.channels.get(CHANNEL)
    client.connect()
    await await_state(client.connection, "connecting")
    entering = await begin(channel.presence.enter("main-client"))
    ANYONE(await server.await_connection_attempt())
    await complete(entering)

    await complete(channel.presence.enter_client("other-user", "other-data"))
    await complete(channel.presence.leave_client("other-user"))

    main, entered, left = sent_presence(server)
    assert main["action"] == Wire.ENTER
    assert main["data"] == "main-client"
    assert "clientId" not in main
    assert (entered["action"], entered["clientId"]) == (Wire.ENTER, "other-user")
    assert (left["action"], left["clientId"]) == (Wire.LEAVE, "other-user")


@pytest.mark.uts("realtime/unit/RTP4/bulk-enterclient-same-connection-0")
async def test_many_members_on_one_connection(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = MockWebSocket(
        accept(connected("conn-1", clientId="*")),
        together(attaches_with_presence, Echoes("*", "conn-1")),
    )
    channel = await attach(await connect_as_anyone(create_client, server), CHANNEL)
    enters = await collect(channel.presence, PresenceAction.ENTER)

    for client_id, data in MEMBERS:
        await complete(channel.presence.enter_client(client_id, data))
    await send(server, sync(CHANNEL, *all_from("conn-1", clock, Wire.PRESENT)))
    members = await complete(channel.presence.get())

    assert [message["clientId"] for message in sent_presence(server)] == [
        client_id for client_id, _ in MEMBERS
    ]
    assert [(enter.client_id, enter.data) for enter in enters] == MEMBERS
    assert sorted((member.client_id, member.data) for member in members) == sorted(MEMBERS)


@pytest.mark.uts("realtime/unit/RTP4/bulk-enterclient-diff-connections-1")
async def test_many_members_seen_from_another_connection(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server_a = MockWebSocket(
        accept(connected("conn-A", clientId="*")),
        together(attaches_with_presence, acknowledges_presence),
    )
    server_b = MockWebSocket(accept(connected("conn-B")), attaches_with_presence)
    channel_a = await attach(await connect_as_anyone(create_client, server_a), CHANNEL)
    channel_b = await attach(await connect(create_client, server_b), CHANNEL)
    enters = await collect(channel_b.presence, PresenceAction.ENTER)

    for client_id, data in MEMBERS:
        await complete(channel_a.presence.enter_client(client_id, data))
    for entered in all_from("conn-A", clock, Wire.ENTER):
        await send(server_b, presence(CHANNEL, entered))
    await send(server_b, sync(CHANNEL, *all_from("conn-A", clock, Wire.PRESENT)))
    members = await complete(channel_b.presence.get())

    assert [fields(message) for message in sent_presence(server_a)] == [
        (Wire.ENTER, client_id, data) for client_id, data in MEMBERS
    ]
    assert [(enter.client_id, enter.data) for enter in enters] == MEMBERS
    assert sorted((member.client_id, member.data) for member in members) == sorted(MEMBERS)
    assert {member.connection_id for member in members} == {"conn-A"}


def all_from(connection_id: str, clock: FakeClock, action: Wire) -> list[Frame]:
    """All members, each entered in a frame of its own on that connection."""
    now = int(clock.time())
    return [
        member(client_id, connection_id, action, serial=number, timestamp=now, data=data)
        for number, (client_id, data) in enumerate(MEMBERS)
    ]
