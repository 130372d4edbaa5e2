"""Time that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import ClassVar
from weakref import WeakKeyDictionary

# More loop turns than any chain of wake-ups between two events needs.
SETTLE_TURNS = 40


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(SETTLE_TURNS):
        await asyncio.sleep(0)


class FakeTimer:
    """One call asked for; what `FakeClock.call_at` returns."""

    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """The client's `Clock`, moved by `advance`. One clock belongs to one event loop."""

    _of_loop: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, FakeClock]] = (
        WeakKeyDictionary()
    )

    def __init__(self) -> None:
        self._now = 0.0
        # The REST SDK reads the wall clock: both must agree on when a token expires.
        self._epoch = time.time() * 1000
        self._order = itertools.count()
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._of_loop[asyncio.get_running_loop()] = self

    @classmethod
    def running(cls) -> FakeClock:
        """The clock of the running loop."""
        return cls._of_loop[asyncio.get_running_loop()]

    def now(self) -> float:
        return self._now

    def time(self) -> float:
        return self._epoch + self._now

    def call_at(self, when: float, callback: Callable[[], object]) -> FakeTimer:
        timer = FakeTimer(when, callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        if when <= self._now:
            asyncio.get_running_loop().call_soon(self._run_due)
        return timer

    def call_later(self, delay: float, callback: Callable[[], object]) -> FakeTimer:
        """Call `callback` when `delay` milliseconds have passed; for a test's own events."""
        return self.call_at(self._now + delay, callback)

    @property
    def pending(self) -> list[FakeTimer]:
        """The timers still to come."""
        return [timer for _, _, timer in self._timers if not timer.cancelled]

    async def advance(self, milliseconds: float) -> None:
        """Let time pass: each timer runs at its own moment, and all it causes before the next."""
        until = self._now + milliseconds
        await settle()
        while self.run_next(until):
            await settle()

    def run_next(self, until: float) -> bool:
        """Move to the next timer due by `until` and run it; without one, move to `until`."""
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        if not self._timers or self._timers[0][0] > until:
            self._now = max(self._now, until)
            return False
        when, _, timer = heapq.heappop(self._timers)
        self._now = max(self._now, when)
        timer.callback()
        return True

    def _run_due(self) -> None:
        while any(timer.when <= self._now for timer in self.pending):
            self.run_next(self._now)
