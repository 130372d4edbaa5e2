"""RTL23, RTL24: a channel's name and its error reason."""

from __future__ import annotations

import pytest

from tests.uts.harness import KEY, ClientFactory, await_state, complete
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    attached_channel,
    confirm_attach,
    connected_channel,
    refuse_attach,
)
from tests.uts.harness.frames import error
from tests.uts.harness.messages import failure


@pytest.mark.uts("realtime/unit/RTL23/name-attribute-0")
async def test_name(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)

    assert client.channels.get("my-channel").name == "my-channel"
    assert client.channels.get("namespace:channel-name").name == "namespace:channel-name"


@pytest.mark.uts("realtime/unit/RTL24/error-reason-channel-error-0")
async def test_error_reason_after_error(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    assert channel.error_reason is None

    server.send(error(90001, 500, "Channel error occurred", channel=CHANNEL))
    await await_state(channel, "failed")

    reason = channel.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (90001, 500)
    assert reason.message == "Channel error occurred"


@pytest.mark.uts("realtime/unit/RTL24/error-reason-attach-failure-1")
async def test_error_reason_after_a_refused_attach(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=refuse_attach(40160, 401, "Permission denied"))
    channel = await connected_channel(create_client, server)

    await failure(channel.attach())

    reason = channel.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (40160, 401)


@pytest.mark.uts("realtime/unit/RTL4c/error-cleared-on-attach-0")
async def test_attach_clears_the_error_reason(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=refuse_attach(50000, 500, "Temporary error"))
    channel = await connected_channel(create_client, server)
    await failure(channel.attach())
    assert channel.error_reason is not None
    assert channel.error_reason.code == 50000

    server.on_attach = confirm_attach()
    await complete(channel.attach())

    assert channel.state == "attached"
    assert channel.error_reason is None


@pytest.mark.uts("realtime/unit/RTL4c/error-cleared-preserved-detach-1")
async def test_detach_keeps_the_error_reason_clear(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    server.send(error(90002, 500, "Channel error", channel=CHANNEL))
    await await_state(channel, "failed")
    assert channel.error_reason is not None
    assert channel.error_reason.code == 90002

    await complete(channel.attach())
    assert channel.error_reason is None
    await complete(channel.detach())

    assert channel.state == "detached"
    assert channel.error_reason is None
