"""RTL14: ERROR for a channel."""

from __future__ import annotations

import pytest

from tests.uts.harness import ClientFactory, FakeClock, await_state, complete, record
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    attached_channel,
    fail_channel,
    ignore,
)
from tests.uts.harness.frames import detached, error, error_info
from tests.uts.harness.messages import connect, failure

NOT_PERMITTED = error(40160, 401, "Not permitted", channel=CHANNEL)


@pytest.mark.uts("realtime/unit/RTL14/attached-to-failed-0")
async def test_attached(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    changes = record(channel)

    server.send(NOT_PERMITTED)
    await await_state(channel, "failed")

    reason = channel.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (40160, 401)
    assert "Not permitted" in reason.message
    (change,) = changes
    assert change.current == "failed"
    assert change.previous == "attached"
    assert change.reason.code == 40160
    assert client.connection.state == "connected"


@pytest.mark.uts("realtime/unit/RTL14/attaching-to-failed-1")
async def test_attaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=fail_channel(40160, 401, "Not permitted"))
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)

    refused = await failure(channel.attach())

    assert channel.state == "failed"
    assert channel.error_reason is not None
    assert channel.error_reason.code == 40160
    assert refused.code == 40160
    assert client.connection.state == "connected"


@pytest.mark.uts("realtime/unit/RTL14/pending-detach-error-2")
async def test_detaching(create_client: ClientFactory) -> None:
    server = ChannelServer(on_detach=fail_channel(90198, 500, "Detach failed"))
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await complete(channel.attach())
    assert channel.state == "attached"

    refused = await failure(channel.detach())

    assert channel.state == "failed"
    assert channel.error_reason is not None
    assert channel.error_reason.code == 90198
    assert refused.code == 90198
    assert client.connection.state == "connected"


@pytest.mark.uts("realtime/unit/RTL14/other-channels-unaffected-3")
async def test_other_channels(create_client: ClientFactory) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel, other = client.channels.get(CHANNEL), client.channels.get("other")
    await complete(channel.attach())
    await complete(other.attach())
    assert other.state == "attached"

    server.send(NOT_PERMITTED)
    await await_state(channel, "failed")

    assert channel.error_reason is not None
    assert other.state == "attached"
    assert other.error_reason is None
    assert client.connection.state == "connected"


@pytest.mark.uts("realtime/unit/RTL14/cancels-pending-timers-4")
async def test_no_retry(create_client: ClientFactory, clock: FakeClock) -> None:
    server = ChannelServer()
    channel = await attached_channel(
        create_client, server, realtime_request_timeout=100, channel_retry_timeout=200
    )
    assert len(server.attaches) == 1
    server.on_attach = ignore
    server.send(detached(CHANNEL, error_info(90198, 500, "Detach")))
    await clock.advance(150)
    assert channel.state == "suspended"

    server.send(NOT_PERMITTED)
    await await_state(channel, "failed")
    before = len(server.attaches)
    await clock.advance(500)

    assert channel.state == "failed"
    assert len(server.attaches) == before
