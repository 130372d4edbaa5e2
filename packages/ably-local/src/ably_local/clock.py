"""Time as the server sees it: milliseconds since the epoch, and timers a test can bring forward.

Nothing else in the package reads a clock or arms a timer, so advancing this one clock is enough to
expire a token, end the two minutes in which a connection can be resumed, or send a heartbeat.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

TIDY_FROM = 64


def _anchored_source() -> Callable[[], float]:
    """Return wall-clock milliseconds that never step backwards while the process runs."""
    offset = time.time() - time.monotonic()
    return lambda: (time.monotonic() + offset) * 1000


class Timer:
    """One callback that is due at `when`. It may be cancelled at any time, also after it ran."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when: float = when
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Make sure the callback is not called any more."""
        self.callback = None


class Clock:
    """Milliseconds since the epoch, with one-shot timers.

    Until `start()` is given an event loop, timers fire only inside `advance()`.
    """

    def __init__(self, source: Callable[[], float] | None = None) -> None:
        self._source = source or _anchored_source()
        self._offset = 0.0
        self._order = itertools.count()
        self._heap: list[tuple[float, int, Timer]] = []
        self._tidy_at = TIDY_FROM
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self.fired: Callable[[], object] = lambda: None
        """Called whenever timers have fired."""

    def now(self) -> int:
        """Return the time in whole milliseconds since the epoch."""
        return int(self._source() + self._offset)

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Call `callback` once, `delay` milliseconds from now."""
        if len(self._heap) >= self._tidy_at:
            self._tidy()
        timer = Timer(self._precise() + delay, callback)
        heapq.heappush(self._heap, (timer.when, next(self._order), timer))
        if self._heap[0][2] is timer:
            self._arm()
        return timer

    def advance(self, milliseconds: float) -> None:
        """Move time forward, firing what falls due in order, each timer at its own moment."""
        if milliseconds < 0:
            raise ValueError("a clock only moves forward")
        target = self._precise() + milliseconds
        while self._heap and self._heap[0][0] <= target:
            moment = self._heap[0][0]
            self._offset += max(0.0, moment - self._precise())
            self._fire_through(moment)
        self._offset += max(0.0, target - self._precise())
        self._arm()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let timers fire by themselves, on `loop`."""
        self._loop = loop
        self._arm()

    def stop(self) -> None:
        """Drop every timer and leave the event loop."""
        self._heap.clear()
        self._loop = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _precise(self) -> float:
        return self._source() + self._offset

    def _fire_through(self, moment: float) -> None:
        while self._heap and self._heap[0][0] <= moment:
            timer = heapq.heappop(self._heap)[2]
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()
        self.fired()

    def _tidy(self) -> None:
        """Drop the timers that were cancelled, which may be most of those that are due late."""
        self._heap = [entry for entry in self._heap if entry[2].callback is not None]
        heapq.heapify(self._heap)
        self._tidy_at = max(TIDY_FROM, 2 * len(self._heap))

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        if self._loop is not None and self._heap:
            delay = max(0.0, self._heap[0][0] - self._precise()) / 1000
            self._handle = self._loop.call_later(delay, self._wake)

    def _wake(self) -> None:
        self._handle = None
        self._fire_through(self._precise())
        self._arm()
