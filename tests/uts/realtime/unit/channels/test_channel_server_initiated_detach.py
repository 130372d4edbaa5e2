"""RTL13: DETACHED that the client did not ask for."""

from __future__ import annotations

import pytest

from tests.uts.harness import (
    ClientFactory,
    FakeClock,
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
    attached_channel,
    confirm_attach,
    connected_channel,
    disconnect,
    ignore,
)
from tests.uts.harness.frames import detached, error_info
from tests.uts.harness.messages import begin, connect

DETACHED = detached(CHANNEL, error_info(90198, 500, "Server detached channel"))


@pytest.mark.uts("realtime/unit/RTL13a/attached-reattach-triggered-0")
async def test_attached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    assert len(server.attaches) == 1
    changes = record(channel)

    server.send(DETACHED)
    await settle()

    assert channel.state == "attached"
    assert len(server.attaches) == 2
    attaching, attached = changes
    assert attaching.current == "attaching"
    assert attaching.previous == "attached"
    assert attaching.reason.code == 90198
    assert attached.current == "attached"


@pytest.mark.uts("realtime/unit/RTL13a/suspended-reattach-triggered-1")
async def test_suspended(create_client: ClientFactory, clock: FakeClock) -> None:
    server = ChannelServer()
    channel = await attached_channel(
        create_client, server, realtime_request_timeout=100, channel_retry_timeout=60_000
    )
    server.on_attach = ignore
    server.send(DETACHED)
    await await_state(channel, "attaching")
    await clock.advance(150)
    assert channel.state == "suspended"

    server.on_attach = confirm_attach()
    server.send(detached(CHANNEL, error_info(90199, 500, "Detach 2")))
    await await_state(channel, "attached")

    assert len(server.attaches) == 3


@pytest.mark.uts("realtime/unit/RTL13b/failed-reattach-suspended-retry-0")
async def test_retry_after_a_failed_reattach(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = ChannelServer()
    channel = await attached_channel(
        create_client, server, realtime_request_timeout=100, channel_retry_timeout=200
    )
    changes = record(channel)
    server.on_attach = ignore
    server.send(DETACHED)
    await await_state(channel, "attaching")
    assert len(server.attaches) == 2
    await clock.advance(150)
    assert channel.state == "suspended"

    server.on_attach = confirm_attach()
    await clock.advance(250)

    assert channel.state == "attached"
    assert len(server.attaches) == 3
    assert states(changes) == ["attaching", "suspended", "attaching", "attached"]


@pytest.mark.uts("realtime/unit/RTL13b/attaching-detached-to-suspended-1")
async def test_attaching(create_client: ClientFactory, clock: FakeClock) -> None:
    server = ChannelServer(on_attach=ignore)
    channel = await connected_channel(
        create_client, server, realtime_request_timeout=500, channel_retry_timeout=200
    )
    await begin(channel.attach())
    assert channel.state == "attaching"
    changes = record(channel)

    server.send(DETACHED)
    await await_state(channel, "suspended")
    assert len(server.attaches) == 1
    server.on_attach = confirm_attach()
    await clock.advance(250)

    assert channel.state == "attached"
    assert len(server.attaches) == 2
    suspended = changes[0]
    assert suspended.current == "suspended"
    assert suspended.previous == "attaching"
    assert suspended.reason.code == 90198


@pytest.mark.uts("realtime/unit/RTL13b/repeated-failure-cycle-2")
async def test_retries_go_on(create_client: ClientFactory, clock: FakeClock) -> None:
    """The waits end with what they wait for: in 250 ms the next attach would time out as well."""
    server = ChannelServer()
    channel = await attached_channel(
        create_client, server, realtime_request_timeout=100, channel_retry_timeout=200
    )
    assert len(server.attaches) == 1
    changes = record(channel)
    server.on_attach = ignore
    server.send(DETACHED)

    await await_state(channel, "attaching")
    await clock.advance(150)
    assert channel.state == "suspended"
    await await_state(channel, "attaching", timeout=250)
    assert len(server.attaches) == 3

    await clock.advance(150)
    assert channel.state == "suspended"
    server.on_attach = confirm_attach()
    await await_state(channel, "attached", timeout=250)

    assert len(server.attaches) == 4
    assert_in_order(
        states(changes),
        ["attaching", "suspended", "attaching", "suspended", "attaching", "attached"],
    )


@pytest.mark.uts("realtime/unit/RTL13c/retry-cancelled-disconnected-0")
async def test_no_retry_without_a_connection(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = ChannelServer()
    client = await connect(
        create_client, server, realtime_request_timeout=100, channel_retry_timeout=200
    )
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    assert len(server.attaches) == 1
    server.on_attach = ignore
    server.send(DETACHED)
    await await_state(channel, "attaching")
    await clock.advance(150)
    assert channel.state == "suspended"

    await disconnect(client, server)
    before = len(server.attaches)
    changes = record(channel)
    await clock.advance(500)

    assert len(server.attaches) == before
    assert channel.state == "suspended"
    assert changes == []


@pytest.mark.uts("realtime/unit/RTL13a/detaching-not-server-initiated-2")
async def test_detaching(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)

    await complete(channel.detach())
    await settle()

    assert channel.state == "detached"
    assert len(server.attaches) == 1
