"""RTL5: detach."""

from __future__ import annotations

import pytest

from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    Frame,
    MockWebSocket,
    await_state,
    complete,
    record,
    settle,
)
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    attached_channel,
    connected_channel,
    disconnect,
    fail_channel,
    ignore,
)
from tests.uts.harness.frames import attached, detached
from tests.uts.harness.messages import begin, connect, failure


@pytest.mark.uts("realtime/unit/RTL5a/detach-initialized-noop-0")
async def test_initialized(create_client: ClientFactory) -> None:
    """The case also allows DETACHED, which "nothing is done" does not."""
    client = create_client(transport=ChannelServer(), key=KEY, auto_connect=False)
    channel = client.channels.get(CHANNEL)
    assert channel.state == "initialized"
    changes = record(channel)

    await complete(channel.detach())

    assert channel.state == "initialized"
    assert changes == []


@pytest.mark.uts("realtime/unit/RTL5a/detach-already-detached-noop-1")
async def test_already_detached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    await complete(channel.detach())
    assert channel.state == "detached"
    assert len(server.detaches) == 1

    await complete(channel.detach())

    assert channel.state == "detached"
    assert len(server.detaches) == 1


@pytest.mark.uts("realtime/unit/RTL5i/detach-while-detaching-0")
async def test_detach_while_detaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_detach=ignore)
    channel = await attached_channel(create_client, server)
    first = await begin(channel.detach())
    assert channel.state == "detaching"
    second = await begin(channel.detach())

    server.send(detached(CHANNEL))
    await complete(first)
    await complete(second)

    assert channel.state == "detached"
    assert len(server.detaches) == 1


@pytest.mark.uts("realtime/unit/RTL5i/detach-while-attaching-1")
async def test_detach_while_attaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=ignore)
    channel = await connected_channel(create_client, server)
    attaching = await begin(channel.attach())
    assert channel.state == "attaching"
    detaching = await begin(channel.detach())

    server.send(attached(CHANNEL))
    await complete(attaching)
    await complete(detaching)

    assert channel.state == "detached"
    assert [frame["action"] for frame in server.sent] == [Action.ATTACH, Action.DETACH]


@pytest.mark.uts("realtime/unit/RTL5b/detach-failed-errors-0")
async def test_failed(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=fail_channel(40160, 401, "Not permitted"))
    channel = await connected_channel(create_client, server)
    await failure(channel.attach())
    assert channel.state == "failed"

    await failure(channel.detach())

    assert channel.state == "failed"


@pytest.mark.uts("realtime/unit/RTL5j/detach-suspended-to-detached-0")
async def test_suspended(create_client: ClientFactory, clock: FakeClock) -> None:
    server = ChannelServer(on_attach=ignore)
    channel = await connected_channel(create_client, server, realtime_request_timeout=100)
    attaching = await begin(channel.attach())
    await clock.advance(150)
    await failure(attaching)
    assert channel.state == "suspended"

    await complete(channel.detach())

    assert channel.state == "detached"
    assert server.detaches == []


@pytest.mark.uts("realtime/unit/RTL5l/detach-not-connected-immediate-0")
async def test_connecting(create_client: ClientFactory) -> None:
    server = MockWebSocket()
    client = create_client(transport=server, key=KEY, auto_connect=False)
    channel = client.channels.get(CHANNEL)
    client.connect()
    await await_state(client.connection, "connecting")
    attaching = await begin(channel.attach())
    assert channel.state == "attaching"

    await complete(channel.detach())

    assert channel.state == "detached"
    assert server.sent == []
    await failure(attaching)


@pytest.mark.uts("realtime/unit/RTL5l/detach-attached-when-disconnected-1")
async def test_disconnected(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    await disconnect(client, server)

    await complete(channel.detach())

    assert client.connection.state == "disconnected"
    assert channel.state == "detached"
    assert server.detaches == []


@pytest.mark.uts("realtime/unit/RTL5d/normal-detach-flow-0")
async def test_detach(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    states_during_detach: list[str] = []
    channel.on("detaching", lambda _: states_during_detach.append(channel.state))

    await complete(channel.detach())

    assert states_during_detach == ["detaching"]
    assert channel.state == "detached"
    (frame,) = server.detaches
    assert frame["channel"] == CHANNEL


@pytest.mark.uts("realtime/unit/RTL5f/timeout-returns-previous-state-0")
async def test_timeout(create_client: ClientFactory, clock: FakeClock) -> None:
    server = ChannelServer(on_detach=ignore)
    channel = await attached_channel(create_client, server, realtime_request_timeout=100)
    assert channel.state == "attached"

    detaching = await begin(channel.detach())
    await clock.advance(150)
    await failure(detaching)

    assert channel.state == "attached"


@pytest.mark.uts("realtime/unit/RTL5k/attached-while-detaching-0")
async def test_attached_while_detaching(create_client: ClientFactory) -> None:
    def attach_once_more(frame: Frame) -> Frame:
        return attached(CHANNEL) if len(server.detaches) == 1 else detached(CHANNEL)

    server = ChannelServer(on_detach=attach_once_more)
    channel = await attached_channel(create_client, server)

    await complete(channel.detach())

    assert channel.state == "detached"
    assert len(server.detaches) == 2


@pytest.mark.uts("realtime/unit/RTL5k/attached-while-detached-1")
async def test_attached_while_detached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    await complete(channel.detach())
    assert channel.state == "detached"
    assert len(server.detaches) == 1

    server.send(attached(CHANNEL))
    await settle()

    assert len(server.detaches) == 2
    assert channel.state == "detached"


@pytest.mark.uts("realtime/unit/RTL5/detach-state-change-events-0")
async def test_state_changes(create_client: ClientFactory) -> None:
    channel = await attached_channel(create_client, ChannelServer())
    changes = record(channel)

    await complete(channel.detach())

    assert [(change.previous, change.current, change.event) for change in changes] == [
        ("attached", "detaching", "detaching"),
        ("detaching", "detached", "detached"),
    ]
