"""`on_discontinuity`: called exactly where messages may have been missed, with the reason."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from ably_realtime import AblyError, AblyRealtime, Channel
from tests.behaviour.scene import lose_continuity, say
from tests.uts.harness import await_state, complete, settle
from tests.uts.harness.channels import (
    CHANNEL,
    SUSPENDED_WITHIN,
    ChannelServer,
    Flag,
    confirm_attach,
    disconnect,
    reconnect,
    suspend,
)
from tests.uts.harness.frames import attached, detached, error, error_info, message
from tests.uts.harness.messages import send

LOST = error_info(80008, 400, "unable to recover the channel")


@pytest.fixture
def gaps(client: AblyRealtime) -> list[AblyError | None]:
    """The discontinuities of the channel, heard from before it is attached."""
    heard: list[AblyError | None] = []
    client.channels.get(CHANNEL).on_discontinuity(heard.append)
    return heard


def codes(gaps: list[AblyError | None]) -> list[int | None]:
    return [None if gap is None else gap.code for gap in gaps]


# Where there is none


async def test_not_at_the_first_attach(gaps: list[Any], channel: Channel) -> None:
    assert not gaps


async def test_not_where_the_channel_was_resumed(
    gaps: list[Any], client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    server.on_attach = confirm_attach(flags=Flag.RESUMED)
    await reconnect(client, server)
    await await_state(channel, "attached")
    assert not gaps


async def test_not_for_an_update_that_kept_continuity(
    gaps: list[Any], channel: Channel, server: ChannelServer
) -> None:
    await send(server, attached(CHANNEL, flags=Flag.RESUMED))
    assert not gaps


async def test_not_after_the_application_detached(
    gaps: list[Any], channel: Channel, server: ChannelServer
) -> None:
    await complete(channel.detach())
    await complete(channel.attach())
    assert not gaps


async def test_not_after_the_application_closed_the_client(
    gaps: list[Any], client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    await complete(client.close())
    client.connect()
    await complete(channel.attach())
    assert not gaps


# Where there is one


async def test_after_a_resume_that_failed(
    gaps: list[Any], client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    lose_continuity(server)
    server.on_attach = confirm_attach(error=LOST)
    await reconnect(client, server)
    await await_state(channel, "attached")
    assert codes(gaps) == [80008]


async def test_after_a_suspension(
    gaps: list[Any], client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    await suspend(client, server)
    assert not gaps
    lose_continuity(server)
    await await_state(channel, "attached", timeout=SUSPENDED_WITHIN)
    assert codes(gaps) == [None]


async def test_where_the_server_says_so_of_an_attached_channel(
    gaps: list[Any], channel: Channel, server: ChannelServer
) -> None:
    await send(server, attached(CHANNEL, error=LOST))
    assert codes(gaps) == [80008]


async def test_where_the_server_had_detached_the_channel(
    gaps: list[Any], channel: Channel, server: ChannelServer
) -> None:
    await send(server, detached(CHANNEL, error_info(90198, 400, "moved")))
    await await_state(channel, "attached")
    assert codes(gaps) == [None]


async def test_where_the_application_attaches_a_channel_that_had_failed(
    gaps: list[Any], channel: Channel, server: ChannelServer
) -> None:
    await send(server, error(40160, 401, "not now", channel=CHANNEL))
    await complete(channel.attach())
    assert codes(gaps) == [None]


async def test_every_gap_is_told(gaps: list[Any], channel: Channel, server: ChannelServer) -> None:
    await send(server, attached(CHANNEL), attached(CHANNEL, flags=Flag.RESUMED), attached(CHANNEL))
    assert codes(gaps) == [None, None]


async def test_it_stands_at_the_gap(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    """Between what was received before and after, even where all comes in one read."""
    seen: list[str | None] = []
    await complete(channel.subscribe(lambda message: seen.append(message.name)))
    channel.on_discontinuity(lambda _: seen.append("gap"))
    await say(server, "before")
    await disconnect(client, server)
    lose_continuity(server)

    def attach_with_backlog(frame: dict[str, Any]) -> dict[str, Any]:
        server.send(attached(frame["channel"]))
        return message(CHANNEL, {"name": "after"})

    server.on_attach = attach_with_backlog
    await await_state(client.connection, "connected", timeout=30_000)
    await await_state(channel, "attached")
    await settle()
    assert seen == ["before", "gap", "after"]


async def test_only_the_channel_concerned(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    other = client.channels.get("other")
    await complete(other.attach())
    heard: list[str] = []
    channel.on_discontinuity(lambda _: heard.append(channel.name))
    other.on_discontinuity(lambda _: heard.append(other.name))
    await send(server, attached("other"))
    assert heard == ["other"]


async def test_it_is_no_state_event(channel: Channel, server: ChannelServer) -> None:
    """A listener of all events hears the UPDATE of RTL12 alone."""
    changes: list[str] = []
    channel.on(lambda change: changes.append(change.event))
    channel.on_discontinuity(lambda _: None)
    await send(server, attached(CHANNEL))
    assert changes == ["update"]
    channel.off()
    heard: list[Any] = []
    channel.on_discontinuity(heard.append)
    channel.off()
    await send(server, attached(CHANNEL))
    assert heard == [None]


# Its listeners


async def test_ending_it(channel: Channel, server: ChannelServer) -> None:
    heard: list[Any] = []
    subscription = channel.on_discontinuity(heard.append)
    await send(server, attached(CHANNEL))
    subscription.unsubscribe()
    subscription.unsubscribe()
    await send(server, attached(CHANNEL))
    assert heard == [None]


async def test_ending_one_of_two_registrations_of_a_listener(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[Any] = []
    subscription = channel.on_discontinuity(heard.append)
    channel.on_discontinuity(heard.append)
    subscription.unsubscribe()
    await send(server, attached(CHANNEL))
    assert heard == [None]


async def test_an_async_listener_can_fetch_what_was_missed(
    channel: Channel, server: ChannelServer
) -> None:
    states: list[str] = []

    async def look(reason: AblyError | None) -> None:
        states.append(channel.state)

    channel.on_discontinuity(look)
    await send(server, attached(CHANNEL))
    assert states == ["attached"]


async def test_one_that_raises_harms_nobody(
    channel: Channel, server: ChannelServer, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []
    channel.on_discontinuity(lambda _: 1 / 0)
    channel.on_discontinuity(heard.append)
    with caplog.at_level(logging.ERROR):
        await send(server, attached(CHANNEL))
    assert heard == [None]
    assert "ZeroDivisionError" in caplog.text
    assert channel.state == "attached"
