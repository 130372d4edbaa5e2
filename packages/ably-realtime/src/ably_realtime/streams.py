"""Async iteration over what a channel delivers, with a bounded buffer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from .errors import AblyError

Item = TypeVar("Item")

Overflow = Literal["error", "drop_oldest", "drop_newest"]


class Stream(Generic[Item]):
    """Items as they arrive, for `async with` and then `async for`.

    Up to `max_pending` items wait for the consumer. When one more comes, `overflow` decides:
    "error" ends the stream with `AblyError` once the waiting items are consumed, "drop_oldest" and
    "drop_newest" drop an item and count it in `dropped`. The stream also ends when its source
    does: quietly when that was closed, with its error when it failed.
    """

    def __init__(
        self,
        start: Callable[[Stream[Item]], Awaitable[Callable[[], None]]],
        *,
        max_pending: int,
        overflow: Overflow,
        on_drop: Callable[[], object] | None = None,
    ) -> None:
        limit: object = max_pending
        known = overflow in ("error", "drop_oldest", "drop_newest")
        if not isinstance(limit, int) or limit < 1 or not known:
            raise AblyError(
                code=40000,
                status_code=400,
                message="max_pending is at least 1; overflow is error, drop_oldest or drop_newest",
            )
        self._start = start
        self._stop: Callable[[], None] | None = None
        self._max_pending = max_pending
        self._overflow = overflow
        self._pending: deque[Item] = deque()
        self._arrived = asyncio.Event()
        self._entered = False
        self._ended = False
        self._error: AblyError | None = None
        self._on_drop = on_drop
        self.dropped: int = 0

    async def __aenter__(self) -> Self:
        self._entered = True
        stop = await self._start(self)
        if self._ended:  # it overflowed before it could be read
            stop()
        else:
            self._stop = stop
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end(None)
        self._pending.clear()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        if not self._entered:
            raise AblyError(
                code=40000,
                status_code=400,
                message="a stream receives nothing before it is entered",
                hint="Write `async with channel.messages() as stream:` around the loop.",
            )
        while not self._pending:
            if self._ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._pending.popleft()

    def put(self, item: Item) -> None:
        """Take an item from the source."""
        if self._ended:
            return
        if len(self._pending) >= self._max_pending:
            if self._on_drop is not None:
                self._on_drop()
            if self._overflow == "error":
                self.end(_overflowed(self._max_pending))
                return
            self.dropped += 1
            if self._overflow == "drop_newest":
                return
            self._pending.popleft()
        self._pending.append(item)
        self._arrived.set()

    def end(self, error: AblyError | None) -> None:
        """Let no more in; what waits can still be consumed."""
        if self._ended:
            return
        self._ended = True
        self._error = error
        if self._stop is not None:
            self._stop()
        self._arrived.set()


def _overflowed(max_pending: int) -> AblyError:
    return AblyError(
        code=40000,
        status_code=400,
        message=f"the consumer fell more than {max_pending} items behind",
        hint="Consume faster, raise max_pending, or choose to drop with overflow=.",
    )
