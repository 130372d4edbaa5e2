"""Two clients on one channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ably_realtime import AblyRealtime, Channel, ChannelOptions
from tests.integration.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Side:
    client: AblyRealtime
    channel: Channel


async def join(
    sandbox: Sandbox, channel: str, options: ChannelOptions | None = None, **client_options: Any
) -> Side:
    """A CONNECTED client and its channel, not attached."""
    client = await sandbox.connected(**client_options)
    return Side(client, client.channels.get(channel, options))
