"""The channels of a client."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from typing import Any, Unpack
from urllib.parse import urlencode

from ._core import inputs as do
from ._driver.observer import watch_channel
from .channel import Channel
from .context import Context
from .options import (
    DEFAULT_OPTIONS,
    ChannelFields,
    ChannelOptions,
    DeriveOptions,
    bad_option,
    read_channel_options,
)


class Channels:
    """The channels in use, by name (RTS)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._channels: dict[str, Channel] = {}
        self.find: Callable[[str], Channel | None] = self._channels.get
        """The channel of that name, if there is one; for the client."""

    def get(self, name: str, options: Any = None, **fields: Unpack[ChannelFields]) -> Channel:
        """The channel of that name, made at the first call (RTS3).

        `options` is a `ChannelOptions`, one of the REST SDK's or a dict of its fields; the fields
        may also be given by keyword. Options for a channel that exists replace its own, unless that
        would attach it again: then `AblyError` says to use `Channel.set_options` (RTS3c1).
        """
        given: object = name
        if not isinstance(given, str) or not given:
            raise bad_option(f"a channel name is text that is not empty, not {name!r}")
        if fields:
            if options is not None:
                raise bad_option(f"give channel options or {', '.join(fields)}, not both")
            options = fields
        wanted = None if options is None else read_channel_options(options)
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(name, wanted or DEFAULT_OPTIONS, self._context)
            if self._context.metrics is not None:
                watch_channel(channel, self._context.metrics)
        elif wanted is not None:
            channel.replace_options(wanted)
        return channel

    def get_derived(
        self, name: str, derive: DeriveOptions, options: ChannelOptions | None = None
    ) -> Channel:
        """A channel with only the messages that a filter selects (RTS5)."""
        if not isinstance(derive, DeriveOptions):
            raise bad_option(f"a derived channel takes DeriveOptions, not {type(derive).__name__}")
        params = "" if options is None else urlencode(options.params or {})
        expression = base64.b64encode(derive.filter.encode()).decode()
        qualifier = f"filter={expression}" + (f"?{params}" if params else "")
        return self.get(f"[{qualifier}]{name}", options)

    def release(self, name: str) -> asyncio.Future[None]:
        """Detach a channel and forget it (RTS4). Starts at once; await it for the outcome.

        The next `get` of the name makes a new channel.
        """
        return self._context.engine.submit(do.Release, name)

    def __getitem__(self, name: str) -> Channel:
        """The same as `get(name)`."""
        return self.get(name)

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._channels.values()))

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, name: object) -> bool:
        return name in self._channels

    def forget(self, name: str) -> None:
        """Drop a channel that the core has released; called by the client."""
        channel = self._channels.pop(name, None)
        if channel is not None:
            channel.was_released()
