"""Calling what the application gave to be called, never on the event loop."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any
from weakref import WeakSet

from .._driver.listeners import Deferring
from ..errors import AblyError
from ..log import listeners as log
from .threads import CallbackThread, Strand, Tally


class Callbacks:
    """Where the listeners of one client run.

    Without an executor that is one thread, which calls them one at a time, in the order in which
    things happened. The threads of an executor call several at once, yet each of them for one item
    at a time, in order.
    """

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        self._tally = Tally()
        self._thread = CallbackThread()
        self._in_order = Strand(self._thread.submit, self._tally)
        self._strands = WeakSet([self._in_order])
        self._lock = threading.Lock()

    def callback(self, listener: Any) -> Callback:
        """What has `listener` called when it is called itself; raises for a coroutine function."""
        if is_async(listener):
            raise AblyError(
                code=40000,
                status_code=400,
                message="a listener of the synchronous client cannot be a coroutine function",
                hint="Use an ordinary function, or the asynchronous client.",
            )
        if self._executor is None:
            return Callback(listener, self._in_order)
        strand = Strand(self._executor.submit, self._tally)
        with self._lock:
            self._strands.add(strand)
        return Callback(listener, strand)

    def settle(self, within: float) -> None:
        """Wait so many seconds until every listener is done, then drop what waits for one.

        A listener that calls this itself is not waited for.
        """
        self._tally.wait(within)
        with self._lock:
            strands = list(self._strands)
        for strand in strands:
            strand.clear()
        self.end()

    def end(self) -> None:
        """End the thread when it has nothing to do; it starts again if it is needed."""
        self._thread.end()


class Callback(Deferring):
    """One registration of a listener, as the asynchronous client knows it.

    Equal to every other of the same listener, by which it is found to be removed.
    """

    def __init__(self, listener: Callable[[Any], Any], strand: Strand) -> None:
        self._listener = listener
        self._strand = strand
        self._wanted = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Callback) and self._listener == other._listener

    def __hash__(self) -> int:
        return hash(self._listener)

    def __repr__(self) -> str:
        return repr(self._listener)

    def __call__(self, item: Any) -> None:
        """Have the listener called with an item."""
        self._strand.put(partial(self._run, item))

    def drop(self) -> None:
        """Call the listener no more."""
        self._wanted = False

    def _run(self, item: Any) -> None:
        if not self._wanted:
            return
        try:
            self._listener(item)
        except BaseException:  # what ends a program elsewhere ends one call here
            log.exception("a listener raised")


def off_the_loop(callback: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """An async form of an `auth_callback`, which runs in a thread of its own if it may block.

    Not on the thread of the listeners: one of them may be waiting for the token.
    """

    async def answer(*args: Any) -> Any:
        if is_async(callback):
            return await callback(*args)
        future: Future[Any] = Future()
        work = partial(_settle, future, partial(callback, *args))
        threading.Thread(target=work, name="ably-auth-callback", daemon=True).start()
        result = await asyncio.wrap_future(future)
        return await result if inspect.isawaitable(result) else result

    return answer


def is_async(function: object) -> bool:
    """Whether calling it gives a coroutine, as far as can be seen."""
    call = getattr(type(function), "__call__", None)  # noqa: B004 - the method, of any object
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _settle(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
