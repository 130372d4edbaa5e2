"""Iterating over what a channel delivers, waiting for each item."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from time import monotonic
from types import TracebackType
from typing import Generic, Self, TypeVar

from ..errors import AblyError
from ..streams import Stream as AsyncStream
from .bridge import Bridge, in_seconds

Item = TypeVar("Item")


class Stream(Generic[Item]):
    """Items as they arrive, for `with` and then `for`, or for `for` alone.

        for message in channel.messages("created", timeout=5_000): ...

    Up to `max_pending` items wait for the consumer. When one more comes, `overflow` decides:
    "error" ends the stream with `AblyError` once the waiting items are consumed, "drop_oldest" and
    "drop_newest" drop an item and count it in `dropped`. The stream also ends when its source
    does: quietly when that was closed, with its error when it failed.

    If no item comes within `timeout` milliseconds of asking for it, TimeoutError is raised. Inside
    `with` the next call goes on waiting: nothing is lost to a timeout or to Ctrl-C. Several threads
    may take items from one stream; each item goes to one of them. Entering attaches the channel, as
    long as that takes: to limit it, `attach` the channel before, with a timeout.
    """

    def __init__(self, bridge: Bridge, source: AsyncStream[Item], timeout: float | None) -> None:
        self._bridge = bridge
        self._source = source
        self._seconds = in_seconds(timeout)
        self._entered = False
        self._changed = threading.Condition()
        self._arrived: deque[Item] = deque()
        self._end: BaseException | None = None
        self._fetching = False  # known to the loop alone

    @property
    def dropped(self) -> int:
        """How many items were dropped so far."""
        return self._source.dropped

    def __enter__(self) -> Self:
        self._bridge.wait(self._source.__aenter__, None)
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._bridge.is_left_behind:  # a forked child leaves it to its parent
            self._bridge.wait(lambda: self._source.__aexit__(kind, error, traceback), None)
            with self._changed:
                self._arrived.clear()

    def __iter__(self) -> Iterator[Item]:
        return self if self._entered else self._for_one_loop()

    def _for_one_loop(self) -> Iterator[Item]:
        with self:
            yield from self

    def __next__(self) -> Item:
        if not self._entered:
            raise AblyError(
                code=40000,
                status_code=400,
                message="a stream receives nothing before it is entered",
                hint="Write `with channel.messages() as stream:`, or loop over it.",
            )
        deadline = None if self._seconds is None else monotonic() + self._seconds
        with self._changed:
            while not self._arrived:
                if self._end is not None:
                    raise self._end
                self._bridge.start(self._fetch)
                if not self._changed.wait(None if deadline is None else deadline - monotonic()):
                    waited = (self._seconds or 0) * 1000
                    raise TimeoutError(f"nothing came within {waited:g} ms")
            return self._arrived.popleft()

    async def _fetch(self) -> None:
        """Have one item arrive, for whoever waits then.

        Not for the caller, who may be interrupted at any moment: the item would be lost with it.
        """
        if self._fetching:
            return
        self._fetching = True
        arrived: list[Item] = []
        end: BaseException | None = None
        try:
            arrived.append(await anext(self._source))
        except StopAsyncIteration:
            end = StopIteration()
        except BaseException as error:
            end = error
        self._fetching = False
        with self._changed:
            self._arrived += arrived
            self._end = end
            self._changed.notify_all()
