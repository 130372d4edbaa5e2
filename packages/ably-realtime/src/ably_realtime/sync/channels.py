"""The channels of a client."""

# Written by `nox -s sync` from ../channels.py: change that and run it again.
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

from ..channels import Channels as AsyncChannels
from ..options import ChannelFields, ChannelOptions, DeriveOptions
from .channel import Channel
from .facade import Facade


class Channels(Facade[AsyncChannels]):
    """The channels in use, by name (RTS)."""

    def get(self, name: str, options: Any = None, **fields: Unpack[ChannelFields]) -> Channel:
        """The channel of that name, made at the first call (RTS3).

        `options` is a `ChannelOptions`, one of the REST SDK's or a dict of its fields; the fields
        may also be given by keyword. Options for a channel that exists replace its own, unless that
        would attach it again: then `AblyError` says to use `Channel.set_options` (RTS3c1).
        """
        return self._facade(Channel, self._call(lambda: self._source.get(name, options, **fields)))

    def get_derived(
        self, name: str, derive: DeriveOptions, options: ChannelOptions | None = None
    ) -> Channel:
        """A channel with only the messages that a filter selects (RTS5)."""
        return self._facade(
            Channel, self._call(lambda: self._source.get_derived(name, derive, options))
        )

    def release(self, name: str, *, timeout: float | None = None) -> None:
        """Detach a channel and forget it (RTS4). Returns when it is detached.

        The next `get` of the name makes a new channel.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.release(name), timeout)

    def __getitem__(self, name: str) -> Channel:
        """The same as `get(name)`."""
        return self.get(name)

    def __iter__(self) -> Iterator[Channel]:
        return iter([self._facade(Channel, each) for each in self._source])

    def __len__(self) -> int:
        return len(self._source)

    def __contains__(self, name: object) -> bool:
        return name in self._source
