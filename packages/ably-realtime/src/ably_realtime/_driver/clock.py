"""The running loop's clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ..seams import TimerHandle


class LoopClock:
    """The default `Clock`: the event loop's monotonic time and the system's wall clock.

    It belongs to the loop it is first used on, as its client does: asking which one is running
    takes longer than asking for the time.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> float:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        return loop.time() * 1000

    def time(self) -> float:
        return time.time() * 1000

    def call_at(self, when: float, callback: Callable[[], None]) -> TimerHandle:
        return asyncio.get_running_loop().call_at(when / 1000, callback)
