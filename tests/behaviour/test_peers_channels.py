"""Channels in situations that clients are known to get wrong."""

from __future__ import annotations

import pytest

from ably_realtime import AblyRealtime, Channel, ChannelOptions
from tests.uts.harness import complete
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    confirm_attach,
    confirm_detach,
    disconnect,
    ignore,
    refuse_attach,
)
from tests.uts.harness.frames import connected, error
from tests.uts.harness.handlers import accept
from tests.uts.harness.messages import begin, failure, send

REWIND = ChannelOptions(params={"rewind": "1"})


async def test_attach_when_detached_arrives_instead(
    client: AblyRealtime, server: ChannelServer
) -> None:
    server.on_attach = refuse_attach(90006, 400, "too many channels")
    channel = client.channels.get(CHANNEL)
    refused = await failure(channel.attach())
    assert refused.code == 90006
    assert channel.state == "suspended"


async def test_attach_when_detached_arrives_without_an_error(
    client: AblyRealtime, server: ChannelServer
) -> None:
    server.on_attach = confirm_detach
    channel = client.channels.get(CHANNEL)
    refused = await failure(channel.attach())
    assert CHANNEL in refused.message
    assert channel.state == "suspended"


async def test_detach_without_an_answer(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    server.on_detach = ignore
    timeout = client.options.realtime_request_timeout
    assert (await failure(channel.detach(), timeout=timeout)).code == 90007
    assert channel.state == "attached"


async def test_set_options_without_an_answer(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    server.on_attach = ignore
    timeout = client.options.realtime_request_timeout
    assert (await failure(channel.set_options(REWIND), timeout=timeout)).code == 90007
    assert channel.state == "suspended"


async def test_set_options_of_an_attached_channel(channel: Channel, server: ChannelServer) -> None:
    server.on_attach = confirm_attach(params={"rewind": "1"})
    await complete(channel.set_options(REWIND))
    assert server.attaches[-1]["params"] == {"rewind": "1"}
    assert channel.params == {"rewind": "1"}


async def test_detach_when_the_channel_fails_instead(
    channel: Channel, server: ChannelServer
) -> None:
    server.on_detach = lambda _: error(40160, 401, "not yours", channel=CHANNEL)
    assert (await failure(channel.detach())).code == 40160


@pytest.mark.parametrize("call", ["detach", "set_options"])
async def test_when_the_connection_drops_meanwhile(
    client: AblyRealtime, channel: Channel, server: ChannelServer, call: str
) -> None:
    """The next connection asks again, and that settles the call (RTN19b)."""
    server.on_detach = server.on_attach = ignore
    pending = await begin(channel.detach() if call == "detach" else channel.set_options(REWIND))
    await disconnect(client, server)
    assert not pending.done()
    server.on_detach, server.on_attach = confirm_detach, confirm_attach()
    server.on_connection_attempt = accept(connected())
    client.connect()
    await complete(pending)
    assert channel.state == ("detached" if call == "detach" else "attached")


@pytest.mark.parametrize("call", ["detach", "set_options"])
async def test_when_the_connection_fails_meanwhile(
    channel: Channel, server: ChannelServer, call: str
) -> None:
    server.on_detach = server.on_attach = ignore
    pending = await begin(channel.detach() if call == "detach" else channel.set_options(REWIND))
    await send(server, error(40400, 404, "no such app"))
    assert pending.done()
    assert channel.state == ("detached" if call == "detach" else "failed")
