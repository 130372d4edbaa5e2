"""RTL12: ATTACHED on a channel that is ATTACHED."""

from __future__ import annotations

import pytest

from tests.uts.harness import ClientFactory, record, settle
from tests.uts.harness.channels import CHANNEL, ChannelServer, Flag, attached_channel
from tests.uts.harness.frames import attached, error_info


@pytest.mark.uts("realtime/unit/RTL12/update-emits-with-error-0")
async def test_update_with_error(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    changes = record(channel)

    server.send(attached(CHANNEL, error=error_info(50000, 500, "generic serverside failure")))
    await settle()

    assert channel.state == "attached"
    (change,) = changes
    assert change.event == "update"
    assert change.current == "attached"
    assert change.previous == "attached"
    assert change.resumed is False
    assert change.reason.code == 50000


@pytest.mark.uts("realtime/unit/RTL12/resumed-no-update-1")
async def test_no_update_when_resumed(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    changes = record(channel)

    server.send(attached(CHANNEL, flags=Flag.RESUMED))
    await settle()

    assert channel.state == "attached"
    assert changes == []


@pytest.mark.uts("realtime/unit/RTL12/no-error-null-reason-2")
async def test_update_without_error(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await attached_channel(create_client, server)
    changes = record(channel)

    server.send(attached(CHANNEL))
    await settle()

    assert channel.state == "attached"
    (change,) = changes
    assert change.event == "update"
    assert change.resumed is False
    assert change.reason is None
