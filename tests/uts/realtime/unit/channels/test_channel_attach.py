"""RTL4: attach."""

from __future__ import annotations

import pytest

from ably_realtime import ChannelMode, ChannelOptions
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    MockWebSocket,
    accept,
    await_state,
    complete,
    refuse,
    reply,
)
from tests.uts.harness.channels import (
    CHANNEL,
    SUSPENDED_WITHIN,
    ChannelServer,
    Flag,
    attached_channel,
    confirm_attach,
    connected_channel,
    fail_channel,
    ignore,
    suspend,
)
from tests.uts.harness.frames import attached, connected, detached, error
from tests.uts.harness.messages import begin, connect, failure


@pytest.mark.uts("realtime/unit/RTL4a/already-attached-noop-0")
async def test_already_attached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await connected_channel(create_client, server)
    await complete(channel.attach())
    assert channel.state == "attached"
    assert len(server.attaches) == 1

    await complete(channel.attach())

    assert channel.state == "attached"
    assert len(server.attaches) == 1


@pytest.mark.uts("realtime/unit/RTL4h/attach-while-attaching-0")
async def test_attach_while_attaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=ignore)
    channel = await connected_channel(create_client, server)
    first = await begin(channel.attach())
    assert channel.state == "attaching"
    second = await begin(channel.attach())

    server.send(attached(CHANNEL))
    await complete(first)
    await complete(second)

    assert channel.state == "attached"
    assert len(server.attaches) == 1


@pytest.mark.uts("realtime/unit/RTL4h/attach-while-detaching-1")
async def test_attach_while_detaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_detach=ignore)
    channel = await attached_channel(create_client, server)
    assert channel.state == "attached"
    detaching = await begin(channel.detach())
    assert channel.state == "detaching"
    attaching = await begin(channel.attach())

    server.send(detached(CHANNEL))
    await complete(detaching)
    await complete(attaching)

    assert channel.state == "attached"
    assert [frame["action"] for frame in server.sent] == [
        Action.ATTACH,
        Action.DETACH,
        Action.ATTACH,
    ]


@pytest.mark.uts("realtime/unit/RTL4g/attach-from-failed-0")
async def test_attach_from_failed(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=fail_channel(40160, 401, "Denied"))
    channel = await connected_channel(create_client, server)
    await failure(channel.attach())
    assert channel.state == "failed"
    assert channel.error_reason is not None

    server.on_attach = confirm_attach()
    await complete(channel.attach())

    assert channel.state == "attached"
    assert channel.error_reason is None


@pytest.mark.uts("realtime/unit/RTL4c/clears-error-reason-0")
async def test_attach_from_suspended_clears_the_error(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server, fallback_hosts=[], suspended_retry_timeout=2_000)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    assert channel.state == "attached"
    await suspend(client, server)
    assert channel.state == "suspended"
    assert channel.error_reason is not None

    server.on_connection_attempt = accept(connected())
    await await_state(client.connection, "connected", timeout=25_000)
    await await_state(channel, "attached")

    assert channel.error_reason is None


@pytest.mark.uts("realtime/unit/RTL4b/fails-connection-closed-0")
async def test_connection_closed(create_client: ClientFactory) -> None:
    client = await connect(create_client, ChannelServer())
    channel = client.channels.get(CHANNEL)
    await complete(client.close())
    assert client.connection.state == "closed"

    refused = await failure(channel.attach())

    assert refused.code is not None
    assert channel.state != "attached"


@pytest.mark.uts("realtime/unit/RTL4b/fails-connection-failed-1")
async def test_connection_failed(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        lambda attempt: attempt.respond_with_success(connected()).send_to_client_and_close(
            error(80000, 400, "Fatal error")
        )
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    channel = client.channels.get(CHANNEL)
    client.connect()
    await await_state(client.connection, "failed")

    await failure(channel.attach())

    assert channel.state != "attached"


@pytest.mark.uts("realtime/unit/RTL4b/fails-connection-suspended-2")
async def test_connection_suspended(create_client: ClientFactory) -> None:
    client = create_client(
        transport=MockWebSocket(refuse), key=KEY, auto_connect=False, channel_retry_timeout=100
    )
    channel = client.channels.get(CHANNEL)
    client.connect()
    await await_state(client.connection, "suspended", timeout=SUSPENDED_WITHIN)

    await failure(channel.attach())

    assert channel.state != "attached"


@pytest.mark.uts("realtime/unit/RTL4i/queued-while-connecting-0")
async def test_attaching_while_connecting(create_client: ClientFactory) -> None:
    server = MockWebSocket()
    client = create_client(transport=server, key=KEY, auto_connect=False)
    channel = client.channels.get(CHANNEL)
    client.connect()
    await await_state(client.connection, "connecting")

    attaching = await begin(channel.attach())

    assert channel.state == "attaching"
    assert not attaching.done()
    assert server.sent == []


@pytest.mark.uts("realtime/unit/RTL4i/completes-on-connected-1")
async def test_attached_when_connected(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        on_message=reply(Action.ATTACH, lambda frame: attached(frame["channel"]))
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    channel = client.channels.get(CHANNEL)
    client.connect()
    await await_state(client.connection, "connecting")
    attaching = await begin(channel.attach())
    assert channel.state == "attaching"
    assert server.sent_with(Action.ATTACH) == []

    attempt = await server.await_connection_attempt()
    attempt.respond_with_success(connected())
    await complete(attaching)

    assert channel.state == "attached"
    assert len(server.sent_with(Action.ATTACH)) == 1


@pytest.mark.uts("realtime/unit/RTL4c/sends-attach-message-1")
async def test_attach(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await connected_channel(create_client, server)
    states_during_attach: list[str] = []
    channel.on("attaching", lambda _: states_during_attach.append(channel.state))

    await complete(channel.attach())

    assert states_during_attach == ["attaching"]
    assert channel.state == "attached"
    (frame,) = server.attaches
    assert frame["channel"] == CHANNEL


@pytest.mark.uts("realtime/unit/RTL4c1/includes-channel-serial-0")
async def test_channel_serial(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=confirm_attach(channelSerial="serial-from-server-1"))
    channel = await attached_channel(create_client, server)

    await complete(channel.set_options(ChannelOptions(modes=[ChannelMode.SUBSCRIBE])))

    first, second = server.attaches
    assert first.get("channelSerial") is None
    assert second["channelSerial"] == "serial-from-server-1"


@pytest.mark.uts("realtime/unit/RTL4f/timeout-to-suspended-0")
async def test_timeout(create_client: ClientFactory, clock: FakeClock) -> None:
    server = ChannelServer(on_attach=ignore)
    channel = await connected_channel(create_client, server, realtime_request_timeout=100)

    attaching = await begin(channel.attach())
    await clock.advance(150)
    await failure(attaching)

    assert channel.state == "suspended"


@pytest.mark.uts("realtime/unit/RTL4k/includes-channel-params-0")
async def test_params(create_client: ClientFactory) -> None:
    server = ChannelServer()
    options = ChannelOptions(params={"rewind": "1", "delta": "vcdiff"})

    await attached_channel(create_client, server, options)

    (frame,) = server.attaches
    assert frame["params"] == {"rewind": "1", "delta": "vcdiff"}


@pytest.mark.uts("realtime/unit/RTL4l/modes-encoded-as-flags-0")
async def test_modes(create_client: ClientFactory) -> None:
    server = ChannelServer()
    options = ChannelOptions(modes=[ChannelMode.PUBLISH, ChannelMode.SUBSCRIBE])

    await attached_channel(create_client, server, options)

    (frame,) = server.attaches
    assert frame["flags"] == Flag.PUBLISH | Flag.SUBSCRIBE


@pytest.mark.uts("realtime/unit/RTL4m/modes-from-attached-0")
async def test_granted_modes(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=confirm_attach(flags=Flag.PUBLISH | Flag.SUBSCRIBE))

    channel = await attached_channel(create_client, server)

    assert set(channel.modes) == {ChannelMode.PUBLISH, ChannelMode.SUBSCRIBE}


@pytest.mark.uts("realtime/unit/RTL4j/attach-resume-flag-not-set-0")
async def test_no_attach_resume(create_client: ClientFactory) -> None:
    """RTL4j is deleted as of specification 6.1: no ATTACH carries the flag."""
    server = ChannelServer()
    channel = await attached_channel(create_client, server)

    await complete(channel.set_options(ChannelOptions(params={"rewind": "1"})))

    first, second = server.attaches
    assert not first.get("flags", 0) & Flag.ATTACH_RESUME
    assert not second.get("flags", 0) & Flag.ATTACH_RESUME
