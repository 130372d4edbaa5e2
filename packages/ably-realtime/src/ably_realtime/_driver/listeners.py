"""Calling listeners: in order, one at a time each, and never at the expense of another (RTE6)."""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..log import listeners as log


class Tasks:
    """The tasks that run the application's async listeners, so that closing can wait for them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` as a task of that name."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    @property
    def running(self) -> set[asyncio.Task[None]]:
        """The tasks that have not ended."""
        return set(self._running)


class Deferring(ABC):
    """A callable that hands its items on, to be dealt with elsewhere than on the loop."""

    @abstractmethod
    def __call__(self, item: Any) -> None: ...

    @abstractmethod
    def drop(self) -> None:
        """Forget the items that were not dealt with yet."""


class Listener:
    """One registration of a callable, sync or async.

    A sync callable runs at once. An async one handles one item after another: what arrives while
    it is busy waits for it in order, and delays nobody else.
    """

    __slots__ = ("_backlog", "_busy", "_tasks", "callback")

    def __init__(self, callback: Callable[..., Any], tasks: Tasks) -> None:
        self.callback: Callable[..., Any] = callback
        self._tasks = tasks
        self._backlog: deque[Any] | None = None
        self._busy = False

    def __call__(self, item: Any) -> None:
        if self._busy:
            if self._backlog is None:
                self._backlog = deque()
            self._backlog.append(item)
            return
        try:
            result = self.callback(item)
        except (Exception, asyncio.CancelledError):
            log.exception("a listener raised")
            return
        if result is not None and inspect.isawaitable(result):
            self._busy = True
            self._tasks.start(self._finish(result), "ably-listener")

    def stop(self) -> None:
        """Drop what waits; an item already begun may end."""
        self._backlog = None
        if isinstance(self.callback, Deferring):
            self.callback.drop()

    @staticmethod
    def _cancelled() -> bool:
        """Whether it is the task itself that is being cancelled, and not what it awaited."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0

    async def _finish(self, pending: Awaitable[Any]) -> None:
        """Await what a call returned, then handle what came meanwhile, one item after another."""
        result: Any = pending
        try:
            while True:
                try:
                    if inspect.isawaitable(result):
                        await result
                    if not self._backlog:
                        return
                    result = self.callback(self._backlog.popleft())
                except asyncio.CancelledError:
                    if self._cancelled():
                        raise
                    log.warning("a listener was cancelled from inside")
                    result = None
                except Exception:
                    log.exception("a listener raised")
                    result = None
        finally:
            self._busy = False
