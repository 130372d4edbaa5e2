"""The channels of one app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from .channel import Channel
from .clock import Clock
from .frames import Frame
from .limits import Limits
from .paging import Page, Query, page_of
from .storage import Journal, NoJournal

if TYPE_CHECKING:
    from .apps import Namespace
    from .lifecycle import Lifecycle


class Channels:
    """Channels by name. One comes to be when it is first used, and ends when nothing is left of it.

    A channel that ended and is used again has a new series of serials, so that a client that comes
    back too late learns that continuity is lost. A channel is active while it is used; `lifecycle`
    is told when it becomes so and when it ceases, which may be long before it ends. `overheard` is
    called for each event on any of them.
    """

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        namespace_of: Callable[[str], Namespace],
        journal_of: Callable[[str], Journal],
        lifecycle: Lifecycle,
        overheard: Callable[[Frame], None],
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._namespace_of = namespace_of
        self._journal_of = journal_of
        self._lifecycle = lifecycle
        self._overheard = overheard
        self._active: set[str] = set()
        self._channels: dict[str, Channel] = {}

    def get(self, name: str) -> Channel:
        """Return the channel with this base name."""
        channel = self._channels.get(name)
        if channel is None:
            channel = Channel(
                name, self._namespace_of(name), self._clock, self._limits, self._journal(name)
            )
            self._channels[name] = channel
            channel.feed.overheard = self._overheard
        channel.touch()
        if name not in self._active:
            self._active.add(name)
            self._lifecycle.channel_opened(channel, len(self._active))
        return channel

    def find(self, name: str) -> Channel | None:
        """Return the channel with this base name, if there is one."""
        channel = self._channels.get(name)
        if channel is None and self._journal(name).read():
            return self.get(name)
        return channel

    def page(self, query: Query, prefix: str) -> Page[Channel]:
        """Return the active channels whose names begin with `prefix`, ordered by name."""
        matching = [name for name in sorted(self._active) if name.startswith(prefix)]
        return page_of(
            [self._channels[name] for name in matching],
            replace(query, backwards=False),
            position=lambda channel: channel.name,
        )

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._channels.values()))

    def _journal(self, name: str) -> Journal:
        return self._journal_of(name) if self._namespace_of(name).keeps_messages else NoJournal()

    def sweep(self) -> None:
        """Forget what is too old."""
        for channel in self:
            if channel.is_idle and channel.name in self._active:
                self._active.remove(channel.name)
                self._lifecycle.channel_closed(channel)
            if channel.sweep():
                del self._channels[channel.name]
