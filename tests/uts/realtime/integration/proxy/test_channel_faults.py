"""RTL3d, RTL4f, RTL5f, RTL12, RTL13a, RTL14: faults on channels."""

from __future__ import annotations

import asyncio

import pytest

from ably_realtime import AblyError, ChannelStateChange
from tests.faults import Action, Direction, FaultProxy
from tests.integration.live import eventually, pass_through, reach
from tests.integration.sandbox import Sandbox, unique
from tests.uts.harness import record, states
from tests.uts.harness.frames import attached, detached, error, error_info
from tests.uts.realtime.integration.pair import join

SHORT_TIMEOUT = 300


@pytest.mark.uts("realtime/proxy/RTL4f/attach-timeout-suppressed-0")
async def test_attach_times_out(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-RTL4f")
    proxy.on(Action.ATTACH, Direction.TO_SERVER, channel=name).drop()
    side = await join(sandbox, name, through=proxy, realtime_request_timeout=SHORT_TIMEOUT)
    changes = record(side.channel)

    with pytest.raises(AblyError):
        await side.channel.attach()

    assert side.channel.state == "suspended"
    assert states(changes) == ["attaching", "suspended"]
    assert side.client.connection.state == "connected"
    assert proxy.sent(Direction.TO_SERVER, Action.ATTACH, channel=name)
    assert not proxy.delivered(Direction.TO_SERVER, Action.ATTACH, channel=name)


@pytest.mark.uts("realtime/proxy/RTL14/error-on-attach-0")
async def test_error_for_attach(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-RTL14-error-on-attach")
    proxy.on(Action.ATTACHED, channel=name, times=1).replace(
        error(40160, 403, "Not permitted", channel=name)
    )
    side = await join(sandbox, name, through=proxy)
    changes = record(side.channel)

    with pytest.raises(AblyError) as refused:
        await side.channel.attach()

    assert refused.value.code == 40160
    assert side.channel.state == "failed"
    assert side.channel.error_reason is not None
    assert side.channel.error_reason.code == 40160
    assert side.channel.error_reason.status_code == 403
    assert states(changes) == ["attaching", "failed"]
    assert side.client.connection.state == "connected"


@pytest.mark.uts("realtime/proxy/RTL5f/detach-timeout-suppressed-0")
async def test_detach_times_out(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-RTL5f")
    side = await join(sandbox, name, through=proxy, realtime_request_timeout=SHORT_TIMEOUT)
    await side.channel.attach()
    assert side.channel.state == "attached"
    changes = record(side.channel)
    proxy.on(Action.DETACH, Direction.TO_SERVER, channel=name).drop()

    with pytest.raises(AblyError):
        await side.channel.detach()

    assert side.channel.state == "attached"
    assert states(changes) == ["detaching", "attached"]
    assert side.client.connection.state == "connected"


@pytest.mark.uts("realtime/proxy/RTL13a/unsolicited-detach-reattach-0")
async def test_unsolicited_detached(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-RTL13a")
    side = await join(sandbox, name, through=proxy)
    await side.channel.attach()
    changes = record(side.channel)

    proxy.relay.inject(detached(name, error_info(90198, 500, "Channel detached by server")))
    await pass_through(changes, ["attaching", "attached"])

    assert changes[0].reason.code == 90198
    assert side.channel.state == "attached"
    assert side.client.connection.state == "connected"
    assert len(proxy.sent(Direction.TO_SERVER, Action.ATTACH, channel=name)) >= 2


@pytest.mark.uts("realtime/proxy/RTL14/channel-error-goes-failed-1")
async def test_channel_error(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-RTL14")
    side = await join(sandbox, name, through=proxy)
    await side.channel.attach()
    changes = record(side.channel)

    proxy.relay.inject(error(40160, 403, "Not permitted", channel=name))
    await reach(side.channel, "failed")

    assert side.channel.error_reason is not None
    assert side.channel.error_reason.code == 40160
    assert side.channel.error_reason.status_code == 403
    assert "Not permitted" in side.channel.error_reason.message
    assert states(changes) == ["failed"]
    assert side.client.connection.state == "connected"


@pytest.mark.uts("realtime/proxy/RTL12/attached-non-resumed-update-0")
async def test_additional_attached(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-RTL12")
    side = await join(sandbox, name, through=proxy)
    await side.channel.attach()
    updates: list[ChannelStateChange] = []
    attachments: list[ChannelStateChange] = []
    side.channel.on("update", updates.append)
    side.channel.on("attached", attachments.append)

    proxy.relay.inject(attached(name, error=error_info(91001, 500, "Continuity lost")))
    await eventually(lambda: updates)

    (update,) = updates
    assert (update.previous, update.current, update.resumed) == ("attached", "attached", False)
    assert update.reason is not None
    assert (update.reason.code, update.reason.status_code) == (91001, 500)
    assert "Continuity lost" in update.reason.message
    assert not attachments
    assert side.channel.state == "attached"
    assert side.client.connection.state == "connected"


@pytest.mark.uts("realtime/proxy/RTL3d/channels-reattach-on-reconnect-0")
async def test_channels_attach_again(sandbox: Sandbox, proxy: FaultProxy) -> None:
    client = await sandbox.connected(through=proxy)
    channels = [client.channels.get(unique(f"test-RTL3d-{letter}")) for letter in "ab"]
    await asyncio.gather(*(channel.attach() for channel in channels))
    connection_changes = record(client.connection)
    channel_changes = [record(channel) for channel in channels]

    proxy.relay.close()
    await pass_through(connection_changes, ["disconnected", "connected"])
    for channel, changes in zip(channels, channel_changes, strict=True):
        await pass_through(changes, ["attaching", "attached"])
        assert channel.state == "attached"
        assert len(proxy.sent(Direction.TO_SERVER, Action.ATTACH, channel=channel.name)) >= 2

    assert client.connection.state == "connected"
