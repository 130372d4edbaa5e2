"""The running loop's clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ..seams import TimerHandle


class LoopClock:
    """The default `Clock`: the event loop's monotonic time and the system's wall clock."""

    def now(self) -> float:
        return asyncio.get_running_loop().time() * 1000

    def time(self) -> float:
        return time.time() * 1000

    def call_at(self, when: float, callback: Callable[[], None]) -> TimerHandle:
        return asyncio.get_running_loop().call_at(when / 1000, callback)
