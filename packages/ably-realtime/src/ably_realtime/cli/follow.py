"""What arrives on channels, as it arrives, until enough has or a channel fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from ..channel import Channel
from ..errors import AblyError
from ..states import ChannelStateChange
from .output import Output
from .problems import Failure, problem_of

Item = TypeVar("Item")


class Arrivals(Generic[Item]):
    """Items of several channels in the order in which they came.

    Iterating raises the error of a channel that fails, and ends after `count` items.
    """

    def __init__(self, output: Output, count: int | None = None) -> None:
        self._output = output
        self._left = count
        self._queue: asyncio.Queue[tuple[Channel, Item] | Exception] = asyncio.Queue()

    def listener(self, channel: Channel) -> Callable[[Item], None]:
        """What to subscribe on a channel, whose failures are noticed from here on."""
        channel.on("failed", lambda change: self._ended(channel, change))
        channel.on("detached", lambda change: self._ended(channel, change))
        channel.on_discontinuity(lambda reason: self._missed(channel, reason))
        return lambda item: self._queue.put_nowait((channel, item))

    def __aiter__(self) -> AsyncIterator[tuple[Channel, Item]]:
        return self._items()

    async def _items(self) -> AsyncIterator[tuple[Channel, Item]]:
        while self._left is None or self._left > 0:
            found = await self._queue.get()
            if isinstance(found, Exception):
                raise found
            yield found
            if self._left is not None:
                self._left -= 1

    def _ended(self, channel: Channel, change: ChannelStateChange) -> None:
        self._queue.put_nowait(
            change.reason or Failure(f"channel {channel.name!r} is {change.current}")
        )

    def _missed(self, channel: Channel, reason: AblyError | None) -> None:
        why = "" if reason is None else f" ({problem_of(reason).message})"
        self._output.warn(f"messages may have been missed on {channel.name}{why}")


@asynccontextmanager
async def for_duration(seconds: float | None) -> AsyncIterator[None]:
    """Leave the block quietly once the seconds are over, if there is a limit."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
