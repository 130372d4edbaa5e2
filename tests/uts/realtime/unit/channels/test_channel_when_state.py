"""RTL25: when_state, which takes a listener as RTL25 says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.uts.harness import ClientFactory, FakeClock, complete, settle
from tests.uts.harness.channels import ChannelServer, attached_channel, connected_channel


@pytest.mark.uts("realtime/unit/RTL25a/resolves-immediately-current-0")
async def test_current_state(create_client: ClientFactory) -> None:
    channel = await attached_channel(create_client, ChannelServer())
    calls: list[Any] = []

    channel.when_state("attached", calls.append)
    await settle()

    assert calls == [None]


@pytest.mark.uts("realtime/unit/RTL25b/waits-for-state-change-0")
async def test_future_state(create_client: ClientFactory) -> None:
    channel = await connected_channel(create_client, ChannelServer())
    calls: list[Any] = []
    channel.when_state("attached", calls.append)
    await settle()
    assert calls == []

    await complete(channel.attach())
    await settle()

    (change,) = calls
    assert change.current == "attached"
    assert change.previous in {"initialized", "attaching"}


@pytest.mark.uts("realtime/unit/RTL25b/fires-once-only-1")
async def test_once_only(create_client: ClientFactory) -> None:
    """Counts the calls of the listener itself, beside those of `once` that the case counts."""
    channel = await connected_channel(create_client, ChannelServer())
    calls: list[Any] = []
    once_calls: list[Any] = []
    channel.once("attached", once_calls.append)
    channel.when_state("attached", calls.append)
    await complete(channel.attach())
    await settle()
    (change,) = calls
    assert change is not None
    assert len(once_calls) == 1

    await complete(channel.detach())
    await complete(channel.attach())
    await settle()

    assert len(calls) == 1
    assert len(once_calls) == 1


@pytest.mark.uts("realtime/unit/RTL25a/past-state-does-not-resolve-1")
async def test_past_state(create_client: ClientFactory, clock: FakeClock) -> None:
    channel = await attached_channel(create_client, ChannelServer())
    calls: list[Any] = []

    channel.when_state("attaching", calls.append)
    await clock.advance(200)

    assert calls == []
