"""The event loop that the synchronous clients of a process share, in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

from ..client import AblyRealtime, warn_unless_closed

T = TypeVar("T")

Work = Callable[[], Coroutine[Any, Any, T]]
"""What makes a coroutine, on the loop: one that was made elsewhere might never get there."""

_PATIENCE_AT_EXIT = 1.0
"""Seconds that the end of the program waits for connections to close, and for the loop to end."""


class Background:
    """A running event loop, and the daemon thread that runs it."""

    def __init__(self) -> None:
        self.left_behind: bool = False
        self.ended: bool = False
        self._clients = WeakSet[AblyRealtime]()
        self._tasks: dict[Future[Any], asyncio.Task[Any]] = {}
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ably-realtime", daemon=True)
        self._thread.start()
        self._started.wait()

    def start(self, client: AblyRealtime, work: Work[T]) -> Future[T]:
        """Run a client's `work` on the loop."""
        self._clients.add(client)
        future = Future[T]()
        self._loop.call_soon_threadsafe(self._begin, work, future)
        return future

    def outcome(self, future: Future[T], seconds: float | None) -> T:
        """What started work comes to within that time.

        TimeoutError is raised after it. The work is then cancelled, as it is when Ctrl-C interrupts
        the wait, but not before it has begun: however short the wait, what was asked for is done.
        """
        try:
            return future.result(seconds)
        except TimeoutError:
            if future.done():  # its own error, or done this very moment
                return future.result()
            self._loop.call_soon_threadsafe(self._give_up, future)
            raise TimeoutError(f"it did not happen within {(seconds or 0) * 1000:g} ms") from None
        except BaseException:
            if not future.done():
                self._loop.call_soon_threadsafe(self._give_up, future)
            raise

    def is_current_thread(self) -> bool:
        """Whether the caller runs on the loop, where waiting for it would never end."""
        return threading.current_thread() is self._thread

    def leave_behind(self) -> None:
        """Let nothing happen to it any more, nor to its clients."""
        self.left_behind = True
        _left_behind.append((self, *self._clients))

    def end(self) -> None:
        """Close what was forgotten, cancel what runs, and end the thread."""
        self.ended = True
        clients = [each for each in self._clients if warn_unless_closed(each, each.connection)]
        self._loop.call_soon_threadsafe(self._end.set_result, clients)
        self._thread.join(2 * _PATIENCE_AT_EXIT)

    # -- on the loop

    def _begin(self, work: Work[T], future: Future[T]) -> None:
        task = self._tasks[future] = self._loop.create_task(work())
        task.add_done_callback(partial(self._over, future))

    def _over(self, future: Future[T], task: asyncio.Task[T]) -> None:
        del self._tasks[future]
        if task.cancelled():
            future.cancel()
        elif (error := task.exception()) is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())

    def _give_up(self, future: Future[Any]) -> None:
        if (task := self._tasks.get(future)) is not None:
            self._loop.call_soon(task.cancel)  # its first step comes before that

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[list[AblyRealtime]] = self._loop.create_future()
        self._started.set()
        if closing := [self._loop.create_task(client.close()) for client in await self._end]:
            await asyncio.wait(closing, timeout=_PATIENCE_AT_EXIT)


_lock = threading.Lock()
_current: Background | None = None
_left_behind: list[tuple[object, ...]] = []


def background() -> Background:
    """The background loop of this process, started when it is first needed."""
    global _current
    with _lock:
        if _current is None:
            _current = Background()
        return _current


def _end_at_exit() -> None:
    if _current is not None:
        _current.end()


def _leave_behind() -> None:
    """In a forked child: the thread is the parent's, and so are the sockets.

    Nothing may be closed here, nor unregistered from the selector, which the parent goes on using:
    the loop is kept, untouched.
    """
    global _lock, _current
    _lock = threading.Lock()  # a thread that is not here may have held it
    if _current is not None:
        _current.leave_behind()
        _current = None


atexit.register(_end_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_behind)
