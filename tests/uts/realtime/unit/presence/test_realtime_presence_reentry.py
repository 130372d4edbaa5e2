"""RTP17: members of this connection are entered again when the channel attaches again."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import AblyRealtime
from tests.uts.harness import (
    Action,
    ClientFactory,
    Frame,
    MockWebSocket,
    accept,
    accept_each,
    await_state,
    complete,
    reply,
    settle,
)
from tests.uts.harness.channels import Flag, reconnect
from tests.uts.harness.frames import attached, connected, error_info, nack
from tests.uts.harness.messages import attach, attaches, connect, only_on, send, sent_on, together
from tests.uts.harness.presence import (
    PRESENCE_MODE,
    Echoes,
    Wire,
    acknowledges_presence,
    answer_attaches,
    connect_as_anyone,
    member,
    presence,
)
from tests.uts.harness.websocket import AttemptHandler

CHANNEL = "test-presence-reentry"
ECHOES = Echoes("my-client", "conn-1", "conn-2")


def numbered(**details: Any) -> AttemptHandler:
    """Connections `conn-1` and `conn-2`: the second does not resume the first."""
    return accept_each(lambda n: connected(f"conn-{n}", f"key-{n}", **details))


@pytest.fixture
def server() -> MockWebSocket:
    """A server that attaches channels, acknowledges presence and echoes it."""
    return MockWebSocket(numbered(), together(attaches, ECHOES))


async def reattach(client: AblyRealtime, server: MockWebSocket) -> None:
    """Drop the connection; on the next one the channel attaches again."""
    await reconnect(client, server)
    await await_state(client.channels.get(CHANNEL), "attached")
    await settle()
    assert len(server.attempts) == 2


def reentered(server: MockWebSocket) -> list[Frame]:
    """The presence messages on the second connection."""
    frames = sent_on(server, 2, Action.PRESENCE)
    return [message for frame in frames for message in frame["presence"]]


@pytest.mark.uts("realtime/unit/RTP17i/auto-reentry-on-attached-0")
async def test_attached_reenters(create_client: ClientFactory, server: MockWebSocket) -> None:
    client = await connect(create_client, server, client_id="my-client")
    channel = await attach(client, CHANNEL)
    await complete(channel.presence.enter("hello"))
    assert len(server.sent_with(Action.PRESENCE)) == 1

    await reattach(client, server)

    assert [message["action"] for message in reentered(server)] == [Wire.ENTER]


@pytest.mark.uts("realtime/unit/RTP17g/reentry-publishes-enter-with-data-0")
async def test_reentry_has_client_id_and_data(create_client: ClientFactory) -> None:
    """RTP15f forbids the case's client `admin` to enter others, so this one may act for anyone."""
    server = MockWebSocket(numbered(clientId="*"), together(attaches, ECHOES))
    client = await connect_as_anyone(create_client, server)
    channel = await attach(client, CHANNEL)
    await complete(channel.presence.enter_client("alice", "alice-data"))
    await complete(channel.presence.enter_client("bob", "bob-data"))
    assert len(server.sent_with(Action.PRESENCE)) == 2

    await reattach(client, server)

    members = [(m["action"], m["clientId"], m["data"]) for m in reentered(server)]
    assert sorted(members) == [
        (Wire.ENTER, "alice", "alice-data"),
        (Wire.ENTER, "bob", "bob-data"),
    ]


@pytest.mark.uts("realtime/unit/RTP17g1/reentry-omits-id-new-connid-0")
async def test_reentry_on_another_connection_has_no_id(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    client = await connect(create_client, server, client_id="my-client")
    channel = await attach(client, CHANNEL)
    await complete(channel.presence.enter("hello"))

    await reattach(client, server)

    (message,) = reentered(server)
    assert message["action"] == Wire.ENTER
    assert "id" not in message
    assert message["data"] == "hello"


@pytest.mark.uts("realtime/unit/RTP17i/no-reentry-with-resumed-flag-1")
async def test_resumed_needs_no_reentry(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    client = await connect(create_client, server, client_id="my-client")
    channel = await attach(client, CHANNEL)
    await complete(channel.presence.enter("hello"))

    await send(server, attached(CHANNEL, flags=Flag.RESUMED))

    assert len(server.sent_with(Action.PRESENCE)) == 1


@pytest.mark.uts("realtime/unit/RTP17e/failed-reentry-emits-update-error-0")
async def test_failed_reentry_is_announced(create_client: ClientFactory) -> None:
    denial = error_info(40160, 401, "Presence denied")
    refuses = reply(Action.PRESENCE, lambda frame: nack(frame["msgSerial"], denial))
    server = MockWebSocket(numbered(), together(attaches, only_on(1, ECHOES), only_on(2, refuses)))
    client = await connect(create_client, server, client_id="my-client")
    channel = await attach(client, CHANNEL)
    await complete(channel.presence.enter("hello"))
    updates: list[Any] = []
    channel.on("update", updates.append)

    await reattach(client, server)

    (update,) = [change for change in updates if change.reason and change.reason.code == 91004]
    assert update.resumed is True
    assert "my-client" in update.reason.message
    assert update.reason.cause is not None
    assert update.reason.cause.code == 40160


@pytest.mark.uts("realtime/unit/RTP17a/server-publishes-without-subscribe-0")
async def test_own_member_without_subscribe(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        accept(connected("conn-1")),
        together(
            answer_attaches([attached(CHANNEL, flags=PRESENCE_MODE)]),
            acknowledges_presence,
            reply(
                Action.PRESENCE,
                lambda _: presence(
                    CHANNEL, member("my-client", "conn-1", Wire.ENTER, timestamp=1000)
                ),
            ),
        ),
    )
    client = await connect(create_client, server, client_id="my-client")
    channel = await attach(client, CHANNEL)
    await complete(channel.presence.enter())

    members = await complete(channel.presence.get(wait_for_sync=False))

    assert [member.client_id for member in members] == ["my-client"]
