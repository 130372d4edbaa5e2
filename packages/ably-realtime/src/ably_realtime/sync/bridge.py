"""The way from the application's threads to a client on the background loop, and back."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from ..client import AblyRealtime as AsyncRealtime
from ..client import warn_unless_closed
from ..errors import AblyError
from .background import Background, Work, background
from .callbacks import Callbacks

T = TypeVar("T")


class Bridge:
    """Runs what belongs to one client on the background loop, for callers that wait.

    A client takes the loop when it is first used. What every facade of the client shares is here:
    the client is forgotten when nobody holds any of them.
    """

    def __init__(self, client: AsyncRealtime, callbacks: Callbacks) -> None:
        self.callbacks = callbacks
        self.facades: WeakValueDictionary[object, Any] = WeakValueDictionary()
        self._client = client
        self._background: Background | None = None

    @property
    def is_left_behind(self) -> bool:
        """Whether the client was in use when this process was forked."""
        return self._background is not None and self._background.left_behind

    def check_process(self) -> None:
        """Raise `AblyError` in a child of the process in which the client was used."""
        if self.is_left_behind:
            raise AblyError(
                code=40000,
                status_code=400,
                message="this client was made before fork() and in use: its connection belongs to "
                "the parent process",
                hint="Make a client in each process, or use it only after the fork.",
            )

    def call(self, make: Callable[[], T]) -> T:
        """What `make` returns, called on the loop."""

        async def called() -> T:
            await self._client.__aenter__()
            return make()

        return self._run(called, None)

    def wait(
        self, make: Callable[[], Awaitable[T]], timeout: float | None, *, connect: bool = True
    ) -> T:
        """The outcome of what `make` returns, called and awaited on the loop.

        For `timeout` milliseconds at most; see `Background.outcome`.
        """
        return self._run(lambda: self._await(make, connect=connect), in_seconds(timeout))

    def start(self, work: Work[None]) -> None:
        """Have `work` done on the loop, without waiting for it."""
        self._loop().start(self._client, work)

    def __del__(self) -> None:
        loop = self._background
        if loop is None or loop.left_behind or loop.ended:
            return
        self.callbacks.end()
        if warn_unless_closed(self, self._client.connection):
            loop.start(self._client, self._client.close)

    async def _await(self, make: Callable[[], Awaitable[T]], *, connect: bool) -> T:
        if connect:
            await self._client.__aenter__()
        return await make()

    def _run(self, work: Work[T], seconds: float | None) -> T:
        loop = self._loop()
        return loop.outcome(loop.start(self._client, work), seconds)

    def _loop(self) -> Background:
        """The loop, if it can be used here and now."""
        self.check_process()
        if self._background is None:
            self._background = background()  # the same for whichever thread comes first
        if self._background.ended:
            raise _misused("the program is ending", "Close the client before that.")
        if self._background.is_current_thread():
            raise _misused(
                "a blocking method was called on the thread of the client's event loop",
                "Call it from another thread: a listener may block, the loop may not.",
            )
        return self._background


def in_seconds(timeout: object) -> float | None:
    """Seconds for the milliseconds that a caller gave."""
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0:
        raise _misused(f"timeout is a number of milliseconds, not {timeout!r}", None)
    return min(timeout / 1000, threading.TIMEOUT_MAX)


def _misused(message: str, hint: str | None) -> AblyError:
    return AblyError(code=40000, status_code=400, message=message, hint=hint)
