"""RTL2, TH: a channel's state and the events that announce it."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import ChannelState, ChannelStateChange
from tests.uts.harness import KEY, ClientFactory, complete, record, settle
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    Flag,
    confirm_attach,
    connected_channel,
    fail_channel,
)
from tests.uts.harness.frames import attached
from tests.uts.harness.messages import failure


async def change_to_attached(create_client: ClientFactory, flags: int) -> Any:
    """What the channel announces when the server attaches it with these flags."""
    server = ChannelServer(on_attach=confirm_attach(flags=flags))
    channel = await connected_channel(create_client, server)
    changes: list[ChannelStateChange] = []
    channel.on("attached", changes.append)
    await complete(channel.attach())
    (change,) = changes
    return change


@pytest.mark.uts("realtime/unit/RTL2b/channel-state-attribute-0")
async def test_state(create_client: ClientFactory) -> None:
    channel = create_client(key=KEY, auto_connect=False).channels.get(CHANNEL)

    assert isinstance(channel.state, ChannelState)
    assert channel.state is ChannelState.INITIALIZED


@pytest.mark.uts("realtime/unit/RTL2b/initial-state-initialized-1")
async def test_initial_state(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)

    assert client.channels.get(CHANNEL).state == "initialized"


@pytest.mark.uts("realtime/unit/RTL2a/state-change-events-emitted-0")
async def test_every_change_is_announced(create_client: ClientFactory) -> None:
    channel = await connected_channel(create_client, ChannelServer())
    changes = record(channel)

    await complete(channel.attach())

    assert [(change.previous, change.current) for change in changes] == [
        ("initialized", "attaching"),
        ("attaching", "attached"),
    ]


@pytest.mark.uts("realtime/unit/RTL2d/state-change-object-structure-0")
async def test_change(create_client: ClientFactory) -> None:
    channel = await connected_channel(create_client, ChannelServer())
    changes = record(channel)

    await complete(channel.attach())

    change = changes[0]
    assert isinstance(change, ChannelStateChange)
    assert change.current == "attaching"
    assert change.previous == "initialized"
    assert change.event == "attaching"


@pytest.mark.uts("realtime/unit/RTL2d/state-change-error-reason-1")
async def test_change_with_an_error(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=fail_channel(40160, 401, "Channel denied"))
    channel = await connected_channel(create_client, server)
    changes: list[ChannelStateChange] = []
    channel.on("failed", changes.append)

    await failure(channel.attach())

    (change,) = changes
    assert change.current == "failed"
    assert change.reason is not None
    assert change.reason.code == 40160
    assert change.reason.message == "Channel denied"


@pytest.mark.uts("realtime/unit/RTL2/filtered-event-subscription-0")
async def test_listener_of_one_event(create_client: ClientFactory) -> None:
    channel = await connected_channel(create_client, ChannelServer())
    changes: list[ChannelStateChange] = []
    channel.on("attached", changes.append)

    await complete(channel.attach())

    (change,) = changes
    assert change.current == "attached"
    assert change.event == "attached"


@pytest.mark.uts("realtime/unit/RTL2g/update-event-condition-change-0")
async def test_update(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await connected_channel(create_client, server)
    updates: list[ChannelStateChange] = []
    channel.on("update", updates.append)
    await complete(channel.attach())

    server.send(attached(CHANNEL))
    await settle()

    assert channel.state == "attached"
    (update,) = updates
    assert update.event == "update"
    assert update.current == "attached"
    assert update.previous == "attached"
    assert update.resumed is False


@pytest.mark.uts("realtime/unit/RTL2g/no-duplicate-state-events-1")
async def test_no_second_attached_event(create_client: ClientFactory) -> None:
    server = ChannelServer()
    channel = await connected_channel(create_client, server)
    changes = record(channel)
    await complete(channel.attach())

    server.send(attached(CHANNEL))
    await settle()

    assert [change.event for change in changes] == ["attaching", "attached", "update"]


@pytest.mark.uts("realtime/unit/RTL2i/has-backlog-flag-true-0")
async def test_backlog(create_client: ClientFactory) -> None:
    change = await change_to_attached(create_client, Flag.HAS_BACKLOG)

    assert change.has_backlog is True


@pytest.mark.uts("realtime/unit/RTL2i/has-backlog-flag-false-1")
async def test_no_backlog(create_client: ClientFactory) -> None:
    change = await change_to_attached(create_client, 0)

    assert change.has_backlog is False


@pytest.mark.uts("realtime/unit/RTL2d/resumed-flag-propagated-2")
async def test_resumed(create_client: ClientFactory) -> None:
    change = await change_to_attached(create_client, Flag.RESUMED)

    assert change.resumed is True


@pytest.mark.uts("realtime/unit/RTL24/error-reason-populated-0")
async def test_error_reason(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=fail_channel(40160, 401, "Not authorized"))
    channel = await connected_channel(create_client, server)

    await failure(channel.attach())

    assert channel.state == "failed"
    assert channel.error_reason is not None
    assert channel.error_reason.code == 40160
    assert channel.error_reason.message == "Not authorized"


@pytest.mark.uts("realtime/unit/RTL4c/error-reason-cleared-attach-0")
async def test_attach_clears_the_error_reason(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=fail_channel(40160, 401, "Denied"))
    channel = await connected_channel(create_client, server)
    await failure(channel.attach())
    assert channel.state == "failed"
    assert channel.error_reason is not None

    server.on_attach = confirm_attach()
    await complete(channel.attach())

    assert channel.state == "attached"
    assert channel.error_reason is None
