"""The channels of a client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from ._core import inputs as do
from ._driver.engine import Engine
from ._rest.access import Access
from .channel import Channel
from .options import ChannelOptions, bad_option


class Channels:
    """The channels in use, by name (RTS)."""

    def __init__(self, engine: Engine, access: Access, *, binary: bool) -> None:
        self._engine = engine
        self._access = access
        self._binary = binary
        self._channels: dict[str, Channel] = {}

    def get(self, name: str, options: ChannelOptions | None = None) -> Channel:
        """The channel of that name, made at the first call (RTS3).

        Options for a channel that exists replace its own, unless that would attach it again:
        then `AblyError` says to use `Channel.set_options` (RTS3c1).
        """
        if not name:
            raise bad_option("a channel name is not empty")
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(
                name,
                options or ChannelOptions(),
                self._engine,
                self._access,
                binary=self._binary,
            )
        elif options is not None:
            channel.replace_options(options)
        return channel

    def release(self, name: str) -> asyncio.Future[None]:
        """Detach a channel and forget it (RTS4). Starts at once; await it for the outcome.

        The next `get` of the name makes a new channel.
        """
        return self._engine.submit(lambda op: do.Release(op, name))

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._channels.values()))

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, name: object) -> bool:
        return name in self._channels

    # -- called by the client

    def find(self, name: str) -> Channel | None:
        """The channel of that name, if there is one."""
        return self._channels.get(name)

    def forget(self, name: str) -> None:
        """Drop a channel that the core has released."""
        self._channels.pop(name, None)
