"""Iterating over what a channel delivers, waiting for each item."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
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
    may take items from one stream; each item goes to one of them.
    """

    def __init__(self, bridge: Bridge, source: AsyncStream[Item], timeout: float | None) -> None:
        self._bridge = bridge
        self._source = source
        self._seconds = in_seconds(timeout)
        self._entered = False
        self._lock = threading.Lock()
        self._next: Future[Item] | None = None

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
        while True:
            coming = self._coming()
            try:
                item = coming.result(None if deadline is None else deadline - monotonic())
            except StopAsyncIteration:
                self._take(coming)
                raise StopIteration from None
            except TimeoutError:
                if coming.done():
                    continue
                waited = (self._seconds or 0) * 1000
                raise TimeoutError(f"nothing came within {waited:g} ms") from None
            except Exception:
                self._take(coming)
                raise
            if self._take(coming):
                return item

    def _coming(self) -> Future[Item]:
        """The item to come: a wait that was given up goes on with the next one."""
        with self._lock:
            if self._next is None:
                self._next = self._bridge.start(self._source.__anext__)
            return self._next

    def _take(self, coming: Future[Item]) -> bool:
        """Whether no other thread took it before."""
        with self._lock:
            if self._next is not coming:
                return False
            self._next = None
            return True
